"""The stage: the face out of every head image of a session, with the figures that prove it."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from unface import settings
from unface.face import checks, engines, images, registration
from unface.face.checks import Check
from unface.face.images import StoredImage
from unface.face.mask import head_mask, without_face
from unface.face.registration import Registration
from unface.face.volume import Array, Volume
from unface.layout import bids_folder, mask_path, without_twins
from unface.outcome import WithheldError, Work

NIFTI = ".nii.gz"

FAILURES = {
    "registration_failed": "could not be aligned with the template well enough to know where its face is",
    "face_left": "would keep part of its face",
    "brain_cut": "would lose brain, or come too near to it",
}


@dataclass(frozen=True)
class HeadImage:
    """One image with a head: its path in BIDS, its parts, where it was converted to."""

    path: str
    file: Path

    @property
    def stem(self) -> str:
        return Path(self.path).name.removesuffix(NIFTI)

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
    def passes(self) -> bool:
        return all(check.ok for check in self.checks.values())

    @property
    def gradients(self) -> float:
        return self.checks["ngf"].value or 0.0


def deface_session(work: Work, converted: Path, settings: settings.Deface) -> None:
    """Deface the head images of one session.

    Writes below `Work.folder`: the defaced images and their masks in `bids/`, the affines in `registration/`; leaves
    the figures of every check in the outcome. An image that fails a check withholds the session and is kept for
    review.

    Parameters
    ----------
    converted
        The session's folder of the stage before, with `bids/`.

    Raises
    ------
    WithheldError
        `engine_missing` if the settings name an engine that is not installed.
    """
    work.tools |= {name: version(name) for name in ("niimath", "pydeface", "nibabel", "scipy")}
    heads = head_images(converted / "bids", bids_folder(work.subject, work.session), settings.suffixes)
    measured: dict[str, object] = {}
    work.measurements["images"] = measured
    if not heads:
        work.note("the session has no image that shows the head: nothing was defaced")
    stored: dict[str, StoredImage] = {}
    for head in heads:
        try:
            stored[head.path] = images.read(head.file, head.stem)
        except WithheldError as error:
            work.withhold(error.reason.code, f"{head.stem}: {error.reason.sentence}")
            measured[head.path] = {"state": "fail", "checks": {}}
    faces = find_faces([head for head in heads if head.path in stored], stored, settings, work.scratch)
    for head in heads:
        if head.path not in stored:
            continue
        image, face = stored[head.path], faces.get(head.path)
        if face is None:
            work.withhold("registration_failed", f"{head.stem}: no engine found a way to align it with the template")
            measured[head.path] = {"state": "fail", "checks": {}}
            continue
        found = face.checks | {"untouched": _write(work, head, image, face)}
        failed = {name: check for name, check in found.items() if not check.ok}
        for code in dict.fromkeys(check.code for check in failed.values()):
            names = ", ".join(f"{name} {check.value}" for name, check in failed.items() if check.code == code)
            work.withhold(code, f"{head.stem} {FAILURES[code]} ({names}); see the review page")
        measured[head.path] = {
            "state": "fail" if failed else "pass",
            "engine": face.registration.engine,
            "registered": face.of,
            "checks": {name: check.record() for name, check in found.items()},
        }


def head_images(bids: Path, session: Path, suffixes: tuple[str, ...]) -> list[HeadImage]:
    """The images of a session that show a head, T1w first, echoes and parts after the first of theirs."""
    found = [
        HeadImage(str(file.relative_to(bids)), file)
        for file in sorted((bids / session).rglob(f"*{NIFTI}"))
        if file.name.removesuffix(NIFTI).rsplit("_", 1)[1] in suffixes
    ]
    # A phase image shows no edges to align: magnitudes come first.
    return sorted(found, key=lambda head: (head.suffix != "T1w", "part-phase" in head.path, head.path))


def find_faces(
    heads: list[HeadImage], stored: dict[str, StoredImage], settings: settings.Deface, scratch: Path
) -> dict[str, Face]:
    """Where the face lies, by path: each acquisition by itself, and by another of the session where that fails.

    Images of one acquisition on one grid share the face of the first.
    """
    first: dict[tuple[str, object], HeadImage] = {}
    for head in heads:
        first.setdefault((without_twins(head.path), stored[head.path].grid), head)
    found = {head.path: find_face(head, stored[head.path], None, settings, scratch) for head in first.values()}
    passed = [head for head in first.values() if (face := found[head.path]) and face.passes]
    for head in first.values():
        face = found[head.path]
        if passed and not (face and face.passes):
            reference = found[passed[0].path]
            assert reference is not None
            rigid = registration.by_reference(
                stored[head.path].volume(), stored[passed[0].path].volume(), reference.registration
            )
            again = find_face(head, stored[head.path], rigid, settings, scratch)
            found[head.path] = again if again and (again.passes or face is None) else face
    shared = {head.path: found[first[without_twins(head.path), stored[head.path].grid].path] for head in heads}
    return {path: face for path, face in shared.items() if face is not None}


def find_face(
    head: HeadImage, image: StoredImage, fit: Registration | None, settings: settings.Deface, scratch: Path
) -> Face | None:
    """The face by a given registration, or by the first engine whose result is beyond doubt.

    Without one, that with the best gradients, if another engine agrees; None if no engine gives any.

    Raises
    ------
    WithheldError
        `engine_missing`.
    """
    volume = image.volume()
    outside = engines.pydeface(image, scratch) if settings.engine == "pydeface" else None
    tried: list[Face] = []
    for attempt in [fit] if fit else registration.candidates(volume, scratch):
        keep = outside if outside is not None else head_mask(volume.data.shape, image.affine, attempt.head_to_template)
        face = Face(attempt, keep, _checks(volume, keep, attempt, settings.limits, scratch), head.stem)
        if face.passes and (fit or face.gradients >= checks.SURE_NGF):
            return face
        tried.append(face)
    if not tried:
        return None
    best = max(tried, key=lambda face: face.gradients)
    if fit:
        return best
    # Gradients that are neither good nor bad: a second engine has to find the face at the same place.
    others = [face.registration for face in tried if face is not best]
    return replace(best, checks=best.checks | {"engines_apart_mm": checks.apart(best.registration, others)})


def _checks(
    volume: Volume, keep: Array, fit: Registration, limits: Mapping[str, float], scratch: Path
) -> dict[str, Check]:
    found = checks.registration(volume, fit, limits["ngf_min"], (limits["scale_min"], limits["scale_max"]))
    ngf = found["ngf"].value or 0.0
    if fit.base is None and found["ngf"].ok and ngf < checks.SURE_NGF:
        swapped = registration.front_to_back(volume)
        # If the engine cannot align the swapped head at all, the header's way is the better one.
        with contextlib.suppress(WithheldError):
            found["lead_over_swapped"] = checks.unlike_its_back(ngf, swapped, registration.niimath(swapped, scratch))
    found["removed_percent"] = checks.removed_fraction(
        volume, keep, limits["removed_min_percent"], limits["removed_max_percent"]
    )
    found["brain_margin_mm"] = checks.brain_margin(volume, keep, fit.head_to_template, limits["brain_margin_mm"])
    return found | checks.face_zones(volume, keep, fit.head_to_template)


def _write(work: Work, head: HeadImage, image: StoredImage, face: Face) -> Check:
    """Write the defaced image, its mask and its affine; read back what was written."""
    bids = work.folder / "bids"
    target = bids / head.path
    images.write(target, without_face(image, face.keep, head.suffix))
    mask = bids / mask_path(head.path)
    if not mask.exists():
        images.write_mask(mask, face.keep, image.affine)
        _write_json(
            mask.with_name(mask.name.removesuffix(NIFTI) + ".json"),
            {"Description": "Face mask: 1 where voxels were kept, 0 where they were removed", "Type": "Face"},
        )
    _write_json(
        work.folder / "registration" / f"{head.stem}.json",
        {
            "engine": face.registration.engine,
            "registered": face.of,
            "head_to_template": np.round(face.registration.head_to_template, 6).tolist(),
            "space": "world mm, RAS, of the image to that of pydeface's mean_reg2mean",
            "checks": {name: check.record() for name, check in face.checks.items()},
        },
    )
    return checks.untouched(image, images.read(target, head.stem), face.keep)


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
