"""The head images of a session, and the pictures that show one before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unface.imaging.nifti import UNREADABLE
from unface.imaging.volume import Array, Volume
from unface.measure import records
from unface.report import pictures
from unface.report.pictures import Colour
from unface.report.render import View, shaded
from unface.report.results import Session
from unface.run.image_names import NIFTI, mask_file, stem
from unface.run.layout import Layout

CUT: Colour = (255, 140, 0)
TISSUES: Mapping[int, tuple[str, Colour]] = {
    1: ("CSF", (86, 180, 233)),
    2: ("grey matter", (240, 228, 66)),
    3: ("white matter", (213, 94, 0)),
}
VIEWS: Mapping[View, str] = {"front": "Front", "oblique": "Oblique", "left": "Left"}
HEAD_DATATYPES = ("anat", "pet", "ct")


@dataclass(frozen=True)
class Picture:
    """A picture of (rows, columns[, 3]) bytes, with what it shows."""

    caption: str
    pixels: Array

    @property
    def columns(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def uri(self) -> str:
        return pictures.data_uri(self.pixels)


@dataclass(frozen=True)
class Head:
    """One head image by its path in BIDS: before and after defacing, and the face mask (1 keep); each if it exists."""

    name: str
    before: Volume | None
    after: Volume | None
    keep: Volume | None

    @property
    def stem(self) -> str:
        return stem(self.name)


def names(layout: Layout, session: Session) -> list[str]:
    """The session's head images as paths in BIDS: those defaced, or those that would be."""
    if measured := session.heads():
        return sorted(measured)
    bids = layout.stage("convert", session.id) / "bids"
    folder = bids / session.id.bids_folder
    found = (path for kind in HEAD_DATATYPES for path in (folder / kind).glob(f"*{NIFTI}"))
    return sorted(path.relative_to(bids).as_posix() for path in found)


def read(layout: Layout, session: Session, name: str) -> Head:
    """Read what there is of one head image."""
    before, after = (layout.stage(stage, session.id) / "bids" / name for stage in ("convert", "deface"))
    keep = mask_file(layout.stage("deface", session.id), name)
    return Head(name, _load(before), _load(after), _load(keep) if keep else None)


def _load(path: Path) -> Volume | None:
    """None for what is missing, and for what the stages have withheld since nobody can read it."""
    try:
        return pictures.load(path)
    except UNREADABLE:
        return None


def slices(head: Head) -> dict[str, list[Picture]]:
    """Slices `before`, with the line of the cut, and `after`: the same planes and the same grey values in both."""
    reference = head.before or head.after
    if reference is None:
        return {}
    shown = pictures.window(reference)
    planes = pictures.planes(reference, head.keep)
    rows = {}
    for which, volume in (("before", head.before), ("after", head.after)):
        if volume:
            cut = head.keep if which == "before" else None
            rows[which] = [
                Picture(
                    plane.name,
                    pictures.slice_picture(
                        volume, plane, shown, [(pictures.sample_mask(cut, plane), CUT)] if cut else []
                    ),
                )
                for plane in planes
            ]
    return rows


def surfaces(head: Head) -> list[Picture]:
    """The head's surface from each side, before and after."""
    reference = head.before or head.after
    if reference is None:
        return []
    box = pictures.head_box(reference)
    shown = [(when, one.cut(box)) for when, one in (("before", head.before), ("after", head.after)) if one]
    lit = [(when, shaded(volume.data, volume.affine)) for when, volume in shown]
    return [Picture(f"{caption}, {when}", views[view]) for view, caption in VIEWS.items() for when, views in lit]


def tissues(layout: Layout, session: Session, head: Head) -> dict[str, list[Picture]]:
    """Brain slices with the tissues' outlines, as measured in the `original` and in the `defaced` image."""
    rows = {}
    reference = head.before or head.after
    for which, volume in (("original", head.before), ("defaced", head.after)):
        folder = layout.stage(f"measure-{which}", session.id)
        labels = _load(records.labels_file(folder, head.name, "tissue"))
        if volume and reference and labels:
            rows[which] = _outlined(volume, reference, labels)
    return rows


def _outlined(volume: Volume, reference: Volume, labels: Volume) -> list[Picture]:
    shown = pictures.window(reference)
    colours = {label: colour for label, (_, colour) in TISSUES.items()}
    return [
        Picture(plane.name, pictures.outlined_labels(volume, labels, plane, shown, colours))
        for plane in pictures.planes(reference)
        if plane.name in pictures.BRAIN_PLANES
    ]
