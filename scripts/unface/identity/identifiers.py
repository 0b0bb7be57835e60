"""A person's identifiers: the source values that must be found nowhere else, by kind (name, id, date, uid, other)."""

import json
import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from unface.identity.patients import names_nobody
from unface.identity.spellings import LEAST, joined, spellings
from unface.run.files import write_whole

Identifiers = dict[str, set[str]]
UNFIT_DATES = {"19000101", "00010101", "00000000"}
SHORT_ID = 3
"""Identifiers no longer than this are in many names by chance."""


def add_paths(answers: Identifiers, paths: Iterable[str | Path]) -> int:
    """Add the names of raw folders and files that hold a word of the patient's name or an ID; returns how many.

    `DOE_JANE_followup` identifies as a whole, in a description too, where its words alone might be common.
    """
    words = words_of_names(answers)
    words |= {value.casefold() for value in answers["id"] if len(value) > SHORT_ID}
    pattern = re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in sorted(words)) or r"(?!)")
    folders, stems = set[str](), set[str]()
    for path in paths:
        folder, name = os.path.split(path)
        folders.add(folder)
        stems.add(name.rpartition(".")[0] or name)
    names = stems.union(*(Path(folder).parts[1:] for folder in folders))
    found = {name for name in names if pattern.search(name.casefold())}
    answers["other"] |= found
    return len(found)


def usable(answers: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The answers sorted, without placeholders and without dates that name no day."""
    clean: dict[str, list[str]] = {}
    for kind in sorted(answers):
        values = {value for value in answers[kind] if not names_nobody(value)}
        if kind == "date":
            values = {value for value in values if re.fullmatch(r"\d{8}", value) and value not in UNFIT_DATES}
        clean[kind] = sorted(values)
    return clean


def words_of_names(answers: Mapping[str, Iterable[str]], common: Collection[str] = ()) -> set[str]:
    """Words of the subject's names, case-folded and in ASCII, and what people write together."""
    names = answers.get("name", ())
    words = {word for value in names for word in re.split(r"[\W_]+", value) if len(word) >= LEAST}
    return {spelled for word in words.union(*(joined(name, common) for name in names)) for spelled in spellings(word)}


def write(path: Path, answers: Mapping[str, list[str]]) -> None:
    """Write the identifiers whole and readable by their owner alone."""
    write_whole(path, json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False) + "\n", mode=0o600)
