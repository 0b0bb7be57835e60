"""Regions of the template's brain: every voxel goes to the nearest of a table of named points.

Anatomical atlases either may not be used commercially (Harvard-Oxford), or are GPL (AAL), or come under a licence of
their own (Desikan-Killiany). So the regions are unface's own: `resources/brain_regions.tsv` names points of the left
hemisphere in MNI152 space, mirrored for the right. Borders are those of nearness and no sulcus; they are the same for
the original and for the defaced image, which is what a comparison of the two asks for.
"""

import csv
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from unface.settings import PROJECT

POINTS = "brain_regions.tsv"


@dataclass(frozen=True)
class Region:
    """A region of the brain: its number in label images, its name, the hemisphere and the lobe it belongs to."""

    label: int
    name: str
    lobe: str


@cache
def _points() -> tuple[tuple[str, str, tuple[float, float, float]], ...]:
    with (PROJECT / "resources" / POINTS).open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["region"], row["lobe"], (float(row["x_mm"]), float(row["y_mm"]), float(row["z_mm"])))
            for row in csv.DictReader(file, delimiter="\t")
        )


@cache
def regions() -> tuple[Region, ...]:
    """All regions by label: of the left hemisphere from 1, of the right from 101."""
    lobes = {name: lobe for name, lobe, _ in _points()}
    return tuple(
        Region(offset + place, f"{side} {name}", lobe)
        for side, offset in (("left", 1), ("right", 101))
        for place, (name, lobe) in enumerate(lobes.items())
    )


def label_points(points_mm: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The region's label of each point.

    Parameters
    ----------
    points_mm : (n, 3) float array
        In MNI152 space, RAS; x < 0 is left.

    Returns
    -------
    (n,) uint8 array
        The label of the nearest named point of the same hemisphere.
    """
    labels = {region.name: region.label for region in regions()}
    left = np.array([labels[f"left {name}"] for name, _, _ in _points()], dtype=np.uint8)
    right = np.array([labels[f"right {name}"] for name, _, _ in _points()], dtype=np.uint8)
    mirrored = points_mm * np.where(points_mm[:, :1] < 0, 1.0, np.array([[-1.0, 1.0, 1.0]]))
    _, nearest = cKDTree(np.array([place for _, _, place in _points()])).query(mirrored)
    return np.where(points_mm[:, 0] < 0, left[nearest], right[nearest])
