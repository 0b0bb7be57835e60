"""The head that all heads are aligned with, pydeface's mean head, with masks of its brain and of what to keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np

from unface.imaging import nifti
from unface.imaging.head import air_threshold
from unface.imaging.resampling import coarsened
from unface.imaging.volume import Array, Grid, Volume
from unface.run.settings import PROJECT

KEEP = "face/keep.nii.gz"
KEEP_NO_EARS = "face/keep_no_ears.nii.gz"
BRAIN = "face/brain.nii.gz"
COARSE_MM = 4.0

View = Literal["front", "left", "right"]
VIEWS: Mapping[View, tuple[int, int]] = {"front": (1, 1), "left": (0, -1), "right": (0, 1)}
"""Axis of the world that points at the viewer, and whether its growing or its falling end does."""
FACE_BOX_MM = np.array([[-116.0, -60.0, -150.0], [90.0, 150.0, 20.0]])
"""The part of the template's world that holds the face, its surroundings and the ears."""


@dataclass(frozen=True)
class Zone:
    """A part of the face's surface in the template's world, mm.

    `across` and `up`: ranges of what a viewer sees as right-left and as up-down (from the front |x| and z, from a side
    y and z). `front_mm`: what a ray meets only behind this, along the axis that points at the viewer, is no face.
    `reach_mm`: a field of view that ends behind this shows the inside of the head and no surface that could retreat by
    5 mm, for the mask cuts no further back than that.
    """

    name: str
    view: View
    across: tuple[float, float]
    up: tuple[float, float]
    front_mm: float
    reach_mm: float

    def columns(self, grid: Grid) -> Array:
        """The rays through the zone.

        Parameters
        ----------
        grid
            Along the axes of the template's world.

        Returns
        -------
        (across, up) bool array
            Which columns of the grid, along the axis that points at the viewer, lie in it.
        """
        affine, shape = grid.affine, grid.shape
        axis = 0 if self.view == "front" else 1
        across = affine[axis, 3] + affine[axis, axis] * np.arange(shape[axis])
        across = np.abs(across) if self.view == "front" else across
        up = affine[2, 3] + affine[2, 2] * np.arange(shape[2])
        inside = [(along >= low) & (along <= high) for along, (low, high) in ((across, self.across), (up, self.up))]
        return np.asarray(inside[0][:, None] & inside[1][None, :])


SURFACE_MM = 15.0
"""How far in front of `Zone.front_mm` a field of view has to reach to count as holding the zone."""
FACE_FRONT_MM = 66.0
"""World y of the template, about where the cheeks are cut: what a ray meets only behind it is no face."""

ZONES = (
    Zone("eyes", "front", (14, 40), (-36, -18), FACE_FRONT_MM, reach_mm=87.0),
    Zone("nose", "front", (0, 16), (-74, -46), FACE_FRONT_MM, reach_mm=FACE_FRONT_MM),
    Zone("mouth", "front", (0, 24), (-100, -80), FACE_FRONT_MM, reach_mm=FACE_FRONT_MM),
    Zone("chin", "front", (0, 22), (-128, -108), FACE_FRONT_MM, reach_mm=FACE_FRONT_MM),
    Zone("ear_left", "left", (-24, 4), (-68, -24), 84.0, reach_mm=84.0),
    Zone("ear_right", "right", (-24, 4), (-68, -24), 57.0, reach_mm=69.0),
)
"""Parts of the face; the middle of the template's head lies at x = -13 between the ears."""


def zones(*, ears: bool) -> dict[View, list[Zone]]:
    """The zones that are checked.

    Parameters
    ----------
    ears
        Whether those of the ears are.

    Returns
    -------
    dict
        By view.
    """
    views: tuple[View, ...] = ("front", "left", "right") if ears else ("front",)
    return {view: [zone for zone in ZONES if zone.view == view] for view in views}


FACE_MM = np.array([[0, 115, -65, 1], [30, 92, -27, 1], [-30, 92, -27, 1], [0, 105, -92, 1], [0, 95, -118, 1]]).T
"""Tip of the nose, eyes, mouth and chin in the template's world, in columns."""


MIDDLE_MM = np.array([-13.0, 10.0, -25.0])
"""Middle of the head in the template's world."""


def wide_grid(voxel_mm: float) -> Grid:
    """A grid about the template's head with room on every side.

    Parameters
    ----------
    voxel_mm
        Edge of a voxel.

    Returns
    -------
    Grid
        Along the axes of the template's world.
    """
    half_mm = np.array([110.0, 150.0, 150.0])
    x, y, z = (int(count) for count in np.ceil(2 * half_mm / voxel_mm))
    affine = np.diag([voxel_mm] * 3 + [1.0])
    affine[:3, 3] = MIDDLE_MM - half_mm
    return Grid((x, y, z), affine)


def head_file() -> Path:
    """The mean head, as the pydeface wheel brings it."""
    return Path(str(files("pydeface") / "data" / "mean_reg2mean.nii.gz"))


@cache
def head() -> Volume:
    """The mean head."""
    return nifti.read_volume(head_file(), np.float32)


@cache
def negative() -> Volume:
    """The mean head with bright and dark exchanged, and air as dark as it was."""
    top, air = float(head().data.max()), air_threshold(head().data)
    return Volume(np.where(head().data > air, top - head().data, 0), head().affine)


@cache
def coarse_head() -> Volume:
    """The mean head at 4 mm."""
    return coarsened(head(), COARSE_MM)


@cache
def coarse_negative() -> Volume:
    """The negative of the mean head at 4 mm."""
    return coarsened(negative(), COARSE_MM)


@cache
def keep(*, ears: bool = False) -> Volume:
    """The face mask.

    Parameters
    ----------
    ears
        Whether they are removed, too.

    Returns
    -------
    Volume
        1 keep, 0 removed.
    """
    return nifti.read_volume(PROJECT / "resources" / (KEEP_NO_EARS if ears else KEEP), np.float32)


@cache
def brain() -> Volume:
    """The mask of its brain: 1 inside."""
    return nifti.read_volume(PROJECT / "resources" / BRAIN, np.float32)
