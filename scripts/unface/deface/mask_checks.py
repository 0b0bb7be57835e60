"""Is the face gone, is the brain whole, is everything else untouched: figures of a mask, held to limits."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.deface import head_template
from unface.deface.checks import Check, at_least, within
from unface.deface.surface import face_box
from unface.imaging.head import air_threshold
from unface.imaging.resampling import resampled
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Affine, Array, Grid, Volume
from unface.run import settings

MOVED_MM = 5.0
"""How far the face's surface has to retreat for a ray to count as cleared."""
ZONE_MIN_PERCENT = 90.0
ZONE_REVIEW_PERCENT = 75.0
ZONE_MIN_RAYS = 10
PRESENT_MIN_PERCENT = 30.0
"""Of the rays through a zone that lies in the field of view, how many have to meet a face."""
IN_VIEW_PERCENT = 90.0


def of_mask(head: Volume, keep: Array, head_to_template: Affine, defacing: settings.Deface) -> dict[str, Check]:
    """What a mask does to an image.

    Parameters
    ----------
    head
        The image as it came.
    keep : (i, j, k) bool array
        On its grid.
    head_to_template
        World of the head to world of the template (4, 4).
    defacing
        Limits, and whether the ears go.

    Returns
    -------
    dict
        Checks by name.
    """
    margin = brain_margin(head, keep, head_to_template, defacing.limits.brain_margin_mm)
    of_face = {"removed_percent": _removed_fraction(head, keep, defacing.limits)}
    of_face |= zones(head, keep, head_to_template, ears=defacing.ears)
    if "face_present" in of_face and not of_face["face_present"].ok:
        # Where there is no face to remove, a mask that removes little of it is no failure of the mask.
        of_face = {name: check.undecided("defaced_before") for name, check in of_face.items()}
    return {"brain_margin_mm": margin, **of_face}


def _removed_fraction(head: Volume, keep: Array, limits: settings.DefaceLimits) -> Check:
    """Per cent of the head's own voxels, brighter than air, that the mask removes."""
    low_percent, high_percent = limits.removed_min_percent, limits.removed_max_percent
    every = (slice(None, None, 2),) * 3
    data = head.data[every]
    inside = data > air_threshold(data)
    removed = 100 * float((inside & ~keep[every]).sum()) / max(int(inside.sum()), 1)
    return within(removed, low_percent, high_percent, "face_left" if removed < low_percent else "brain_cut")


def brain_margin(head: Volume, keep: Array, head_to_template: Affine, least_mm: float) -> Check:
    """Least distance in mm of a removed voxel from the brain; 0 if the mask reaches into it.

    The brain is that of the template, carried to the head by the same registration: the check finds a mask that
    reaches into the brain, not a registration that is wrong in the same way for both; `ngf` is for that, and the
    comparison with the brain that morphometry finds by itself.

    Parameters
    ----------
    head, keep, head_to_template
        As in `of_mask`.
    least_mm
        How near to the brain the cut may come.

    Returns
    -------
    Check
        For a person where the cut comes too near, failed where it reaches the brain.
    """
    step = np.maximum(1, np.round(2 / head.voxel_mm)).astype(int)
    small = keep[tuple(slice(None, None, n) for n in step)]
    i, j, k = small.shape
    coarse = Grid((i, j, k), head.affine @ np.diag([*step, 1.0]))
    brain = resampled(head_template.brain(), coarse, head_to_template) >= 0.5
    if not brain.any() or small.all():
        return Check(None, "at least", (least_mm,), "pass", "brain_cut", unit="mm")
    distance = ndimage.distance_transform_edt(~brain, sampling=coarse.voxel_mm)
    nearest = float(distance[~small].min())
    return at_least(nearest, least_mm, "brain_cut", else_="review" if nearest > 0 else "fail", unit="mm")


def zones(head: Volume, keep: Array, head_to_template: Affine, *, ears: bool) -> dict[str, Check]:
    """For each part of the face, per cent of its surface that is gone or retreated by at least 5 mm.

    The surface before and after is measured on the head; the registration only says where to look. A part that the
    field of view does not reach, or in which it ends inside the head, is no fault. `face_present`: of the rays that
    should meet a face in the image as it came, per cent that do, in the zone with most, the eyes aside (some programs
    leave them); hardly any, and the face was gone before.

    Parameters
    ----------
    head, keep, head_to_template
        As in `of_mask`.
    ears
        Whether they have to go, too.

    Returns
    -------
    dict
        Checks by name, such as `eyes_removed`.
    """
    box = face_box(head, head_to_template)
    to_head = np.linalg.inv(head_to_template)
    kept = resampled(Volume(keep.astype(np.uint8), head.affine), box.grid, to_head, order=0)
    checks: dict[str, Check] = {}
    present: dict[str, float] = {}
    for view, wanted in head_template.zones(ears=ears).items():
        was, now = box.surface_mm(view), box.surface_mm(view, kept > 0)
        for zone in wanted:
            inside = box.columns(zone)
            reached = inside & box.reached(zone, view)
            visible = reached & box.in_view(zone, view)
            in_view = 100 * visible.sum() >= IN_VIEW_PERCENT * inside.sum()
            face = was > zone.front_mm
            retreat = (was - np.where(np.isnan(now), -np.inf, now))[reached & face]
            checks[f"{zone.name}_removed"] = _zone(retreat, in_view)
            if in_view and view == "front":
                present[zone.name] = 100 * float((visible & face).sum() / visible.sum())
    if present:
        below_eyes = [percent for name, percent in present.items() if name != "eyes"]
        most = max(below_eyes or present.values())
        checks["face_present"] = at_least(most, PRESENT_MIN_PERCENT, "defaced_before", else_="review", unit="%")
    return checks


def _zone(retreat_mm: NDArray[np.float64], in_view: bool) -> Check:
    if retreat_mm.size < ZONE_MIN_RAYS:
        why = "no surface" if in_view else "not in the field of view"
        return Check(None, "at least", (ZONE_MIN_PERCENT,), "pass", "face_left", unit="%", remark=why)
    gone = 100 * float((retreat_mm >= MOVED_MM).mean())
    return at_least(
        gone, ZONE_MIN_PERCENT, "face_left", else_="review" if gone >= ZONE_REVIEW_PERCENT else "fail", unit="%"
    )


def untouched(before: StoredImage, after: StoredImage, keep: Array) -> Check:
    """Is all else as it was: bytes of header and stored values of kept voxels that differ.

    Parameters
    ----------
    before, after
        The image as it came and as it was written.
    keep : (i, j, k) bool array
        On their grid.

    Returns
    -------
    Check
        Failed by a single difference.
    """
    changed = (
        int((before.stored[keep] != after.stored[keep]).sum())
        if before.stored.dtype.kind != "f"
        else int(before.stored[keep].tobytes() != after.stored[keep].tobytes())
    )
    changed += int(before.head != after.head) + int(before.tail != after.tail)
    return Check(float(changed), "exactly", (0.0,), "pass" if changed == 0 else "fail", "brain_cut")
