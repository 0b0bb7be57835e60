"""Engines that estimate where a head lies: the affine from its world to the template's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from unface import tools
from unface.face import template
from unface.face.volume import Affine, Volume, resampled_to
from unface.outcome import WithheldError

TIMEOUT_S = 300
WORKING_MM = 2.0
"""niimath's finest stage: a finer image gives no better fit, only more to read."""


@dataclass(frozen=True)
class Registration:
    """Where a head lies.

    `head_to_template`: world of the head to world of the template, mm (4, 4); `engine`: who estimated it. What is
    fitted to another image of the session has that image at 4 mm as `base`, and its own part of the way in
    `head_to_base`.
    """

    engine: str
    head_to_template: Affine
    head_to_base: Affine
    base: Volume | None = None


def to_template(engine: str, head_to_template: Affine) -> Registration:
    return Registration(engine, head_to_template, head_to_template)


def candidates(head: Volume, scratch: Path) -> Iterator[Registration]:
    """Registrations of one head by engine after engine, each tried only if the one before did not pass."""
    try:
        yield niimath(head, scratch)
    except WithheldError as error:
        if error.reason.code != "registration_failed":
            raise
    # ANTs takes seconds to load: only where it is needed.
    from unface.face import ants_engine  # noqa: PLC0415

    yield to_template("ants", ants_engine.affine_to_template(head))


def front_to_back(head: Volume) -> Volume:
    """The head with front and back swapped in the world, about its middle."""
    middle = np.eye(4)
    middle[:3, 3] = (head.affine @ [*(np.array(head.data.shape) / 2), 1])[:3]
    swap = middle @ np.diag([1.0, -1.0, 1.0, 1.0]) @ np.linalg.inv(middle)
    return Volume(head.data, swap @ head.affine)


def by_reference(head: Volume, reference: Volume, reference_fit: Registration) -> Registration:
    """A rigid fit to another image of the session, and from there its way to the template."""
    from unface.face import ants_engine  # noqa: PLC0415

    head_to_reference = ants_engine.rigid(head, reference)
    return Registration(
        "ants rigid",
        reference_fit.head_to_template @ head_to_reference,
        head_to_reference,
        resampled_to(reference, template.COARSE_MM),
    )


def niimath(head: Volume, scratch: Path) -> Registration:
    """Affine registration by niimath `-allineate` at its cost `fast`.

    Raises
    ------
    WithheldError
        `registration_failed` if niimath finds none.
    """
    moving, matrix = scratch / "head.nii", scratch / "affine.json"
    matrix.unlink(missing_ok=True)
    coarse = resampled_to(head, WORKING_MM)
    nib.save(nib.Nifti1Image(coarse.data.astype(np.float32), coarse.affine), moving)  # type: ignore[no-untyped-call]
    arguments: list[str | Path] = [tools.find("niimath"), moving, "-allineate", template.head_file(), "-cost", "fast"]
    finished = tools.run([*arguments, "-savemat", matrix, scratch / "aligned"], timeout_s=TIMEOUT_S, cwd=scratch)
    if finished.status != 0 or not matrix.exists():
        raise WithheldError("registration_failed", "niimath found no way to align a head with the template")
    return to_template("niimath", np.array(json.loads(matrix.read_text())["moving_to_fixed"], dtype=float))
