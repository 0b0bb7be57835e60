"""What defacing did to one session's measures: each before and after, overlap of labels, limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unface.compare.records import AGREEMENT
from unface.imaging import nifti
from unface.measure import records
from unface.measure.records import TISSUES, Kind
from unface.run import settings
from unface.run.files import NOT_AVAILABLE, read_table, table_text, write_whole
from unface.run.outcome import WithheldError, Work

COLUMNS = ("image", "measure", "region", "unit", "original", "defaced", "difference", "percent", "limit", "ok")
SMALL_ML = 1.0
"""A smaller region is held to the change of a region of this size: percentages of a small volume say little."""


@dataclass(frozen=True)
class Row:
    """One measure of one image before and after; of an overlap `defaced` holds Dice and `original` is None.

    `percent` is of the original, `limit` the largest change in percent (of Dice: the least value) or None.
    """

    image: str
    measure: str
    region: str
    unit: str
    original: float | None
    defaced: float
    limit: float | None

    @property
    def difference(self) -> float | None:
        """Defaced minus original, in the measure's unit; None of an overlap."""
        return None if self.original is None else self.defaced - self.original

    @property
    def percent(self) -> float | None:
        """The difference in per cent of the original; None where that is zero."""
        return 100 * self.difference / self.original if self.original and self.difference is not None else None

    @property
    def ok(self) -> bool:
        """Whether it is within its limit."""
        if self.limit is None:
            return True
        if self.original is None:
            return self.defaced >= self.limit
        # An original of zero has no percent: any change of it then counts against the smallest region.
        base = max(self.original, SMALL_ML) if self.region else self.original
        return base > 0 and abs(self.defaced - self.original) <= base * self.limit / 100

    def cells(self) -> tuple[str, ...]:
        """The row of the table, in the order of `COLUMNS`."""
        numbers = (self.original, self.defaced, self.difference, self.percent, self.limit)
        texts = (NOT_AVAILABLE if number is None else f"{number:.6g}" for number in numbers)
        return (self.image, self.measure, self.region, self.unit, *texts, str(self.ok).lower())

    def sentence(self) -> str:
        """What went beyond its limit and by how much."""
        name = f"{self.measure} of the {self.region}" if self.region else self.measure
        if self.original is None:
            return f"{name} is {self.defaced:.3f}, at least {self.limit:g} is asked"
        change = f"{self.difference:+.3g} {self.unit}" if self.percent is None else f"{self.percent:+.2f} %"
        return f"{name} changed by {change}, limit {self.limit:g} %"


def compare_session(work: Work, original: Path, defaced: Path, limits: settings.Compare) -> None:
    """Compare the measures of a session before and after defacing; withhold it beyond the limits.

    Parameters
    ----------
    work
        Takes the table `AGREEMENT`, in `Work.folder`, and the reasons.
    original, defaced
        Folders that `measure_session` wrote.
    limits
        The largest changes that defacing may cause.

    Raises
    ------
    WithheldError
        `morphometry_failed`, if the two were not measured in the same way.
    """
    before = _by_image(original)
    after = _by_image(defaced)
    if set(after) - set(before):
        raise WithheldError("morphometry_failed", "a defaced image was measured that has no measured original")
    for _ in set(before) - set(after):
        work.note("a T1w image was not defaced, so nothing is compared for it")
    rows = [
        row for image in sorted(after) for row in _rows(image, before[image], after[image], (original, defaced), limits)
    ]
    write_whole(work.folder / AGREEMENT, table_text(COLUMNS, [row.cells() for row in rows]), mode=0o600)
    beyond = [row for row in rows if not row.ok]
    if beyond:
        shown = "; ".join(row.sentence() for row in beyond[:3])
        more = f"; and {len(beyond) - 3} more" if len(beyond) > 3 else ""
        work.withhold("morphometry_changed", f"{shown}{more}. Look at the cut and the tissues on the review page")
    worst = max((abs(row.percent) for row in rows if row.region and row.percent is not None), default=0.0)
    work.measurements |= {"images": len(after), "beyond_limits": len(beyond), "worst_region_percent": round(worst, 3)}


Key = tuple[str, str]
Measured = dict[Key, tuple[float, str]]


def _by_image(folder: Path) -> dict[str, Measured]:
    images: dict[str, Measured] = {}
    for row in read_table(folder / records.MEASURES):
        images.setdefault(row["image"], {})[row["measure"], row["region"]] = (float(row["value"]), row["unit"])
    return images


def _rows(
    image: str,
    before: Measured,
    after: Measured,
    folders: tuple[Path, Path],
    limits: settings.Compare,
) -> Iterator[Row]:
    if set(before) != set(after):
        raise WithheldError("morphometry_failed", "original and defaced image were measured in different ways")
    allowed: dict[str, float] = {
        "icv": limits.brain_percent,
        "brain": limits.brain_percent,
        "gm": limits.gm_percent,
        "wm": limits.wm_percent,
        "csf": limits.csf_percent,
    }
    parts = read_table(folders[0] / records.LABELS / records.REGIONS)
    for (measure, region), (value, unit) in before.items():
        limit = limits.region_percent if region else allowed.get(measure)
        yield Row(image, measure, region, unit, value, after[measure, region][0], limit)
    if not parts:
        return  # another program's measures come without labels
    tissue = [_labels(folder, image, "tissue") for folder in folders]
    places = [_labels(folder, image, "regions") for folder in folders]
    if tissue[0].shape != tissue[1].shape:
        raise WithheldError("morphometry_failed", "original and defaced image do not have the same voxels")
    yield Row(image, "dice_brain", "", "ratio", None, _dice(tissue[0] > 0, tissue[1] > 0), limits.dice_min)
    for label, name in enumerate(TISSUES, start=1):
        overlap = _dice(tissue[0] == label, tissue[1] == label)
        # CSF is a thin rim: one voxel of shift halves it where brain does not notice.
        yield Row(image, f"dice_{name}", "", "ratio", None, overlap, None if name == "csf" else limits.dice_min)
    for part in parts:
        overlap = _dice(places[0] == int(part["index"]), places[1] == int(part["index"]))
        yield Row(image, "dice", part["name"], "ratio", None, overlap, None)


def _labels(folder: Path, image: str, kind: Kind) -> NDArray[np.uint8]:
    return nifti.read_volume(records.labels_file(folder, image, kind), np.uint8).data


def _dice(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Overlap of two masks, 2 |A and B| / (|A| + |B|), from 0 to 1; 1 for two empty ones. Higher is better."""
    total = int(mask.sum()) + int(other.sum())
    return 2 * int((mask & other).sum()) / total if total else 1.0
