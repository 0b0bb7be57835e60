"""What BIDS asks for beside an ASL image: aslcontext.tsv, and which M0 belongs to it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unface.convert.acquisitions import Target

CONTEXT = "ASLContext"
"""A key for `sidecar` in a mapping rule: the volume types in turn, such as [m0scan, control, label]."""

VOLUME_TYPES = ("control", "label", "m0scan", "deltam", "cbf", "noRF")


def context(target: Target) -> list[str] | None:
    """The type of each volume of an ASL image.

    No header field gives the order of control and label; the rule's `ASLContext` does: volume types in turn, the last
    two repeated to the end where it is shorter than the image.

    Parameters
    ----------
    target
        An ASL image.

    Returns
    -------
    list of str, or None
        One of `VOLUME_TYPES` for each volume; None if the rule does not tell it.
    """
    given = target.sidecar.get(CONTEXT)
    if not isinstance(given, list) or not given or set(given) - set(VOLUME_TYPES):
        return None
    types = [str(name) for name in given]
    while len(types) < target.geometry.volumes:
        types += types[-2:]
    return types if len(types) == target.geometry.volumes else None


def without_context(sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """A sidecar as BIDS knows it.

    Parameters
    ----------
    sidecar
        A complete sidecar, with what a mapping rule said.

    Returns
    -------
    dict
        The sidecar without the key of ours that tells the context.
    """
    return {key: value for key, value in sidecar.items() if key != CONTEXT}


def write_context(target: Target, dataset: Path) -> str:
    """Write aslcontext.tsv beside an ASL image whose context is known.

    Parameters
    ----------
    target
        The ASL image.
    dataset
        The folder of the BIDS dataset.

    Returns
    -------
    str
        Path of the table below the dataset.
    """
    types = context(target) or []
    path = target.stem.removesuffix("asl") + "aslcontext.tsv"
    (dataset / path).write_text("\n".join(["volume_type", *types]) + "\n", encoding="utf-8")
    return path


def link(targets: Sequence[Target]) -> None:
    """Name in each M0 scan the ASL images it calibrates: those of its session.

    Parameters
    ----------
    targets
        All images of the session that are kept; the sidecars of M0 scans change.
    """
    images = sorted(f"bids::{target.stem}.nii.gz" for target in targets if target.suffix == "asl")
    for target in targets:
        if target.suffix == "m0scan" and images:
            target.sidecar["IntendedFor"] = images
