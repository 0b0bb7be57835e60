"""The template's face mask on a head's own grid, and taking the face out of an image's stored integers."""

from dataclasses import replace

import numpy as np

from unface.deface import head_template
from unface.imaging.resampling import resampled
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Affine, Array, Grid

AIR_HU = -1024.0
SLAB = 16
"""Slices masked at a time: a whole mask as floats would be four times the image."""


def template_mask(grid: Grid, head_to_template: Affine, *, ears: bool = False) -> Array:
    """The template's face mask on a head's grid.

    Beyond the template's edges its outermost planes go on, so that the chin and neck of a tall field of view are taken
    too; cut at one half, so that no voxel is kept in part.

    Parameters
    ----------
    grid
        The head's own.
    head_to_template
        World of the head to world of the template (4, 4).
    ears
        Whether they go, too.

    Returns
    -------
    (i, j, k) bool array
        True where voxels are kept.
    """
    shape, affine = grid.shape, grid.affine
    face = head_template.keep(ears=ears)
    voxels = np.linalg.inv(face.affine) @ head_to_template @ affine
    # From here to the front the template loses anything at all: what lies behind is not looked at.
    front = int(np.flatnonzero((face.data < 1).any(axis=(0, 2)))[0])
    axis = int(np.abs(voxels[1, :3]).argmax())
    keep = np.ones(shape, bool)
    for start in range(0, shape[axis], SLAB):
        first, part = np.array([0, 0, 0, 1]), np.array(shape)
        first[axis], part[axis] = start, min(SLAB, shape[axis] - start)
        corners = first[:3] + np.array(list(np.ndindex(2, 2, 2))) * (part - 1)
        if (corners @ voxels[1, :3] + voxels[1, 3]).max() > front - 1:
            i, j, k = (int(size) for size in part)
            slab_grid = Grid((i, j, k), affine.copy())
            slab_grid.affine[:3, 3] = (affine @ first)[:3]
            slab = tuple(slice(start, start + SLAB) if other == axis else slice(None) for other in range(3))
            keep[slab] = resampled(face, slab_grid, head_to_template, outside=None) >= 0.5
    return keep


def without_face(image: StoredImage, keep: Array, suffix: str) -> StoredImage:
    """The image with air where `keep` is False, in every volume; all else bit for bit.

    Parameters
    ----------
    image
        As it is stored.
    keep : (i, j, k) bool array
        On the image's own grid.
    suffix
        Of the image's name: air is -1024 HU in a `ct`, 0 elsewhere.

    Returns
    -------
    StoredImage
        A copy.
    """
    stored = image.stored.copy(order="F")
    stored[~keep] = image.stored_value(AIR_HU if suffix == "ct" else 0.0)
    return replace(image, stored=stored)
