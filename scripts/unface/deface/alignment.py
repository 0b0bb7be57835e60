"""How well a head lies on another: figures without limits."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.deface import head_template
from unface.imaging.head import air_threshold
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Affine, Array, Volume

LEAST_EDGES = 500


def gradient_agreement(head: Volume, base: Volume, head_to_base: Affine) -> float:
    """NGF: mean squared agreement of gradient directions between two aligned heads, at the resolution of `base`.

    It knows no contrast, and cannot tell left from right.

    Parameters
    ----------
    head
        At any resolution.
    base
        The template or another image of the same person, coarse (4 mm).
    head_to_base
        World of the head to world of the base (4, 4).

    Returns
    -------
    float
        1 is the best, 1/3 is chance; 0 where hardly an edge of the base lies in the head's field of view.

    References
    ----------
    Haber and Modersitzki, MICCAI 2006: normalized gradient fields.
    """
    coarse = coarsened(head, head_template.COARSE_MM)
    lifted = Volume(coarse.data - min(0.0, float(coarse.data.min())), coarse.affine)
    aligned = resampled(lifted, base.grid, np.linalg.inv(head_to_base), outside=-1)
    seen = aligned >= 0
    aligned = np.where(seen, aligned, 0)
    head_part = (aligned > _faint(lifted.data)) | (base.data > _faint(base.data))
    ours, theirs = _gradient(base.data), _gradient(aligned)
    our_length, their_length = np.linalg.norm(ours, axis=0), np.linalg.norm(theirs, axis=0)
    # Only edges of the base count, and only where the head's field of view reaches.
    edges = head_part & seen & (our_length > np.median(our_length))
    if edges.sum() < LEAST_EDGES:
        return 0.0
    cosine = (ours * theirs).sum(axis=0) / (our_length * their_length + 1e-6)
    return float((cosine**2)[edges].mean())


def _faint(data: Array) -> float:
    return 0.1 * float(np.percentile(data[data > 0], 99)) if (data > 0).any() else 0.0


def _gradient(data: Array) -> NDArray[np.float64]:
    return np.stack(np.gradient(ndimage.gaussian_filter(data.astype(np.float64), 1)))


def looks_negative(head: Volume, head_to_template: Affine) -> bool:
    """Whether a head's intensities correlate better with the template's negative than with the template itself.

    Parameters
    ----------
    head
        At any resolution.
    head_to_template
        World of the head to world of the template (4, 4).

    Returns
    -------
    bool
        False where the two do not overlap.
    """
    base, negative = head_template.coarse_head(), head_template.coarse_negative()
    aligned = resampled(head, base.grid, np.linalg.inv(head_to_template), outside=np.nan)
    seen = ndimage.binary_fill_holes(base.data > air_threshold(base.data)) & np.isfinite(aligned)
    if not seen.any() or np.ptp(aligned[seen]) == 0:
        return False
    alike, unlike = (np.corrcoef(aligned[seen], other.data[seen])[0, 1] for other in (base, negative))
    return bool(unlike > alike)


def face_distance_mm(head_to_template: Affine, other: Affine) -> float:
    """How far apart two registrations of a head put its face.

    Parameters
    ----------
    head_to_template, other
        World of the head to world of the template (4, 4).

    Returns
    -------
    float
        Mean distance of the face's points, in mm of the template's world.
    """
    there = other @ np.linalg.inv(head_to_template) @ head_template.FACE_MM
    return float(np.linalg.norm((there - head_template.FACE_MM)[:3], axis=0).mean())


def tilt_degrees(head_to_template: Affine) -> float:
    """How far the header puts a head from upright.

    Parameters
    ----------
    head_to_template
        World of the head to world of the template (4, 4).

    Returns
    -------
    float
        Angle by which the affine's nearest rotation turns, from 0 to 180.
    """
    left, _, right = np.linalg.svd(head_to_template[:3, :3])
    rotation = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def mirrored(head: Volume, axis: int) -> Volume:
    """A head with the two ends of an axis of the world exchanged, about its middle.

    Parameters
    ----------
    head
        Its voxels stay; its affine changes.
    axis
        0 exchanges left and right, 1 front and back.

    Returns
    -------
    Volume
        A view of the same voxels.
    """
    middle = np.eye(4)
    middle[:3, 3] = (head.affine @ [*(np.array(head.data.shape) / 2), 1])[:3]
    swap = np.eye(4)
    swap[axis, axis] = -1
    return Volume(head.data, middle @ swap @ np.linalg.inv(middle) @ head.affine)
