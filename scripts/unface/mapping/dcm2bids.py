"""A dcm2bids configuration read as mapping rules.

dcm2bids asks about dcm2niix' sidecars, mapping rules about the header: names and units differ (sidecars have seconds).
Written from dcm2bids' documentation, https://unfmontreal.github.io/Dcm2Bids, versions 2 and 3.
"""

import fnmatch
import re
from collections.abc import Mapping
from typing import Any

from unface.mapping.criteria import values_of

SECONDS = ("EchoTime", "RepetitionTime", "InversionTime")
"""Milliseconds in a header, seconds in a sidecar."""
OTHER_NAMES = {"EchoNumber": "EchoNumbers", "AcquisitionMatrixPE": "Rows"}
FROM_DATA = ("run", "echo", "part")
KINDS = ("MAGNITUDE", "PHASE", "REAL", "IMAGINARY")
"""What dcm2niix may add to the end of ImageType."""


def is_configuration(content: Any) -> bool:
    """Whether a file of mapping rules is a dcm2bids configuration.

    Parameters
    ----------
    content
        What the file holds, as parsed.

    Returns
    -------
    bool
        Whether it has a list of `descriptions`.
    """
    return isinstance(content, Mapping) and isinstance(content.get("descriptions"), list)


def as_rules(content: Mapping[str, Any]) -> list[Any]:
    """Each description as a mapping rule.

    Parameters
    ----------
    content
        The configuration.

    Returns
    -------
    list
        One entry for each description, in their order, as a file of mapping rules would have it; a description that is
        no mapping stays as it is, to be refused.
    """
    style = _Style(content)
    return [
        style.rule(index, description) if isinstance(description, Mapping) else description
        for index, description in enumerate(style.descriptions)
    ]


class _Style:
    """How a configuration wants its patterns read."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.descriptions: list[Any] = content["descriptions"]
        self.regex = _either(content, "search_method", "searchMethod") == "re"
        self.any_case = _either(content, "case_sensitive", "caseSensitive") is False
        self.extractors: Mapping[str, Any] = content.get("extractors") or {}

    def rule(self, index: int, description: Mapping[str, Any]) -> dict[str, Any]:
        suffix = str(_either(description, "suffix", "modality_label", "modalityLabel") or "").lstrip("_")
        rule: dict[str, Any] = {
            "name": self.name(index),
            "criteria": self.criteria(description.get("criteria")),
            "datatype": _either(description, "datatype", "dataType"),
            "suffix": suffix,
        }
        changes = dict(_either(description, "sidecar_changes", "sidecarChanges") or {})
        meant = changes.pop("IntendedFor", None) or _either(description, "intended_for", "intendedFor", "IntendedFor")
        if meant is not None:
            rule["intended_for"] = [self.meant(value) for value in values_of(meant)]
        if entities := self.entities(_either(description, "custom_entities", "customEntities", "customLabels")):
            rule["entities"] = entities
        if changes:
            rule["sidecar"] = changes
        return rule

    def name(self, index: int) -> str:
        description = self.descriptions[index]
        given = description.get("id") if isinstance(description, Mapping) else None
        return str(given) if given else f"description {index + 1}"

    def meant(self, value: Any) -> str:
        """The name of the description that an id, or in old configurations an index, stands for."""
        is_index = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(self.descriptions)
        return self.name(value) if is_index else str(value)

    def entities(self, given: Any) -> dict[str, Any]:
        pieces = [piece for text in values_of(given) for piece in str(text).split("_") if piece]
        entities: dict[str, Any] = {}
        for piece in pieces:
            key, _, value = piece.partition("-")
            if key in FROM_DATA:
                continue
            if value:
                entities[key] = value
            elif extracted := self.extracted(key):
                entities[key] = extracted
        return entities

    def extracted(self, key: str) -> dict[str, Any] | None:
        """An entity that an extractor takes out of the header."""
        for field, expressions in self.extractors.items():
            for expression in values_of(expressions):
                if f"(?P<{key}>" in str(expression):
                    others = re.sub(r"\(\?P<(?!" + re.escape(key) + r">)\w+>", "(?:", str(expression))
                    return {"field": field, "regex": others.replace(f"(?P<{key}>", "(")}
        return None

    def criteria(self, criteria: Any) -> Any:
        if not isinstance(criteria, Mapping) or not criteria:
            return criteria
        return {"all": [self.criterion(str(field), pattern) for field, pattern in criteria.items()]}

    def criterion(self, field: str, pattern: Any) -> Any:
        if field == "SidecarFilename":
            return self.by_file_name(pattern)
        name = OTHER_NAMES.get(field, field)
        if isinstance(pattern, Mapping):
            tests: list[dict[str, Any]] = []
            for test, argument in pattern.items():
                if test in ("any", "all") and isinstance(argument, list):
                    tests.append({test: [self.criterion(field, wanted) for wanted in argument]})
                else:
                    tests.append({name: {test: _in_header_units(name, argument)}})
            return tests[0] if len(tests) == 1 else {"all": tests}
        if isinstance(pattern, list):
            return _list(name, pattern)
        converted = _in_header_units(name, pattern)
        return {name: converted if isinstance(converted, int | float) else self.text(str(converted))}

    def text(self, pattern: str) -> dict[str, str]:
        """A pattern for text as an expression, which minds case unless the configuration says otherwise."""
        expression = pattern if self.regex else fnmatch.translate(pattern)
        flags = "" if self.any_case and not self.regex else "-i"
        return {"regex": rf"\A(?{flags}:{expression})"}

    def by_file_name(self, pattern: Any) -> dict[str, Any]:
        """A question about the name of dcm2niix' file: `<SeriesNumber>_<folder>_<ProtocolName>_<time>`."""
        text = str(pattern)
        questions: list[dict[str, Any]] = []
        if number := re.match(r"\^?0*(\d+)(?=[_*.])", text):
            questions.append({"SeriesNumber": int(number[1])})
            text = "*" + text[number.end() :].lstrip("_*.")
        if echo := re.search(r"_e(\d)", text):
            questions.append({"EchoNumbers": int(echo[1])})
            text = text[: echo.start()] + "*"
        if phase := re.search(r"_ph(?![a-zA-Z])", text):
            questions.append({"ImageType": {"any": ["P", "PHASE*"]}})
            text = text[: phase.start()] + "*"
        text = re.sub(r"\.json$|\.nii(\.gz)?$", "*", text)
        if text.strip("*."):
            around = text if self.regex else f"*{text.strip('*')}*"
            questions.append({"any": [{name: self.text(around)} for name in ("ProtocolName", "SeriesDescription")]})
        return {"all": questions} if questions else {"SeriesInstanceUID": "*"}


def _either(mapping: Mapping[str, Any], *names: str) -> Any:
    return next((mapping[name] for name in names if name in mapping), None)


def _list(name: str, pattern: list[Any]) -> dict[str, Any]:
    values = [_in_header_units(name, value) for value in pattern]
    if name == "ImageType" and str(values[-1]).upper() in KINDS:
        return {"any": [{name: values}, {name: values[:-1]}]}
    return {name: values}


def _in_header_units(name: str, value: Any) -> Any:
    """A sidecar's number in the header's unit; text as it is."""
    if isinstance(value, list):
        return [_in_header_units(name, part) for part in value]
    if isinstance(value, bool):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    if name in SECONDS:
        return round(number * 1000, 6)
    return value if isinstance(value, int | float) else number
