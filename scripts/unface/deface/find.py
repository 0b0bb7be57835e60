"""Where the face of every head image of a session lies, and whether each check believes it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from unface.deface import checks, engines, face_checks, registration
from unface.deface.checks import Check, State
from unface.deface.masks import head_mask
from unface.deface.registration import Attempt, Registration
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Affine, Array, Volume
from unface.run import settings
from unface.run.layout import NIFTI, stem, without_twins
from unface.run.outcome import WithheldError


@dataclass(frozen=True)
class HeadImage:
    """One image with a head: its path in BIDS, and the file that conversion made."""

    path: str
    file: Path

    @property
    def stem(self) -> str:
        return stem(self.path)

    @property
    def suffix(self) -> str:
        return self.stem.rsplit("_", 1)[1]


@dataclass(frozen=True)
class Face:
    """Where the face of one acquisition lies: shared by its images on the same grid; `of` names the one estimated."""

    registration: Registration
    keep: Array
    checks: dict[str, Check]
    of: str

    @property
    def state(self) -> State:
        return worst(self.checks.values())


def worst(found: Any) -> State:
    """`fail` if one check fails, else `review` if one is undecided, else `pass`."""
    states = {check.state for check in found}
    return "fail" if "fail" in states else "review" if "review" in states else "pass"


def head_images(bids: Path, session: Path, suffixes: tuple[str, ...]) -> list[HeadImage]:
    """The images of a session that show a head, T1w first, echoes and parts after the first of theirs."""
    found = [
        HeadImage(str(file.relative_to(bids)), file)
        for file in sorted((bids / session).rglob(f"*{NIFTI}"))
        if stem(file).rsplit("_", 1)[1] in suffixes
    ]
    # A phase image shows no edges to align: magnitudes come first.
    return sorted(found, key=lambda head: (head.suffix != "T1w", "part-phase" in head.path, head.path))


def find_faces(
    heads: list[HeadImage], stored: Mapping[str, StoredImage], chosen: settings.Deface, scratch: Path
) -> dict[str, Face]:
    """Where the face lies, by path; a head that no engine finds a place for is left out.

    The first head is registered with the template, the others with the first that passed, by a rigid fit; what that
    does not fit is registered with the template as well. Images of one acquisition on one grid share the first's face.

    Raises
    ------
    WithheldError
        `engine_missing`.
    """
    first: dict[tuple[str, object], HeadImage] = {}
    for head in heads:
        first.setdefault((without_twins(head.path), stored[head.path].place), head)
    finder = Finder(chosen, scratch)
    found: dict[str, Face | None] = {}
    alone: list[HeadImage] = []
    reference: tuple[Volume, Registration] | None = None
    for head in first.values():
        image = stored[head.path]
        face = finder.by_reference(head, image, reference) if reference else None
        if face is None or face.state != "pass":
            by_itself = finder.by_itself(head, image)
            face = better(by_itself and with_sides(by_itself, face), face)
            alone += [head] if face is None or face.state != "pass" else []
        if face and face.state == "pass" and reference is None and len(first) > 1:
            reference = (registration.working(image.volume(), head.suffix), face.registration)
        found[head.path] = face
    # Heads that came before the one which passed.
    for head in alone:
        if reference and (face := finder.by_reference(head, stored[head.path], reference)):
            by_itself = found[head.path]
            found[head.path] = better(by_itself and with_sides(by_itself, face), face)
    shared: dict[str, Face] = {}
    for head in heads:
        owner = first[without_twins(head.path), stored[head.path].place]
        face = found[owner.path]
        if face is not None:
            apart = _scans(head.path) != _scans(owner.path) and "part-phase" not in head.path
            if apart:
                face = finder.on_own_voxels(head, stored[head.path], face, stored[owner.path])
            shared[head.path] = face
    return shared


def _scans(path: str) -> list[str]:
    """What tells images apart that share a mask but were taken one after the other: the head may have moved."""
    return [part for part in path.split("_") if part.startswith(("flip-", "mt-"))]


def with_sides(by_itself: Face, by_reference: Face | None) -> Face:
    """A face found on the template, with the doubt that another image of the session casts on its left and right.

    The doubt counts where the exchanged head lies well on the other image: the template cannot tell the sides.
    """
    sides = by_reference.checks.get("left_right_lead") if by_reference else None
    if by_reference is None or sides is None or sides.ok:
        return by_itself
    exchanged = (by_reference.checks["ngf"].value or 0.0) - (sides.value or 0.0)
    if exchanged < checks.SURE_NGF:
        return by_itself
    return replace(by_itself, checks=by_itself.checks | {"left_right_lead": sides})


def better(one: Face | None, other: Face | None) -> Face | None:
    """Of two faces the one with the better state, `one` if they are alike."""
    order = ("pass", "review", "fail")
    known = [face for face in (one, other) if face is not None]
    return min(known, key=lambda face: order.index(face.state)) if known else None


@dataclass(frozen=True)
class Finder:
    """Finds the face of one head, with the settings' engine and limits."""

    chosen: settings.Deface
    scratch: Path
    from_outside: dict[str, Array] = field(default_factory=dict)
    """What a program of the user's own keeps of each head: it runs once, however many registrations are tried."""

    def by_reference(self, head: HeadImage, image: StoredImage, reference: tuple[Volume, Registration]) -> Face:
        """The face by a rigid fit to another image of the session."""
        volume = image.volume()
        coarse = registration.working(volume, head.suffix)
        fit, lead = registration.by_reference(coarse, *reference)
        found = checks.of_registration(
            fit.head_to_template, registration.gradients(coarse, fit), self.chosen.limits
        ) | {"left_right_lead": checks.left_right(lead)}
        return self._masked(head, image, volume, fit, found)

    def by_itself(self, head: HeadImage, image: StoredImage) -> Face | None:
        """The face by the first engine whose result passes; else by that with the best gradients."""
        volume = image.volume()
        coarse = registration.working(volume, head.suffix)
        best: tuple[float, Face] | None = None
        back = cache(lambda: registration.gradients_back_to_front(coarse, self.scratch))
        for attempt in registration.attempts(coarse, self.scratch):
            found = self._registered(coarse, attempt, image, back)
            face = self._masked(head, image, volume, attempt.fit, found)
            sure = attempt.gradients >= checks.SURE_NGF
            if face.state == "pass" and (sure or attempt.others is not None):
                return face
            if best is None or attempt.gradients >= best[0]:
                best = attempt.gradients, face
            gone, swapped = face.checks.get("face_present"), face.checks.get("lead_over_swapped")
            lies = (sure and not found["tilt_degrees"].ok) or (swapped and not swapped.ok and back() >= checks.SURE_NGF)
            own = head.path in self.from_outside and sure and all(check.ok for check in found.values())
            if lies or own or (sure and gone and not gone.ok):
                # The header lies, the face was gone before, or a program's own mask does not suit a head that is well
                # aligned: no other engine would change that.
                break
        return best[1] if best else None

    def _registered(
        self, coarse: Volume, attempt: Attempt, image: StoredImage, back: Callable[[], float]
    ) -> dict[str, Check]:
        fit, others = attempt.fit, attempt.others
        found = checks.of_registration(fit.head_to_template, attempt.gradients, self.chosen.limits)
        if found["ngf"].ok and attempt.gradients < checks.SURE_NGF:
            found["lead_over_swapped"] = checks.unlike_its_back(attempt.gradients - back())
        elif others is None and _in_sample(image, self.chosen.second_engine_percent):
            others = (registration.second_opinion(coarse),)
        if others is not None:
            found["engines_apart_mm"] = checks.faces_apart(registration.apart(fit, others))
        return found

    def _masked(
        self, head: HeadImage, image: StoredImage, volume: Volume, fit: Registration, found: dict[str, Check]
    ) -> Face:
        keep = self._outside(head, volume, fit.head_to_template)
        if keep is None:
            keep = head_mask(volume.data.shape, image.affine, fit.head_to_template, ears=self.chosen.ears)
        return Face(fit, keep, {**found, **self._masking(volume, keep, fit.head_to_template)}, head.stem)

    def on_own_voxels(self, head: HeadImage, image: StoredImage, face: Face, owner: StoredImage) -> Face:
        """A face shared by an image of another scan, with the checks of its mask made anew, and how far the head moved.

        Parameters
        ----------
        owner
            The image that the face was found on.
        """
        volume, fit = image.volume(), face.registration
        first = registration.working(owner.volume(), head.suffix)
        own, _ = registration.by_reference(registration.working(volume, head.suffix), first, fit)
        moved = checks.faces_apart(checks.apart_mm(own.head_to_template, fit.head_to_template))
        masked = self._masking(volume, face.keep, fit.head_to_template)
        return replace(face, checks=face.checks | {"moved_mm": moved} | masked)

    def _masking(self, volume: Volume, keep: Array, to_template: Affine) -> dict[str, Check]:
        """What a mask does to an image."""
        limits, ears = self.chosen.limits, self.chosen.ears
        removed = face_checks.removed_fraction(
            volume, keep, limits["removed_min_percent"], limits["removed_max_percent"]
        )
        margin = face_checks.brain_margin(volume, keep, to_template, limits["brain_margin_mm"])
        masked = {"removed_percent": removed} | face_checks.zones(volume, keep, to_template, ears=ears)
        if "face_present" in masked and not masked["face_present"].ok:
            # Where there is no face to remove, a mask that removes little of it is no failure of the mask.
            masked = {name: check.undecided("defaced_before") for name, check in masked.items()}
        return {"brain_margin_mm": margin, **masked}

    def _outside(self, head: HeadImage, volume: Volume, to_template: Affine) -> Array | None:
        if head.path in self.from_outside:
            return self.from_outside[head.path]
        try:
            keep = engines.outside(self.chosen, volume, to_template, self.scratch)
        except WithheldError as error:
            raise WithheldError(error.reason.code, f"{head.stem}: {error.reason.sentence}") from None
        # quickshear's depends on the brain that the registration carries to the head.
        if keep is not None and self.chosen.engine != "quickshear":
            self.from_outside[head.path] = keep
        return keep


def _in_sample(image: StoredImage, percent: float) -> bool:
    """Whether an image is one of those that a second engine looks at in any case: always the same ones."""
    drawn = int.from_bytes(hashlib.sha256(image.stored.tobytes()).digest()[:4], "big")
    return drawn < percent / 100 * 2**32
