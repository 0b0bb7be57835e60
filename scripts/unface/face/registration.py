"""Engines that estimate where a head lies: the affine from its world to the template's."""

import json
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
    """`head_to_template`: world of the head to world of the template, mm (4, 4); `engine`: who estimated it."""

    engine: str
    head_to_template: Affine


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
    return Registration("niimath", np.array(json.loads(matrix.read_text())["moving_to_fixed"], dtype=float))
