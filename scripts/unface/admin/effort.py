"""What jobs cost, as the logs of earlier runs say; and times in words."""

import os
import re
from itertools import islice
from pathlib import Path
from statistics import fmean

from unface.run.layout import Layout
from unface.run.stages import NOISE_STAGES, STAGES, rule_of

COST = re.compile(r"^CPU ([0-9.]+) s", re.MULTILINE)
SAMPLE = 300
"""Files read per rule: enough for a mean, and ten thousand sessions stay quick."""


def efforts(layout: Layout) -> dict[str, float]:
    """Mean CPU seconds of a job of each stage that has run; stages that never ran are left out.

    Parameters
    ----------
    layout
        Where everything of the run lies.

    Returns
    -------
    dict
        CPU seconds by stage.
    """
    measured = [*STAGES, *NOISE_STAGES]
    by_rule = {rule: _effort(layout.log(rule).parent) for rule in set(map(rule_of, measured))}
    return {stage: cost for stage in measured if (cost := by_rule[rule_of(stage)]) is not None}


def cpu_seconds(log: Path) -> float | None:
    """What a job cost with the programs that it ran, as the last line of its log tells (`run.logs`).

    Parameters
    ----------
    log
        The log of the job.

    Returns
    -------
    float or None
        None of a job that runs yet or was killed.
    """
    try:
        line = COST.search(log.read_text(encoding="utf-8"))
    except OSError:
        return None
    return float(line[1]) if line else None  # none yet: of a job that is just running, or was killed


def _effort(folder: Path) -> float | None:
    if not folder.is_dir():
        return None
    # In the order of the folder, which is as good as any for a mean and needs no sorting of ten thousand names.
    with os.scandir(folder) as entries:
        costs = [cpu_seconds(Path(entry.path)) for entry in islice(entries, SAMPLE)]
    known = [cost for cost in costs if cost is not None]
    return fmean(known) if known else None


def clock(seconds: float) -> str:
    """A time for readers: `12 s`, `4 min 05 s`, from an hour on `2 h 05 min`.

    Parameters
    ----------
    seconds
        The time.

    Returns
    -------
    str
        In two units at most.
    """
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
