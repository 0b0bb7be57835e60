"""Figures with limits, and those that tell whether a head was aligned with the template."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unface.deface import template
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Affine, Array, Volume

State = Literal["pass", "review", "fail"]

LEAST_EDGES = 500
SURE_NGF = 0.70
"""Below, a head may be registered back to front, or with its face some millimetres off."""
SWAP_LEAD = 0.03
APART_MAX_MM = 5.0
SCALE_RATIO_MAX = 1.35
"""Of a head's largest size against its smallest: more is no head, but a fit that is sheared."""
TILT_MAX_DEGREES = 60.0
"""A head turned further than this against its header has a header that lies: nobody lies like that in a scanner."""


@dataclass(frozen=True)
class Check:
    """A figure, the limit it is held to, what comes of it, and the code that anything but `pass` withholds for.

    `review`: undecided, a person has to look. `fail`: the image is not released, whoever looks.
    """

    value: float | None
    limit: str
    state: State
    code: str

    @property
    def ok(self) -> bool:
        return self.state == "pass"

    def undecided(self, code: str) -> "Check":
        """The same with a failure left to a person."""
        return self if self.ok else replace(self, state="review", code=code)

    def record(self) -> dict[str, Any]:
        return {"value": self.value, "limit": self.limit, "state": self.state}


def at_least(value: float, limit: float, code: str, *, else_: State = "fail", unit: str = "") -> Check:
    """Passes from `limit` on."""
    return Check(round(value, 3), f">= {limit:g}{unit}", "pass" if value >= limit else else_, code)


def at_most(value: float, limit: float, code: str, *, else_: State = "fail", unit: str = "") -> Check:
    """Passes up to `limit`."""
    return Check(round(value, 3), f"<= {limit:g}{unit}", "pass" if value <= limit else else_, code)


def within(value: float, low: float, high: float, code: str) -> Check:
    return Check(round(value, 3), f"{low:g} to {high:g}", "pass" if low <= value <= high else "fail", code)


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
    coarse = coarsened(head, template.COARSE_MM)
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


def of_registration(head_to_template: Affine, ngf: float, limits: Any) -> dict[str, Check]:
    """Is the head aligned: gradients, size along each axis, no shear, no mirror, the header not far off.

    Parameters
    ----------
    ngf
        `gradient_agreement` with the template, or with the image of the session that the head was fitted to.
    limits
        `ngf_min`, `scale_min`, `scale_max`.
    """
    code = "registration_failed"
    linear = head_to_template[:3, :3]
    sizes = 1 / np.linalg.svd(linear, compute_uv=False)
    smallest, largest = float(sizes.min()), float(sizes.max())
    return {
        "ngf": at_least(ngf, limits["ngf_min"], code),
        "scale_smallest": within(smallest, limits["scale_min"], limits["scale_max"], code),
        "scale_largest": within(largest, limits["scale_min"], limits["scale_max"], code),
        "scale_ratio": at_most(largest / smallest, SCALE_RATIO_MAX, code, else_="review"),
        "not_mirrored": at_least(float(np.sign(np.linalg.det(linear))), 1, code),
        "tilt_degrees": at_most(tilt_degrees(linear), TILT_MAX_DEGREES, code),
    }


def unlike_its_back(lead: float) -> Check:
    """How much better the gradients agree than those of the head with front and back exchanged, registered as well.

    A head whose header exchanges them is registered back to front, with figures just short of a good registration's.
    """
    return at_least(lead, SWAP_LEAD, "registration_failed")


def left_right(lead: float) -> Check:
    """How much better a head lies on another of the session than with its left and right exchanged.

    Below 0 the header of one of the two exchanges the sides. The template cannot tell: it is too symmetrical.
    """
    return at_least(lead, 0, "sides_unsure", else_="review")


def faces_apart(distance_mm: float | None) -> Check:
    """Mean distance between a face as two engines or two scans have it; without a second there is no agreement."""
    limit = f"<= {APART_MAX_MM:g} mm"
    if distance_mm is None:
        return Check(None, limit, "review", "registration_failed")
    return at_most(distance_mm, APART_MAX_MM, "registration_failed", else_="review", unit=" mm")


def apart_mm(one: Affine, other: Affine) -> float:
    """Mean distance in mm, in the template's world, between the face's points as two registrations put them."""
    there = other @ np.linalg.inv(one) @ template.FACE_MM
    return float(np.linalg.norm((there - template.FACE_MM)[:3], axis=0).mean())


def tilt_degrees(linear: NDArray[np.float64]) -> float:
    """Angle in degrees by which an affine's nearest rotation turns: how far the header puts the head from upright."""
    left, _, right = np.linalg.svd(linear)
    rotation = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    return float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))
