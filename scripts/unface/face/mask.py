"""The face mask on a head's own grid, and taking the face out of its stored integers."""

from dataclasses import replace

import numpy as np

from unface.face import template
from unface.face.images import StoredImage
from unface.face.volume import Affine, Array, sampled_on

AIR_HU = -1024.0
SLAB = 64
"""Slices masked at a time: a whole mask as floats would be four times the image."""


def head_mask(shape: tuple[int, ...], affine: Affine, head_to_template: Affine, *, ears: bool = False) -> Array:
    """The template's face mask on a head's grid: True where voxels are kept.

    Beyond the template's edges its outermost planes go on, so that the chin and neck of a tall field of view are taken
    too; cut at one half, so that no voxel is kept in part.
    """
    face = template.keep(ears=ears)
    keep = np.empty(shape, bool)
    for start in range(0, shape[0], SLAB):
        part = (min(SLAB, shape[0] - start), *shape[1:])
        moved = affine.copy()
        moved[:3, 3] += affine[:3, 0] * start
        keep[start : start + SLAB] = sampled_on(face, part, moved, head_to_template, outside=None) >= 0.5
    return keep


def air(image: StoredImage, suffix: str) -> float:
    """The value of air in an image's unit: -1024 HU in CT, 0 elsewhere."""
    return AIR_HU if suffix == "ct" else 0.0


def without_face(image: StoredImage, keep: Array, suffix: str) -> StoredImage:
    """The image with air where `keep` is False, in every volume; all else bit for bit.

    Parameters
    ----------
    keep : (i, j, k) bool array
        On the image's own grid.
    """
    stored = image.stored.copy(order="F")
    stored[~keep] = image.stored_value(air(image, suffix))
    return replace(image, stored=stored)
