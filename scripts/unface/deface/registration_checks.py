"""Is a head aligned: figures of a registration, and the limits that they are held to."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.deface import head_template
from unface.deface.checks import Check, at_least, at_most, within
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Affine, Array, Volume
from unface.run.settings import DefaceLimits

LEAST_EDGES = 500
SURE_NGF = 0.70
"""Below, a head may be registered back to front, or with its face some millimetres off."""
SWAP_LEAD = 0.03
APART_MAX_MM = 5.0
SCALE_RATIO_MAX = 1.35
"""Of a head's largest size against its smallest: more is no head, but a fit that is sheared."""
TILT_MAX_DEGREES = 60.0
"""A head turned further than this against its header has a header that lies: nobody lies like that in a scanner."""
CODE = "registration_failed"


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


def of_fit(head_to_template: Affine, ngf: float, limits: DefaceLimits) -> dict[str, Check]:
    """Is the head aligned: gradients, size along each axis, no shear, no mirror, the header not far off.

    Parameters
    ----------
    head_to_template
        World of the head to world of the template (4, 4).
    ngf
        `gradient_agreement` with the template, or with the image of the session that the head was fitted to.
    limits
        Of them `ngf_min`, `scale_min` and `scale_max` count.

    Returns
    -------
    dict
        Checks by name.
    """
    linear = head_to_template[:3, :3]
    sizes = 1 / np.linalg.svd(linear, compute_uv=False)
    smallest, largest = float(sizes.min()), float(sizes.max())
    return {
        "ngf": at_least(ngf, limits.ngf_min, CODE),
        "scale_smallest": within(smallest, limits.scale_min, limits.scale_max, CODE),
        "scale_largest": within(largest, limits.scale_min, limits.scale_max, CODE),
        "scale_ratio": at_most(largest / smallest, SCALE_RATIO_MAX, CODE, else_="review"),
        "not_mirrored": at_least(float(np.sign(np.linalg.det(linear))), 1, CODE),
        "tilt_degrees": at_most(tilt_degrees(head_to_template), TILT_MAX_DEGREES, CODE),
    }


def lead_over_swapped(lead: float) -> Check:
    """Is the head registered the right way round.

    A head whose header exchanges front and back is registered back to front, with figures just short of a good
    registration's.

    Parameters
    ----------
    lead
        How much better its gradients agree (NGF) than those of the head with front and back exchanged, registered as
        well.

    Returns
    -------
    Check
        Fails below a small lead.
    """
    return at_least(lead, SWAP_LEAD, CODE)


def left_right_lead(lead: float) -> Check:
    """Do two images of a session have the same left; the template cannot tell, for it is too symmetrical.

    Parameters
    ----------
    lead
        How much better the gradients of one agree with the other (NGF) than with its sides exchanged.

    Returns
    -------
    Check
        For a person below 0: the header of one of the two exchanges the sides.
    """
    return at_least(lead, 0, "sides_unsure", else_="review")


def engines_apart(head_to_template: Affine, others: tuple[Affine, ...]) -> Check:
    """Does another engine find the face where this one does.

    Parameters
    ----------
    head_to_template
        World of the head to world of the template (4, 4).
    others
        What other engines found; the nearest counts.

    Returns
    -------
    Check
        For a person where they differ, or where no other engine found anything.
    """
    if not others:
        return Check(None, "at most", (APART_MAX_MM,), "review", CODE, unit="mm")
    return faces_apart(min(face_distance_mm(head_to_template, other) for other in others))


def faces_apart(distance_mm: float) -> Check:
    """Is a face in one place, as two engines or two scans have it.

    Parameters
    ----------
    distance_mm
        Mean distance of the face's points.

    Returns
    -------
    Check
        For a person above its limit.
    """
    return at_most(distance_mm, APART_MAX_MM, CODE, else_="review", unit="mm")


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
