"""What brains are measured by: nilearn's MNI152 maps (ICBM 2009a symmetric) and a head to find them in."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.imaging.grids import anti_aliased, lattice, resampled, world_points
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
class Template:
    """Maps of one grid, float32 (i, j, k), the tissues as probabilities from 0 to 1; `regions` holds labels.

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
def template(voxel_mm: float, atlas: Atlas | None = None) -> Template:
    """The template with voxels of `voxel_mm`, and the regions of an atlas or unface's own.

    CSF is what of the brain's mask is neither grey nor white matter.
    """
    affine, t1 = _read("t1")
    _, gm = _read("gm")
    _, wm = _read("wm")
    brain = ndimage.binary_fill_holes(ndimage.binary_opening(t1 > BRAIN_OVER, iterations=2)).astype(np.float32)
    csf = np.clip(brain - gm - wm, 0, 1) * brain
    grid = lattice(t1.shape, affine, voxel_mm)
    maps = {
        name: resampled(anti_aliased(data, affine, voxel_mm), affine, grid)
        for name, data in {"t1": t1, "brain": brain, "csf": csf, "gm": gm, "wm": wm}.items()
    }
    labels = label_points(world_points(grid), atlas).reshape(grid.shape)
    return Template(affine=grid.affine, regions=labels, **maps)


@cache
def mean_head(voxel_mm: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Voxels and affine of pydeface's mean head, with voxels of `voxel_mm`."""
    with resources.as_file(resources.files("pydeface") / "data" / "mean_reg2mean.nii.gz") as path:
        image: Any = nib.load(path)
        data = np.asarray(image.dataobj, dtype=np.float32)
    affine = np.asarray(image.affine, dtype=np.float64)
    grid = lattice(data.shape, affine, voxel_mm)
    return resampled(anti_aliased(data, affine, voxel_mm), affine, grid), grid.affine


def _read(kind: str) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    with resources.as_file(resources.files("nilearn") / "datasets" / "data" / MAP.format(kind=kind)) as path:
        image: Any = nib.load(path)
        data = np.asarray(image.dataobj, dtype=np.float32)
    return np.asarray(image.affine, dtype=np.float64), data / data.max()
