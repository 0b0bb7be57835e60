"""How far a run is: read from what the stages left, so it works at any time, on any node, with or without Slurm."""

import fcntl
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unface.admin.effort import clock, efforts
from unface.run import outcome
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.outcome import REASONS
from unface.run.stages import STAGES, rule_of

_OK = re.compile(rb'^ "state": "ok"', re.M)
"""The state of an outcome as `run.outcome` writes it: one blank before the keys of the top."""

RECENT_S = 3600.0
"""The rate is that of the last hour."""

FIRST, *_, LAST = STAGES


@dataclass
class StageStatus:
    """How many sessions are where in one stage.

    Attributes
    ----------
    withheld : Counter
        Sessions that this stage itself withheld, by the code of their first reason.
    passed_on : int
        Sessions that an earlier stage had withheld.
    failed : int
        A job has begun and neither finished nor goes on.
    """

    stage: str
    ok: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    passed_on: int = 0
    running: int = 0
    failed: list[str] = field(default_factory=list)
    left: int = 0

    @property
    def done(self) -> int:
        """Sessions that are through this stage, whatever came of it."""
        return self.ok + self.withheld.total() + self.passed_on


@dataclass(frozen=True)
class Status:
    """How far a cohort is.

    Attributes
    ----------
    pages : int
        Review pages that stand.
    verdicts : Counter
        Sessions by verdict of the last release; empty where none was made.
    rate, to_go_s : float or None
        Sessions through the last stage an hour, and seconds to go; None if unknown.
    """

    sessions: int
    alive: bool
    pages: int
    verdicts: Counter[str]
    stages: Sequence[StageStatus]
    rate: float | None
    to_go_s: float | None


def status(layout: Layout, now: float | None = None) -> Status:
    """Look at every stage of every session.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    now
        Seconds since the epoch; the present if not given.

    Returns
    -------
    Status
        As it is at this moment.
    """
    now = time.time() if now is None else now
    sessions = layout.read_sessions()
    alive = _is_held(layout.lock)
    stages = [StageStatus(stage) for stage in STAGES]
    logged = {rule: _names(layout.log(rule).parent) for rule in set(map(rule_of, STAGES))}
    recent: Counter[str] = Counter()
    for session in sessions:
        begun = _begun(layout.stage(FIRST, session).parent)
        for stage in stages:
            finished = _finished(layout.stage(stage.stage, session) / outcome.FILE, stage)
            if finished is None:
                name = session.name + (
                    f"_{stage.stage.removeprefix('measure-')}" if stage.stage.startswith("measure-") else ""
                )
                if stage.stage in begun and alive:
                    stage.running += 1
                elif stage.stage in begun or (not alive and f"{name}.log" in logged[rule_of(stage.stage)]):
                    stage.failed.append(session.name)
                else:
                    stage.left += 1
            elif now - finished < RECENT_S:
                recent[stage.stage] += 1
    pages = _names(layout.reviews)
    made = sum(layout.review(session).name in pages for session in sessions)
    verdicts = Counter(row["verdict"] for row in read_table(layout.verdicts))
    return Status(len(sessions), alive, made, verdicts, stages, *_pace(layout, stages, recent, sessions, now))


def _finished(path: Path, stage: StageStatus) -> float | None:
    """Count a finished stage and return when it ended; None if it has not, or its outcome is cut short."""
    try:
        with path.open("rb") as file:
            content, ended = file.read(), os.fstat(file.fileno()).st_mtime
    except OSError:
        return None
    if _OK.search(content):
        stage.ok += 1
        return ended
    try:
        reasons = json.loads(content)["reasons"]
    except (ValueError, KeyError):
        return None
    own = [reason["code"] for reason in reasons if reason["stage"] == stage.stage]
    if own:
        stage.withheld[own[0]] += 1
    else:
        stage.passed_on += 1
    return ended


def _begun(folder: Path) -> set[str]:
    """The stages of a session that a job has begun: their folders are not whole yet."""
    try:
        with os.scandir(folder) as entries:
            return {
                entry.name.lstrip(".").split(".")[0]
                for entry in entries
                if entry.name.startswith(".") and entry.name.endswith(".part")
            }
    except OSError:
        return set()


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 - names alone, of ten thousand files
    except OSError:
        return set()


def _is_held(lock: Path) -> bool:
    """Whether a controller works on the results folder, on this node or, where the file system tells, on another."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def _pace(
    layout: Layout, stages: Sequence[StageStatus], recent: Counter[str], sessions: Sequence[object], now: float
) -> tuple[float | None, float | None]:
    """Sessions an hour through the last stage, and seconds to go.

    What is left is weighed by what a job of each stage costs; how much of that is done in a second, on however many
    cores, is what the last hour says.

    Returns
    -------
    (float or None, float or None)
        The rate and the seconds; None where nothing tells.
    """
    costs = efforts(layout)
    left = {stage.stage: len(sessions) - stage.done for stage in stages}
    if not any(left.values()):
        return None, 0.0
    began = _first_log(layout)
    span = min(RECENT_S, now - began) if began else RECENT_S
    if not recent or span <= 0:
        return None, None
    rate = recent[LAST] / span * 3600
    done = sum(recent[stage] * costs.get(stage, 0) for stage in recent)
    if not done or any(count and stage not in costs for stage, count in left.items()):
        return rate, None
    return rate, sum(count * costs.get(stage, 0) for stage, count in left.items()) / (done / span)


def _first_log(layout: Layout) -> float | None:
    """When the sessions' first job began, as the oldest log of the first stage says."""
    folder = layout.log(rule_of(FIRST)).parent
    try:
        with os.scandir(folder) as entries:
            return min((entry.stat().st_mtime for entry in entries), default=None)
    except OSError:
        return None


def lines(cohort: Status) -> Iterator[str]:
    """The status for readers, in pseudonyms.

    Parameters
    ----------
    cohort
        What `status` saw.

    Yields
    ------
    str
        A line without its end.
    """
    yield f"{cohort.sessions} sessions; " + ("a run is going on" if cohort.alive else "no run is going on")
    yield ""
    yield f"{'stage':22}{'ok':>8}{'withheld':>10}{'passed on':>11}{'running':>9}{'failed':>8}{'left':>8}"
    for stage in cohort.stages:
        counts = (stage.withheld.total(), stage.passed_on, stage.running, len(stage.failed), stage.left)
        yield f"{stage.stage:22}{stage.ok:8}" + "".join(
            f"{count:{width}}" for count, width in zip(counts, (10, 11, 9, 8, 8), strict=True)
        )
    withheld = [(stage.stage, code, count) for stage in cohort.stages for code, count in stage.withheld.most_common()]
    if withheld:
        yield ""
        yield "withheld:"
        for name, code, count in withheld:
            yield f"{count:8}  {name}: {code} ({REASONS.get(code, 'unknown')})"
    for stage in cohort.stages:
        if stage.failed:
            shown = ", ".join(stage.failed[:3]) + (f" and {len(stage.failed) - 3} more" if stage.failed[3:] else "")
            yield ""
            yield f"failed in {stage.stage}: {shown}; see logs/{rule_of(stage.stage)}/"
    yield ""
    yield f"review pages: {cohort.pages} of {cohort.sessions}"
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(cohort.verdicts.items()))
    yield f"last release: {told or 'none yet'}"
    if cohort.to_go_s == 0:
        yield "every stage of every session is done"
    else:
        rate = "unknown" if cohort.rate is None else f"{cohort.rate:.1f} sessions an hour through {LAST}"
        yield f"rate: {rate}; to go: {'unknown' if cohort.to_go_s is None else clock(cohort.to_go_s)}"
