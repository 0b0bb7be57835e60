"""Was the head aligned, is its face gone, is its brain whole: figures with limits, for every image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.face import template
from unface.face.images import StoredImage
from unface.face.registration import Registration
from unface.face.render import depth_map
from unface.face.volume import Affine, Array, Volume, air_threshold, resampled_to, sampled_on

FACE_GRID_MM = 2.0
MOVED_MM = 5.0
"""How far the face's surface has to retreat for a ray to count as cleared."""
FACE_FRONT_MM = 66.0
"""World y of the template, a little in front of the cut: what a ray meets only behind it is no face."""
ZONE_MIN_PERCENT = 90.0
ZONE_MIN_RAYS = 10
LEAST_EDGES = 500
SURE_NGF = 0.70
"""Below, a head may be registered back to front, or with its face some millimetres off."""
SWAP_LEAD = 0.03
APART_MAX_MM = 5.0
TILT_MAX_DEGREES = 60.0
"""A head turned further than this against its header has a header that lies: nobody lies like that in a scanner."""


@dataclass(frozen=True)
class Check:
    """A figure, the limit it is held to, whether it passes, and the code that a failure withholds for."""

    value: float | None
    limit: str
    ok: bool
    code: str

    def record(self) -> dict[str, Any]:
        return {"value": self.value, "limit": self.limit, "ok": self.ok}


def at_least(value: float, limit: float, code: str) -> Check:
    return Check(round(value, 3), f">= {limit:g}", bool(value >= limit), code)


def gradient_agreement(head: Volume, base: Volume, head_to_base: Affine) -> float:
    """NGF: mean squared agreement of gradient directions between two aligned heads, at the resolution of `base`.

    1 is the best, 1/3 is chance. It knows no contrast, and cannot tell left from right.

    Parameters
    ----------
    base
        The template or another image of the same person, coarse (4 mm).
    head_to_base
        World of the head to world of the base (4, 4).

    References
    ----------
    Haber and Modersitzki, MICCAI 2006: normalized gradient fields.
    """
    coarse = resampled_to(head, template.COARSE_MM)
    lifted = Volume(coarse.data - min(0.0, float(coarse.data.min())), coarse.affine)
    aligned = sampled_on(lifted, base.data.shape, base.affine, np.linalg.inv(head_to_base), outside=-1)
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


def registration(head: Volume, fit: Registration, ngf_min: float, scale: tuple[float, float]) -> dict[str, Check]:
    """Is the head aligned with the template: gradients, size along each axis, no mirror, the header not far off.

    A rigid fit to another image of the session is held against that image, which has passed by itself.
    """
    linear = fit.head_to_template[:3, :3]
    sizes = 1 / np.linalg.svd(linear, compute_uv=False)
    smallest, largest = float(sizes.min()), float(sizes.max())
    within = f"{scale[0]:g} to {scale[1]:g}"
    code = "registration_failed"
    base = fit.base or template.coarse_head()
    tilt = tilt_degrees(linear)
    return {
        "ngf": at_least(gradient_agreement(head, base, fit.head_to_base), ngf_min, code),
        "scale_smallest": Check(round(smallest, 3), within, scale[0] <= smallest <= scale[1], code),
        "scale_largest": Check(round(largest, 3), within, scale[0] <= largest <= scale[1], code),
        "not_mirrored": at_least(float(np.sign(np.linalg.det(linear))), 1, code),
        "tilt_degrees": Check(round(tilt, 1), f"<= {TILT_MAX_DEGREES:g}", tilt <= TILT_MAX_DEGREES, code),
    }


def unlike_its_back(ngf: float, swapped: Volume, swapped_fit: Registration) -> Check:
    """How much better the gradients agree than those of the head with front and back swapped, registered as well.

    A head whose header swaps them is registered back to front, with figures just short of a good registration's.
    """
    other = gradient_agreement(swapped, template.coarse_head(), swapped_fit.head_to_template)
    return at_least(ngf - other, SWAP_LEAD, "registration_failed")


def apart(fit: Registration, others: Sequence[Registration]) -> Check:
    """Mean distance in mm between the faces that two engines find; without a second engine there is no agreement."""
    found = []
    for other in others:
        there = other.head_to_template @ np.linalg.inv(fit.head_to_template) @ template.FACE_MM
        found.append(float(np.linalg.norm((there - template.FACE_MM)[:3], axis=0).mean()))
    least = round(min(found), 1) if found else None
    return Check(least, f"<= {APART_MAX_MM:g} mm", least is not None and least <= APART_MAX_MM, "registration_failed")


def tilt_degrees(linear: NDArray[np.float64]) -> float:
    """Angle in degrees by which an affine's nearest rotation turns: how far the header puts the head from upright."""
    left, _, right = np.linalg.svd(linear)
    rotation = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))


def removed_fraction(head: Volume, keep: Array, low_percent: float, high_percent: float) -> Check:
    """Per cent of the head's own voxels, brighter than air, that the mask removes."""
    every = (slice(None, None, 2),) * 3
    data = head.data[every]
    inside = data > air_threshold(data)
    removed = 100 * float((inside & ~keep[every]).sum()) / max(int(inside.sum()), 1)
    code = "face_left" if removed < low_percent else "brain_cut"
    within = f"{low_percent:g} to {high_percent:g}"
    return Check(round(removed, 2), within, low_percent <= removed <= high_percent, code)


def brain_margin(head: Volume, keep: Array, head_to_template: Affine, least_mm: float) -> Check:
    """Least distance in mm of a removed voxel from the brain.

    The brain is that of the template, carried to the head by the same registration: the check finds a mask that
    reaches into the brain, not a registration that is wrong in the same way for both; `ngf` is for that.
    """
    step = np.maximum(1, np.round(2 / head.voxel_mm)).astype(int)
    coarse = head.affine @ np.diag([*step, 1.0])
    small = keep[tuple(slice(None, None, n) for n in step)]
    brain = sampled_on(template.brain(), small.shape, coarse, head_to_template) >= 0.5
    if not brain.any() or small.all():
        return Check(None, f">= {least_mm:g} mm", True, "brain_cut")
    distance = ndimage.distance_transform_edt(~brain, sampling=np.linalg.norm(coarse[:3, :3], axis=0))
    return at_least(float(distance[~small].min()), least_mm, "brain_cut")


def face_zones(head: Volume, keep: Array, head_to_template: Affine) -> dict[str, Check]:
    """Per cent of the face's surface, by zone, that is gone or retreated by at least 5 mm; seen from the front.

    The surface before and after is measured on the head; the registration only says where to look.
    """
    mm = FACE_GRID_MM
    affine = np.diag([mm, mm, mm, 1.0])
    affine[:3, 3] = (-70, -30, -150)
    shape = (71, 96, 86)
    back = np.linalg.inv(head_to_template)
    threshold = air_threshold(head.data)
    low = float(np.percentile(head.data[::4, ::4, ::4], 1))
    before = sampled_on(head, shape, affine, back, outside=low)
    kept = sampled_on(Volume(keep.astype(np.uint8), head.affine), shape, affine, back, order=0)
    was = depth_map(before, threshold) * mm
    now = depth_map(np.where(kept > 0, before, low), threshold) * mm
    front_y = affine[1, 3] + mm * (shape[1] - 1) - was
    moved = np.where(np.isnan(now), np.inf, now) - was
    x = np.abs(affine[0, 3] + mm * np.arange(shape[0]))[:, None]
    z = (affine[2, 3] + mm * np.arange(shape[2]))[None]
    found = {}
    for zone, (across, up) in template.ZONES_MM.items():
        inside = (x >= across[0]) & (x <= across[1]) & (z >= up[0]) & (z <= up[1])
        rays = inside & (front_y > FACE_FRONT_MM)
        limit = f">= {ZONE_MIN_PERCENT:g} %"
        if rays.sum() < ZONE_MIN_RAYS:
            found[f"{zone}_removed"] = Check(None, f"{limit} (not in the field of view)", True, "face_left")
        else:
            found[f"{zone}_removed"] = at_least(
                100 * float((moved[rays] >= MOVED_MM).mean()), ZONE_MIN_PERCENT, "face_left"
            )
    return found


def untouched(before: StoredImage, after: StoredImage, keep: Array) -> Check:
    """Bytes of header and stored values of kept voxels that differ: none may."""
    changed = (
        int((before.stored[keep] != after.stored[keep]).sum())
        if before.stored.dtype.kind != "f"
        else int(before.stored[keep].tobytes() != after.stored[keep].tobytes())
    )
    changed += int(before.head != after.head) + int(before.tail != after.tail)
    return Check(float(changed), "0", changed == 0, "brain_cut")
