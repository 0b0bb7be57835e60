"""One mapping rule: what it asks, and what it says of a series that fits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Self

from unface.mapping.criteria import GROUPS, Criterion, values_of
from unface.mapping.label_words import HeaderText, folded

SIDECAR_FIELDS = frozenset(
    {
        *("PhaseEncodingDirection", "PhaseEncodingAxis", "PhaseEncodingPolarityGE", "ImageOrientationText"),
        *("EffectiveEchoSpacing", "TotalReadoutTime", "PartialFourier", "BaseResolution", "WaterFatShift"),
        *("ParallelReductionFactorInPlane", "ParallelReductionFactorOutOfPlane", "MultibandAccelerationFactor"),
        *("NonlinearGradientCorrection", "RawImage"),
    }
)
"""What dcm2niix finds out while it converts: a rule that asks for it decides after the conversion."""


_WORD = re.compile(r"[^\W_]+(?:[.][0-9]+[^\W_]*)?")
"""A word of a header's text; 2.4mm is one."""


class RulesError(ValueError):
    """A file of mapping rules is wrong; the message names the line, what is wrong and what would be right."""


@dataclass(frozen=True)
class EntityFrom:
    """An entity's value by the header: the first group of an expression in the first field that fits it.

    With a `value` of its own, that is what the entity has where the expression fits. Of a text that goes `until`
    certain words, what stands before the first of them counts; where that is nothing, the field does not fit.
    """

    fields: tuple[str, ...]
    expression: re.Pattern[str]
    default: str
    value: str
    until: re.Pattern[str] | None = None

    def value_for(self, fields: Mapping[str, Any]) -> str:
        """The entity's value for an acquisition.

        Parameters
        ----------
        fields
            Header values by DICOM keyword.

        Returns
        -------
        str
            HeaderText where the header says it; the default where no field fits the expression.
        """
        for name in self.fields:
            for text in values_of(fields.get(name)):
                match = self.expression.search(str(text))
                if match and self.value:
                    return self.value
                if match and folded(taken := self._before_end(match[1] or "")):
                    return HeaderText(taken)
        return self.default

    def _before_end(self, text: str) -> str:
        if self.until is None:
            return text
        ending = self.until.fullmatch
        return "_".join(takewhile(lambda word: not ending(word), _WORD.findall(text)))


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule: what it asks, and the name it gives or why it excludes."""

    name: str
    line: int
    """Where it begins in its file."""
    text: str
    """As it stands in the file."""
    shipped: bool
    """Whether it comes with unface; else it is the user's own."""
    priority: int
    question: Criterion
    """All that it asks."""
    needs_sidecar: bool
    """Whether some of that is in dcm2niix' sidecar only."""
    of_header: Criterion | None
    """What it asks of the header, without what it asks of dcm2niix' sidecar; None if that is nothing."""
    exclude: str | None
    datatype: str
    suffix: str
    entities: Mapping[str, str | EntityFrom]
    parts: Mapping[str, str]
    sidecar: Mapping[str, Any]
    intended_for: tuple[str, ...]
    scanner: str | None = None
    when: Criterion | None = None
    """By what its scanner is known, for a rule of one scanner."""
    unless: tuple[Criterion, ...] = ()
    """Scanners that have a rule of this name of their own."""

    @property
    def label(self) -> str:
        """Its name, after that of its scanner where it holds on one alone: `site-b/rest`."""
        return f"{self.scanner}/{self.name}" if self.scanner else self.name

    def matches(self, fields: Mapping[str, Any]) -> bool:
        """Whether all its criteria hold.

        Parameters
        ----------
        fields
            Header values by DICOM keyword, and what dcm2niix found out.

        Returns
        -------
        bool
            Always false where the rule belongs to another scanner.
        """
        return self._concerns(fields) and self.question(fields)

    def may_match(self, fields: Mapping[str, Any]) -> bool:
        """Whether all holds that it asks of the header: dcm2niix has not said the rest yet.

        Parameters
        ----------
        fields
            Header values by DICOM keyword.

        Returns
        -------
        bool
            Always false where the rule belongs to another scanner.
        """
        return self._concerns(fields) and (self.of_header is None or self.of_header(fields))

    def _concerns(self, fields: Mapping[str, Any]) -> bool:
        """Whether it holds on the scanner at all."""
        return (self.when is None or self.when(fields)) and not any(other(fields) for other in self.unless)

    def only(self, scanner: str, when: Criterion) -> Self:
        """The same rule for one scanner alone.

        Parameters
        ----------
        scanner
            Its name, as the file of rules has it.
        when
            By what it is known.

        Returns
        -------
        Rule
            A copy: this rule stays as it is.
        """
        return replace(self, scanner=scanner, when=when)


def asks_sidecar(criteria: Mapping[str, Any]) -> bool:
    """Whether criteria ask for what only dcm2niix finds out.

    Parameters
    ----------
    criteria
        As they stand in the file, checked.

    Returns
    -------
    bool
        Whether any of them does, at any depth.
    """
    return any(
        any(asks_sidecar(member) for member in expected) if name in GROUPS else name in SIDECAR_FIELDS
        for name, expected in criteria.items()
    )


def header_part(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """Of criteria, what the header alone decides: where this does not hold, they do not.

    Parameters
    ----------
    criteria
        As they stand in the file, checked.

    Returns
    -------
    dict
        Criteria again; empty where the header decides nothing.
    """
    part: dict[str, Any] = {}
    for name, expected in criteria.items():
        if name == "all":
            if members := [kept for member in expected if (kept := header_part(member))]:
                part[name] = members
        elif not asks_sidecar({name: expected}):
            part[name] = expected
    return part
