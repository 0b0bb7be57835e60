"""ANTs on one thread and with one seed: its images from arrays, and affines in files that it reads.

ITK takes its number of threads and ANTs its seed from the environment, at the latest when they are first used: other
numbers of threads give other sums, so other fits. Every room imports ANTs from here, and only where it is needed: it
takes two seconds.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unface.limits import ONE_THREAD

os.environ.update(ONE_THREAD)

import ants

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Between the world of NIfTI (right, anterior, superior) and that of ITK (left, posterior, superior)."""

AntsImage = Any
"""ANTs has no types of its own."""

__all__ = ["LPS", "AntsImage", "ants", "to_image", "write_affine"]


def to_image(data: NDArray[Any], affine: NDArray[np.float64]) -> AntsImage:
    """An ANTs image of an array (i, j, k) and its voxel-to-world affine (4, 4) in mm, RAS."""
    world = LPS @ affine
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    return ants.from_numpy(
        np.ascontiguousarray(data, dtype=np.float32),
        origin=[float(value) for value in world[:3, 3]],
        spacing=[float(value) for value in spacing],
        direction=world[:3, :3] / spacing,
    )


def write_affine(affine: NDArray[np.float64], file: Path) -> None:
    """Write an affine (4, 4; world to world, mm, RAS) as ITK reads it."""
    matrix = LPS @ affine @ LPS
    transform = ants.create_ants_transform(
        "AffineTransform", precision="double", dimension=3, matrix=matrix[:3, :3], offset=matrix[:3, 3]
    )
    ants.write_transform(transform, str(file))
