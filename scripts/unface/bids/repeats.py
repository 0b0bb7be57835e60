"""Acquisitions that get the same name: parts of one thing, repeats of it, or runs."""

from collections.abc import Iterable, Sequence
from typing import Any

from unface.bids.images import Acquisition


def runs(acquisitions: Iterable[Acquisition]) -> list[list[Acquisition]]:
    """Sort acquisitions of one plan into runs, by time; parts of one thing stand in one run.

    An acquisition joins the run it began together with, else the latest run of its protocol that has nothing of its
    kind and echo.
    """
    found: list[list[Acquisition]] = []
    for one in sorted(acquisitions, key=lambda entry: (entry.began, entry.series[0].series)):
        free = [run for run in found if not any(other.contents & one.contents for other in run)]
        together = [run for run in free if one.began and any(other.began == one.began for other in run)]
        alike = [run for run in free if any(other.protocol == one.protocol for other in run)]
        if together or alike:
            (together or alike)[-1].append(one)
        else:
            found.append([one])
    return found


def settle(acquisitions: Sequence[Acquisition], repeats: str) -> list[str]:
    """Decide which of the acquisitions that share a plan are kept; returns notes on what was decided.

    A repeat has the same protocol too: with `last` the last complete one of them is kept and the others become
    duplicates, with `all` all complete ones are. What is kept beside each other is numbered as runs, by time.
    """
    notes = []
    plans: dict[tuple[Any, ...], list[Acquisition]] = {}
    for one in acquisitions:
        if one.match.state == "mapped" and one.conversion is not None and one.conversion.images:
            plans.setdefault(one.plan, []).append(one)
    for members in plans.values():
        kept = [run for run in runs(members) if not any(one.state for one in run)]
        if repeats == "last":
            latest = {_protocol(run): run for run in kept}
            for run in kept:
                notes += _leave_out(run, latest[_protocol(run)])
            kept = [run for run in kept if run is latest[_protocol(run)]]
        if len(kept) > 1 and not _numbered_by_name(kept):
            for number, run in enumerate(kept, start=1):
                for one in run:
                    one.run = number
            names = ", ".join(run[0].name for run in kept)
            notes.append(f"{names} get one name from the mapping rules and are numbered as runs")
    return notes


def _numbered_by_name(kept: Sequence[Sequence[Acquisition]]) -> bool:
    """Whether the protocol names already tell the runs apart."""
    stated = {run[0].stated_run for run in kept}
    return None not in stated and len(stated) == len(kept)


def _protocol(run: Sequence[Acquisition]) -> frozenset[str]:
    return frozenset().union(*(one.protocol for one in run))


def _leave_out(run: Sequence[Acquisition], kept: Sequence[Acquisition]) -> list[str]:
    if run is kept:
        return []
    notes = []
    for one in run:
        same = next((other for other in kept if other.contents & one.contents), kept[0])
        one.state, one.reason = "duplicate", f"of {same.name}, the last complete one"
        notes.append(f"{one.name} repeats {same.name} and is left out; `repeats: all` keeps both")
    return notes
