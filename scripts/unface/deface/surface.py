"""The surface of a face before and after the mask: where rays first meet the head, under any coil's brightness."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.deface import head_template
from unface.deface.head_template import View, Zone
from unface.imaging.head import air_threshold, depth_map, largest_part
from unface.imaging.resampling import resampled
from unface.imaging.volume import Affine, Array, Grid, Volume

GRID_MM = 2.0
SMOOTH_VOXELS = 1.0
"""Without smoothing, noise in the air joins up with the head."""
FIELD_MM = 20.0
"""How far brightness is averaged: further than a cheek is thick, nearer than a coil's field changes."""
HEAD_PART = 0.4
"""What is brighter above air than this part of the head around it belongs to the head, too."""
NOISE_TIMES = 3.0
LEAST_PART = 0.2
"""Of the way from air to the threshold of the whole image: ghosts in the air are below."""
ROUNDS = 16


@dataclass(frozen=True)
class FaceBox:
    """The face and its surroundings on a `grid` along the template's axes.

    `bright` (x, y, z): 0 in air, 1 where the head begins, whatever brightness the coil gives it there; `seen`: inside
    of the image's field of view.
    """

    grid: Grid
    bright: Array
    seen: Array

    def columns(self, zone: Zone) -> Array:
        """The rays through a zone.

        Parameters
        ----------
        zone
            Of the face.

        Returns
        -------
        (across, up) bool array
            Of all rays of its view.
        """
        return zone.columns(self.grid)

    def in_view(self, zone: Zone, view: View) -> Array:
        """Whether the field of view holds all of where a zone's surface is looked for.

        Parameters
        ----------
        zone, view
            Of the face, and where the rays come from.

        Returns
        -------
        (across, up) bool array
            By ray.
        """
        return np.asarray(self._seen(view, zone.front_mm, zone.front_mm + head_template.SURFACE_MM).all(axis=1))

    def reached(self, zone: Zone, view: View) -> Array:
        """Whether the field of view goes as far to the viewer as a zone's surface needs to retreat.

        Parameters
        ----------
        zone, view
            Of the face, and where the rays come from.

        Returns
        -------
        (across, up) bool array
            By ray.
        """
        return np.asarray(self._seen(view, zone.reach_mm, np.inf).any(axis=1))

    def _seen(self, view: View, behind_mm: float, front_mm: float) -> Array:
        """The field of view between two planes across the rays, with these along the second axis."""
        axis, sign = head_template.VIEWS[view]
        along = sign * (self.grid.affine[axis, 3] + GRID_MM * np.arange(self.seen.shape[axis]))
        where = (along >= behind_mm) & (along <= front_mm)
        return np.swapaxes(np.compress(where, self.seen, axis=axis), 1, axis)

    def surface_mm(self, view: View, keep: Array | None = None) -> NDArray[np.float64]:
        """Where rays first meet the head, or what a mask keeps of it.

        Parameters
        ----------
        view
            Where the rays come from.
        keep : (x, y, z) bool array
            A mask on the box's grid; None for the whole head.

        Returns
        -------
        (across, up) float array
            By ray, mm along the axis that points at the viewer; NaN where a ray meets nothing.
        """
        axis, sign = head_template.VIEWS[view]
        facing = np.swapaxes(self.bright if keep is None else np.where(keep, self.bright, 0), 1, axis)[:, ::sign]
        depth = depth_map(facing, largest_part(facing > 1), 1)
        ends = self.grid.affine[axis, 3] + GRID_MM * np.array([0, self.bright.shape[axis] - 1])
        return np.asarray((ends[1] if sign > 0 else -ends[0]) - GRID_MM * depth, dtype=float)


def face_box(head: Volume, head_to_template: Affine) -> FaceBox:
    """The part of a head that holds its face, with its brightness evened.

    Parameters
    ----------
    head
        The image as it came.
    head_to_template
        World of the head to world of the template (4, 4).

    Returns
    -------
    FaceBox
        With voxels of `GRID_MM`.
    """
    low, high = head_template.FACE_BOX_MM
    affine = np.diag([GRID_MM] * 3 + [1.0])
    affine[:3, 3] = low
    x, y, z = (int(count) for count in (high - low) / GRID_MM)
    grid = Grid((x, y, z), affine)
    floats = Volume(head.data.astype(np.float32), head.affine)
    values = resampled(floats, grid, np.linalg.inv(head_to_template), outside=np.nan)
    seen = np.isfinite(values)
    return FaceBox(grid, _evened(values, seen, air_threshold(head.data[::2, ::2, ::2])), seen)


def _evened(values: Array, seen: Array, threshold: float) -> Array:
    """Brightness above air as multiples of what is head rather than air at that place.

    A coil can show the vertex six times as bright as the chin: one threshold for both takes the chin for air. From
    what is surely head, the head grows into all that is not much darker than the head beside it.

    Parameters
    ----------
    values, seen
        Intensities, and where there are any.
    threshold
        Intensity between air and head for the image as a whole.

    Returns
    -------
    (x, y, z) float array
        0 in air, 1 where the head begins.
    """
    dark = seen & (values <= threshold)
    if not dark.any():
        return np.where(seen, 2.0, 0.0).astype(np.float32)
    smooth = ndimage.gaussian_filter(np.where(seen, values, np.median(values[dark])), SMOOTH_VOXELS)
    air, quiet = (float(value) for value in np.percentile(smooth[dark], (50, 16)))
    least = max(NOISE_TIMES * (air - quiet), LEAST_PART * (threshold - air), 1e-6)
    above = np.where(seen, smooth - air, 0).astype(np.float32)
    coarse = above[::2, ::2, ::2]
    head = coarse > threshold - air
    for _ in range(ROUNDS):
        limit = np.maximum(HEAD_PART * _mean_within(coarse, head), least)
        grown = coarse > limit
        if (grown == head).all():
            break
        head = grown
    return np.asarray(above / ndimage.zoom(limit, np.array(above.shape) / coarse.shape, order=1))


def _mean_within(data: Array, mask: Array) -> Array:
    """The mean of the masked voxels around each voxel; 0 where there are none nearby."""
    sigma = FIELD_MM / (2 * GRID_MM)
    part = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(mask, data, 0), sigma)
    return np.where(part > 1e-6, total / np.maximum(part, 1e-6), 0)
