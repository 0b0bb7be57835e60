"""One 3D image with its place in space, and sampling it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[Any]
Affine = NDArray[Any]


@dataclass(frozen=True)
class Volume:
    """`data` (i, j, k) and the `affine` (4, 4) from voxels to the world in mm: right, anterior, superior."""

    data: Array
    affine: Affine

    @property
    def voxel_mm(self) -> NDArray[np.float64]:
        """Edges of a voxel along i, j, k."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))


def resampled_to(volume: Volume, voxel_mm: float) -> Volume:
    """The same field of view at about `voxel_mm`, smoothed first where that is coarser."""
    factor = voxel_mm / volume.voxel_mm
    shape = np.maximum(1, np.round(np.array(volume.data.shape) / factor)).astype(int)
    ratio = np.array(volume.data.shape) / shape
    data = volume.data.astype(np.float32)
    smooth = ndimage.gaussian_filter(data, np.where(factor > 1, 0.5 * factor, 0), truncate=3)
    scale = np.eye(4)
    scale[:3, :3] = np.diag(ratio)
    scale[:3, 3] = (ratio - 1) / 2
    sampled = ndimage.affine_transform(
        smooth, scale[:3, :3], scale[:3, 3], output_shape=tuple(shape), order=1, mode="nearest"
    )
    return Volume(sampled, volume.affine @ scale)


def sampled_on(
    volume: Volume,
    shape: tuple[int, ...],
    affine: Affine,
    to_volume: Affine,
    *,
    order: int = 1,
    outside: float | None = 0,
) -> Array:
    """Values of `volume` at the voxels of another grid.

    Parameters
    ----------
    shape, affine
        The other grid.
    to_volume
        World of the grid to world of the volume (4, 4).
    outside
        The value beyond the volume's edges; None continues its outermost voxels.
    """
    voxels = np.linalg.inv(volume.affine) @ to_volume @ affine
    mode = "nearest" if outside is None else "constant"
    return np.asarray(
        ndimage.affine_transform(
            volume.data, voxels[:3, :3], voxels[:3, 3], output_shape=shape, order=order, mode=mode, cval=outside or 0
        )
    )


def air_threshold(data: Array) -> float:
    """Intensity between air and head: half way from the darkest values to Otsu's threshold.

    References
    ----------
    Otsu, IEEE Trans Syst Man Cybern 1979;9:62-66.
    """
    values = np.asarray(data, dtype=np.float32).ravel()[::3]
    low, high = np.percentile(values, (1, 99))
    inside = np.clip(values[values > low], low, high)
    if inside.size < 100 or high <= low:
        return float(low)
    counts, edges = np.histogram(inside, 256)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(low + (middles[int(np.nanargmax(between))] - low) / 2)


def largest_part(mask: Array) -> Array:
    """The largest connected part of a mask."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())
