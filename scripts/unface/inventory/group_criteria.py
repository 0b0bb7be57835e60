"""Criteria of mapping rules that fit a protocol group and nothing else of its cohort."""

import glob
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unface.dicom.fields import IDENTITY, KEYWORDS
from unface.inventory.protocol_groups import NAMES, PARAMETERS, ProtocolGroup
from unface.mapping.criteria import compile_criteria, values_of

Fields = Mapping[str, Any]

FIRST = (*NAMES, "ImageType")
"""Asked of every group that has them: what a person knows a series by."""
_OF_ONE_SESSION = frozenset(
    {*IDENTITY.values(), "SeriesTime", "AcquisitionTime", "AcquisitionDateTime", "SeriesNumber", "AcquisitionNumber"}
)
_SEQUENCE = ("SequenceName", "ScanningSequence", "SequenceVariant", "MRAcquisitionType", "Modality")
_USUAL = (*_SEQUENCE, "Manufacturer", "ManufacturerModelName", *PARAMETERS)
FURTHER = (*_USUAL, *sorted(KEYWORDS - _OF_ONE_SESSION - {*FIRST, *_USUAL}))
"""Asked in turn where what is asked so far fits others as well."""


class NothingTellsApartError(ValueError):
    """No header value tells a group from others; `fields` are those of one acquisition of these."""

    def __init__(self, fields: Fields) -> None:
        super().__init__("no header value tells them apart")
        self.fields = fields


def distinct(group: ProtocolGroup) -> list[Fields]:
    """The acquisitions of a group, of those that no criteria tell apart one alone.

    Parameters
    ----------
    group
        The group.

    Returns
    -------
    list of dict
        Header values by DICOM keyword.
    """
    asked = {*FIRST, *FURTHER}
    found: dict[str, Fields] = {}
    for member in group.members:
        fields = {name: value for name, value in member.fields.items() if name in asked}
        found.setdefault(json.dumps(fields, sort_keys=True, default=str), fields)
    return list(found.values())


def criteria_for(members: Sequence[Fields], others: Iterable[Fields]) -> dict[str, Any]:
    """Criteria that fit all of a group and none of the others, with no more fields than that takes.

    Parameters
    ----------
    members
        Header values of the acquisitions that have to fit.
    others
        Those that must not.

    Returns
    -------
    dict
        As a mapping rule has them.

    Raises
    ------
    NothingTellsApartError
        If one of the others has the same values.
    """
    named = any(values_of(fields.get(name)) for name in NAMES for fields in members)
    always = FIRST if named else (*FIRST, *_SEQUENCE)
    chosen: list[dict[str, Any]] = []
    left = list(others)
    for name in (*FIRST, *FURTHER):
        question = _question(name, members)
        remaining = _fitting(question, left)
        has_it = any(values_of(fields.get(name)) for fields in members)
        if (name in always and has_it) or len(remaining) < len(left):
            chosen.append(question)
            left = remaining
    if left:
        raise NothingTellsApartError(left[0])
    return _together(chosen or [{name: {"exists": False}} for name in always])


def _fitting(criteria: dict[str, Any], acquisitions: Sequence[Fields]) -> list[Fields]:
    fits = compile_criteria(criteria, lambda _: None)
    return [fields for fields in acquisitions if fits(fields)]


def _question(name: str, members: Sequence[Fields]) -> dict[str, Any]:
    """Criteria that all members fit: a range of numbers, or the very values that they have of a field."""
    values = [values_of(fields.get(name)) for fields in members]
    numbers = [part for value in values for part in value]
    if all(values) and all(_is_number(part) for part in numbers) and min(numbers) < max(numbers):
        return {name: {"btw": [min(numbers), max(numbers)]}}
    spelled: dict[str, list[Any]] = {}
    for value in sorted(values, key=str):
        patterns = [_pattern(part) for part in value]
        # They fit any case: spellings that differ in nothing else are one.
        spelled.setdefault(json.dumps(patterns).lower(), patterns)
    asked = [{name: _asked(patterns)} for patterns in spelled.values()]
    return asked[0] if len(asked) == 1 else {"any": asked}


def _asked(patterns: list[Any]) -> Any:
    """A list is compared element by element, so that neither more values nor fewer fit."""
    return patterns or {"exists": False}


def _pattern(value: Any) -> Any:
    return value if _is_number(value) else glob.escape(str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _together(questions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One mapping; several that begin with `any` stand in a list that has to hold as a whole."""
    several = [question for question in questions if "any" in question]
    together = {name: asked for question in questions if "any" not in question for name, asked in question.items()}
    return together | (several[0] if len(several) == 1 else {"all": several} if several else {})
