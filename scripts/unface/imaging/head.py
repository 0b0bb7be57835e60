"""What of an image is head: brighter than air, in one part, and where rays first meet it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.imaging.volume import Array


def air_threshold(data: Array) -> float:
    """Intensity between air and head: half way from the darkest values to Otsu's threshold.

    Parameters
    ----------
    data
        Intensities of a head with air around it, in any unit.

    Returns
    -------
    float
        In the same unit; the 1st percentile of an image that shows nothing, or one brightness alone.

    References
    ----------
    Otsu, IEEE Trans Syst Man Cybern 1979;9:62-66.
    """
    values = np.asarray(data, dtype=np.float32).ravel()[::3]
    low, high = np.percentile(values, (1, 99))
    inside = np.clip(values[values > low], low, high)
    if inside.size < 100 or inside.min() == inside.max():
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
    """The largest connected part of a mask.

    Parameters
    ----------
    mask : (i, j, k) bool array
        Voxels that share a face are connected.

    Returns
    -------
    (i, j, k) bool array
        The mask itself if it has one part or none.
    """
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


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
