"""How the times of a session are moved: as a whole, so that order and intervals stay and the time of day does not.

With dates shifted or gone, times of day still match a hospital's list. Dates and times stand in elements of their own,
so a session that goes past midnight needs care: moved back, it lies on one day.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

DAY_MINUTES = 24 * 60
MORNING, NOON, AFTERNOON = 8 * 60, 13 * 60 + 11, 14 * 60
"""Where the first time of a session goes: one before 13:11 to 8:00, a later one to 14:00; either to an earlier time
where the session would not end on the same day.

dcm2niix holds a time as one number in single precision, 101500.25 for a quarter past ten, and makes times of slices of
the differences. Up to 13:10 such a number is rounded to 1/128 s, from 13:11 on to 1/64 s: by which half of the day a
scan keeps, the times of its slices stay as they are. They stand in the fractions of seconds, which are not moved.
"""
ONE_SESSION_MINUTES = 18 * 60
"""A session that took no longer by its dates begins with its first time; of others, and of those without dates, the
longest stretch of the day without a time is the night before."""

MOMENTS = (
    ("AcquisitionDateTime", "AcquisitionDateTime"),
    *((f"{what}Date", f"{what}Time") for what in ("Study", "Series", "Acquisition", "Content")),
)
"""The attributes that tell when a session was measured: a date, and its time."""
KEYWORDS = tuple(dict.fromkeys(keyword for pair in MOMENTS for keyword in pair))

_TIME = re.compile(r"([01]\d|2[0-3]):?(?:([0-5]\d):?((?:[0-5]\d(?:\.\d{1,6})?)?))?", re.ASCII)
_DATE = re.compile(r"(\d{4})[.\-]?(\d\d)[.\-]?(\d\d)", re.ASCII)


def time_of(text: str) -> tuple[int, str] | None:
    """Read a TM (PS3.5 6.2).

    Parameters
    ----------
    text
        The value.

    Returns
    -------
    tuple of int and str, or None
        Minutes since midnight, and the seconds as they are written; None for what no clock shows, and for midnight to
        the last digit, which stands for a time that someone took away.
    """
    text = text.strip("\0 ")
    match = _TIME.fullmatch(text)
    if match is None or not text.strip("0:."):
        return None
    return int(match[1]) * 60 + int(match[2] or 0), match[3] or ""


def day_of(text: str) -> date | None:
    """Read a DA.

    Parameters
    ----------
    text
        The value.

    Returns
    -------
    date or None
        None for what is none.
    """
    match = _DATE.fullmatch(text.strip("\0 "))
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Clock:
    """How far the times of a session are moved."""

    minutes: int
    """By how many minutes, forward or back."""
    carried: Mapping[date, int] = field(default_factory=dict)
    """By how many days the dates move with it all of whose times do: those after midnight, to the day before."""

    @classmethod
    def of(cls, moments: Iterable[tuple[str, str]]) -> "Clock | None":
        """Choose how the times of a session are moved.

        Parameters
        ----------
        moments
            Dates and times of its headers (`moments_of`).

        Returns
        -------
        Clock or None
            None if there is no time.
        """
        known = [(day_of(day), told[0]) for day, time in set(moments) if (told := time_of(time))]
        if not known:
            return None
        first = _first_minute(known)
        length = max((minute - first) % DAY_MINUTES for _, minute in known)
        begins = AFTERNOON if first >= NOON else MORNING
        moved = min(begins, DAY_MINUTES - 1 - length) - first
        carries: dict[date, set[int]] = {}
        for day, minute in known:
            if day is not None:
                carries.setdefault(day, set()).add((minute + moved) // DAY_MINUTES)
        return cls(moved, {day: min(days) for day, days in carries.items() if len(days) == 1 and days != {0}})


def moments_of(fields: Mapping[str, list[str]]) -> Iterable[tuple[str, str]]:
    """What a header says of when its image was measured.

    Parameters
    ----------
    fields
        Values by keyword (`KEYWORDS`).

    Yields
    ------
    tuple of str
        A date, which may be empty, and a time.
    """
    for of_date, of_time in MOMENTS:
        for number, time in enumerate(fields.get(of_time, ())):
            if of_date == of_time:
                yield time[:8], re.split("[+-]", time[8:])[0]
            else:
                days = fields.get(of_date, [])
                yield days[number] if number < len(days) else "", time


def _first_minute(known: list[tuple[date | None, int]]) -> int:
    """When a session began, in minutes since midnight."""
    if all(day for day, _ in known):
        whole = sorted(day.toordinal() * DAY_MINUTES + minute for day, minute in known if day)
        if whole[-1] - whole[0] <= ONE_SESSION_MINUTES:
            return whole[0] % DAY_MINUTES
    minutes = sorted({minute for _, minute in known})
    before = [minutes[-1] - DAY_MINUTES, *minutes]
    gaps = {minute - earlier: minute for earlier, minute in zip(before, minutes, strict=False)}
    return gaps[max(gaps)]
