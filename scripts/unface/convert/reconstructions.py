"""Reconstructions of one acquisition, such as with and without correction of distortion: no repeats, and no runs."""

import filecmp
import re
from collections.abc import Iterable, Sequence
from typing import Any

from unface.convert.acquisitions import Acquisition
from unface.convert.grouping import by_time, directions, names_of, parameters_of, places, slices
from unface.mapping.criteria import values_of

WORDS = ("ND", "DIS2D", "DIS3D", "NORM", "DEN", "FIL", "PURE", "SCIC", "CLEAR", "MOCO", "SWI")
"""What scanners say of a reconstruction, in ImageType or in a name: each is a label of the entity `rec`."""


def tell_apart(acquisitions: Sequence[Acquisition], repeats: str) -> list[str]:
    """Label what is the same acquisition reconstructed in several ways.

    Labels are words of ImageType or of names, else numbers. Where nothing at all tells reconstructions apart, `last`
    keeps the last, and so does `all` if their images are the same.

    Parameters
    ----------
    acquisitions
        Mapped and converted acquisitions of one session; the `reconstruction` or the state of some changes.
    repeats
        `last` or `all`.

    Returns
    -------
    list of str
        Notes on what was decided.
    """
    notes = []
    groups: dict[tuple[Any, ...], list[Acquisition]] = {}
    for acquisition in acquisitions:
        if acquisition.began:
            b_values = tuple(values_of(acquisition.fields.get("DiffusionBValue")))
            images = frozenset(places(acquisition, by_time=True))
            name = (acquisition.name_key, acquisition.stated_run)
            scan = (acquisition.began, b_values, parameters_of(acquisition), directions(acquisition))
            groups.setdefault((name, images, scan), []).append(acquisition)
    for group in (sorted(group, key=by_time) for group in groups.values() if len(group) > 1):
        same = len({(member.protocol, tuple(_texts(member))) for member in group}) == 1
        if same and (repeats == "last" or _identical(group)):
            notes += _keep_last(group)
        elif group[0].takes("rec"):
            for reconstruction, label in zip(group, _labels(group), strict=True):
                reconstruction.reconstruction = label
            notes.append(f"{names_of(group)} are reconstructions of one acquisition and are told apart by `rec`")
    return notes


def _identical(group: Sequence[Acquisition]) -> bool:
    """Whether all images of each are those of the first, byte for byte."""
    first, *others = (sorted(image.nifti for image in acquisition.images) for acquisition in group)
    return all(
        len(other) == len(first) and all(filecmp.cmp(*pair, shallow=False) for pair in zip(first, other, strict=True))
        for other in others
    )


def _keep_last(group: Sequence[Acquisition]) -> list[str]:
    whole = [acquisition for acquisition in group if not acquisition.state]
    if not whole:
        return []
    kept = max(enumerate(whole), key=lambda entry: (slices(entry[1]), entry[0]))[1]
    notes = []
    for acquisition in whole:
        if acquisition is not kept:
            acquisition.state = "duplicate"
            acquisition.reason = f"another reconstruction of the acquisition of {kept.name}"
            notes.append(f"{acquisition.name} is {acquisition.reason} and is left out")
    return notes


def _labels(group: Sequence[Acquisition]) -> list[str]:
    """What tells reconstructions apart, for each of them; nothing for one that has no word of its own."""
    # A protocol's name may hold the word of one reconstruction for all of them, as `SWI` does.
    for texts in (_texts, lambda acquisition: [*_texts(acquisition), *acquisition.protocol]):
        words = [_words(texts(acquisition)) for acquisition in group]
        shared = set(WORDS).intersection(*words)
        labels = ["".join(word.lower() for word in WORDS if word in own - shared) for own in words]
        if len(set(labels)) == len(labels):
            return labels
    return [str(number) for number in range(1, len(group) + 1)]


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in re.split(r"[^A-Z0-9]+", text.upper())} & set(WORDS)


def _texts(acquisition: Acquisition) -> list[str]:
    """Its ImageType, also as dcm2niix found it in enhanced files."""
    by_dcm2niix = [
        value
        for image in acquisition.images
        for key in ("ImageType", "ImageTypeText")
        for value in values_of(image.sidecar.get(key))
    ]
    return [str(value) for value in (*values_of(acquisition.fields.get("ImageType")), *by_dcm2niix)]
