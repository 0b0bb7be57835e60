"""Engines that estimate where a head lies: the affine from its world to the template's, one engine after another."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from unface.deface import template
from unface.deface.checks import apart_mm, gradient_agreement, tilt_degrees
from unface.imaging import nifti
from unface.imaging.head import air_threshold
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Affine, Volume
from unface.run import tools
from unface.run.outcome import WithheldError

TIMEOUT_S = 300
WORKING_MM = 2.0
"""niimath's finest stage: a finer image gives no better fit, only more to read."""
UPRIGHT_DEGREES = 40.0
"""A head tilted further is aligned again from where the first fit puts it: fits at 46 degrees were off by 8 mm, those
up to 43 degrees by 1 mm."""
BEYOND_DOUBT_NGF = 0.75
"""From this NGF on, what ANTs finds when it starts from a fit may confirm it; at 0.704 one with the face 13 mm off was
confirmed."""
SOFT_TISSUE_HU = (-200.0, 200.0)
"""Of a CT this window looks most like the template: skin, muscle and brain bright, but for air and bone."""


@dataclass(frozen=True)
class Registration:
    """Where a head lies.

    `head_to_template`: world of the head to world of the template, mm (4, 4); `engine`: who estimated it. What is
    fitted to another image of the session has that image at 4 mm as `base`, and its own part of the way in
    `head_to_base`.
    """

    engine: str
    head_to_template: Affine
    head_to_base: Affine
    base: Volume | None = None


@dataclass(frozen=True)
class Attempt:
    """A registration, its `gradients` (NGF), and what other engines found; `others` is None where none was asked."""

    fit: Registration
    gradients: float
    others: tuple[Registration, ...] | None = None


def to_template(engine: str, head_to_template: Affine) -> Registration:
    return Registration(engine, head_to_template, head_to_template)


def working(head: Volume, suffix: str) -> Volume:
    """What the engines and the checks of a registration look at: the head at 2 mm, of a CT its soft tissue."""
    coarse = coarsened(head, WORKING_MM)
    if suffix != "ct":
        return coarse
    low, high = SOFT_TISSUE_HU
    return Volume(np.clip(coarse.data, low, high) - low, coarse.affine)


def attempts(head: Volume, scratch: Path) -> Iterator[Attempt]:
    """Registrations of one head, each tried only if the one before did not pass.

    First niimath. Then ANTs, and ANTs from many rotations; each of these with niimath once more, from where ANTs puts
    the head: what two of them agree on counts. Where the best of all has gradients that no wrong one had, ANTs starts
    once more, from there. A head that looks more like the template's negative is aligned with that, too: with the
    template itself its face may be 8 mm off, and every engine errs alike. Where the negative suits it better, the other
    engines get it as well.
    """
    tried: list[tuple[float, Registration]] = []

    def with_another(fit: Registration) -> Attempt:
        """The fit with the best gradients of all so far, and the others."""
        tried.append((gradients(head, fit), fit))
        (best, best_fit), *others = sorted(tried, key=lambda one: one[0], reverse=True)
        return Attempt(best_fit, best, tuple(other for _, other in others))

    negative = False
    first = niimath(head, scratch)
    if first is not None:
        best = with_another(first)
        if not looks_negative(head, first.head_to_template):
            best = replace(best, others=None)
        elif second := niimath(head, scratch, negative=True):
            best = with_another(second)
            negative = best.fit is second
        yield best
    # ANTs takes seconds to load: only where it is needed.
    from unface.deface import ants_engine  # noqa: PLC0415

    for engine, start in (
        ("ants", ants_engine.affine_to_template),
        ("ants, many starts", ants_engine.affine_from_many_starts),
    ):
        found = start(head, negative=negative)
        yield (best := with_another(to_template(engine, found)))
        if first is None:
            negative = looks_negative(head, found)
        refined = _from(found, head, scratch, negative=negative)
        if refined is not None:
            yield (best := with_another(to_template(f"niimath from {engine}", refined)))
    if best.gradients >= BEYOND_DOUBT_NGF:
        again = ants_engine.affine_to_template(head, negative=negative, start=best.fit.head_to_template)
        yield with_another(to_template("ants, last", again))


def second_opinion(head: Volume) -> Registration:
    """What ANTs finds, whatever niimath found."""
    from unface.deface import ants_engine  # noqa: PLC0415

    return to_template("ants", ants_engine.affine_to_template(head))


def looks_negative(head: Volume, head_to_template: Affine) -> bool:
    """Whether a head's intensities correlate better with the template's negative than with the template itself."""
    base = template.coarse_head()
    aligned = resampled(head, base.grid, np.linalg.inv(head_to_template), outside=np.nan)
    seen = ndimage.binary_fill_holes(base.data > air_threshold(base.data)) & np.isfinite(aligned)
    if not seen.any() or np.ptp(aligned[seen]) == 0:
        return False
    alike, unlike = (np.corrcoef(aligned[seen], other.data[seen])[0, 1] for other in (base, template.coarse_negative()))
    return bool(unlike > alike)


def gradients(head: Volume, fit: Registration) -> float:
    return gradient_agreement(head, fit.base or template.coarse_head(), fit.head_to_base)


def by_reference(head: Volume, reference: Volume, reference_fit: Registration) -> tuple[Registration, float]:
    """A rigid fit to another image of the session, and from there its way to the template.

    Returns
    -------
    fit, lead
        `lead`: by how much its gradients agree better than those of the head with left and right exchanged.
    """
    from unface.deface import ants_engine  # noqa: PLC0415

    base = coarsened(reference, template.COARSE_MM)
    head_to_reference = ants_engine.rigid(head, reference)
    fit = Registration("ants rigid", reference_fit.head_to_template @ head_to_reference, head_to_reference, base)
    exchanged = mirrored(head, 0)
    other = gradient_agreement(exchanged, base, ants_engine.rigid(exchanged, reference))
    return fit, gradients(head, fit) - other


def gradients_back_to_front(head: Volume, scratch: Path) -> float:
    """How well the head with front and back exchanged lies on the template; 0 if niimath cannot align it at all."""
    swapped = mirrored(head, 1)
    fit = niimath(swapped, scratch)
    return gradients(swapped, fit) if fit else 0.0


def mirrored(head: Volume, axis: int) -> Volume:
    """The head with the two ends of an axis of the world exchanged, about its middle."""
    middle = np.eye(4)
    middle[:3, 3] = (head.affine @ [*(np.array(head.data.shape) / 2), 1])[:3]
    swap = np.eye(4)
    swap[axis, axis] = -1
    return Volume(head.data, middle @ swap @ np.linalg.inv(middle) @ head.affine)


def niimath(head: Volume, scratch: Path, *, negative: bool = False) -> Registration | None:
    """Affine registration by niimath `-allineate` at its cost `fast`; None if it finds none.

    A head whose header puts it far from the template is not found at all: then from its centre of brightness. That
    comes second, for a long neck draws the centre away from the head.
    """
    found = _allineate(head, scratch, negative=negative)
    if found is None:
        found = _allineate(head, scratch, "-com", negative=negative)
    if found is not None and tilt_degrees(found[:3, :3]) > UPRIGHT_DEGREES:
        again = _from(found, head, scratch, negative=negative)
        found = found if again is None else again
    return None if found is None else to_template("niimath, negative" if negative else "niimath", found)


def _from(start: Affine, head: Volume, scratch: Path, *, negative: bool) -> Affine | None:
    """niimath on the head as `start` puts it: moved, turned and of another size, but not sheared."""
    left, sizes, right = np.linalg.svd(start[:3, :3])
    middle = np.linalg.inv(start) @ [*template.MIDDLE_MM, 1]
    similar = np.eye(4)
    similar[:3, :3] = np.cbrt(sizes.prod()) * (left @ right)
    similar[:3, 3] = template.MIDDLE_MM - similar[:3, :3] @ middle[:3]
    grid = template.wide_grid(WORKING_MM)
    low = float(np.percentile(head.data[::2, ::2, ::2], 1))
    placed = Volume(resampled(head, grid, np.linalg.inv(similar), outside=low), grid.affine)
    found = _allineate(placed, scratch, negative=negative)
    return None if found is None else found @ similar


def _allineate(head: Volume, scratch: Path, *options: str, negative: bool = False) -> Affine | None:
    moving, matrix = scratch / "head.nii", scratch / "affine.json"
    matrix.unlink(missing_ok=True)
    _write(moving, head)
    fixed = template.head_file()
    if negative and not (fixed := scratch / "negative.nii").exists():
        _write(fixed, template.negative())
    # The aligned head itself is not looked at: nearest neighbour is the quickest way to it.
    arguments: list[str | Path] = [tools.find("niimath"), moving, "-allineate", fixed]
    arguments += ["-cost", "fast", *options, "-final", "NN", "-savemat", matrix, scratch / "aligned"]
    try:
        finished = tools.run(arguments, timeout_s=TIMEOUT_S, cwd=scratch)
    except WithheldError:  # It crashed on this head, or did not come to an end: the next engine's turn.
        return None
    if finished.status != 0 or not matrix.exists():
        return None
    found = np.array(json.loads(matrix.read_text())["moving_to_fixed"], dtype=float)
    return found if np.isfinite(found).all() and abs(np.linalg.det(found[:3, :3])) > 1e-3 else None


def _write(file: Path, head: Volume) -> None:
    nifti.write_volume(file, Volume(head.data.astype(np.float32), head.affine))


def apart(fit: Registration, others: tuple[Registration, ...]) -> float | None:
    """Mean distance in mm between the face that `fit` finds and that of the nearest other one."""
    found = [apart_mm(fit.head_to_template, other.head_to_template) for other in others]
    return min(found) if found else None
