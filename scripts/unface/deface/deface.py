"""The stage: the face out of every head image of a session, with the figures that prove it."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from unface.deface import face_checks
from unface.deface.checks import Check
from unface.deface.find import Face, HeadImage, find_faces, head_images, worst
from unface.deface.masks import without_face
from unface.imaging import nifti, stored_image
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Volume
from unface.run import settings
from unface.run.layout import MASKS, mask_path, stem
from unface.run.outcome import WithheldError, Work

FAILURES = {
    "registration_failed": "could not be aligned with the template well enough to know where its face is",
    "face_left": "would keep part of its face",
    "brain_cut": "would lose brain, or come too near to it",
}


def deface_session(work: Work, converted: Path, chosen: settings.Deface) -> None:
    """Deface the head images of one session.

    Writes below `Work.folder`: the defaced images in `bids/`, their masks there or in `masks/` (where BIDS has no name
    for one), the affines in `registration/`; leaves the figures of every check in the outcome. An image that fails a
    check withholds the session and is kept for review. One that is undecided does not: the gate waits for its rating.

    Parameters
    ----------
    converted
        The session's folder of the stage before, with `bids/`.

    Raises
    ------
    WithheldError
        `engine_missing` if the settings name an engine that is not installed.
    """
    work.tools |= {name: version(name) for name in ("antspyx", "niimath", "pydeface", "nibabel", "scipy")}
    heads = head_images(converted / "bids", work.session.bids_folder, chosen.suffixes)
    measured: dict[str, object] = {}
    work.measurements["images"] = measured
    if not heads:
        work.note("the session has no image that shows the head: nothing was defaced")
    stored: dict[str, StoredImage] = {}
    for head in heads:
        try:
            stored[head.path] = stored_image.read_head(head.file, head.stem)
        except WithheldError as error:
            work.withhold(error.reason.code, error.reason.sentence)
            measured[head.path] = {"state": "fail", "checks": {}}
    faces = find_faces([head for head in heads if head.path in stored], stored, chosen, work.scratch)
    for head in heads:
        if head.path not in stored:
            continue
        if head.path not in faces:
            work.withhold("registration_failed", f"{head.stem}: no engine found a way to align it with the template")
            measured[head.path] = {"state": "fail", "checks": {}}
            continue
        measured[head.path] = _deface(work, head, stored[head.path], faces[head.path])


def _deface(work: Work, head: HeadImage, image: StoredImage, face: Face) -> dict[str, Any]:
    """Write one image without its face; withhold the session if a check fails."""
    found = face.checks | {"untouched": _write(work, head, image, face)}
    state = worst(found.values())
    failed = {name: check for name, check in found.items() if check.state == "fail"}
    for code in dict.fromkeys(check.code for check in failed.values()):
        names = ", ".join(f"{name} {check.value}" for name, check in failed.items() if check.code == code)
        work.withhold(code, f"{head.stem} {FAILURES[code]} ({names}); see the review page")
    if state == "review":
        names = ", ".join(name for name, check in found.items() if check.state == "review")
        work.note(f"{head.stem} needs a person's rating ({names}); see the review page")
    return {
        "state": state,
        "engine": face.registration.engine,
        "registered": face.of,
        "checks": {name: check.record() for name, check in found.items()},
        "review": sorted({check.code for check in found.values() if check.state == "review"}),
    }


def _write(work: Work, head: HeadImage, image: StoredImage, face: Face) -> Check:
    """Write the defaced image, its mask and its affine; read back what was written."""
    bids = work.folder / "bids"
    target = bids / head.path
    stored_image.write(target, without_face(image, face.keep, head.suffix))
    _write_mask(work.folder, head, image, face)
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
    return face_checks.untouched(image, stored_image.read(target, head.stem), face.keep)


def _write_mask(folder: Path, head: HeadImage, image: StoredImage, face: Face) -> None:
    """The mask by its BIDS name, which the echoes and parts of an acquisition share.

    One on another grid than theirs, or of an image that BIDS knows no face mask for (PET, CT, functional), stays
    beside the dataset and is not released.
    """
    name = mask_path(head.path)
    shared = folder / "bids" / name if name else None
    if shared and shared.exists():
        there = stored_image.read(shared, head.stem)
        if there.stored.shape == face.keep.shape and np.allclose(there.affine, image.affine, atol=1e-3):
            return
    if shared is None or shared.exists():
        nifti.write_mask(folder / MASKS / head.path, Volume(face.keep, image.affine))
        return
    nifti.write_mask(shared, Volume(face.keep, image.affine))
    _write_json(
        shared.with_name(f"{stem(shared)}.json"),
        {"Description": "Face mask: 1 where voxels were kept, 0 where they were removed", "Type": "Face"},
    )


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
