"""Slices of heads as small pictures: at true aspect, in one orientation, with outlines of masks.

Slices lie along the image's own axes, so nothing is blurred across them; a second image (the defaced head, a mask,
labels) is sampled at the same points in space, whatever grid it has. Volumes are in their closest RAS+ order.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from unface.imaging import nifti
from unface.imaging.resampling import sampled
from unface.imaging.volume import Array, Volume

PIXELS_PER_MM = 1.4
JPEG_QUALITY = 82
SMALL_ROWS = 120
BOX_MARGIN_MM = 10

HEAD_INTENSITY = 0.12
"""Of the window of grey values: what is brighter is head and not air."""
BRAIN_PLANES = ("Sagittal, middle", "Axial, brain", "Coronal, brain")

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Plane:
    """Points in space on the grid of a picture.

    Attributes
    ----------
    name : str
        For readers.
    points_mm : (rows, columns, 3) float array
        In the image's space (RAS); the first row on top.
    """

    name: str
    points_mm: Array


def load(path: Path) -> Volume:
    """Read a NIfTI image to be shown.

    Parameters
    ----------
    path
        Of three or four dimensions.

    Returns
    -------
    Volume
        The first volume of a series, in its closest RAS+ order; what is no number is 0.

    Raises
    ------
    ValueError
        Or another error of `nifti.UNREADABLE`, if it cannot be read or shown.
    """
    volume = nifti.read_volume(path, np.float32, first_of_many=True, canonical=True)
    return Volume(np.nan_to_num(volume.data, copy=False, posinf=0, neginf=0), volume.affine)


def window(volume: Volume) -> tuple[float, float]:
    """Choose the intensities that are shown as black and white.

    Parameters
    ----------
    volume
        A head.

    Returns
    -------
    black, white
        The 1st and 99.7th percentile, in the image's units.
    """
    low, high = np.percentile(volume.data[::2, ::2, ::2], (1, 99.7))
    return float(low), float(max(high, low + 1e-6))


def head_box(volume: Volume) -> tuple[slice, ...]:
    """Find the part of a volume that a head takes up, and a margin of air.

    Parameters
    ----------
    volume
        With air around the head.

    Returns
    -------
    three slices
        In voxels.
    """
    low, high = window(volume)
    first, last = _bounds(volume.data > low + HEAD_INTENSITY * (high - low))
    margin = BOX_MARGIN_MM / volume.voxel_mm
    starts, stops = np.maximum(first - margin, 0).astype(int), (last + margin).astype(int) + 1
    return tuple(slice(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True))


def planes(volume: Volume, keep: Volume | None = None) -> list[Plane]:
    """Choose six slices to judge a defaced head by, through the face and through the brain.

    Parameters
    ----------
    volume
        The head, preferably before defacing.
    keep
        Its face mask: 1 kept, 0 removed. Without one the face is looked for where it stands in most heads.

    Returns
    -------
    list of Plane
        Along the axes of the volume.
    """
    low, high = window(volume)
    head = volume.data > low + HEAD_INTENSITY * (high - low)
    first, last = _bounds(head)
    middle = (first + last) / 2
    face = np.array([middle[0], first[1] + 0.88 * (last[1] - first[1]), first[2] + 0.45 * (last[2] - first[2])])
    if keep is not None and keep.data.shape == head.shape:
        removed = np.argwhere(head[::2, ::2, ::2] & (keep.data[::2, ::2, ::2] < 0.5)) * 2
        if len(removed):
            face = removed.mean(axis=0)
    step = 1 / volume.voxel_mm
    brain_z = last[2] - min(65 * step[2], 0.4 * (last[2] - first[2]))
    chosen = [
        ("Sagittal, middle", 0, middle[0]),
        ("Sagittal, left eye", 0, middle[0] - 32 * step[0]),
        ("Axial, face", 2, face[2]),
        ("Axial, brain", 2, brain_z),
        ("Coronal, face", 1, face[1]),
        ("Coronal, brain", 1, middle[1]),
    ]
    limit = np.array(head.shape) - 1
    return [
        Plane(name, _points_mm(volume, axis, min(max(at, 0), limit[axis]), (first, last))) for name, axis, at in chosen
    ]


def _bounds(head: Array) -> tuple[Array, Array]:
    """First and last index of a head along each axis; a few bright voxels of noise do not count."""
    first, last = np.zeros(3), np.array(head.shape, dtype=float) - 1
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        share = head.mean(axis=others)
        full = np.flatnonzero(share > 0.01)
        if len(full):
            first[axis], last[axis] = full[0], full[-1]
    return first, last


def _points_mm(volume: Volume, axis: int, at: float, bounds: tuple[Array, Array]) -> Array:
    """A plane across one axis. Left is left; a sagittal slice looks to the left, as the rendered head does."""
    first, last = bounds
    across, up = [(1, 2), (0, 2), (0, 1)][axis]
    margin_mm = 6
    grids = []
    for side in (across, up):
        margin = margin_mm / volume.voxel_mm[side]
        count = round(((last[side] - first[side]) * volume.voxel_mm[side] + 2 * margin_mm) * PIXELS_PER_MM)
        grids.append(np.linspace(first[side] - margin, last[side] + margin, max(count, 2)))
    columns = grids[0][::-1] if axis == 0 else grids[0]
    rows = grids[1][::-1]
    index = np.empty((len(rows), len(columns), 3))
    index[..., axis] = round(at)
    index[..., across] = columns[None, :]
    index[..., up] = rows[:, None]
    points: Array = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return points


def sample_mask(mask: Volume, plane: Plane) -> Array:
    """Where a mask is set at the points of a plane. Outside its grid, it goes on as at its edge.

    Parameters
    ----------
    mask
        Of 0 and 1.
    plane
        Anywhere in space.

    Returns
    -------
    (rows, columns) bool array
        True where the nearest voxel is 1.
    """
    return np.asarray(sampled(mask, plane.points_mm, order=0, outside=None) >= 0.5)


def slice_picture(
    volume: Volume,
    plane: Plane,
    shown: tuple[float, float],
    outlines: Sequence[tuple[Array, Colour]] = (),
) -> Array:
    """Draw a slice in grey with outlines of masks in colour.

    Parameters
    ----------
    volume
        On any grid.
    plane
        Anywhere in space.
    shown
        Intensities shown as black and white (`window`).
    outlines
        Masks at the points of the plane, (rows, columns) of bool, each with its colour.

    Returns
    -------
    (rows, columns, 3) uint8 array
        In colour.
    """
    low, high = shown
    grey = np.clip((sampled(volume, plane.points_mm, outside=low) - low) / (high - low), 0, 1)
    picture = np.repeat((grey * 255).astype(np.uint8)[..., None], 3, axis=2)
    for mask, colour in outlines:
        picture[mask & ~ndimage.binary_erosion(mask, border_value=1)] = colour
    return picture


def outlined_labels(
    volume: Volume, labels: Volume, plane: Plane, shown: tuple[float, float], colours: Mapping[int, Colour]
) -> Array:
    """Draw a slice with the outline of each label of a segmentation.

    Parameters
    ----------
    volume
        On any grid.
    labels
        The segmentation, on any grid.
    plane
        Anywhere in space.
    shown
        Intensities shown as black and white (`window`).
    colours
        By label; labels without a colour are not drawn.

    Returns
    -------
    (rows, columns, 3) uint8 array
        In colour.
    """
    at = np.rint(sampled(labels, plane.points_mm, order=0)).astype(int)
    return slice_picture(volume, plane, shown, [(at == label, colour) for label, colour in colours.items()])


def small(picture: Array) -> Array:
    """Make a picture small enough for a list.

    Parameters
    ----------
    picture
        (rows, columns[, 3]) of bytes.

    Returns
    -------
    (rows, columns[, 3]) uint8 array
        Of `SMALL_ROWS` rows.
    """
    rows, columns = picture.shape[:2]
    size = (max(1, round(columns * SMALL_ROWS / rows)), SMALL_ROWS)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def data_uri(picture: Array) -> str:
    """Make a picture part of a page, as JPEG.

    Parameters
    ----------
    picture
        (rows, columns[, 3]) of bytes.

    Returns
    -------
    str
        A `data:` address.
    """
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
