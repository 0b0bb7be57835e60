"""A person's identifiers: the source values that must be found nowhere else, by kind (name, id, date, uid, other)."""

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from unface.identity.patients import names_nobody
from unface.identity.romanised import romanised
from unface.identity.spellings import LEAST_DIGITS, days, joined_words, says_enough, spellings
from unface.run.files import write_whole

Identifiers = dict[str, set[str]]
"""Values by kind."""
NO_DAYS = {"19000101", "00010101", "00000000"}
"""Dates that stand for a missing one."""
SHORT_ID = 3
"""IDs no longer than this are in many texts by chance."""


def add_names_of_paths(identifiers: Identifiers, paths: Iterable[str | Path]) -> int:
    """Add the names of raw folders and files that hold a word of the patient's name or an ID.

    `DOE_JANE_followup` identifies as a whole, in a description too, where its words alone might be common.

    Parameters
    ----------
    identifiers
        Gets the names as values of kind `other`.
    paths
        Of raw files.

    Returns
    -------
    int
        How many names hold one.
    """
    words = {word for word in forms_of_names(identifiers) if not word.isdigit() or len(word) >= LEAST_DIGITS}
    words |= {value.casefold() for value in identifiers["id"] if len(value) > SHORT_ID}
    pattern = re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in sorted(words)) or r"(?!)")
    folders, stems = set[str](), set[str]()
    for path in paths:
        folder, name = os.path.split(_as_text(path))
        folders.add(folder)
        stems.add(name.rpartition(".")[0] or name)
    names = stems.union(*(Path(folder).parts[1:] for folder in folders))
    # A name of numbers alone, such as `1-001`, counts files, or says no more than the ID in it.
    identifying = {name for name in names if pattern.search(name.casefold()) and re.search(r"[^\W\d_]", name)}
    identifiers["other"] |= identifying
    return len(identifying)


def _as_text(path: str | Path) -> str:
    """A path as text; one whose bytes are no UTF-8 as Latin-1, of which the same bytes can be made again."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(text).decode("latin-1")
    return text


def searchable(identifiers: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Leave out placeholders, and dates that name no day: they would be found everywhere.

    Parameters
    ----------
    identifiers
        Values by kind.

    Returns
    -------
    dict of str to list of str
        The others by kind, sorted.
    """
    clean: dict[str, list[str]] = {}
    for kind in sorted(identifiers):
        values = {value for value in identifiers[kind] if not names_nobody(value)}
        if kind == "date":
            values = {value for value in values if days(value) == {value} and value not in NO_DAYS}
        clean[kind] = sorted(values)
    return clean


def forms_of_names(identifiers: Mapping[str, Iterable[str]], common: Collection[str] = ()) -> set[str]:
    """Forms of the words of a person's names, for labels and for names of files.

    Parameters
    ----------
    identifiers
        Values by kind.
    common
        Words that identify nobody: two of them are not joined to one.

    Returns
    -------
    set of str
        The words case-folded and in ASCII, and what people write together.
    """
    names = [latin for name in identifiers.get("name", ()) for latin in (name, *romanised(name))]
    words = {word for value in names for word in re.split(r"[\W_]+", value)}
    words |= {word for name in names for word in joined_words(name, common)}
    return {form for word in words for form in spellings(word) if says_enough(form)}


def write_identifiers(path: Path, identifiers: Mapping[str, list[str]]) -> None:
    """Write identifiers whole, readable by their owner alone.

    Parameters
    ----------
    path
        Of the file (JSON).
    identifiers
        Values by kind.
    """
    write_whole(path, json.dumps(identifiers, indent=1, sort_keys=True, ensure_ascii=False) + "\n", mode=0o600)
