"""What brains are measured by: nilearn's MNI152 maps (ICBM 2009a symmetric) and a head to find them in."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.imaging import nifti
from unface.imaging.resampling import on_lattice
from unface.imaging.volume import Volume
from unface.measure.regions import Atlas, label_points

MAP = "mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz"
MEAN_HEAD_TO_TEMPLATE = np.array(
    [
        [1.151834011, -0.07960378379, -0.02604468167, 6.073234558],
        [0.08605520427, 1.106141806, 0.1839822382, -16.18483925],
        [0.01068240218, -0.1608485281, 1.243612647, 4.959900856],
        [0, 0, 0, 1],
    ]
)
"""World of pydeface's mean head to MNI152's: the inverse of what `niimath MNI_T1 -allineate MEAN_HEAD` finds."""
BRAIN_OVER = 0.05
"""Of the skull-stripped T1 map's largest value: what lies below is outside the brain."""


@dataclass(frozen=True)
class BrainMaps:
    """Maps on one grid, float32 (i, j, k), the tissues as probabilities from 0 to 1; `regions` holds labels.

    `affine` : (4, 4), voxel to MNI152 world in mm.
    """

    affine: NDArray[np.float64]
    t1: NDArray[np.float32]
    brain: NDArray[np.float32]
    csf: NDArray[np.float32]
    gm: NDArray[np.float32]
    wm: NDArray[np.float32]
    regions: NDArray[np.uint8]


@cache
def brain_maps(voxel_mm: float, atlas: Atlas | None = None) -> BrainMaps:
    """The template's maps on a lattice of their own.

    CSF is what of the brain's mask is neither grey nor white matter.

    Parameters
    ----------
    voxel_mm
        Edge of a voxel.
    atlas
        The user's regions; without one unface's own.

    Returns
    -------
    BrainMaps
        Made once a process.
    """
    affine, t1 = _read("t1")
    _, gm = _read("gm")
    _, wm = _read("wm")
    brain = ndimage.binary_fill_holes(ndimage.binary_opening(t1 > BRAIN_OVER, iterations=2)).astype(np.float32)
    csf = np.clip(brain - gm - wm, 0, 1) * brain
    grid = Volume(t1, affine).grid.lattice(voxel_mm)
    maps = {
        name: on_lattice(Volume(data, affine), voxel_mm).data
        for name, data in {"t1": t1, "brain": brain, "csf": csf, "gm": gm, "wm": wm}.items()
    }
    labels = label_points(grid.points_mm, atlas).reshape(grid.shape)
    return BrainMaps(affine=grid.affine, regions=labels, **maps)


@cache
def mean_head(voxel_mm: float) -> Volume:
    """Pydeface's mean head on a lattice of its own.

    Parameters
    ----------
    voxel_mm
        Edge of a voxel.

    Returns
    -------
    Volume
        Of float32, made once a process.
    """
    with resources.as_file(resources.files("pydeface") / "data" / "mean_reg2mean.nii.gz") as path:
        head = nifti.read_volume(path, np.float32)
    return on_lattice(head, voxel_mm)


def _read(kind: str) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    with resources.as_file(resources.files("nilearn") / "datasets" / "data" / MAP.format(kind=kind)) as path:
        volume = nifti.read_volume(path, np.float32)
    return volume.affine, volume.data / volume.data.max()
