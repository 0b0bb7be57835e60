"""The head that all heads are aligned with, pydeface's mean head, with masks of its brain and of what to keep."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from unface.face.volume import Array, Volume, resampled_to
from unface.settings import PROJECT

KEEP = "face/keep.nii.gz"
BRAIN = "face/brain.nii.gz"
COARSE_MM = 4.0

ZONES_MM: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "eyes": ((14, 40), (-36, -18)),
    "nose": ((0, 16), (-74, -46)),
    "mouth": ((0, 24), (-100, -80)),
    "chin": ((0, 22), (-128, -108)),
}
"""Parts of the face on the template's world: |x| and z in mm, as seen from the front."""


FACE_MM = np.array([[0, 115, -65, 1], [30, 92, -27, 1], [-30, 92, -27, 1], [0, 105, -92, 1], [0, 95, -118, 1]]).T
"""Tip of the nose, eyes, mouth and chin in the template's world, in columns."""


def head_file() -> Path:
    """The mean head, as the pydeface wheel brings it."""
    return Path(str(files("pydeface") / "data" / "mean_reg2mean.nii.gz"))


@cache
def head() -> Volume:
    """The mean head."""
    return _load(head_file(), np.float32)


@cache
def coarse_head() -> Volume:
    """The mean head at 4 mm."""
    return resampled_to(head(), COARSE_MM)


@cache
def keep() -> Volume:
    """The face mask: 1 keep, 0 removed."""
    return _load(PROJECT / "resources" / KEEP, np.float32)


@cache
def brain() -> Volume:
    """1 in the brain."""
    return _load(PROJECT / "resources" / BRAIN, np.float32)


def _load(path: Path, dtype: type) -> Volume:
    image: Any = nib.load(path)
    data: Array = np.asarray(image.dataobj, dtype=dtype)
    return Volume(data, np.asarray(image.affine, dtype=float))
