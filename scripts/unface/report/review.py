"""The page that a curator judges one session by. It shows the face, so it lies in `restricted/review/`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unface.face.render import shaded
from unface.layout import STAGES, Layout, bids_folder
from unface.outcome import REASONS, Outcome
from unface.report import pages, pictures, results
from unface.report.pictures import Colour, Volume
from unface.report.results import STAGE_WORDS, Session

CUT: Colour = (255, 140, 0)
TISSUES: Mapping[int, tuple[str, Colour]] = {
    1: ("CSF", (86, 180, 233)),
    2: ("grey matter", (240, 228, 66)),
    3: ("white matter", (213, 94, 0)),
}
VIEWS = {"front": "From the front", "oblique": "Obliquely", "left": "From the left"}
HEAD_DATATYPES = ("anat", "pet", "ct")
NIFTI = ".nii.gz"
WORST_REGIONS = 8


def review_session(layout: Layout, subject: str, session: str, output: Path, title: str) -> None:
    """Write the page of one session, with whatever its stages left.

    Parameters
    ----------
    output
        The page (`layout.review`): one file, mode 0600, with no reference to anything outside it.
    title
        The name of the cohort.
    """
    found = results.read_session(layout, subject, session)
    agreement = results.read_table(layout.stage("agreement", subject, session) / "agreement.tsv")
    page = pages.render(
        "templates/review.html.j2",
        title=title,
        session=found,
        meanings=REASONS,
        stages=_stages(found),
        series=results.read_series(layout, subject, session),
        heads=[_head(layout, found, name, agreement) for name in _head_images(layout, found)],
        tissues=TISSUES.values(),
        cut=CUT,
    )
    pages.write(page, output, mode=0o600)


def _stages(session: Session) -> list[dict[str, Any]]:
    """Each stage with how it ended; reasons that an earlier stage passed on are not told again."""
    rows = []
    for stage in STAGES:
        found = session.outcomes.get(stage)
        rows.append(
            {
                "name": STAGE_WORDS[stage],
                "state": session.state(stage),
                "reasons": [reason for reason in found.reasons if reason.stage == stage] if found else [],
                "notes": found.notes if found else (),
                "tools": sorted(found.tools.items()) if found else [],
            }
        )
    return rows


def _head_images(layout: Layout, session: Session) -> list[str]:
    """The session's head images as paths in BIDS: those defaced, or those that would be."""
    defaced = session.outcomes.get("defaced")
    measured = defaced.measurements.get("images", {}) if defaced else {}
    if measured:
        return sorted(measured)
    bids = layout.stage("converted", session.subject, session.session) / "bids"
    folder = bids / bids_folder(session.subject, session.session)
    return sorted(str(path.relative_to(bids)) for kind in HEAD_DATATYPES for path in (folder / kind).glob(f"*{NIFTI}"))


def _head(layout: Layout, session: Session, name: str, agreement: list[dict[str, str]]) -> dict[str, Any]:
    """What the page shows of one head image."""
    unit = session.subject, session.session
    paths = {stage: layout.stage(stage, *unit) / "bids" / name for stage in ("converted", "defaced")}
    mask = paths["defaced"].with_name(mask_name(paths["defaced"].name))
    before = pictures.load(paths["converted"]) if paths["converted"].is_file() else None
    after = pictures.load(paths["defaced"]) if paths["defaced"].is_file() else None
    keep = pictures.load(mask) if mask.is_file() else None
    measured = _measured(session.outcomes.get("defaced"), name)
    rows = [row for row in agreement if row["image"] == name]
    return {
        "name": Path(name).name.removesuffix(NIFTI),
        "state": measured.get("state", ""),
        "checks": measured.get("checks", {}),
        "slices": _slices(before, after, keep),
        "renders": _renders(before, after),
        "tissues": _tissues(layout, unit, name, {"original": before, "defaced": after}),
        "measures": [row for row in rows if not row["region"]],
        "regions": [row for row in rows if row["region"]],
        "worst": sorted((row for row in rows if row["region"]), key=_change, reverse=True)[:WORST_REGIONS],
    }


def mask_name(image: str) -> str:
    """BIDS's name of an image's face mask: `sub-X_T1w.nii.gz` has `sub-X_mod-T1w_defacemask.nii.gz`."""
    entities, suffix = image.removesuffix(NIFTI).rsplit("_", 1)
    return f"{entities}_mod-{suffix}_defacemask{NIFTI}"


def _measured(defaced: Outcome | None, name: str) -> Mapping[str, Any]:
    images = defaced.measurements.get("images", {}) if defaced else {}
    found: Mapping[str, Any] = images.get(name, {})
    return found


def _change(row: Mapping[str, str]) -> float:
    return abs(results.number(row["percent"]) or 0)


def _slices(before: Volume | None, after: Volume | None, keep: Volume | None) -> list[dict[str, Any]]:
    """Slices before, with the line of the cut, and after."""
    reference = before or after
    if reference is None:
        return []
    shown = pictures.window(reference)
    slices = []
    for plane in pictures.planes(reference, keep):
        outlines = [(pictures.sample_mask(keep, plane), CUT)] if keep else []
        slices.append(
            {
                "caption": plane.name,
                "columns": plane.points_mm.shape[1],
                "before": pictures.data_uri(pictures.slice_picture(before, plane, shown, outlines)) if before else "",
                "after": pictures.data_uri(pictures.slice_picture(after, plane, shown)) if after else "",
            }
        )
    return slices


def _renders(before: Volume | None, after: Volume | None) -> list[dict[str, Any]]:
    """The head's surface from each side, before and after."""
    shown = []
    for view, caption in VIEWS.items():
        for when, volume in (("before", before), ("after", after)):
            if volume:
                picture = shaded(volume.data, volume.affine, view)
                shown.append(
                    {
                        "caption": f"{caption}, {when}",
                        "columns": picture.shape[1],
                        "picture": pictures.data_uri(picture),
                    }
                )
    return shown


def _tissues(
    layout: Layout, unit: tuple[str, str], name: str, images: Mapping[str, Volume | None]
) -> list[dict[str, Any]]:
    """Brain slices with the tissues' outlines, as measured in the original and in the defaced image."""
    rows = []
    for which, volume in images.items():
        stem = Path(name).name.removesuffix(NIFTI)
        path = layout.stage(f"morphometry-{which}", *unit) / "labels" / f"{stem}_tissue{NIFTI}"
        reference = images["original"] or volume
        if volume is None or reference is None or not path.is_file():
            continue
        labels = pictures.load(path)
        colours = {label: colour for label, (_, colour) in TISSUES.items()}
        slices = [
            {
                "caption": plane.name,
                "columns": plane.points_mm.shape[1],
                "picture": pictures.data_uri(
                    pictures.outlined_labels(volume, labels, plane, pictures.window(reference), colours)
                ),
            }
            for plane in pictures.planes(reference)
            if plane.name in ("Sagittal, middle", "Axial, brain", "Coronal, brain")
        ]
        rows.append({"which": which, "slices": slices})
    return rows
