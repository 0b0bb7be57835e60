"""What the user's further columns of subjects.tsv may not hold, since they go into participants.tsv as they are."""

import re
from collections.abc import Collection, Iterator, Mapping

from unface.audit import identifier_like
from unface.identity.ages import OLDEST_YEARS

RESERVED = ("patient_id", "study_uid", "subject", "session", "sex", "age")
"""Columns that name somebody, or that come by way of the clean headers: ages in bands."""
OWN = "participant_id"
"""The column of participants.tsv that unface writes."""

_LATEST_YEAR = 1899
"""Dates that were shifted may be given; who was born in 1920 may be a subject."""
_PER_YEAR = {"months": 12, "weeks": 53, "days": 366}
_AGE = re.compile(r"age[sd]?(?:at|in|on|of|years?|yrs?|months?|weeks?|days?)?")


def further(row: Mapping[str, str]) -> dict[str, str]:
    """The cells of a row that go into participants.tsv."""
    return {name: value for name, value in row.items() if name not in RESERVED}


def of_names(columns: Collection[str], options: Collection[str]) -> Iterator[str]:
    """What is wrong with the names of the table's columns: sentences without a name that may identify.

    A name that is one of unface's own but for case or separators is refused: the column would be released as it is.
    """
    own = {_squashed(name): name for name in (*RESERVED, OWN)}
    for number, column in enumerate(columns, start=1):
        for kind in identifier_like.kinds(column, options, _LATEST_YEAR):
            yield f"the name of column {number} holds text of the form of {kind}"
        meant = own.get(_squashed(column))
        if meant == OWN:
            yield f"column {number}: participants.tsv has a column {OWN} of its own: leave this one out"
        elif meant and column != meant:
            yield f"column {number}: write its name as {meant}, or it would be released as it is"


def of_cell(column: str, value: str, options: Collection[str]) -> Iterator[str]:
    """What is wrong with a cell: sentences without its value."""
    for kind in identifier_like.kinds(value, options, _LATEST_YEAR):
        yield f"column {column} holds text of the form of {kind}, which may not be released: leave it out"
    oldest = _oldest(column)
    if oldest and any(float(number) > oldest for number in re.findall(r"\d+(?:\.\d+)?", value)):
        yield f"column {column} holds an age over {oldest}: write {oldest} for {oldest} and more"


def _oldest(column: str) -> int | None:
    """The highest number that a column of ages may hold, in the unit that its name gives; None for other columns."""
    words = [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", column)]
    if not any(_AGE.fullmatch(word) for word in words):
        return None
    return OLDEST_YEARS * next((number for unit, number in _PER_YEAR.items() if unit in column.casefold()), 1)


def _squashed(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
