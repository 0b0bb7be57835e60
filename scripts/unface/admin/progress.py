"""The progress of a run on a terminal: a line for each stage with its sessions, and the time to go.

It takes the place of a line for each job. What else Snakemake has to say goes above it; where there is no terminal, and
in Snakemake's own log file, everything stays as it is. The command `unface` keeps all that Snakemake says off the
terminal: then the lines are drawn there alone.
"""

import logging
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

from unface.admin.effort import clock

QUIET = ("job_info", "job_started", "job_finished", "shellcmd", "progress", "group_info", "resources_info")
"""Events that the lines show and that need no words."""

SCREEN = "UNFACE_SCREEN"
"""Of the environment: the descriptor of a terminal for the lines alone, where Snakemake itself writes elsewhere."""

BAR = 24
NO_BAR_BELOW = 4
EVERY_S = 1.0
UNKNOWN_SIZE = os.terminal_size((80, 24))


class Progress(logging.Handler):
    """Draws what Snakemake's events say below what its own handler writes.

    Parameters
    ----------
    said_by
        Snakemake's handler for the terminal: it formats all that is not drawn.
    stream
        The terminal.
    jobs
        How many jobs each rule has.
    apart
        Whether its handler writes elsewhere: then it gets every event, and none of them disturbs the lines.
    """

    def __init__(
        self, said_by: logging.Handler, stream: TextIO, jobs: Mapping[str, int], *, apart: bool = False
    ) -> None:
        super().__init__()
        self.said_by, self.stream, self.apart = said_by, stream, apart
        self.name = said_by.name
        self.totals = {rule: count for rule, count in jobs.items() if rule not in ("all", "total")}
        self.jobs: dict[int, tuple[str, float]] = {}
        self.done: Counter[str] = Counter()
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.failed = 0
        self.began = time.monotonic()
        self._drawn: list[str] = []
        self._ended = threading.Event()
        # One long job makes no events: the clock goes on without them.
        threading.Thread(target=self._tick, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event: count it, and draw or let Snakemake's handler speak.

        Parameters
        ----------
        record
            As Snakemake logs it, with an attribute `event`.
        """
        event = str(getattr(record, "event", None) or "")
        self._count(event, record)
        speaks = not self.apart and event not in QUIET and not record.getMessage().startswith("Select jobs")
        if speaks:
            self._clear()
        if speaks or self.apart:
            self.said_by.handle(record)
        if self.totals and self._finished() == sum(self.totals.values()):
            self._leave()
        elif speaks:
            self._draw()

    def close(self) -> None:
        """Leave the last state on the terminal."""
        with self._alone():
            self._leave()
        self.said_by.close()
        super().close()

    def _alone(self) -> AbstractContextManager[Any]:
        """The lock that `handle` holds during `emit`, too."""
        return self.lock or nullcontext()

    def _tick(self) -> None:
        while not self._ended.wait(EVERY_S):
            with self._alone():
                self._draw()

    def _count(self, event: str, record: logging.LogRecord) -> None:
        now = time.monotonic()
        if event == "job_info":
            self.jobs[record.__dict__["jobid"]] = (record.__dict__["rule_name"], now)
        elif event == "job_finished":
            rule, began = self.jobs.pop(record.__dict__["job_id"], ("", now))
            self.done[rule] += 1
            self.spent[rule] += now - began
        elif event == "job_error":
            self.jobs.pop(record.__dict__["jobid"], None)
            self.failed += 1

    def lines(self, columns: int = 80) -> list[str]:
        """The stages, and all of them together.

        Parameters
        ----------
        columns
            How wide the terminal is: bars become shorter, and what is too long for it all the same is cut.

        Returns
        -------
        list of str
            None where there is nothing to do.
        """
        if not self.totals:
            return []
        running = Counter(rule for rule, _ in self.jobs.values())
        wide = max(map(len, self.totals))
        states = {
            rule: f"{self.done[rule]:,} of {total:,}" + (f"  {running[rule]} running" if running[rule] else "")
            for rule, total in self.totals.items()
        }
        # Between name, bar and state, and at the end: a line that fills its last column makes some terminals wrap.
        room = columns - wide - max(map(len, states.values())) - 7
        bar = min(BAR, room) if room >= NO_BAR_BELOW else 0
        rows = []
        for rule, total in self.totals.items():
            filled = bar * self.done[rule] // total
            drawn = f"{'#' * filled}{'.' * (bar - filled)}  " if bar else ""
            rows.append(f"  {rule:{wide}}  {drawn}{states[rule]}")
        failed = f", {self.failed} failed" if self.failed else ""
        done, total = self._finished(), sum(self.totals.values())
        now = time.monotonic()
        jobs, times = f"  {done:,} of {total:,} jobs{failed}", f"{clock(now - self.began)}, {self._to_go(now)}"
        together = f"{jobs}; {times}"
        rows += [together] if len(together) < columns else [jobs, f"  {times}"]
        return [row[: columns - 1] for row in rows]

    def _finished(self) -> int:
        return sum(self.done[rule] for rule in self.totals)

    def _leave(self) -> None:
        """Draw for the last time: what is printed from now on stands below."""
        self._draw()
        self._ended.set()
        self.totals, self._drawn = {}, []

    def _to_go(self, now: float) -> str:
        """The time to go: what is left, each stage weighed by what its jobs take, and never less than a job runs."""
        spent = sum(self.spent.values())
        if not spent:
            return "time to go unknown"
        common = spent / self.done.total()
        running: defaultdict[str, list[float]] = defaultdict(list)
        for rule, began in self.jobs.values():
            running[rule].append(now - began)
        left = 0.0
        for rule, total in self.totals.items():
            done = self.done[rule]
            usual = self.spent[rule] / done if done else common
            # A job that runs longer than is usual says that others will.
            longer = [took for took in running[rule] if took > usual]
            each = (usual * done + sum(longer)) / (done + len(longer)) if done or longer else common
            left += (total - done) * each - sum(min(took, each) for took in running[rule])
        ages = [took for of_rule in running.values() for took in of_rule]
        at_once = (spent + sum(ages)) / (now - self.began)
        return f"about {clock(max(left / at_once, *ages, 0))} to go"

    def _size(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError):  # closed, or no terminal
            return UNKNOWN_SIZE
        return size if all(size) else UNKNOWN_SIZE

    def _clear(self) -> None:
        if self._drawn:
            # By its width of now: a terminal that became narrower has wrapped what was drawn.
            columns = self._size().columns
            height = sum(max(1, -(-len(row) // columns)) for row in self._drawn)
            self.stream.write(f"\x1b[{height}A\x1b[J")
            self._drawn = []

    def _draw(self) -> None:
        size = self._size()
        # What has left the screen at its top could not be erased; the last line sums up all.
        rows = self.lines(size.columns)[-max(size.lines - 1, 1) :]
        self._clear()
        if rows:
            self.stream.write("\n".join(rows) + "\n")
            self.stream.flush()
        self._drawn = rows


def show(logger: logging.Logger, stream: TextIO, jobs: Callable[[], Mapping[str, int]]) -> None:
    """Draw the progress where there is a terminal; else change nothing.

    It is `stream` if Snakemake's own handler writes to it, or one for the lines alone (`SCREEN`).

    Parameters
    ----------
    logger
        Snakemake's logger.
    stream
        Where its handler for the terminal writes.
    jobs
        Gives the number of jobs by rule; asked only where there is a terminal.
    """
    said_by = next((handler for handler in logger.handlers if handler.name == "DefaultStreamHandler"), None)
    # Not for the jobs: each of them is a Snakemake of its own.
    screen = os.environ.pop(SCREEN, None)
    if said_by is None or isinstance(said_by, Progress) or not (screen or stream.isatty()):
        return
    logger.removeHandler(said_by)
    if screen:
        stream = os.fdopen(int(screen), "w", encoding="utf-8", closefd=False)
    logger.addHandler(Progress(said_by, stream, jobs(), apart=bool(screen)))
