"""Mapping rules: which BIDS name a series gets, from what its header says.

Rules are YAML, with criteria in dcm2bids' style. The rule of the highest priority that matches decides; two rules of
one priority that give different names make the series ambiguous, which is never decided by chance. Names in ReproIn's
manner (`func-bold_task-rest`) are understood without any rule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from unface.mapping import reproin
from unface.mapping.criteria import values_of
from unface.mapping.rule import SIDECAR_FIELDS, EntityFrom, Rule, RulesError
from unface.mapping.rule_file import read_rules

__all__ = ["Match", "Rules", "RulesError", "load", "with_sidecar"]

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
    """Suffixes of images that have another one: by part (`phase`), by echo (`echo2`), or by both (`phase2`)."""
    sidecar: Mapping[str, Any] = field(default_factory=dict)
    intended_for: tuple[str, ...] = ()
    """Rules whose images a field map is meant for, where its rule says so."""
    waits_for: tuple[str, ...] = ()
    """Rules that ask for what dcm2niix finds out: match again with its sidecar (`with_sidecar`)."""

    def template_for(self, part: str | None, echo: int = 1) -> str:
        """The suffix of one image, with `{echo}` where the number of the echo belongs.

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
        keys = (f"{part}{echo}", f"echo{echo}", part or "")
        return next((self.parts[key] for key in keys if key in self.parts), self.suffix)

    def suffix_for(self, part: str | None, echo: int = 1) -> str:
        """The suffix of one image, as `template_for`, its echo filled in."""
        return self.template_for(part, echo).replace("{echo}", str(echo))

    def tells_echoes_apart(self, part: str | None = None) -> bool:
        """Whether suffixes tell the echoes apart, so that no echo entity is needed."""
        by_echo = any(re.search(r"\d$", key) for key in self.parts)
        return by_echo or "{echo}" in self.template_for(part)

    @property
    def name(self) -> str:
        """What the acquisition will be called, for a person to read: `func/task-rest_bold`; else its state."""
        if self.state != "mapped":
            return self.state
        entities = "".join(f"{key}-{value}_" for key, value in self.entities.items())
        suffixes = list(dict.fromkeys([str(self.suffix), *self.parts.values()]))
        return f"{self.datatype}/{entities}{'+'.join(suffixes)}"


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are tried: by priority, then as they stand in the file."""

    rules: tuple[Rule, ...]

    def match(self, fields: Mapping[str, Any]) -> Match:
        """What the rules make of one acquisition.

        Where its images together match rules that disagree, each echo, and magnitude and phase, are looked at by
        themselves: rules may name them apart.

        Parameters
        ----------
        fields
            Its header values (`records.merged_fields`), after the conversion also what dcm2niix found (`with_sidecar`).
        """
        match = self._decide(fields)
        return (self._image_by_image(fields) or match) if match.state == "ambiguous" else match

    def wording(self, rules: tuple[str, ...]) -> list[str]:
        """The rules of these names as they stand in their file."""
        return [f"{rule.scanner}\0{rule.text}" for rule in self.rules if rule.name in rules]

    def _decide(self, fields: Mapping[str, Any]) -> Match:
        guess = reproin.parse(fields)
        converted = bool(SIDECAR_FIELDS & set(fields))
        waiting: list[str] = []
        for priority in sorted({rule.priority for rule in self.rules} | {REPROIN_PRIORITY}, reverse=True):
            found = []
            for rule in self.rules:
                if rule.priority != priority:
                    continue
                if rule.needs_sidecar and not converted:
                    if rule.may_match(fields):
                        waiting.append(rule.name)
                elif rule.matches(fields):
                    found.append(_made_by(rule, fields))
            if guess is not None and priority == REPROIN_PRIORITY:
                found.append(
                    Match("mapped", ("reproin",), "", guess.datatype, guess.suffix, guess.entities, guess.parts)
                )
            if found:
                return replace(_one_of(found), waits_for=tuple(waiting))
        return Match("unmapped", reason="no mapping rule matches", waits_for=tuple(waiting))

    def _image_by_image(self, fields: Mapping[str, Any]) -> Match | None:
        """One match of several rules that name the images of one acquisition apart; None if they do not."""
        images = _images(fields)
        found = {key: self._decide(one) for key, one in images.items()}
        first = next(iter(found.values()))
        alike = [(match.state, match.datatype, match.entities, match.sidecar) for match in found.values()]
        if len(found) < 2 or first.state != "mapped" or any(entry != alike[0] for entry in alike):
            return None
        names = tuple(dict.fromkeys(name for match in found.values() for name in match.rules))
        return replace(first, rules=names, parts={key: str(match.suffix) for key, match in found.items()})


def with_sidecar(fields: Mapping[str, Any], sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """Header values together with what only dcm2niix' sidecar says."""
    return dict(fields) | {name: sidecar[name] for name in sorted(SIDECAR_FIELDS & set(sidecar))}


def _images(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of each kind of image of an acquisition, by its key in `Match.parts`."""
    times = values_of(fields.get("EchoTime"))
    numbers = values_of(fields.get("EchoNumbers"))
    types = [str(value) for value in values_of(fields.get("ImageType"))]
    kinds: dict[str, dict[str, Any]] = {"": {}}
    if "M" in types and "P" in types:
        kinds = {
            "magnitude": {"ImageType": [value for value in types if value not in ("P", "PHASE MAP")]},
            "phase": {"ImageType": [value for value in types if value not in ("M", "M_FFE", "M_SE")]},
        }
    images = {}
    for kind, by_kind in kinds.items():
        if len(times) < 2:
            images[kind] = {**fields, **by_kind}
            continue
        for rank, time in enumerate(sorted(times), start=1):
            number = numbers[rank - 1] if len(numbers) == len(times) else rank
            images[f"{kind or 'echo'}{rank}"] = {**fields, **by_kind, "EchoTime": time, "EchoNumbers": number}
    return images


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
    label = f"{rule.scanner}/{rule.name}" if rule.scanner else rule.name
    return Match("mapped", (label,), "", rule.datatype, rule.suffix, named, rule.parts, rule.sidecar, rule.intended_for)


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
