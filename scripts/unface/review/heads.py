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
    """A picture with what it shows.

    Attributes
    ----------
    caption : str
        For readers.
    pixels : (rows, columns[, 3]) uint8 array
        Grey or in colour.
    """

    caption: str
    pixels: Array

    @property
    def columns(self) -> int:
        """Its width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def uri(self) -> str:
        """The picture itself, to stand inside a page."""
        return pictures.data_uri(self.pixels)


@dataclass(frozen=True)
class Head:
    """One head image, with what there is of it.

    Attributes
    ----------
    name : str
        Its path in BIDS.
    before, after : Volume or None
        Before and after defacing.
    keep : Volume or None
        The face mask: 1 kept, 0 removed.
    """

    name: str
    before: Volume | None
    after: Volume | None
    keep: Volume | None

    @property
    def stem(self) -> str:
        """Its file name without ending."""
        return stem(self.name)


def names(layout: Layout, session: Session) -> list[str]:
    """Find the session's head images: those defaced, or those that would be.

    Parameters
    ----------
    layout
        Where the stages left them.
    session
        Which one.

    Returns
    -------
    list of str
        Paths in BIDS, in order.
    """
    if measured := session.heads():
        return sorted(measured)
    bids = layout.stage("convert", session.id) / "bids"
    folder = bids / session.id.bids_folder
    images = (path for datatype in HEAD_DATATYPES for path in (folder / datatype).glob(f"*{NIFTI}"))
    return sorted(path.relative_to(bids).as_posix() for path in images)


def read(layout: Layout, session: Session, name: str) -> Head:
    """Read what there is of one head image.

    Parameters
    ----------
    layout
        Where the stages left it.
    session
        Whose it is.
    name
        Its path in BIDS.

    Returns
    -------
    Head
        In the closest RAS+ order.
    """
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
    """Cut a head into slices: the same planes and the same grey values before and after.

    Parameters
    ----------
    head
        With what there is of it.

    Returns
    -------
    dict
        `before`, with the line of the cut, and `after`; each if there is such an image.
    """
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
    """Draw a head's surface from each side, before and after.

    Parameters
    ----------
    head
        With what there is of it.

    Returns
    -------
    list of Picture
        By side; none where there is no image.
    """
    reference = head.before or head.after
    if reference is None:
        return []
    box = pictures.head_box(reference)
    volumes = [(when, volume) for when, volume in (("before", head.before), ("after", head.after)) if volume]
    cropped = [(when, volume.cut(box)) for when, volume in volumes]
    lit = [(when, shaded(volume.data, volume.affine)) for when, volume in cropped]
    return [Picture(f"{caption}, {when}", views[view]) for view, caption in VIEWS.items() for when, views in lit]


def tissues(layout: Layout, session: Session, head: Head) -> dict[str, list[Picture]]:
    """Draw slices of the brain with the tissues' outlines.

    Parameters
    ----------
    layout
        Where the stages left the tissues.
    session
        Whose the head is.
    head
        With what there is of it.

    Returns
    -------
    dict
        As measured in the `original` and in the `defaced` image; each if it was measured.
    """
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
