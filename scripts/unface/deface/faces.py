"""Where the face of every head image of a session lies, and whether that is believed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from unface.deface import mask_checks, other_programs, registration
from unface.deface.checks import Check, State, worst
from unface.deface.heads import Head
from unface.deface.masks import template_mask
from unface.deface.registration import Registration
from unface.deface.registration_checks import SURE_NGF
from unface.imaging.volume import Array, Volume
from unface.run import settings
from unface.run.outcome import WithheldError


@dataclass(frozen=True)
class Face:
    """Where the face of one acquisition lies.

    `keep` (i, j, k): True where voxels stay, on the grid that its images share; `of`: the name of the image that it
    was found on.
    """

    registration: Registration
    keep: Array
    checks: dict[str, Check]
    of: str

    @property
    def state(self) -> State:
        """What comes of its checks together."""
        return worst(self.checks.values())

    @property
    def passed(self) -> bool:
        """Whether all its checks passed."""
        return self.state == "pass"


def find_faces(heads: Sequence[Head], defacing: settings.Deface, scratch: Path) -> dict[str, Face]:
    """Find the face in each head image of a session.

    The first head is registered with the template, the others with the first that passed, by a rigid fit; what that
    does not fit is registered with the template as well. Images of one acquisition on one grid share the first's face.

    Parameters
    ----------
    heads
        In the order in which they are looked at.
    defacing
        Engine and limits.
    scratch
        Folder for the engines' files.

    Returns
    -------
    dict
        Faces by the path of the image; one that no engine finds a place for is left out.

    Raises
    ------
    WithheldError
        `engine_missing`, and what else a program of the user's own withholds for.
    """
    finder = _FaceFinder(defacing, scratch)
    owners: dict[object, Head] = {}
    for head in heads:
        owners.setdefault(head.place, head)
    faces = _of_acquisitions(owners.values(), finder)
    shared: dict[str, Face] = {}
    for head in heads:
        owner = owners[head.place]
        if (face := faces[owner.path]) is not None:
            apart = head.scan != owner.scan and not head.is_phase
            shared[head.path] = finder.checked_anew(head, face, owner) if apart else face
    return shared


def _of_acquisitions(heads: Collection[Head], finder: "_FaceFinder") -> dict[str, Face | None]:
    """The face of each acquisition, by the path of the image that stands for it."""
    faces: dict[str, Face | None] = {}
    reference: tuple[Head, Registration] | None = None
    earlier: list[Head] = []
    for head in heads:
        face = finder.by_image(head, *reference) if reference else None
        if face is None or not face.passed:
            face = _better(_with_doubt(finder.by_template(head), face), face)
        if face is None or not face.passed:
            earlier += [] if reference else [head]
        elif reference is None and len(heads) > 1:
            reference = head, face.registration
        faces[head.path] = face
    if reference:
        # Those that were looked at before there was one.
        for head in earlier:
            face = finder.by_image(head, *reference)
            faces[head.path] = _better(_with_doubt(faces[head.path], face), face)
    return faces


def _with_doubt(by_template: Face | None, by_image: Face | None) -> Face | None:
    """A face found on the template, with the doubt that another image of the session casts on its left and right."""
    # It counts where the exchanged head lies well on the other image: the template cannot tell the sides.
    sides = by_image.checks.get("left_right_lead") if by_image else None
    if by_template is None or by_image is None or sides is None or sides.ok:
        return by_template
    exchanged_ngf = (by_image.checks["ngf"].value or 0.0) - (sides.value or 0.0)
    if exchanged_ngf < SURE_NGF:
        return by_template
    return replace(by_template, checks=by_template.checks | {"left_right_lead": sides})


def _better(first: Face | None, second: Face | None) -> Face | None:
    """Of two faces the one with the better state, the first if they are alike."""
    order = ("pass", "review", "fail")
    known = [face for face in (first, second) if face is not None]
    return min(known, key=lambda face: order.index(face.state)) if known else None


@dataclass(frozen=True)
class _FaceFinder:
    """Finds the face of one head: registers it, makes its mask, checks both."""

    defacing: settings.Deface
    scratch: Path
    from_program: dict[str, Array] = field(default_factory=dict)
    """What a program of the user's own keeps of each head: it runs once, however many registrations are tried."""

    def by_template(self, head: Head) -> Face | None:
        """The face by the first registration with the template that passes; else by that with the best gradients."""
        volume = head.stored.volume()
        best: Face | None = None
        for fit in registration.with_template(head, self.defacing, self.scratch):
            face = self._face(head, volume, fit)
            if face.passed and (fit.sure or fit.others is not None):
                return face
            if best is None or fit.ngf >= best.registration.ngf:
                best = face
            if fit.header_lies or (fit.sure and self._mask_is_at_fault(head, face)):
                # No other engine would change that.
                break
        return best

    def by_image(self, head: Head, reference: Head, fit_of_reference: Registration) -> Face:
        """The face by a rigid fit to another image of the session."""
        reference_to_template = fit_of_reference.head_to_template
        fit = registration.with_image(head.working, reference.working, reference_to_template, self.defacing.limits)
        return self._face(head, head.stored.volume(), fit)

    def checked_anew(self, head: Head, face: Face, owner: Head) -> Face:
        """A face shared by an image of another scan: its mask's checks on that image, and how far the head moved."""
        fit = face.registration
        moved = registration.moved(head, owner, fit.head_to_template)
        masked = mask_checks.of_mask(head.stored.volume(), face.keep, fit.head_to_template, self.defacing)
        return replace(face, checks=face.checks | {"moved_mm": moved} | masked)

    def _face(self, head: Head, volume: Volume, fit: Registration) -> Face:
        if self.defacing.engine == "niimath":
            keep = template_mask(volume.grid, fit.head_to_template, ears=self.defacing.ears)
        else:
            keep = self._kept_by_program(head, volume, fit)
        masked = mask_checks.of_mask(volume, keep, fit.head_to_template, self.defacing)
        return Face(fit, keep, fit.checks | masked, head.stem)

    def _kept_by_program(self, head: Head, volume: Volume, fit: Registration) -> Array:
        if head.path in self.from_program:
            return self.from_program[head.path]
        try:
            keep = other_programs.kept(self.defacing, volume, fit.head_to_template, self.scratch)
        except WithheldError as error:
            raise WithheldError(error.reason.code, f"{head.stem}: {error.reason.sentence}") from None
        # quickshear's depends on the brain that the registration carries to the head.
        if self.defacing.engine != "quickshear":
            self.from_program[head.path] = keep
        return keep

    def _mask_is_at_fault(self, head: Head, face: Face) -> bool:
        """Of a well aligned head, whether its face was gone before or a program's own mask does not suit it."""
        present = face.checks.get("face_present")
        aligned = all(check.ok for check in face.registration.checks.values())
        return (present is not None and not present.ok) or (head.path in self.from_program and aligned)
