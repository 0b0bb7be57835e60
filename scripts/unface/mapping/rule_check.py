"""The check of everything that a mapping rule says."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from unface.dicom.fields import KEYWORDS
from unface.mapping.criteria import CriteriaError, Criterion, compile_criteria, values_of
from unface.mapping.rule import SIDECAR_FIELDS, EntityFrom, Rule, RulesError, asks_sidecar, header_part
from unface.mapping.schema import DATATYPES, name_rules
from unface.run.settings import SHIPPED_RULES

DEFAULT_PRIORITY = 50
KEYS = (
    *("name", "criteria", "priority", "exclude", "datatype", "suffix", "entities", "parts", "sidecar"),
    "intended_for",
)
MAPPINGS = ("entities", "parts", "sidecar")
"""Keys of a rule that hold mappings; what a sidecar gets is read by people and written as JSON."""
PARTS = ("magnitude", "phase", "real", "imaginary", "fieldmap")
FROM_DATA = ("sub", "ses", "run", "echo", "part")
"""Entities that no rule gives: the conversion takes them from the data."""
_LABEL = re.compile(r"[A-Za-z0-9]+")


class _Lines:
    """The lines on which the keys of a YAML document stand, by their path."""

    def __init__(self, node: yaml.Node) -> None:
        self.lines: dict[tuple[Any, ...], int] = {}
        self._walk(node, ())

    def _walk(self, node: yaml.Node, path: tuple[Any, ...]) -> None:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.lines[(*path, key.value)] = key.start_mark.line + 1
                self._walk(value, (*path, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._walk(value, (*path, index))

    def of(self, path: tuple[Any, ...]) -> int:
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


class Reader:
    """Makes rules of what a file holds and collects what is wrong with them.

    Parameters
    ----------
    path
        The file.
    node
        What it holds, with the lines.
    """

    def __init__(self, path: Path, node: yaml.Node) -> None:
        self.file = path.name
        self.shipped = path.samefile(SHIPPED_RULES)
        self.lines = _Lines(node)
        self.errors: list[str] = []

    def wrong(self, path: tuple[Any, ...], message: str) -> None:
        """Remember something that is wrong.

        Parameters
        ----------
        path
            Keys and indices that lead to it.
        message
            What is wrong, and what would be right.
        """
        self.errors.append(f"{self.file}, line {self.lines.of(path)}: {message}")

    def rules(self, at: tuple[Any, ...], entries: Any, priority: int = DEFAULT_PRIORITY) -> list[Rule]:
        """The rules of a list; those that are wrong are left out and remembered.

        Parameters
        ----------
        at
            Keys and indices that lead to the list.
        entries
            What stands there.
        priority
            Of rules that state none.

        Returns
        -------
        list of Rule
            In the order of the file.
        """
        if not isinstance(entries, list):
            self.wrong(at, "a list of rules stands here")
            return []
        checked = [self._rule((*at, index), entry, priority) for index, entry in enumerate(entries)]
        rules = [rule for rule in checked if rule is not None]
        self._refuse_same_names(rules)
        return rules

    def words(self, at: tuple[Any, ...], entries: Any) -> list[str]:
        """Words that may stand in labels.

        Parameters
        ----------
        at
            Keys and indices that lead to the list.
        entries
            What stands there.

        Returns
        -------
        list of str
            Those that are letters and digits; what else stands there is remembered as wrong.
        """
        if not isinstance(entries, list):
            self.wrong(at, "a list of words stands here")
            return []
        words = [str(word) for word in entries]
        for index, word in enumerate(words):
            if not _LABEL.fullmatch(word):
                self.wrong((*at, index), "a word that may stand in labels holds letters and digits only")
        return [word for word in words if _LABEL.fullmatch(word)]

    def finish(self, rules: Sequence[Rule]) -> None:
        """End the check of a file.

        Parameters
        ----------
        rules
            All of the file, which `intended_for` may name.

        Raises
        ------
        RulesError
            If anything was wrong: all of it is named, each with its line.
        """
        known = {rule.name for rule in rules}
        for rule in rules:
            for name in rule.intended_for:
                if name not in known:
                    near = _nearest(name, known)
                    self.errors.append(f"{self.file}, line {rule.line}: intended_for names no rule: {name}{near}")
        if self.errors:
            raise RulesError("; ".join(self.errors))

    def _rule(self, at: tuple[Any, ...], entry: Any, default_priority: int) -> Rule | None:
        if not isinstance(entry, dict):
            self.wrong(at, f"a rule is a mapping with {', '.join(KEYS)}")
            return None
        before = len(self.errors)
        for key in entry:
            if key not in KEYS:
                self.wrong((*at, key), f"unknown key {key}{_nearest(str(key), KEYS)}")
        if not isinstance(entry.get("name"), str):
            self.wrong(at, "a rule needs a name")
        for key in MAPPINGS:
            value = entry.get(key)
            if value and not (isinstance(value, dict) and _has_words(value)):
                self.wrong((*at, key), f"{key} is a mapping of words to what they have")
        if len(self.errors) > before:
            return None
        priority = entry.get("priority", default_priority)
        if not isinstance(priority, int) or isinstance(priority, bool):
            self.wrong((*at, "priority"), "priority is a whole number")
        question = self.criteria((*at, "criteria"), entry.get("criteria"))
        excluded = "exclude" in entry
        if excluded:
            self._check_exclusion(at, entry)
        else:
            for path, message in naming_problems(entry):
                self.wrong((*at, *path), message)
        if len(self.errors) > before or question is None:
            return None
        criteria = entry["criteria"]
        of_header = header_part(criteria)
        return Rule(
            name=entry["name"],
            line=self.lines.of(at),
            text=json.dumps(entry, sort_keys=True, default=str),
            shipped=self.shipped,
            priority=priority,
            question=question,
            needs_sidecar=asks_sidecar(criteria),
            of_header=compile_criteria(of_header, _check_field) if of_header else None,
            exclude=entry["exclude"] if excluded else None,
            datatype="" if excluded else entry["datatype"],
            suffix="" if excluded else entry["suffix"],
            entities={} if excluded else _in_order(entry.get("entities") or {}),
            parts=entry.get("parts") or {},
            sidecar=entry.get("sidecar") or {},
            intended_for=tuple(str(name) for name in values_of(entry.get("intended_for"))),
        )

    def criteria(self, at: tuple[Any, ...], criteria: Any) -> Criterion | None:
        """The question that criteria ask.

        Parameters
        ----------
        at
            Keys and indices that lead to them.
        criteria
            What stands there.

        Returns
        -------
        Criterion or None
            None where they are wrong, which is remembered.
        """
        try:
            return compile_criteria(criteria, _check_field)
        except CriteriaError as error:
            self.wrong((*at, *error.where), str(error))
            return None

    def _check_exclusion(self, at: tuple[Any, ...], entry: Mapping[str, Any]) -> None:
        if not isinstance(entry["exclude"], str) or not entry["exclude"].strip():
            self.wrong((*at, "exclude"), "exclude says in a sentence why such series are left out")
        for key in ("datatype", "suffix", "entities", "parts", "sidecar", "intended_for"):
            if key in entry:
                self.wrong((*at, key), f"a rule that excludes has no {key}")

    def _refuse_same_names(self, rules: Iterable[Rule]) -> None:
        seen: dict[str, int] = {}
        for rule in rules:
            if rule.name in seen:
                message = f"a rule named {rule.name} stands in line {seen[rule.name]} already"
                self.errors.append(f"{self.file}, line {rule.line}: {message}")
            seen.setdefault(rule.name, rule.line)


def naming_problems(entry: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """What is wrong with the name that a rule gives, by the BIDS schema.

    Parameters
    ----------
    entry
        The rule: its `datatype`, `suffix`, `entities` and `parts`.

    Yields
    ------
    tuple
        Keys that lead to what is wrong.
    str
        What is wrong, and what would be right.
    """
    datatype, suffix = entry.get("datatype"), entry.get("suffix")
    if datatype not in DATATYPES:
        yield ("datatype",), f"datatype is one of {', '.join(DATATYPES)}{_nearest(str(datatype), DATATYPES)}"
        return
    parts = entry.get("parts") or {}
    for key in parts:
        if key not in PARTS:
            yield ("parts", key), f"unknown part {key}; there are {', '.join(PARTS)}"
    known = name_rules().suffixes(datatype)
    for where, name in [(("suffix",), suffix), *((("parts", key), value) for key, value in parts.items())]:
        plain = str(name).replace("{echo}", "1")
        if plain not in known:
            message = f"BIDS has no suffix {name} in {datatype}; it has {', '.join(known)}"
            yield where, message + _nearest(plain, known)
    pair = (datatype, str(suffix).replace("{echo}", "1"))
    if pair in name_rules().entities:
        yield from _entity_problems(entry.get("entities") or {}, pair)


def _entity_problems(entities: Any, pair: tuple[str, str]) -> Iterator[tuple[tuple[Any, ...], str]]:
    allowed = name_rules().entities[pair] - set(FROM_DATA)
    for key, value in entities.items():
        where = ("entities", key)
        if key in FROM_DATA:
            yield where, f"the conversion gives {key} itself, from the data"
        elif key not in name_rules().order:
            yield where, f"unknown entity {key}{_nearest(str(key), name_rules().order)}"
        elif key not in allowed:
            yield where, f"BIDS has no entity {key} in {'/'.join(pair)}; it has {', '.join(sorted(allowed))}"
        elif isinstance(value, dict):
            for path, message in _problems_of_entity_from(value):
                yield (*where, *path), message
        elif not _LABEL.fullmatch(str(value)):
            yield where, f"{value!r}: an entity's value holds letters and digits only"
    for key in sorted(name_rules().required[pair] - set(entities) - set(FROM_DATA)):
        yield (), f"BIDS asks for the entity {key} in {'/'.join(pair)}"


def _problems_of_entity_from(value: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if not {"field", "regex"} <= set(value) <= {"field", "regex", "until", "default", "value"}:
        yield (), "an entity from the header has field and regex, and perhaps until, value and default"
        return
    for name in values_of(value["field"]):
        try:
            _check_field(name)
        except CriteriaError as error:
            yield ("field",), str(error)
    try:
        groups = re.compile(str(value["regex"])).groups
    except re.error as error:
        yield ("regex",), f"no regular expression: {error}"
    else:
        if groups != 1 and "value" not in value:
            yield ("regex",), f"the expression needs one group in parentheses, it has {groups}"
    try:
        re.compile(str(value.get("until", "")))
    except re.error as error:
        yield ("until",), f"no regular expression: {error}"
    for key in ("default", "value"):
        if not re.fullmatch(r"[A-Za-z0-9]*", str(value.get(key, ""))):
            yield (key,), "an entity's value holds letters and digits only"


def _has_words(value: Any) -> bool:
    """Whether the keys of mappings are text, at any depth."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_words(inner) for key, inner in value.items())
    return not isinstance(value, list) or all(map(_has_words, value))


def _in_order(entities: Mapping[str, Any]) -> dict[str, str | EntityFrom]:
    return {key: _entity(entities[key]) for key in name_rules().order if key in entities}


def _entity(value: Any) -> str | EntityFrom:
    if isinstance(value, dict):
        expression = re.compile(str(value["regex"]), re.IGNORECASE)
        until = re.compile(str(value["until"]), re.IGNORECASE) if "until" in value else None
        fields = tuple(values_of(value["field"]))
        return EntityFrom(fields, expression, str(value.get("default", "")), str(value.get("value", "")), until)
    return str(value)


def _check_field(name: Any) -> None:
    if not isinstance(name, str) or name not in KEYWORDS | SIDECAR_FIELDS:
        raise CriteriaError(f"unface reads no field {name}{_nearest(str(name), KEYWORDS | SIDECAR_FIELDS)}")


def _nearest(word: str, valid: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(valid), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""
