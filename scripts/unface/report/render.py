"""The surface of a head as a picture, by casting parallel rays through its voxels."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from unface.imaging.head import air_threshold, depth_map, largest_part
from unface.imaging.resampling import resampled
from unface.imaging.volume import Affine, Array, Grid, Volume

View = Literal["front", "oblique", "left"]

OBLIQUE_DEGREES = 40.0
LIGHT = np.array([0.0, 0.35, 1.0]) / np.linalg.norm([0.0, 0.35, 1.0])
"""From above and behind the viewer: to the right, up, towards the viewer."""


def _upright(volume: Volume) -> Volume:
    """A head on a grid of 1 mm along the world's axes, which is at least as large as the image."""
    corners = np.array(np.meshgrid(*[(0, size - 1) for size in volume.data.shape])).reshape(3, -1)
    world = volume.affine[:3, :3] @ corners + volume.affine[:3, 3:]
    low, high = world.min(axis=1), world.max(axis=1)
    x, y, z = (int(size) for size in np.ceil(high - low) + 1)
    grid = Grid((x, y, z), np.eye(4))
    grid.affine[:3, 3] = low
    floats = Volume(volume.data.astype(np.float32), volume.affine)
    outside = float(np.percentile(floats.data[::4, ::4, ::4], 1))
    return Volume(resampled(floats, grid, outside=outside), grid.affine)


def turned(data: Array, degrees: float) -> Array:
    """Turn an upright head about the z axis.

    All voxels of a column along z have the same four neighbours and weights, so one product with a sparse matrix
    does what takes `affine_transform` many times as long.

    Parameters
    ----------
    data
        (x, y, z), voxels of 1 mm.
    degrees
        In the sense of `numpy.rot90`.

    Returns
    -------
    (x, y, z) array
        On a grid that holds all of the head; 0 beyond the edges.
    """
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    size = np.array(data.shape[:2])
    grid = np.ceil(np.abs(turn) @ (size - 1)).astype(int) + 1
    points = np.stack(np.meshgrid(*map(np.arange, grid), indexing="ij"), axis=-1).reshape(-1, 2)
    source = (points - (grid - 1) / 2) @ turn + (size - 1) / 2
    first = np.floor(source).astype(int)
    weights = sparse.csr_array((len(points), size.prod()), dtype=data.dtype)
    for corner in ((0, 0), (0, 1), (1, 0), (1, 1)):
        at = first + corner
        inside = np.flatnonzero(((at >= 0) & (at < size)).all(axis=1))
        weight = (1 - np.abs(source - at)).prod(axis=1)[inside].astype(data.dtype)
        columns = np.ravel_multi_index(tuple(at[inside].T), tuple(size))
        weights += sparse.csr_array((weight, (inside, columns)), shape=weights.shape)
    return np.asarray(weights @ data.reshape(-1, data.shape[2])).reshape(*grid, -1)


def shaded(data: Array, affine: Affine) -> dict[View, NDArray[np.uint8]]:
    """The head's surface from each side, lit from above: 0 where there is none.

    Parameters
    ----------
    data, affine
        A head, (i, j, k), and its affine from voxels to mm (RAS); any orientation.

    Returns
    -------
    dict of (rows, columns) uint8 arrays
        `front`: seen from ahead. `oblique`: turned by 40 degrees. `left`: the head's left side. Two pixels a mm, the
        vertex on top; the patient's right on the viewer's left, as one meets a person.
    """
    values = ndimage.gaussian_filter(_upright(Volume(data, affine)).data, 0.7)
    threshold = air_threshold(values)
    head = values > threshold
    values[head & ~largest_part(head)] = threshold
    values -= threshold
    return {
        "front": _lit(values),
        "oblique": _lit(turned(values, OBLIQUE_DEGREES)),
        "left": _lit(values.swapaxes(0, 1)[:, ::-1]),
    }


def _lit(values: Array) -> NDArray[np.uint8]:
    """A head, above 0, along the axes of the view (right, towards the viewer, up)."""
    depth = depth_map(values, values > 0, 0)
    hit = np.isfinite(depth)
    if not hit.any():
        return np.zeros(hit.T.shape, np.uint8)
    far = np.where(hit, depth, np.nanmax(depth))
    far = ndimage.gaussian_filter(ndimage.zoom(far, 2, order=1), 1.2)
    seen = ndimage.zoom(hit.astype(np.float32), 2, order=1) > 0.5
    # Depth grows away from the viewer; two pixels a voxel.
    slope_x, slope_z = (2 * slope for slope in np.gradient(far))
    length = np.sqrt(slope_x**2 + slope_z**2 + 1)
    light = np.clip((slope_x * LIGHT[0] + slope_z * LIGHT[1] + LIGHT[2]) / length, 0, 1)
    picture = np.where(seen, 30 + 225 * light, 0).astype(np.uint8)
    return np.ascontiguousarray(np.flip(picture.T))
