"""Where rays through a volume first meet what it shows."""

import numpy as np
from numpy.typing import NDArray

from unface.imaging.volume import Array


def depth_map(data: Array, head: Array, threshold: float) -> NDArray[np.float32]:
    """Where rays from the front first meet a head.

    Parameters
    ----------
    data : (x, y, z) array
        A head along the world's axes, y to anterior.
    head : (x, y, z) bool array
        Its voxels, all brighter than `threshold`.
    threshold
        Intensity between air and head.

    Returns
    -------
    (x, z) array
        Voxels from the anterior end of the grid to the surface, between voxels where that can be told; NaN where a
        ray meets nothing.
    """
    facing, values = head[:, ::-1], data[:, ::-1]
    first, hit = facing.argmax(axis=1), facing.any(axis=1)
    x, z = np.meshgrid(np.arange(data.shape[0]), np.arange(data.shape[2]), indexing="ij")
    outer = values[x, np.maximum(first - 1, 0), z].astype(np.float32)
    inner = values[x, first, z].astype(np.float32)
    rise = np.where(inner > outer, inner - outer, 1)
    fraction = np.where(inner > outer, np.clip((threshold - outer) / rise, 0, 1), 1)
    return np.where(hit, first - 1 + fraction, np.nan).astype(np.float32)
