"""The columns that a user adds to subjects.tsv: they go into participants.tsv as they are, so not all is taken."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from unface.audit import identifier_like
from unface.identity.ages import OLDEST_YEARS
from unface.run.files import NOT_AVAILABLE, TableError, read_users_table

GivenColumns = Mapping[str, Mapping[str, str]]
"""By subject label the cells of those columns by their names."""

_RESERVED = ("patient_id", "study_uid", "subject", "session", "sex", "age")
"""Columns that name somebody, or that come by way of the clean headers: ages in bands."""
_OWN = "participant_id"
"""The column of participants.tsv that unface writes."""

_TOLD = 20
"""So many problems of a table are told at once."""

_LATEST_YEAR = 1899
"""Dates that were shifted may be given; who was born in 1920 may be a subject."""
_PER_YEAR = {"months": 12, "weeks": 53, "days": 366}
_AGE = re.compile(r"age[sd]?(?:at|in|on|of|years?|yrs?|months?|weeks?|days?)?")


def read(path: Path | None, options: Sequence[str]) -> GivenColumns:
    """Read from the user's table of subjects what it gives for participants.tsv.

    Parameters
    ----------
    path
        The table; None if there is none.
    options
        Options of DICOM PS3.15 Table E.1-1: dates and UIDs that one of them retains may stand in the table.

    Returns
    -------
    dict
        The same columns for each subject of the table; `n/a` for empty cells.

    Raises
    ------
    TableError
        If a column's name or a cell has the form of an identifier, a column of ages holds one over 89, or two rows of
        one subject differ in such a column: participants.tsv has one row for both.
    """
    if path is None:
        return {}
    subjects: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for number, row in read_users_table(path, "subjects", ("subject",)):
        if not subjects and (wrong := list(_wrong_names(row, options))):
            # A name that may identify is not to be repeated in what is said of its cells.
            raise TableError("subjects: line 1: " + "; ".join(wrong))
        cells = {name: cell or NOT_AVAILABLE for name, cell in row.items() if name not in _RESERVED}
        wrong = [problem for name, cell in cells.items() for problem in _wrong_cell(name, cell, options)]
        known = subjects.setdefault(row["subject"], cells)
        if different := [name for name, cell in cells.items() if cell != known[name]]:
            wrong.append(
                f"{', '.join(different)} differs from an earlier row of the same subject, and participants.tsv has one "
                "row for both: give both the same, or leave the column out"
            )
        problems += [f"line {number}: {problem}" for problem in wrong]
    if problems:
        more = f"; and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise TableError("subjects: " + "; ".join(problems[:_TOLD]) + more)
    return subjects


def _wrong_names(columns: Collection[str], options: Collection[str]) -> Iterator[str]:
    """What is wrong with the names of the table's columns: sentences without a name that may identify."""
    # A name that is one of unface's own but for case or separators is refused: the column would be released as it is.
    own = {_squashed(name): name for name in (*_RESERVED, _OWN)}
    for number, column in enumerate(columns, start=1):
        for kind in identifier_like.kinds(column, options, _LATEST_YEAR):
            yield f"the name of column {number} holds text of the form of {kind}"
        meant = own.get(_squashed(column))
        if meant == _OWN:
            yield f"column {number}: participants.tsv has a column {_OWN} of its own: leave this one out"
        elif meant and column != meant:
            yield f"column {number}: write its name as {meant}, or it would be released as it is"


def _wrong_cell(column: str, value: str, options: Collection[str]) -> Iterator[str]:
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
