"""The stage: the face out of every head image of a session, with the figures that prove it."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from unface.deface.checks import Check, worst
from unface.deface.faces import Face, find_faces
from unface.deface.heads import Head, head_files
from unface.deface.mask_checks import untouched
from unface.deface.masks import without_face
from unface.imaging import nifti, stored_image
from unface.imaging.volume import Volume
from unface.run import settings
from unface.run.image_names import MASKS, mask_path, stem
from unface.run.outcome import WithheldError, Work

FAILURES = {
    "registration_failed": "could not be aligned with the template well enough to know where its face is",
    "face_left": "would keep part of its face",
    "brain_cut": "would lose brain, or come too near to it",
}
NOT_ALIGNED = {"state": "fail", "checks": {}}


def deface_session(work: Work, converted: Path, defacing: settings.Deface) -> None:
    """Deface the head images of one session.

    Writes below `Work.folder`: the defaced images in `bids/`, their masks there or in `masks/` (where BIDS has no name
    for one), the affines in `registration/`; leaves the figures of every check in the outcome. An image that fails a
    check withholds the session and is kept for review. One that is undecided does not: the gate waits for its rating.

    Parameters
    ----------
    work
        Takes the files, in `Work.folder`, the reasons and the figures.
    converted
        The session's folder of the stage before, with `bids/`.
    defacing
        Suffixes of head images, engine and limits.

    Raises
    ------
    WithheldError
        `engine_missing` if the settings name an engine that is not installed.
    """
    work.tools |= {name: version(name) for name in ("antspyx", "niimath", "pydeface", "nibabel", "scipy")}
    measured: dict[str, object] = {}
    work.measurements["images"] = measured
    files = head_files(converted / "bids", work.session.bids_folder, defacing.suffixes)
    if not files:
        work.note("the session has no image that shows the head: nothing was defaced")
    heads: list[Head] = []
    for path, file in files.items():
        try:
            head = Head(path, stored_image.read_head(file, stem(path)))
        except WithheldError as error:
            work.withhold(error.reason.code, error.reason.sentence)
            measured[path] = NOT_ALIGNED
        else:
            heads.append(head)
    faces = find_faces(heads, defacing, work.scratch)
    for head in heads:
        if face := faces.get(head.path):
            measured[head.path] = _deface(work, head, face)
        else:
            work.withhold("registration_failed", f"{head.stem}: no engine found a way to align it with the template")
            measured[head.path] = NOT_ALIGNED


def _deface(work: Work, head: Head, face: Face) -> dict[str, Any]:
    """Write one image without its face; withhold the session if a check fails."""
    checks = face.checks | {"untouched": _write(work, head, face)}
    state = worst(checks.values())
    failed = {name: check for name, check in checks.items() if check.state == "fail"}
    for code in dict.fromkeys(check.code for check in failed.values()):
        names = ", ".join(f"{name} {check.value}" for name, check in failed.items() if check.code == code)
        work.withhold(code, f"{head.stem} {FAILURES[code]} ({names}); see the review page")
    if state == "review":
        names = ", ".join(name for name, check in checks.items() if check.state == "review")
        work.note(f"{head.stem} needs a person's rating ({names}); see the review page")
    return {
        "state": state,
        "engine": face.registration.engine,
        "registered": face.of,
        "checks": {name: check.record() for name, check in checks.items()},
        "review": sorted({check.code for check in checks.values() if check.state == "review"}),
    }


def _write(work: Work, head: Head, face: Face) -> Check:
    """Write the defaced image, its mask and its affine; read back what was written."""
    target = work.folder / "bids" / head.path
    stored_image.write(target, without_face(head.stored, face.keep, head.suffix))
    _write_mask(work.folder, head, Volume(face.keep, head.stored.affine))
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
    return untouched(head.stored, stored_image.read(target, head.stem), face.keep)


def _write_mask(folder: Path, head: Head, mask: Volume) -> None:
    """The mask by its BIDS name, which the echoes and parts of an acquisition share.

    One on another grid than theirs, or of an image that BIDS knows no face mask for (PET, CT, functional), stays
    beside the dataset and is not released.
    """
    name = mask_path(head.path)
    shared = folder / "bids" / name if name else None
    if shared and shared.exists():
        there = stored_image.read(shared, head.stem)
        if there.stored.shape == mask.data.shape and np.allclose(there.affine, mask.affine, atol=1e-3):
            return
    if shared is None or shared.exists():
        nifti.write_mask(folder / MASKS / head.path, mask)
        return
    nifti.write_mask(shared, mask)
    _write_json(
        shared.with_name(f"{stem(shared)}.json"),
        {"Description": "Face mask: 1 where voxels were kept, 0 where they were removed", "Type": "Face"},
    )


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
