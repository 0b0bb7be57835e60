"""The table by which a person names protocol groups, `restricted/mapping.tsv`: written, and read when filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unface.inventory.group_criteria import distinct
from unface.inventory.protocol_groups import ProtocolGroup
from unface.inventory.protocol_rows import RESTRICTED_COLUMNS, restricted_row
from unface.inventory.suggestions import suggestion
from unface.mapping.rule_check import naming_problems
from unface.mapping.rules import Match, Rules, load
from unface.run.files import TableError, read_users_table, table_text

EXCLUDE = "exclude"
ANSWERS = ("name", "reason")
_SHOWN_FIRST = ("group", "series_description", "protocol_name", "result", "suggestion")
COLUMNS = (*_SHOWN_FIRST, *ANSWERS, *(name for name in RESTRICTED_COLUMNS if name not in _SHOWN_FIRST))


@dataclass(frozen=True)
class Answer:
    """What a person wrote beside a group, in a line of the table: the keys of a rule that give a name or exclude."""

    line: int
    says: Mapping[str, Any]


def table(groups: Sequence[ProtocolGroup], earlier: Path | None, answered: Mapping[str, tuple[str, str]]) -> str:
    """The table for a person to fill in.

    Parameters
    ----------
    groups
        All of the cohort.
    earlier
        A file of rules that a table made: what it says stands in the columns to be filled in.
    answered
        `name` and `reason` by group, as a table that is there already has them: they stay.

    Returns
    -------
    str
        With tabs.
    """
    rules = load(earlier) if earlier else Rules(())
    return table_text(COLUMNS, [_row(group, rules, answered.get(group.group, ("", ""))) for group in groups])


def _row(group: ProtocolGroup, earlier: Rules, answered: tuple[str, str]) -> dict[str, str]:
    guess = suggestion(group.match, group.fields)
    row = restricted_row(group, "" if guess is None else _typed(guess))
    name, reason = answered if answered[0] else _said_by(earlier, group)
    return row | {"result": _typed(group.match), "name": name, "reason": reason}


def _typed(match: Match) -> str:
    """A match as a person types it into the table."""
    return EXCLUDE if match.state == "excluded" else match.name


def _said_by(earlier: Rules, group: ProtocolGroup) -> tuple[str, str]:
    """What rules of a table say of all of a group."""
    own = {rule.name for rule in earlier.own}
    if not own:
        return "", ""
    matches = [earlier.match(fields) for fields in distinct(group)]
    said = {(_typed(match), match.reason) if set(match.rules) & own else ("", "") for match in matches}
    return next(iter(said)) if len(said) == 1 else ("", "")


def answers_in(path: Path) -> dict[str, tuple[str, str]]:
    """What stands in the columns to be filled in of a table that is there already.

    Parameters
    ----------
    path
        The table.

    Returns
    -------
    dict
        `name` and `reason` by group, where there is a name; empty where there is no table.

    Raises
    ------
    TableError
        If it is no such table.
    """
    if not path.is_file():
        return {}
    rows = read_users_table(path, path.name, ("group", *ANSWERS))
    return {row["group"]: (row["name"], row["reason"]) for _, row in rows if row["name"]}


def read_answers(path: Path, groups: Sequence[ProtocolGroup]) -> dict[str, Answer]:
    """Read and check what a person wrote into the table.

    Parameters
    ----------
    path
        The table.
    groups
        All of the cohort.

    Returns
    -------
    dict
        By group; those that the person left to the rules are not in it, nor those whose name is what the rules give.

    Raises
    ------
    TableError
        Names each line and column that is wrong, and what is right there.
    """
    by_id = {group.group: group for group in groups}
    answers: dict[str, Answer] = {}
    seen: dict[str, tuple[int, tuple[str, str]]] = {}
    errors: list[str] = []
    for line, row in read_users_table(path, path.name, ("group", *ANSWERS)):
        if not any(row.values()):
            continue
        id_, told = row["group"], (row["name"], row["reason"])
        before, told_there = seen.setdefault(id_, (line, told))
        if id_ not in by_id:
            problem = "the cohort has no such protocol group today: `unface map` writes a table of those it has"
            errors.append(f"line {line}, column group: {problem}")
            continue
        if told != told_there:
            errors.append(f"line {line}, column group: the group stands in line {before} already, with another name")
            continue
        try:
            says = _says(*told, by_id[id_].match)
        except _WrongCellError as error:
            errors.append(f"line {line}, column {error.column}: {error}")
            continue
        if says:
            answers.setdefault(id_, Answer(line, says))
    if errors:
        raise TableError(f"{path.name}: " + "; ".join(errors))
    return answers


class _WrongCellError(ValueError):
    """What stands in a cell is wrong; the message says what is right."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def _says(name: str, reason: str, match: Match) -> dict[str, Any]:
    """The keys of a rule that an answer stands for; none where it changes nothing."""
    excludes = name.lower() == EXCLUDE
    if not name and reason:
        raise _WrongCellError("name", f"a reason stands beside it: write {EXCLUDE} here, or leave both empty")
    if not name or (excludes and match.state == "excluded") or (name == match.name and match.state == "mapped"):
        return {}
    if excludes and not reason:
        raise _WrongCellError("reason", "say in a few words why such series are left out")
    return {"exclude": reason} if excludes else _naming(name, match)


def _naming(name: str, match: Match) -> dict[str, Any]:
    datatype, slash, stem = name.partition("/")
    *pairs, suffix = stem.split("_")
    if not slash or not suffix or "/" in stem or "-" in suffix:
        raise _WrongCellError(
            "name",
            "here stands a BIDS name such as anat/T1w or func/task-rest_bold (datatype, entities, and the suffix at "
            f"the end), the word {EXCLUDE}, or nothing to leave the group to the rules",
        )
    says: dict[str, Any] = {"datatype": datatype, "suffix": suffix, "entities": _entities(pairs)}
    if match.state == "mapped" and (datatype, suffix) == (match.datatype, "+".join(match.suffixes)):
        # Several suffixes, such as magnitude{echo}+phase{echo}, stay as the rules give them, and so do sidecars.
        says |= {"suffix": match.suffix, "parts": dict(match.parts), "sidecar": dict(match.sidecar)}
    elif "+" in suffix:
        raise _WrongCellError("name", "of several suffixes (+) no other can be made here: write one, or rules in YAML")
    if problems := [problem for _, problem in naming_problems(says)]:
        raise _WrongCellError("name", ", and ".join(problems))
    return {key: value for key, value in says.items() if value}


def _entities(pairs: Sequence[str]) -> dict[str, str]:
    entities: dict[str, str] = {}
    for pair in pairs:
        entity, dash, label = pair.partition("-")
        if not dash:
            raise _WrongCellError("name", f"{pair} is no entity with its label, such as task-rest")
        if entity in entities:
            raise _WrongCellError("name", f"{entity} stands twice")
        entities[entity] = label
    return entities
