"""Grids of voxels: the coarse lattice of an image, and resampling to it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FWHM_PER_SD = 2 * np.sqrt(2 * np.log(2))


@dataclass(frozen=True)
class Grid:
    """`shape` voxels with a voxel-to-world `affine` (4, 4) in mm, RAS."""

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]

    @property
    def voxel_ml(self) -> float:
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000

    def cut(self, box: tuple[slice, slice, slice]) -> "Grid":
        """The part of the grid that a box of voxels takes."""
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ np.array([part.start for part in box], dtype=np.float64)
        return Grid((_length(box[0]), _length(box[1]), _length(box[2])), affine)


def _length(part: slice) -> int:
    return int(part.stop - part.start)


def voxel_sizes_mm(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(affine[:3, :3], axis=0), dtype=np.float64)


def lattice(shape: tuple[int, ...], affine: NDArray[np.float64], voxel_mm: float) -> Grid:
    """Voxels of `voxel_mm` over the field of view of a grid, along its own axes.

    Two images of one header have one lattice, whatever stands in their voxels.
    """
    zoom = voxel_mm / voxel_sizes_mm(affine)
    counts = np.maximum(1, np.round(np.array(shape[:3]) / zoom)).astype(int)
    coarse = affine.copy()
    coarse[:3, :3] = affine[:3, :3] * zoom
    # The middles of the two fields of view are the same point.
    middle = affine[:3, :3] @ ((np.array(shape[:3]) - 1) / 2) - coarse[:3, :3] @ ((counts - 1) / 2)
    coarse[:3, 3] = affine[:3, 3] + middle
    return Grid((int(counts[0]), int(counts[1]), int(counts[2])), coarse)


def anti_aliased(data: NDArray[Any], affine: NDArray[np.float64], voxel_mm: float) -> NDArray[np.float32]:
    """Smoothed to the resolution of voxels of `voxel_mm`, on the same grid; finer voxels only."""
    sizes = voxel_sizes_mm(affine)
    sigma = np.sqrt(np.maximum(voxel_mm**2 - sizes**2, 0)) / FWHM_PER_SD / sizes
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(data.astype(np.float32), sigma, mode="nearest", truncate=3)
    return smooth


def resampled(data: NDArray[Any], affine: NDArray[np.float64], grid: Grid) -> NDArray[np.float32]:
    """An image's values at the voxels of another grid, interpolated linearly; zero outside of it."""
    matrix = np.linalg.inv(affine) @ grid.affine
    values: NDArray[np.float32] = ndimage.affine_transform(
        data.astype(np.float32, copy=False), matrix[:3, :3], matrix[:3, 3], output_shape=grid.shape, order=1
    )
    return values


def world_points(grid: Grid) -> NDArray[np.float64]:
    """(n, 3) world positions of all voxels in mm, in the order of the flattened array."""
    voxels = np.indices(grid.shape).reshape(3, -1).T
    return np.asarray(voxels @ grid.affine[:3, :3].T + grid.affine[:3, 3], dtype=np.float64)


def box_of(mask: NDArray[np.bool_], margin: int, step: int) -> tuple[slice, slice, slice]:
    """The smallest box around a mask and `margin` voxels more, within the grid; its edges are multiples of `step`."""
    found = ndimage.find_objects(mask.astype(np.uint8))[0]
    parts = [
        slice(max(0, part.start - margin) // step * step, min(size, -(-(part.stop + margin) // step) * step))
        for part, size in zip(found, mask.shape, strict=True)
    ]
    return parts[0], parts[1], parts[2]
