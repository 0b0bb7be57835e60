"""Is a head aligned: figures of a registration, held to limits."""

from collections.abc import Mapping

import numpy as np

from unface.deface.alignment import face_distance_mm, tilt_degrees
from unface.deface.checks import Check, at_least, at_most, within
from unface.imaging.volume import Affine

SURE_NGF = 0.70
"""Below, a head may be registered back to front, or with its face some millimetres off."""
SWAP_LEAD = 0.03
APART_MAX_MM = 5.0
SCALE_RATIO_MAX = 1.35
"""Of a head's largest size against its smallest: more is no head, but a fit that is sheared."""
TILT_MAX_DEGREES = 60.0
"""A head turned further than this against its header has a header that lies: nobody lies like that in a scanner."""
CODE = "registration_failed"


def of_fit(head_to_template: Affine, ngf: float, limits: Mapping[str, float]) -> dict[str, Check]:
    """Is the head aligned: gradients, size along each axis, no shear, no mirror, the header not far off.

    Parameters
    ----------
    head_to_template
        World of the head to world of the template (4, 4).
    ngf
        `gradient_agreement` with the template, or with the image of the session that the head was fitted to.
    limits
        `ngf_min`, `scale_min`, `scale_max`.

    Returns
    -------
    dict
        Checks by name.
    """
    linear = head_to_template[:3, :3]
    sizes = 1 / np.linalg.svd(linear, compute_uv=False)
    smallest, largest = float(sizes.min()), float(sizes.max())
    return {
        "ngf": at_least(ngf, limits["ngf_min"], CODE),
        "scale_smallest": within(smallest, limits["scale_min"], limits["scale_max"], CODE),
        "scale_largest": within(largest, limits["scale_min"], limits["scale_max"], CODE),
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
