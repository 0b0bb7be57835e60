"""The user's data dictionary: what the columns of participants.tsv mean, with units and levels.

JSON as BIDS has it beside a table, `{"group": {"Description": ..., "Levels": {"c": "control", "p": "patient"}}}`; or a
TSV with the columns `column`, `description`, and perhaps `long_name`, `units`, `levels` (`c=control; p=patient`) and
`term_url`.
"""

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from unface.release.given_columns import GivenColumns
from unface.run.files import NOT_AVAILABLE, TableError, read_users_table

KEYS = {
    "long_name": "LongName",
    "description": "Description",
    "units": "Units",
    "levels": "Levels",
    "term_url": "TermURL",
}
"""Columns of a dictionary in TSV, and what BIDS calls them."""

MISSING = ("", NOT_AVAILABLE)
SETTING = "release.data_dictionary"

Dictionary = Mapping[str, Mapping[str, Any]]
"""For each column of participants.tsv what BIDS' JSON says of it."""


def read(path: Path | None, given: GivenColumns) -> Dictionary:
    """Read a data dictionary and hold it against the columns that it tells of.

    Parameters
    ----------
    path
        JSON or TSV; None if there is none.
    given
        The user's columns for participants.tsv (`given_columns.read`).

    Returns
    -------
    dict
        By column what BIDS' JSON says of it.

    Raises
    ------
    TableError
        If the file has another form, tells of a column that is not there, or if values are not among the levels or no
        numbers where there is a unit. The message names columns and never a value of a subject.
    """
    if path is None:
        return {}
    try:
        is_json = path.suffix == ".json"
        entries = json.loads(path.read_text(encoding="utf-8-sig")) if is_json else _of_table(path)
    except TableError:
        raise
    except ValueError as error:
        raise TableError(f"{SETTING}: the file is no JSON: {error}") from None
    if not isinstance(entries, dict):
        raise TableError(f"{SETTING}: it holds a mapping of columns to what they mean")
    columns = {name for cells in given.values() for name in cells} | {"sex", "age"}
    problems = [problem for name, entry in entries.items() for problem in _problems(name, entry, columns, given)]
    if problems:
        raise TableError(f"{SETTING}: " + "; ".join(problems))
    return entries


def words(dictionary: Dictionary) -> list[str]:
    """Every word of a dictionary that will be released.

    Parameters
    ----------
    dictionary
        Of `read`.

    Returns
    -------
    list of str
        Columns, keys and texts.
    """
    return [text for name, entry in dictionary.items() for text in (name, *_texts(entry))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    else:
        yield str(value)


def _of_table(path: Path) -> dict[str, dict[str, Any]]:
    entries = {}
    for number, row in read_users_table(path, SETTING, ("column", "description"), list(KEYS)):
        if unknown := sorted(row.keys() - {"column", *KEYS}):
            raise TableError(f"{SETTING}: unknown column {', '.join(unknown)}; there are column, {', '.join(KEYS)}")
        if row["column"] in entries:
            raise TableError(f"{SETTING}: line {number} tells of a column that a line above tells of already")
        entries[row["column"]] = {KEYS[key]: _value(key, row[key]) for key in KEYS if row.get(key)}
    return entries


def _value(key: str, text: str) -> Any:
    if key != "levels":
        return text
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    return {value.strip(): meaning.strip() for value, _, meaning in pairs}


def _problems(name: str, entry: Any, columns: set[str], given: GivenColumns) -> Iterator[str]:
    if name not in columns | {"sex", "age"}:
        near = difflib.get_close_matches(name, columns, n=1)
        yield f"the table of subjects has no column {name}" + (f" (did you mean {near[0]}?)" if near else "")
        return
    if not isinstance(entry, dict) or not entry.get("Description"):
        yield f"{name} needs a Description"
        return
    for key in sorted(set(entry) - set(KEYS.values())):
        yield f"{name}: unknown key {key}; there are {', '.join(KEYS.values())}"
    levels = entry.get("Levels")
    values = {value for cells in given.values() if (value := cells.get(name, "")) not in MISSING}
    if levels is not None and not (isinstance(levels, dict) and all(isinstance(text, str) for text in levels.values())):
        yield f"{name}: Levels is a mapping of values to what they mean"
    elif levels is not None and (others := values - set(levels)):
        yield f"{name}: {len(others)} of its values in the table of subjects are not among its Levels"
    elif "Units" in entry and (words := [value for value in values if not _is_number(value)]):
        yield f"{name} has a unit, and {len(words)} of its values in the table of subjects are no numbers"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
