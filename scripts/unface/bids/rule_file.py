"""Reading a file of mapping rules: its form, checked line by line."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from unface.bids.criteria import CriteriaError, Criterion, compile_criteria, values_of
from unface.bids.schema import DATATYPES, names
from unface.dicom.fields import KEYWORDS

DEFAULT_PRIORITY = 50
KEYS = ("name", "criteria", "priority", "exclude", "datatype", "suffix", "entities", "parts", "sidecar")
PARTS = ("magnitude", "phase", "real", "imaginary", "fieldmap")
FROM_DATA = ("sub", "ses", "run", "echo", "part")
"""Entities that no rule gives: the conversion takes them from the data."""


class RulesError(ValueError):
    """A file of mapping rules is wrong; the message names the line, what is wrong and what would be right."""


@dataclass(frozen=True)
class EntityFrom:
    """An entity's value taken from the header: the first group of an expression in the first field that has it."""

    fields: tuple[str, ...]
    expression: re.Pattern[str]
    default: str

    def found_in(self, header: Mapping[str, Any]) -> str:
        for name in self.fields:
            for value in values_of(header.get(name)):
                if found := self.expression.search(str(value)):
                    return re.sub(r"[^A-Za-z0-9]", "", found[1]) or self.default
        return self.default


@dataclass(frozen=True)
class Rule:
    """One rule: what it asks, and the name it gives or why it excludes."""

    name: str
    line: int
    priority: int
    matches: Criterion
    exclude: str | None
    datatype: str
    suffix: str
    entities: Mapping[str, str | EntityFrom]
    parts: Mapping[str, str]
    sidecar: Mapping[str, Any]


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


def read_rules(path: Path) -> list[Rule]:
    """The rules of a file, in its order.

    Raises
    ------
    RulesError
        If anything in it is wrong: all that is wrong is named, each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise RulesError(f"{path.name}{where}: no YAML: {getattr(error, 'problem', error)}") from None
    if node is None or not isinstance(content, dict) or not isinstance(content.get("rules"), list):
        raise RulesError(f"{path.name}: a file of mapping rules holds `rules:` and a list of them")
    lines = _Lines(node)
    reader = _Reader(path.name, lines)
    for key in content:
        if key != "rules":
            reader.wrong((key,), f"unknown key {key}; there is only `rules`")
    rules = [reader.rule(index, entry) for index, entry in enumerate(content["rules"])]
    reader.same_names(rules)
    if reader.errors:
        raise RulesError("; ".join(reader.errors))
    return [rule for rule in rules if rule is not None]


class _Reader:
    """Makes rules of what the file holds and collects what is wrong with them."""

    def __init__(self, file: str, lines: _Lines) -> None:
        self.file = file
        self.lines = lines
        self.errors: list[str] = []

    def wrong(self, path: tuple[Any, ...], message: str) -> None:
        self.errors.append(f"{self.file}, line {self.lines.of(path)}: {message}")

    def rule(self, index: int, entry: Any) -> Rule | None:
        at: tuple[Any, ...] = ("rules", index)
        if not isinstance(entry, dict):
            self.wrong(at, f"a rule is a mapping with {', '.join(KEYS)}")
            return None
        before = len(self.errors)
        for key in entry:
            if key not in KEYS:
                self.wrong((*at, key), f"unknown key {key}{_nearest(str(key), KEYS)}")
        if not isinstance(entry.get("name"), str):
            self.wrong(at, "a rule needs a name")
        priority = entry.get("priority", DEFAULT_PRIORITY)
        if not isinstance(priority, int) or isinstance(priority, bool):
            self.wrong((*at, "priority"), "priority is a whole number")
        matches = self.criteria((*at, "criteria"), entry.get("criteria"))
        excluded = "exclude" in entry
        if excluded:
            self.exclusion(at, entry)
        else:
            self.naming(at, entry)
        if len(self.errors) > before or matches is None:
            return None
        return Rule(
            name=entry["name"],
            line=self.lines.of(at),
            priority=priority,
            matches=matches,
            exclude=entry["exclude"] if excluded else None,
            datatype="" if excluded else entry["datatype"],
            suffix="" if excluded else entry["suffix"],
            entities={} if excluded else self.in_order(entry.get("entities") or {}),
            parts=entry.get("parts") or {},
            sidecar=entry.get("sidecar") or {},
        )

    def criteria(self, at: tuple[Any, ...], criteria: Any) -> Criterion | None:
        try:
            return compile_criteria(criteria, _check_field)
        except CriteriaError as error:
            self.wrong((*at, *error.where), str(error))
            return None

    def exclusion(self, at: tuple[Any, ...], entry: Mapping[str, Any]) -> None:
        if not isinstance(entry["exclude"], str) or not entry["exclude"].strip():
            self.wrong((*at, "exclude"), "exclude says in a sentence why such series are left out")
        for key in ("datatype", "suffix", "entities", "parts", "sidecar"):
            if key in entry:
                self.wrong((*at, key), f"a rule that excludes has no {key}")

    def naming(self, at: tuple[Any, ...], entry: Mapping[str, Any]) -> None:
        datatype, suffix = entry.get("datatype"), entry.get("suffix")
        if datatype not in DATATYPES:
            valid = ", ".join(DATATYPES)
            self.wrong((*at, "datatype"), f"datatype is one of {valid}{_nearest(str(datatype), DATATYPES)}")
            return
        parts = entry.get("parts") or {}
        for key in parts:
            if key not in PARTS:
                self.wrong((*at, "parts", key), f"unknown part {key}; there are {', '.join(PARTS)}")
        known = names().suffixes(datatype)
        for where, name in [(("suffix",), suffix), *((("parts", key), value) for key, value in parts.items())]:
            plain = str(name).replace("{echo}", "1")
            if plain not in known:
                message = f"BIDS has no suffix {name} in {datatype}; it has {', '.join(known)}"
                self.wrong((*at, *where), message + _nearest(plain, known))
        pair = (datatype, str(suffix).replace("{echo}", "1"))
        if pair in names().entities:
            self.entities(at, entry.get("entities") or {}, pair)
        if not isinstance(entry.get("sidecar") or {}, dict):
            self.wrong((*at, "sidecar"), "sidecar is a mapping of keys to add to the JSON file")

    def entities(self, at: tuple[Any, ...], entities: Any, pair: tuple[str, str]) -> None:
        allowed = names().entities[pair] - set(FROM_DATA)
        for key, value in entities.items():
            where = (*at, "entities", key)
            if key in FROM_DATA:
                self.wrong(where, f"the conversion gives {key} itself, from the data")
            elif key not in names().order:
                self.wrong(where, f"unknown entity {key}{_nearest(str(key), names().order)}")
            elif key not in allowed:
                self.wrong(where, f"BIDS has no entity {key} in {'/'.join(pair)}; it has {', '.join(sorted(allowed))}")
            elif isinstance(value, dict):
                self.entity_from(where, value)
            elif not re.fullmatch(r"[A-Za-z0-9]+", str(value)):
                self.wrong(where, f"{value!r}: an entity's value holds letters and digits only")
        for key in sorted(names().required[pair] - set(entities) - set(FROM_DATA)):
            self.wrong(at, f"BIDS asks for the entity {key} in {'/'.join(pair)}")

    def entity_from(self, at: tuple[Any, ...], value: Mapping[str, Any]) -> None:
        if not {"field", "regex"} <= set(value) <= {"field", "regex", "default"}:
            self.wrong(at, "an entity from the header has field, regex with one group, and perhaps default")
            return
        for name in values_of(value["field"]):
            try:
                _check_field(name)
            except CriteriaError as error:
                self.wrong((*at, "field"), str(error))
        try:
            groups = re.compile(str(value["regex"])).groups
        except re.error as error:
            self.wrong((*at, "regex"), f"no regular expression: {error}")
        else:
            if groups != 1:
                self.wrong((*at, "regex"), f"the expression needs one group in parentheses, it has {groups}")
        if not re.fullmatch(r"[A-Za-z0-9]*", str(value.get("default", ""))):
            self.wrong((*at, "default"), "an entity's value holds letters and digits only")

    def in_order(self, entities: Mapping[str, Any]) -> dict[str, str | EntityFrom]:
        return {key: _entity(entities[key]) for key in names().order if key in entities}

    def same_names(self, rules: Iterable[Rule | None]) -> None:
        seen: dict[str, int] = {}
        for index, rule in enumerate(rules):
            if rule is not None and rule.name in seen:
                self.wrong(("rules", index), f"a rule named {rule.name} stands in line {seen[rule.name]} already")
            elif rule is not None:
                seen[rule.name] = rule.line


def _entity(value: Any) -> str | EntityFrom:
    if isinstance(value, dict):
        expression = re.compile(str(value["regex"]), re.IGNORECASE)
        return EntityFrom(tuple(values_of(value["field"])), expression, str(value.get("default", "")))
    return str(value)


def _check_field(name: str) -> None:
    if name not in KEYWORDS:
        raise CriteriaError(f"the inventory reads no field {name}{_nearest(str(name), KEYWORDS)}")


def _nearest(word: str, valid: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(valid), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""
