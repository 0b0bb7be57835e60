"""What the two tables of protocol groups show of a group: one without free text, and one with it, for the curator."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from unface.identity.vocabulary import code_words, is_code, technical_words, vocabulary
from unface.inventory.protocol_groups import ProtocolGroup, shown, text_of, vendor

UNKNOWN = "?"
"""Stands for words of no list: they may name a person, a hospital or a device."""
_OF_MODELS = frozenset(
    [
        *("fit", "plus", "investigational", "device", "classic", "nova", "evolution", "upgrade", "dual", "intera"),
        *("t", "w", "x", "h", "e", "hd", "hdx", "cx", "xt", "tx", "pp", "sp", "mrt", "mct", "hfo", "usr", "gem"),
    ]
)
"""Words and letters in the names of scanners, besides those of technical text."""

NUMBER = re.compile(r"[0-9./e+-]*( \([0-9]+ values\))?")
DIRECTIONS = ("ROW", "COL", "COLUMN", "OTHER")
"""InPlanePhaseEncodingDirection (0018,1312), the one parameter that is no number."""

PUBLIC_COLUMNS = (
    *(
        "group",
        "result",
        "rules",
        "suggestion",
        "sessions",
        "per_session",
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
    group
        The group.
    tells
        Whether a text holds one of the cohort's own identifiers (`LabelSearch.found_in`): it is not shown then.
    suggestion
        What the group may be, where the rules leave it open.

    Returns
    -------
    dict
        Text by `PUBLIC_COLUMNS`.
    """
    fields, match = group.fields, group.match
    row = {
        "group": group.group,
        "result": match.name,
        "rules": ",".join(match.rules + tuple(f"({name})" for name in match.waits_for)),
        "suggestion": suggestion,
        "sessions": str(group.sessions),
        "per_session": ",".join(map(str, group.per_session)),
        "series": str(group.series),
        "example": group.members[0].session.name,
        "vendor": vendor(fields.get("Manufacturer")),
        "model": _model(fields.get("ManufacturerModelName")),
        "modality": _coded(fields.get("Modality")),
        "sequence": _coded(fields.get("ScanningSequence") or fields.get("EchoPulseSequence")),
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
    """A group with the free text that a curator writes rules by.

    Parameters
    ----------
    group
        The group.
    suggestion
        What it may be, where the rules leave it open.

    Returns
    -------
    dict
        Text by `RESTRICTED_COLUMNS`.
    """
    texts = {column: text_of(group.fields.get(name)) for column, name in _TEXTS.items()}
    return public_row(group, lambda text: False, suggestion) | texts


_OF_HEADERS = {"result", "rules", "suggestion"}
"""Columns with words of rules, which may take them from headers; in the others every word is of a list."""
_TEXTS = {
    "model": "ManufacturerModelName",
    "image_type": "ImageType",
    "series_description": "SeriesDescription",
    "protocol_name": "ProtocolName",
    "sequence_name": "SequenceName",
}


def _number(value: Any) -> str:
    """A parameter's value as `shown`, or a question mark where a header holds other words in the place of a number."""
    text = shown(value)
    return text if NUMBER.fullmatch(text) or text in DIRECTIONS else "?"


@cache
def _technical() -> frozenset[str]:
    """Words that tell of sequences, images and scanners."""
    return frozenset(word.decode() for word in vocabulary() | technical_words() | code_words())


def _coded(value: Any) -> str:
    """Coded strings; one with a word of no list is free text in the wrong place."""
    parts = [text_of(part).strip() for part in (value if isinstance(value, list) else [value])]
    return "/".join(
        part if all(map(is_code, re.split(rb"[ _]+", part.lower().encode()))) else UNKNOWN for part in parts if part
    )


def _model(value: Any) -> str:
    """The name of a scanner, with one question mark for neighbouring words that no list has."""
    words = [word if _is_of_model(word) else UNKNOWN for word in re.split(r"[^A-Za-z0-9.+-]+", text_of(value)) if word]
    return " ".join(word for at, word in enumerate(words) if words[at - 1 : at] != [UNKNOWN] or word != UNKNOWN)[:60]


def _is_of_model(word: str) -> bool:
    """Whether all of a word is of a list: the whole, or what stands between its numbers of three digits at most."""
    parts = re.findall(r"[a-z]+|[0-9]+", word.lower())
    known = _technical() | _OF_MODELS
    return word.lower() in known or all(len(part) < 4 if part.isdigit() else part in known for part in parts)
