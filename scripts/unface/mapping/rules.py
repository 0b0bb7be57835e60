"""Mapping rules: which BIDS name a series gets, from what its header says.

Rules are YAML, with criteria in dcm2bids' style. The rule of the highest priority that matches decides; two rules of
one priority that give different names make the series ambiguous, which is never decided by chance. Names in ReproIn's
manner (`func-bold_task-rest`) are understood without any rule.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from unface.mapping import reproin
from unface.mapping.criteria import values_of
from unface.mapping.label_words import HeaderText, folded, label_of
from unface.mapping.rule import SIDECAR_FIELDS, Rule, RulesError
from unface.mapping.rule_file import read_rules
from unface.mapping.schema import name_rules

__all__ = ["Decision", "Match", "Rules", "RulesError", "load", "with_sidecar"]

State = Literal["mapped", "excluded", "ambiguous", "unmapped"]

REPROIN_PRIORITY = 40
"""Below rules that state no priority (50): whoever writes a rule means it; above the shipped guesses."""
UNNAMED_TASK = "unnamed"
"""Stands for the task, which BIDS requires, where nothing tells it."""


@dataclass(frozen=True)
class Match:
    """What the rules make of one acquisition."""

    state: State
    rules: tuple[str, ...] = ()
    reason: str = ""
    datatype: str | None = None
    suffix: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)
    """Labels, none of which holds a word that may tell of somebody."""
    header_words: Mapping[str, str] = field(default_factory=dict)
    """By entity what the header says of it, folded."""
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

        Returns
        -------
        str
            Such as `magnitude{echo}`.

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
        """The suffix of one image, its echo filled in.

        Parameters
        ----------
        part, echo
            As `template_for` takes them.

        Returns
        -------
        str
            Such as `magnitude1`.
        """
        return self.template_for(part, echo).replace("{echo}", str(echo))

    def tells_echoes_apart(self, part: str | None = None) -> bool:
        """Whether suffixes tell the echoes apart, so that no echo entity is needed.

        Parameters
        ----------
        part
            Of which kind of image, as `template_for` takes it.

        Returns
        -------
        bool
            Whether the echoes have suffixes of their own.
        """
        by_echo = any(re.search(r"\d$", key) for key in self.parts)
        return by_echo or "{echo}" in self.template_for(part)

    @property
    def unknown_words(self) -> dict[str, str]:
        """Of the header's words those that are no label, for they are not made of known words alone."""
        return {
            entity: word for entity, word in self.header_words.items() if folded(self.entities.get(entity, "")) != word
        }

    @property
    def name(self) -> str:
        """What the acquisition will be called, for a person to read: `func/task-rest_bold`; else its state."""
        if self.state != "mapped":
            return self.state
        entities = "".join(f"{key}-{value}_" for key, value in self.entities.items())
        return f"{self.datatype}/{entities}{'+'.join(self.suffixes)}"

    @property
    def suffixes(self) -> list[str]:
        """All suffixes that its images may have, with `{echo}` where the number of the echo belongs."""
        return list(dict.fromkeys([str(self.suffix), *self.parts.values()]))


@dataclass(frozen=True)
class Decision:
    """A match, and the rules that had a say in it."""

    match: Match
    rules: tuple[Rule, ...] = ()
    """All that match at the priority that decides, and those that wait for the conversion."""
    waiting: tuple[Match, ...] = ()
    """What those make of it that wait for the conversion, if they match."""


@dataclass(frozen=True)
class Rules:
    """Rules in the order in which they are tried: by priority, then as they stand in the file."""

    rules: tuple[Rule, ...]
    words: Mapping[str, str] = field(default_factory=dict)
    """Those that a person wrote in them (`label_words.words_of`)."""

    def match(self, fields: Mapping[str, Any]) -> Match:
        """What the rules make of one acquisition.

        Parameters
        ----------
        fields
            Its header values (`records.merged_fields`), after the conversion also what dcm2niix found (`with_sidecar`).

        Returns
        -------
        Match
            Its name, or why it has none.
        """
        return self.decide(fields).match

    def decide(self, fields: Mapping[str, Any]) -> Decision:
        """What the rules make of one acquisition, and which rules it was.

        Where its images together match rules that disagree, each echo, and magnitude and phase, are looked at by
        themselves: rules may name them apart.

        Parameters
        ----------
        fields
            As `match` takes them.

        Returns
        -------
        Decision
            A rule that is in no acquisition's decision has no effect: it matches nothing, or only what a rule of higher
            priority decides.
        """
        decision = self._decide(fields)
        return (self._image_by_image(fields) or decision) if decision.match.state == "ambiguous" else decision

    @property
    def own(self) -> tuple[Rule, ...]:
        """The user's own rules, without those that come with unface, as they stand in their file."""
        return tuple(sorted((rule for rule in self.rules if not rule.shipped), key=lambda rule: rule.line))

    def wording(self, rules: tuple[str, ...]) -> list[str]:
        """Rules as they stand in their file.

        Parameters
        ----------
        rules
            Their names; of one name there may be several, on scanners of their own.

        Returns
        -------
        list of str
            For each its scanner and its text.
        """
        return [f"{rule.scanner}\0{rule.text}" for rule in self.rules if rule.name in rules]

    def _decide(self, fields: Mapping[str, Any]) -> Decision:
        guess = reproin.parse(fields)
        converted = bool(SIDECAR_FIELDS & set(fields))
        waiting: list[Rule] = []
        for priority in sorted({rule.priority for rule in self.rules} | {REPROIN_PRIORITY}, reverse=True):
            deciding = []
            for rule in self.rules:
                if rule.priority != priority:
                    continue
                if rule.needs_sidecar and not converted:
                    if rule.may_match(fields):
                        waiting.append(rule)
                elif rule.matches(fields):
                    deciding.append(rule)
            matches = [self._made_by(rule, fields) for rule in deciding]
            if guess is not None and priority == REPROIN_PRIORITY:
                match = Match("mapped", ("reproin",), "", guess.datatype, guess.suffix, parts=guess.parts)
                matches.append(self._labelled(match, guess.entities))
            if matches:
                return self._decision(_agreed(matches), deciding, waiting, fields)
        return self._decision(Match("unmapped", reason="no mapping rule matches"), (), waiting, fields)

    def _decision(
        self, match: Match, deciding: Sequence[Rule], waiting: Sequence[Rule], fields: Mapping[str, Any]
    ) -> Decision:
        would_make = tuple(self._made_by(rule, fields) for rule in waiting)
        waits = replace(match, waits_for=tuple(rule.name for rule in waiting))
        return Decision(waits, (*deciding, *waiting), would_make)

    def _made_by(self, rule: Rule, fields: Mapping[str, Any]) -> Match:
        if rule.exclude is not None:
            return Match("excluded", (rule.name,), rule.exclude)
        entities = {
            name: value if isinstance(value, str) else value.value_for(fields) for name, value in rule.entities.items()
        }
        match = Match(
            "mapped",
            (rule.label,),
            datatype=rule.datatype,
            suffix=rule.suffix,
            parts=rule.parts,
            sidecar=rule.sidecar,
            intended_for=rule.intended_for,
        )
        return self._labelled(match, entities)

    def _labelled(self, match: Match, entities: Mapping[str, str]) -> Match:
        """The match with its labels: what a rule says as it stands, what a header says if it is made of known words."""
        from_header = {name: text for name, text in entities.items() if isinstance(text, HeaderText)}
        labels = {**entities, **{name: label_of(text, self.words) for name, text in from_header.items()}}
        if match.datatype == "func":
            labels["task"] = labels.get("task") or UNNAMED_TASK
        words = {name: folded(text) for name, text in from_header.items()}
        return replace(match, entities=in_order(labels), header_words=in_order(words))

    def _image_by_image(self, fields: Mapping[str, Any]) -> Decision | None:
        """One match of several rules that name the images of one acquisition apart; None if they do not."""
        decisions = {key: self._decide(of_image) for key, of_image in _images(fields).items()}
        matches = {key: decision.match for key, decision in decisions.items()}
        first = next(iter(matches.values()))
        alike = [
            (match.state, match.datatype, match.entities, match.unknown_words, match.sidecar)
            for match in matches.values()
        ]
        if len(matches) < 2 or first.state != "mapped" or any(entry != alike[0] for entry in alike):
            return None
        names = tuple(dict.fromkeys(name for match in matches.values() for name in match.rules))
        suffixes = {key: str(match.suffix) for key, match in matches.items()}
        rules = dict.fromkeys(rule for decision in decisions.values() for rule in decision.rules)
        waiting = tuple(match for decision in decisions.values() for match in decision.waiting)
        return Decision(replace(first, rules=names, parts=suffixes), tuple(rules), waiting)


def in_order(entities: Mapping[str, str]) -> dict[str, str]:
    """Entities in the order of a BIDS name, without those that are empty.

    Parameters
    ----------
    entities
        Labels by short names.

    Returns
    -------
    dict
        The same.
    """
    return {name: entities[name] for name in name_rules().order if entities.get(name)}


def with_sidecar(fields: Mapping[str, Any], sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """Header values together with what only dcm2niix' sidecar says.

    Parameters
    ----------
    fields
        Header values by DICOM keyword.
    sidecar
        What dcm2niix wrote beside an image of the acquisition.

    Returns
    -------
    dict
        The header values and, of the sidecar, the keys that rules may ask for (`SIDECAR_FIELDS`).
    """
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

    Parameters
    ----------
    path
        The file, as `rule_file.read_rules` takes it.

    Returns
    -------
    Rules
        The file's own and those that it extends, in the order in which they are tried.

    Raises
    ------
    RulesError
        Names the line, what is wrong and what would be right.
    """
    rules, words = read_rules(path)
    return Rules(tuple(sorted(rules, key=lambda rule: -rule.priority)), words)


def _agreed(matches: list[Match]) -> Match:
    """The match that all agree on; ambiguous where they do not."""
    first = matches[0]
    alike = [(match.state, match.name, match.unknown_words, match.parts, match.sidecar) for match in matches]
    if all(entry == alike[0] for entry in alike) or all(match.state == "excluded" for match in matches):
        return first
    names = tuple(name for match in matches for name in match.rules)
    return Match("ambiguous", names, f"rules of one priority give different names: {', '.join(names)}")
