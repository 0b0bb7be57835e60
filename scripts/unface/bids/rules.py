"""Mapping rules: which BIDS name a series gets, from what its header says.

Rules are YAML, with criteria in dcm2bids' style. The rule of the highest priority that matches decides; two rules of
one priority that give different names make the series ambiguous, which is never decided by chance. Names in ReproIn's
manner (`func-bold_task-rest`) are understood without any rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from unface.bids import reproin
from unface.bids.rule_file import EntityFrom, Rule, RulesError, read_rules

__all__ = ["Match", "Rules", "RulesError", "load"]

State = Literal["mapped", "excluded", "ambiguous", "unmapped"]

REPROIN_PRIORITY = 40
"""Below rules that state no priority (50): whoever writes a rule means it; above the shipped guesses."""


@dataclass(frozen=True)
class Match:
    """What the rules make of one acquisition."""

    state: State
    rules: tuple[str, ...] = ()
    reason: str = ""
    datatype: str | None = None
    suffix: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    sidecar: Mapping[str, Any] = field(default_factory=dict)

    def suffix_for(self, part: str | None, echo: int = 1) -> str:
        """The suffix of one image of the acquisition.

        Parameters
        ----------
        part
            `magnitude`, `phase`, `real`, `imaginary` or `fieldmap` (a map in Hz that dcm2niix took out of the series);
            None where there is but one kind.
        echo
            The image's place, from 1, among the echo times of the acquisition.

        Raises
        ------
        ValueError
            If the acquisition is not mapped.
        """
        if self.suffix is None:
            raise ValueError(f"a series that is {self.state} has no suffix")
        return self.parts.get(part or "", self.suffix).replace("{echo}", str(echo))

    @property
    def name(self) -> str:
        """What the acquisition will be called, for a person to read: `func/task-rest_bold`; else its state."""
        if self.state != "mapped":
            return self.state
        entities = "".join(f"{key}-{value}_" for key, value in self.entities.items())
        return f"{self.datatype}/{entities}{self.suffix}"


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are tried: by priority, then as they stand in the file."""

    rules: tuple[Rule, ...]

    def match(self, fields: Mapping[str, Any]) -> Match:
        """What the rules make of one acquisition, by its header values (`records.merged_fields`)."""
        guess = reproin.parse(fields)
        priorities = sorted({rule.priority for rule in self.rules} | {REPROIN_PRIORITY}, reverse=True)
        for priority in priorities:
            found = [
                _made_by(rule, fields) for rule in self.rules if rule.priority == priority and rule.matches(fields)
            ]
            if guess is not None and priority == REPROIN_PRIORITY:
                found.append(
                    Match("mapped", ("reproin",), "", guess.datatype, guess.suffix, guess.entities, guess.parts)
                )
            if found:
                return _one_of(found)
        return Match("unmapped", reason="no mapping rule matches")


def load(path: Path) -> Rules:
    """Read and check mapping rules.

    Raises
    ------
    RulesError
        Names the line, what is wrong and what would be right.
    """
    return Rules(tuple(sorted(read_rules(path), key=lambda rule: -rule.priority)))


def _made_by(rule: Rule, fields: Mapping[str, Any]) -> Match:
    if rule.exclude is not None:
        return Match("excluded", (rule.name,), rule.exclude)
    entities = {name: _entity(value, fields) for name, value in rule.entities.items()}
    named = {name: value for name, value in entities.items() if value}
    return Match("mapped", (rule.name,), "", rule.datatype, rule.suffix, named, rule.parts, rule.sidecar)


def _entity(value: str | EntityFrom, fields: Mapping[str, Any]) -> str:
    return value if isinstance(value, str) else value.found_in(fields)


def _one_of(found: list[Match]) -> Match:
    """The one that all agree on; ambiguous where they do not."""
    first = found[0]
    same = [(one.state, one.name, one.parts, one.sidecar) for one in found]
    if all(entry == same[0] for entry in same) or all(one.state == "excluded" for one in found):
        return first
    names = tuple(name for one in found for name in one.rules)
    return Match("ambiguous", names, f"rules of one priority give different names: {', '.join(names)}")
