"""Protocol groups: the cohort's acquisitions clustered, so that a curator looks at twenty rows and not at all series.

Acquisitions of one vendor and model with the same names, sequence and image type are one group; their timing and
geometry may differ, and where they do the group says so: what a curator calls a protocol deviation.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unface.identity.pseudonyms import Key
from unface.mapping.rules import Match
from unface.run.sessions import SessionId

VENDORS = ("Siemens", "GE", "Philips", "UIH", "Canon", "Toshiba", "Hitachi", "Fujifilm", "Bruker", "Agilent", "Esaote")

MODELS = frozenset(
    [
        *("achieva", "aera", "allegra", "ambition", "architect", "avanto", "biograph", "connectom", "discovery"),
        *("elition", "espree", "explorer", "fit", "galan", "ingenia", "intera", "lumina", "magnetom", "optima"),
        *("orian", "pioneer", "premier", "prisma", "signa", "skyra", "sola", "sonata", "symphony", "terra", "titan"),
        *("trio", "triotim", "vantage", "verio", "vida"),
    ]
)
"""Words in the names of scanners, which identify nobody, be they also called Vida or Tim."""

PARAMETERS = (
    *("MagneticFieldStrength", "RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "Rows", "Columns", "Slices"),
    *("Volumes", "SliceThickness", "PixelSpacing", "DiffusionBValue", "InPlanePhaseEncodingDirection"),
)
"""What may differ within a group and is then named as a variant."""

NAMES = ("SeriesDescription", "ProtocolName")
"""Free text: part of what makes a group, shown in restricted tables only."""

CODED = re.compile(r"[A-Z0-9][A-Z0-9_ .*#-]{0,23}")
"""The form of DICOM's coded strings; anything else in such an element is free text in the wrong place."""

NUMBER = re.compile(r"[0-9./e+-]*( \([0-9]+ values\))?")
DIRECTIONS = ("ROW", "COL", "COLUMN", "OTHER")
"""InPlanePhaseEncodingDirection (0018,1312), the one parameter that is no number."""


@dataclass(frozen=True)
class Acquisition:
    """One acquisition (merge group) of one session, by pseudonyms."""

    session: SessionId
    series: tuple[str, ...]
    fields: Mapping[str, Any]
    match: Match
    """What the mapping rules make of it."""


@dataclass(frozen=True)
class ProtocolGroup:
    """Acquisitions with the same protocol, and what the rules make of them."""

    group: str
    match: Match
    members: tuple[Acquisition, ...]
    fields: Mapping[str, Any]
    """Most common value of each field."""
    variants: Mapping[str, Mapping[str, int]]
    """For each parameter that differs: its values, rounded, and in how many sessions they are."""

    @property
    def series(self) -> int:
        return sum(len(member.series) for member in self.members)

    @property
    def sessions(self) -> int:
        return len({member.session for member in self.members})


def group_acquisitions(acquisitions: Iterable[Acquisition], key: Key) -> list[ProtocolGroup]:
    """Cluster acquisitions into protocol groups, most common first.

    Parameters
    ----------
    key
        Makes the groups' ids, which stay the same from run to run and tell nothing of the names behind them.
    """
    members: dict[tuple[str, ...], list[Acquisition]] = {}
    for acquisition in acquisitions:
        match = acquisition.match
        identity = (*_protocol(acquisition.fields), match.name, *match.rules)
        members.setdefault(identity, []).append(acquisition)
    groups = [
        ProtocolGroup(
            group="p" + key.label("protocol", "\0".join(identity))[:7],
            match=found[0].match,
            members=tuple(found),
            fields=_typical(found),
            variants=_variants(found),
        )
        for identity, found in members.items()
    ]
    return sorted(groups, key=lambda group: (-group.sessions, -group.series, group.group))


def vendor(manufacturer: Any) -> str:
    """A manufacturer as one of the known vendors, whatever the header's spelling; `other` for the rest."""
    text = str(manufacturer or "").lower()
    return next((name for name in VENDORS if text.startswith(name.lower()) or f" {name.lower()}" in text), "other")


def _protocol(fields: Mapping[str, Any]) -> tuple[str, ...]:
    sequence = re.sub(r"b\d.*", "b", text_of(fields.get("SequenceName")))
    names = [re.sub(r"\s+", " ", text_of(fields.get(name))).strip().lower() for name in NAMES]
    coded = ("Modality", "ScanningSequence", "SequenceVariant", "ImageType", "MRAcquisitionType")
    return (
        vendor(fields.get("Manufacturer")),
        text_of(fields.get("ManufacturerModelName")),
        *names,
        sequence,
        *(text_of(fields.get(name)) for name in coded),
    )


def text_of(value: Any) -> str:
    return (
        "\\".join(str(part) for part in value) if isinstance(value, list) else str(value if value is not None else "")
    )


def _typical(members: Sequence[Acquisition]) -> dict[str, Any]:
    typical = {}
    for name in sorted({name for member in members for name in member.fields}):
        counts = Counter(text_of(member.fields.get(name)) for member in members)
        common = min(counts, key=lambda text: (-counts[text], text))
        typical[name] = next(
            member.fields.get(name) for member in members if text_of(member.fields.get(name)) == common
        )
    return typical


def _variants(members: Sequence[Acquisition]) -> dict[str, dict[str, int]]:
    variants = {}
    for name in PARAMETERS:
        sessions: dict[str, set[SessionId]] = {}
        for member in members:
            sessions.setdefault(shown(member.fields.get(name)), set()).add(member.session)
        if len(sessions) > 1:
            counts = {value: len(where) for value, where in sessions.items()}
            variants[name] = dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
    return variants


def shown(value: Any) -> str:
    """A parameter's value to read: numbers to three digits, lists with slashes."""
    if isinstance(value, list):
        parts = list(dict.fromkeys(shown(part) for part in value))
        return "/".join(parts) if len(parts) <= 6 else f"{parts[0]}..{parts[-1]} ({len(parts)} values)"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value) if value is not None else ""


PUBLIC_COLUMNS = (
    *(
        "group",
        "result",
        "rules",
        "suggestion",
        "sessions",
        "series",
        "example",
        "vendor",
        "model",
        "modality",
        "sequence",
    ),
    *("image_type", "dimensions", "field_t", "tr_ms", "te_ms", "ti_ms", "flip_deg", "matrix", "slices", "volumes"),
    *("thickness_mm", "b_values", "variants"),
)
RESTRICTED_COLUMNS = (*PUBLIC_COLUMNS, "series_description", "protocol_name", "sequence_name")


def public_row(group: ProtocolGroup, tells: Callable[[str], bool], suggestion: str = "") -> dict[str, str]:
    """A group without free text.

    Parameters
    ----------
    tells
        Whether a text holds one of the cohort's own identifiers (`identifiers.LabelSearch`): it is not shown then.
    suggestion
        What the group may be, where the rules leave it open.
    """
    fields, match = group.fields, group.match
    row = {
        "group": group.group,
        "result": match.name,
        "rules": ",".join(match.rules + tuple(f"({name})" for name in match.waits_for)),
        "suggestion": suggestion,
        "sessions": str(group.sessions),
        "series": str(group.series),
        "example": group.members[0].session.name,
        "vendor": vendor(fields.get("Manufacturer")),
        "model": _model(fields.get("ManufacturerModelName")),
        "modality": _coded(fields.get("Modality")),
        "sequence": _coded(fields.get("ScanningSequence")) or _coded(fields.get("EchoPulseSequence")),
        "image_type": _coded(fields.get("ImageType")),
        "dimensions": _coded(fields.get("MRAcquisitionType")),
        "field_t": _number(fields.get("MagneticFieldStrength")),
        "tr_ms": _number(fields.get("RepetitionTime")),
        "te_ms": _number(fields.get("EchoTime")),
        "ti_ms": _number(fields.get("InversionTime")),
        "flip_deg": _number(fields.get("FlipAngle")),
        "matrix": "x".join(filter(None, (_number(fields.get("Columns")), _number(fields.get("Rows"))))),
        "slices": _number(fields.get("Slices")),
        "volumes": _number(fields.get("Volumes")),
        "thickness_mm": _number(fields.get("SliceThickness")),
        "b_values": _number(fields.get("DiffusionBValue")),
        "variants": "; ".join(
            f"{name} " + ", ".join(f"{_number(value) or 'none'} in {count}" for value, count in counts.items())
            for name, counts in group.variants.items()
        ),
    }
    # Of numbers only a long one can be somebody's: 2300 ms are a setting, be it also a patient's ID.
    searched = {name for name, value in row.items() if name in _OF_HEADERS or re.search(r"\d{6}", value)}
    return {name: "" if name in searched and tells(value) else value for name, value in row.items()}


def restricted_row(group: ProtocolGroup, suggestion: str = "") -> dict[str, str]:
    """A group with the free text that a curator writes rules by."""
    texts = {column: text_of(group.fields.get(name)) for column, name in _TEXTS.items()}
    return (
        public_row(group, lambda text: False, suggestion)
        | {"model": text_of(group.fields.get("ManufacturerModelName"))}
        | texts
    )


_OF_HEADERS = {"result", "rules", "suggestion", "model", "modality", "sequence", "image_type", "dimensions"}
"""Columns whose words come from headers, or from rules that take them from there."""
_TEXTS = {
    "series_description": "SeriesDescription",
    "protocol_name": "ProtocolName",
    "sequence_name": "SequenceName",
}


def _number(value: Any) -> str:
    """A parameter's value as `shown`, or a question mark where a header holds other words in the place of a number."""
    text = shown(value)
    return text if NUMBER.fullmatch(text) or text in DIRECTIONS else "?"


def _coded(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return "/".join(part if CODED.fullmatch(part) else "?" for part in map(text_of, parts) if part)


def _model(value: Any) -> str:
    return re.sub(r"[^A-Za-z0-9 ._+-]", "", text_of(value))[:40]
