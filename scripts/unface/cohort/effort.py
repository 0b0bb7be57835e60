"""What jobs cost, as Snakemake's benchmark files of earlier runs say; and times in words."""

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

from unface.layout import Layout

RULES: Mapping[str, str] = {
    "deidentified": "deidentify",
    "converted": "convert",
    "defaced": "deface",
    "morphometry-original": "measure_brain",
    "morphometry-defaced": "measure_brain",
    "agreement": "compare_brains",
    "audit": "audit",
}
"""The rule that makes each stage: the name of its folder of logs and benchmarks."""

SAMPLE = 300
"""Files read per rule: enough for a mean, and ten thousand sessions stay quick."""


@dataclass(frozen=True)
class Effort:
    """Mean cost of one job of a rule.

    Attributes
    ----------
    wall_s : float
        Seconds by the clock.
    cpu_s : float
        Seconds of CPU.
    """

    wall_s: float
    cpu_s: float


def efforts(layout: Layout) -> dict[str, Effort]:
    """Mean cost of a job of each stage that has run; stages that never ran are left out."""
    by_rule = {rule: _effort(layout.benchmark(rule).parent) for rule in dict.fromkeys(RULES.values())}
    return {stage: found for stage, rule in RULES.items() if (found := by_rule[rule])}


def _effort(folder: Path) -> Effort | None:
    if not folder.is_dir():
        return None
    # In the order of the folder, which is as good as any for a mean and needs no sorting of ten thousand names.
    with os.scandir(folder) as entries:
        rows = [row for entry in islice(entries, SAMPLE) for row in _rows(Path(entry.path))]
    return Effort(*(fmean(column) for column in zip(*rows, strict=True))) if rows else None


def _rows(path: Path) -> list[tuple[float, float]]:
    """Seconds by the clock and of CPU; a job too short to be looked at has no CPU of its own, so its time stands."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = [(row["s"], row["cpu_time"]) for row in csv.DictReader(file, delimiter="\t")]
        return [(float(wall), float(cpu) if _is_number(cpu) else float(wall)) for wall, cpu in found]
    except (OSError, ValueError, KeyError, TypeError):
        return []  # half-written, or of a job that is just running


def _is_number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def clock(seconds: float) -> str:
    """A time for readers: `12 s`, `4 min 05 s`, from an hour on `2 h 05 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
