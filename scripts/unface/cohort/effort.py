"""What jobs cost, as Snakemake's benchmark files of earlier runs say; and times in words."""

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from statistics import fmean

from unface.files import read_table
from unface.layout import NOISE_STAGES, Layout

RULES: Mapping[str, str] = {
    "deidentified": "deidentify",
    "converted": "convert",
    "defaced": "deface",
    "morphometry-original": "measure_brain",
    "morphometry-defaced": "measure_brain",
    "agreement": "compare_brains",
    "audit": "audit",
    **dict.fromkeys(NOISE_STAGES, "measure_brain"),
}
"""The rule that makes each stage: the name of its folder of logs and benchmarks."""

SAMPLE = 300
"""Files read per rule: enough for a mean, and ten thousand sessions stay quick."""


def efforts(layout: Layout) -> dict[str, float]:
    """Mean seconds by the clock of a job of each stage that has run; stages that never ran are left out.

    Jobs have one thread, so these are seconds of a core. The CPU that the same files tell of is too low: Snakemake
    looks every half minute, and what a job does after the last look is lost.
    """
    by_rule = {rule: _effort(layout.benchmark(rule).parent) for rule in dict.fromkeys(RULES.values())}
    return {stage: found for stage, rule in RULES.items() if (found := by_rule[rule]) is not None}


def _effort(folder: Path) -> float | None:
    if not folder.is_dir():
        return None
    # In the order of the folder, which is as good as any for a mean and needs no sorting of ten thousand names.
    with os.scandir(folder) as entries:
        seconds = [second for entry in islice(entries, SAMPLE) for second in _seconds(Path(entry.path))]
    return fmean(seconds) if seconds else None


def _seconds(path: Path) -> list[float]:
    try:
        return [float(row["s"]) for row in read_table(path)]
    except (OSError, ValueError, KeyError):
        return []  # half-written, or of a job that is just running


def clock(seconds: float) -> str:
    """A time for readers: `12 s`, `4 min 05 s`, from an hour on `2 h 05 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
