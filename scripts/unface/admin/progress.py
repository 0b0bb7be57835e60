"""The progress of a run on a terminal: a line for each stage with its sessions, and the time to go.

It takes the place of a line for each job. What else Snakemake has to say goes above it; where there is no terminal, and
in Snakemake's own log file, everything stays as it is. The command `unface` keeps all that Snakemake says off the
terminal: then the lines are drawn there alone.
"""

import logging
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import TextIO

from unface.admin.effort import clock

QUIET = ("job_info", "job_started", "job_finished", "shellcmd", "progress", "group_info", "resources_info")
"""Events that the lines show and that need no words."""

SCREEN = "UNFACE_SCREEN"
"""Of the environment: the descriptor of a terminal for the lines alone, where Snakemake itself writes elsewhere."""

BAR = 24
EVERY_S = 0.5


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
        self._drawn = 0
        self._last = 0.0

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
        elif self.totals and (speaks or time.monotonic() - self._last > EVERY_S):
            self._draw()

    def close(self) -> None:
        """Leave the last state on the terminal."""
        if self.totals:
            self._leave()
        self.said_by.close()
        super().close()

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

    def lines(self) -> list[str]:
        """The stages, and all of them together."""
        running = Counter(rule for rule, _ in self.jobs.values())
        wide = max(map(len, self.totals))
        rows = []
        for rule, total in self.totals.items():
            done = self.done[rule]
            filled = BAR * done // total
            now = f"  {running[rule]} running" if running[rule] else ""
            rows.append(f"  {rule:{wide}}  {'#' * filled}{'.' * (BAR - filled)}  {done:,} of {total:,}{now}")
        failed = f", {self.failed} failed" if self.failed else ""
        done, total = self._finished(), sum(self.totals.values())
        elapsed = time.monotonic() - self.began
        return [*rows, f"  {done:,} of {total:,} jobs{failed}; {clock(elapsed)}, {self._to_go(elapsed)}"]

    def _finished(self) -> int:
        return sum(self.done[rule] for rule in self.totals)

    def _leave(self) -> None:
        """Draw for the last time: what is printed from now on stands below."""
        self._draw()
        self.totals, self._drawn = {}, 0

    def _to_go(self, elapsed: float) -> str:
        """The time to go: what is left, each stage weighed by what its jobs have taken so far."""
        spent = sum(self.spent.values())
        if not spent:
            return "time to go unknown"
        common = spent / self.done.total()
        left = sum(
            (total - self.done[rule]) * (self.spent[rule] / self.done[rule] if self.done[rule] else common)
            for rule, total in self.totals.items()
        )
        return f"about {clock(left / spent * elapsed)} to go"

    def _clear(self) -> None:
        if self._drawn:
            self.stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        rows = self.lines()
        self._clear()
        self.stream.write("\n".join(rows) + "\n")
        self.stream.flush()
        self._drawn, self._last = len(rows), time.monotonic()


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
