"""Regions of the brain: unface's own, or those of an atlas that the user names.

Anatomical atlases either may not be used commercially (Harvard-Oxford), or are GPL (AAL), or come under a licence of
their own (Desikan-Killiany). So the regions are unface's own: `resources/brain_regions.tsv` names points of the left
hemisphere in MNI152 space, mirrored for the right, and every voxel goes to the nearest. Borders are those of nearness
and no sulcus; they are the same for the original and for the defaced image, which is what a comparison asks for.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from unface.imaging import nifti
from unface.run.files import TableError, read_users_table
from unface.run.outcome import JobFailedError
from unface.run.settings import PROJECT

POINTS = "brain_regions.tsv"
SIDES = ("left", "right")
LABELS_MAX = 255
SETTING = "measure.atlas_labels"
NO_LABELS = "measure.atlas: it is no 3D image of whole numbers"
OUTSIDE_HEMISPHERES = ("cerebellum", "brainstem")
MIXED_LOBES = ("brainstem", "deep grey")
"""Grey matter full of myelin, bright in T1w: of these the tissue is measured as a whole."""


@dataclass(frozen=True)
class Region:
    """A region of the brain: its number in label images, its name, and the lobe it belongs to, if known."""

    label: int
    name: str
    lobe: str


@dataclass(frozen=True)
class Atlas:
    """The user's atlas: a NIfTI of labels in MNI152 space, and a TSV with `index`, `name` and perhaps `lobe`."""

    image: Path
    table: Path


@cache
def _points() -> tuple[tuple[str, str, tuple[float, float, float]], ...]:
    with (PROJECT / "resources" / POINTS).open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["region"], row["lobe"], (float(row["x_mm"]), float(row["y_mm"]), float(row["z_mm"])))
            for row in csv.DictReader(file, delimiter="\t")
        )


@cache
def regions(atlas: Atlas | None = None) -> tuple[Region, ...]:
    """All regions by label: of unface's own the left hemisphere from 1, the right from 101; of an atlas from 1 on.

    Parameters
    ----------
    atlas
        The user's; without one unface's own regions.

    Returns
    -------
    tuple of Region
        In the order of their labels.

    Raises
    ------
    JobFailedError
        If the table of the user's atlas is not one.
    """
    if atlas is not None:
        return tuple(
            Region(place, row["name"], row.get("lobe") or "") for place, row in enumerate(_table(atlas), start=1)
        )
    lobes = {name: lobe for name, lobe, _ in _points()}
    return tuple(
        Region(offset + place, f"{side} {name}", lobe)
        for side, offset in zip(SIDES, (1, 101), strict=True)
        for place, (name, lobe) in enumerate(lobes.items())
    )


def _table(atlas: Atlas) -> list[dict[str, str]]:
    try:
        rows = [row for _, row in read_users_table(atlas.table, SETTING, ("index", "name"), ("lobe",))]
    except TableError as error:
        raise JobFailedError(str(error)) from None
    rows = [row for row in rows if row["index"] != "0"]
    if not rows or not all(row["index"].isdecimal() and row["name"] for row in rows):
        raise JobFailedError(f"{SETTING}: each row needs an index (a number) and a name")
    for column in ("index", "name"):
        if len({row[column] for row in rows}) < len(rows):
            raise JobFailedError(f"{SETTING}: two rows have the same {column}")
    if len(rows) > LABELS_MAX:
        raise JobFailedError(f"{SETTING}: more than {LABELS_MAX} regions")
    return rows


def groups(parts: tuple[Region, ...]) -> dict[str, list[Region]]:
    """Hemispheres (without cerebellum and brainstem) and lobes of more than one region.

    Parameters
    ----------
    parts
        All regions; a name that begins with `left` or `right` tells the side.

    Returns
    -------
    dict
        Members by the group's name; no group has the name of a region.
    """
    members_of: dict[str, list[Region]] = {}
    for part in parts:
        side = part.name.split()[0].lower()
        if side in SIDES and part.lobe not in OUTSIDE_HEMISPHERES:
            members_of.setdefault(f"{side} hemisphere", []).append(part)
        if part.lobe:
            lobe = f"{part.lobe} lobe" if part.lobe in ("frontal", "parietal", "temporal", "occipital") else part.lobe
            members_of.setdefault(f"{side} {lobe}" if side in SIDES else lobe, []).append(part)
    names = {part.name for part in parts}
    return {name: members for name, members in members_of.items() if len(members) > 1 and name not in names}


def label_points(points_mm: NDArray[np.float64], atlas: Atlas | None = None) -> NDArray[np.uint8]:
    """The region's label of each point.

    Parameters
    ----------
    points_mm : (n, 3) float array
        In MNI152 space, RAS; x < 0 is left.
    atlas
        The user's; without one unface's own regions.

    Returns
    -------
    (n,) uint8 array
        The label of the nearest named point of the same hemisphere; of an atlas that of the voxel, 0 for none.

    Raises
    ------
    JobFailedError
        If the user's atlas is no NIfTI of labels that its table names.
    """
    if atlas is not None:
        return _atlas_labels(points_mm, atlas)
    labels = {region.name: region.label for region in regions()}
    left = np.array([labels[f"left {name}"] for name, _, _ in _points()], dtype=np.uint8)
    right = np.array([labels[f"right {name}"] for name, _, _ in _points()], dtype=np.uint8)
    mirrored = points_mm * np.where(points_mm[:, :1] < 0, 1.0, np.array([[-1.0, 1.0, 1.0]]))
    _, nearest = cKDTree(np.array([place for _, _, place in _points()])).query(mirrored)
    return np.where(points_mm[:, 0] < 0, left[nearest], right[nearest])


def _atlas_labels(points_mm: NDArray[np.float64], atlas: Atlas) -> NDArray[np.uint8]:
    label = {int(row["index"]): place for place, row in enumerate(_table(atlas), start=1)}
    try:
        labels = nifti.read_volume(atlas.image)
    except nifti.NotAVolumeError:
        raise JobFailedError(NO_LABELS) from None
    except nifti.UNREADABLE:
        raise JobFailedError("measure.atlas: it cannot be read as NIfTI") from None
    data = labels.data
    if not np.array_equal(data, np.round(data)):
        raise JobFailedError(NO_LABELS)
    unnamed = sorted({int(index) for index in np.unique(data)} - {0, *label})
    if unnamed:
        shown = ", ".join(map(str, unnamed[:5]))
        raise JobFailedError(f"{SETTING}: labels of the atlas have no row: {shown}")
    renumbered = np.zeros(data.shape, np.uint8)
    for index, place in label.items():
        renumbered[data == index] = place
    to_voxels = np.linalg.inv(labels.affine)
    voxels = np.round(points_mm @ to_voxels[:3, :3].T + to_voxels[:3, 3]).astype(int)
    inside = np.all((voxels >= 0) & (voxels < data.shape), axis=1)
    of_points = np.zeros(len(points_mm), np.uint8)
    of_points[inside] = renumbered[tuple(voxels[inside].T)]
    return of_points
