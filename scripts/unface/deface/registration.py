"""Where a head lies: the affine from its world to the template's, by one engine after another until one is believed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy import ndimage

from unface.deface import head_template, niimath_engine, registration_checks
from unface.deface.checks import Check
from unface.deface.heads import Head
from unface.deface.registration_checks import SURE_NGF, face_distance_mm, gradient_agreement
from unface.imaging.head import air_threshold
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Affine, Volume
from unface.run import settings

BEYOND_DOUBT_NGF = 0.75
"""From this NGF on, what ANTs finds when it starts from a fit may confirm it; at 0.704 one with the face 13 mm off was
confirmed."""


@dataclass(frozen=True)
class Registration:
    """Where a head lies, by whom, and whether that is believed.

    Attributes
    ----------
    engine : str
        Who estimated it.
    head_to_template : (4, 4) array
        World of the head to world of the template, mm.
    ngf : float
        Agreement of its gradients with the template, or with the image of the session that it was fitted to.
    others : tuple of (4, 4) arrays or None
        What other engines found; None where none was asked.
    checks : dict
        Its checks by name.
    header_lies : bool
        Whether the head was found where its header cannot have put it: no other engine would change that.
    """

    engine: str
    head_to_template: Affine
    ngf: float
    others: tuple[Affine, ...] | None = None
    checks: dict[str, Check] = field(default_factory=dict)
    header_lies: bool = False

    @property
    def sure(self) -> bool:
        """Whether its gradients agree so well that the head is neither back to front nor its face far off."""
        return self.ngf >= SURE_NGF


def with_template(head: Head, defacing: settings.Deface, scratch: Path) -> Iterator[Registration]:
    """Register a head with the template, by one engine after another.

    Parameters
    ----------
    head
        Its working volume is what the engines see.
    defacing
        Limits of the checks, and the share of images that get a second engine in any case.
    scratch
        Folder for the engines' files.

    Yields
    ------
    Registration
        The best so far, with its checks; the next engine is asked when the caller asks for more.
    """
    swapped_ngf = cache(lambda: _ngf_back_to_front(head.working, scratch))
    for fit in attempts(head.working, scratch):
        checks = registration_checks.of_fit(fit.head_to_template, fit.ngf, defacing.limits)
        header_lies = fit.sure and not checks["tilt_degrees"].ok
        others = fit.others
        if checks["ngf"].ok and not fit.sure:
            lead = registration_checks.lead_over_swapped(fit.ngf - swapped_ngf())
            checks["lead_over_swapped"] = lead
            header_lies = not lead.ok and swapped_ngf() >= SURE_NGF
        elif others is None and head.in_sample(defacing.second_engine_percent):
            others = (_by_ants(head.working),)
        if others is not None:
            checks["engines_apart_mm"] = registration_checks.engines_apart(fit.head_to_template, others)
        yield replace(fit, checks=checks, header_lies=header_lies)


def attempts(head: Volume, scratch: Path) -> Iterator[Registration]:
    """The ladder of engines.

    First niimath. Then ANTs, and ANTs from many rotations; each of these with niimath once more, from where ANTs puts
    the head: what two of them agree on counts. Where the best of all has gradients that no wrong one had, ANTs starts
    once more, from there. A head that looks more like the template's negative is aligned with that, too: with the
    template itself its face may be 8 mm off, and every engine errs alike. Where the negative suits it better, the other
    engines get it as well.

    Parameters
    ----------
    head
        At the working resolution.
    scratch
        Folder for the engines' files.

    Yields
    ------
    Registration
        The one with the best gradients of all so far, with the others, not checked yet.
    """
    tried: list[Registration] = []

    def best_with(engine: str, head_to_template: Affine) -> Registration:
        ngf = gradient_agreement(head, head_template.coarse_head(), head_to_template)
        tried.append(Registration(engine, head_to_template, ngf))
        first, *others = sorted(tried, key=lambda fit: fit.ngf, reverse=True)
        return replace(first, others=tuple(other.head_to_template for other in others))

    negative = False
    by_niimath = niimath_engine.affine_to_template(head, scratch)
    if by_niimath is not None:
        best = best_with("niimath", by_niimath)
        if not _looks_negative(head, by_niimath):
            best = replace(best, others=None)
        elif (to_negative := niimath_engine.affine_to_template(head, scratch, negative=True)) is not None:
            best = best_with("niimath, negative", to_negative)
            negative = best.head_to_template is to_negative
        yield best
    # ANTs takes seconds to load: only where it is needed.
    from unface.deface import ants_engine  # noqa: PLC0415

    for engine, affine in (
        ("ants", ants_engine.affine_to_template),
        ("ants, many starts", ants_engine.affine_from_many_starts),
    ):
        by_ants = affine(head, negative=negative)
        yield (best := best_with(engine, by_ants))
        if by_niimath is None:
            negative = _looks_negative(head, by_ants)
        refined = niimath_engine.affine_from(by_ants, head, scratch, negative=negative)
        if refined is not None:
            yield (best := best_with(f"niimath from {engine}", refined))
    if best.ngf >= BEYOND_DOUBT_NGF:
        again = ants_engine.affine_to_template(head, negative=negative, start=best.head_to_template)
        yield best_with("ants, last", again)


def with_image(
    head: Volume, reference: Volume, reference_to_template: Affine, limits: settings.DefaceLimits
) -> Registration:
    """Register a head with another image of its session by a rigid fit, and from there with the template.

    Parameters
    ----------
    head, reference
        At the working resolution.
    reference_to_template
        World of the reference to world of the template (4, 4).
    limits
        Of the checks.

    Returns
    -------
    Registration
        With its checks.
    """
    from unface.deface import ants_engine  # noqa: PLC0415

    base = coarsened(reference, head_template.COARSE_MM)
    head_to_reference = ants_engine.rigid(head, reference)
    head_to_template = reference_to_template @ head_to_reference
    ngf = gradient_agreement(head, base, head_to_reference)
    exchanged = _mirrored(head, 0)
    exchanged_ngf = gradient_agreement(exchanged, base, ants_engine.rigid(exchanged, reference))
    checks = registration_checks.of_fit(head_to_template, ngf, limits)
    checks["left_right_lead"] = registration_checks.left_right_lead(ngf - exchanged_ngf)
    return Registration("ants rigid", head_to_template, ngf, checks=checks)


def moved(head: Head, owner: Head, owner_to_template: Affine) -> Check:
    """How far a head lies from where another scan of its acquisition has it.

    Parameters
    ----------
    head
        The scan in question.
    owner
        The scan that the face was found in.
    owner_to_template
        World of the owner to world of the template (4, 4).

    Returns
    -------
    Check
        Of the face's mean distance in mm.
    """
    from unface.deface import ants_engine  # noqa: PLC0415

    head_to_template = owner_to_template @ ants_engine.rigid(head.working, owner.working)
    return registration_checks.faces_apart(face_distance_mm(head_to_template, owner_to_template))


def _by_ants(head: Volume) -> Affine:
    """What ANTs finds, whatever niimath found."""
    from unface.deface import ants_engine  # noqa: PLC0415

    return ants_engine.affine_to_template(head)


def _ngf_back_to_front(head: Volume, scratch: Path) -> float:
    """How well the head with front and back exchanged lies on the template; 0 if niimath cannot align it at all."""
    swapped = _mirrored(head, 1)
    fit = niimath_engine.affine_to_template(swapped, scratch)
    return 0.0 if fit is None else gradient_agreement(swapped, head_template.coarse_head(), fit)


def _looks_negative(head: Volume, head_to_template: Affine) -> bool:
    """Whether a head's intensities correlate better with the template's negative than with the template itself."""
    base, negative = head_template.coarse_head(), head_template.coarse_negative()
    aligned = resampled(head, base.grid, np.linalg.inv(head_to_template), outside=np.nan)
    seen = ndimage.binary_fill_holes(base.data > air_threshold(base.data)) & np.isfinite(aligned)
    if not seen.any() or np.ptp(aligned[seen]) == 0:
        return False
    alike, unlike = (np.corrcoef(aligned[seen], other.data[seen])[0, 1] for other in (base, negative))
    return bool(unlike > alike)


def _mirrored(head: Volume, axis: int) -> Volume:
    """A head with the two ends of an axis of the world exchanged, about its middle."""
    middle = np.eye(4)
    middle[:3, 3] = (head.affine @ [*(np.array(head.data.shape) / 2), 1])[:3]
    swap = np.eye(4)
    swap[axis, axis] = -1
    return Volume(head.data, middle @ swap @ np.linalg.inv(middle) @ head.affine)
