"""The one resampler: a volume's values on another grid, at points of the world, or on coarser voxels.

What differs from use to use are parameters: the order of interpolation and what stands beyond the volume's edges.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.imaging.volume import Affine, Array, Grid, Volume

FWHM_PER_SD = 2 * np.sqrt(2 * np.log(2))


def resampled(
    volume: Volume, grid: Grid, grid_to_volume: Affine | None = None, *, order: int = 1, outside: float | None = 0
) -> Array:
    """A volume's values at the voxels of another grid.

    Parameters
    ----------
    volume
        What is looked up.
    grid
        Where its values are asked for.
    grid_to_volume
        World of the grid to world of the volume (4, 4), mm; None where the two are one.
    order
        Of the spline: 0 takes the nearest voxel, 1 interpolates linearly.
    outside
        The value beyond the volume's edges; None continues its outermost voxels.

    Returns
    -------
    array
        Of the grid's shape and the volume's type.
    """
    to_voxels = np.linalg.inv(volume.affine)
    if grid_to_volume is not None:
        to_voxels = to_voxels @ grid_to_volume
    return _transformed(volume.data, to_voxels @ grid.affine, grid.shape, order, outside)


def sampled(volume: Volume, points_mm: Array, *, order: int = 1, outside: float | None = 0) -> Array:
    """A volume's values at points of its world.

    Parameters
    ----------
    volume
        What is looked up.
    points_mm : (..., 3) array
        In mm, RAS.
    order, outside
        As in `resampled`.

    Returns
    -------
    (...) array
        One value a point, of the volume's type.
    """
    to_voxels = np.linalg.inv(volume.affine)
    voxels = np.moveaxis(points_mm @ to_voxels[:3, :3].T + to_voxels[:3, 3], -1, 0)
    return np.asarray(ndimage.map_coordinates(volume.data, voxels, order=order, **_beyond(outside)))


def coarsened(volume: Volume, voxel_mm: float) -> Volume:
    """A volume with voxels of about one size that fill exactly its field of view.

    Parameters
    ----------
    volume
        What is resampled, linearly; along axes where its voxels are smaller, smoothed first by half of a new voxel.
    voxel_mm
        Edge of a voxel, as nearly as whole voxels fill the field of view.

    Returns
    -------
    Volume
        Of float32.
    """
    factor = voxel_mm / volume.voxel_mm
    shape = np.maximum(1, np.round(np.array(volume.data.shape) / factor)).astype(int)
    ratio = np.array(volume.data.shape) / shape
    data = volume.data.astype(np.float32)
    smooth = ndimage.gaussian_filter(data, np.where(factor > 1, 0.5 * factor, 0), truncate=3)
    to_volume = np.eye(4)
    to_volume[:3, :3] = np.diag(ratio)
    to_volume[:3, 3] = (ratio - 1) / 2
    return Volume(_transformed(smooth, to_volume, tuple(shape), 1, None), volume.affine @ to_volume)


def on_lattice(volume: Volume, voxel_mm: float) -> Volume:
    """A volume on its grid's lattice, smoothed first to that resolution where its own is finer.

    Parameters
    ----------
    volume
        What is resampled, linearly, with zero beyond its edges.
    voxel_mm
        Edge of a voxel of the lattice (`Grid.lattice`).

    Returns
    -------
    Volume
        Of float32.
    """
    sizes = volume.voxel_mm
    sigma = np.sqrt(np.maximum(voxel_mm**2 - sizes**2, 0)) / FWHM_PER_SD / sizes
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(
        volume.data.astype(np.float32), sigma, mode="nearest", truncate=3
    )
    grid = volume.grid.lattice(voxel_mm)
    return Volume(resampled(Volume(smooth, volume.affine), grid), grid.affine)


def _transformed(data: Array, to_voxels: Affine, shape: tuple[int, ...], order: int, outside: float | None) -> Array:
    return np.asarray(
        ndimage.affine_transform(
            data, to_voxels[:3, :3], to_voxels[:3, 3], output_shape=shape, order=order, **_beyond(outside)
        )
    )


def _beyond(outside: float | None) -> dict[str, Any]:
    return {"mode": "nearest"} if outside is None else {"mode": "constant", "cval": outside}
