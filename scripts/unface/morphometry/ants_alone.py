"""ANTs on one thread and with one seed, and its images.

ITK takes its number of threads and ANTs its seed from the environment, at the latest when they are first used: other
numbers of threads give other sums, so other volumes. Everything of this room imports ANTs from here.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unface import tools

os.environ.update(tools.ONE_THREAD)

import ants

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Between the world of NIfTI (right, anterior, superior) and that of ITK (left, posterior, superior)."""

AntsImage = Any
"""ANTs has no types of its own."""

__all__ = ["LPS", "AntsImage", "ants", "to_ants"]


def to_ants(data: NDArray[Any], affine: NDArray[np.float64]) -> AntsImage:
    """An ANTs image of an array (i, j, k) and its voxel-to-world affine (4, 4) in mm, RAS."""
    world = LPS @ affine
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    return ants.from_numpy(
        np.ascontiguousarray(data, dtype=np.float32),
        origin=[float(value) for value in world[:3, 3]],
        spacing=[float(value) for value in spacing],
        direction=world[:3, :3] / spacing,
    )
