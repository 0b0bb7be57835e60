"""Sidecars by allow-list: what a released JSON file may say."""

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from unface.identity.vocabulary import keep_codes, keep_words
from unface.run.settings import PROJECT

SOFTWARE = ("SoftwareVersions", "ConversionSoftwareVersion")
"""Versions of software may look like identifiers (`5.7.1.1`) and are none."""

DESCRIPTIONS = frozenset({"AttenuationCorrection", "BodyPart", "ContrastBolusIngredient", "TracerName"})
"""What a technologist may have typed: words of the vocabulary of Clean Descriptors stay."""

MACHINE_WORDS = frozenset(
    {"ConvolutionKernel", "ReceiveCoilName", "ReconFilterType", "ReconMethodName", "TracerRadionuclide"}
)
"""Names of parts and methods, which sites can change: short codes stay too (`Head_32`, `OSEM3D`)."""

_IDENTIFIER_LIKE = (
    re.compile(r"(?<![\d.])[012](?:\.\d+){5,}"),  # a UID
    re.compile(r"[^\W\d_]\^[^\W\d_]"),  # a person name
    re.compile(r"(?<!\d)(?:19|20)\d\d([-./]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?!\d)"),  # a date
)
_REMOVED = ("REMOVED", "None", "")
"""What de-identification and dcm2niix put where a value was."""


@cache
def allowed_keys() -> frozenset[str]:
    """Keys that may stand in a sidecar: those of the BIDS glossary and technical ones of dcm2niix."""
    lines = (PROJECT / "resources" / "sidecar_keys.tsv").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t")[0] for line in lines[1:])


def cleaned(sidecar: Mapping[str, Any]) -> dict[str, Any]:
    """What may be released of a sidecar that dcm2niix wrote.

    Keys outside the allow-list go, and so do texts that look like an identifier or say nothing. Free text goes through
    Clean Descriptors, whether or not its header went.

    Parameters
    ----------
    sidecar
        The sidecar as dcm2niix wrote it.

    Returns
    -------
    dict
        Another one, with what may be released.
    """
    allowed = sorted(allowed_keys() & set(sidecar))
    # Half a name no longer looks like one: what looks like an identifier goes before words of it are dropped.
    described = {key: _described(key, sidecar[key]) for key in allowed if _says_something(key, sidecar[key])}
    kept = {key: value for key, value in described.items() if _says_something(key, value)}
    timing, repetition = kept.get("SliceTiming"), kept.get("RepetitionTime")
    # dcm2niix reads times of interleaved field maps in another unit; a time beyond the repetition is wrong.
    if timing and not (_are_numbers(repetition, timing) and max(timing) < repetition):
        del kept["SliceTiming"]
    return kept


def _are_numbers(one: Any, several: Any) -> bool:
    return isinstance(several, list) and all(isinstance(value, int | float) for value in (one, *several))


def _described(key: str, value: Any) -> Any:
    """A value without words that no vocabulary knows, where its key holds free text."""
    if isinstance(value, list):
        return [_described(key, part) for part in value]
    clean = keep_words if key in DESCRIPTIONS else keep_codes if key in MACHINE_WORDS else None
    if clean is None or not isinstance(value, str):
        return value
    # The converter does not know the subject's identifiers: the clean header that this came from has lost them.
    return clean(value.encode(), lambda word: False).decode(errors="ignore").strip("_- ")


def _says_something(key: str, value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_says_something(inner, part) for inner, part in value.items())
    if isinstance(value, list):
        return all(_says_something(key, part) for part in value)
    if not isinstance(value, str):
        return value is not None and (not isinstance(value, float) or math.isfinite(value))
    looks_like_one = key not in SOFTWARE and any(pattern.search(value) for pattern in _IDENTIFIER_LIKE)
    return value not in _REMOVED and value.isprintable() and not looks_like_one


def write(path: Path, sidecar: Mapping[str, Any]) -> None:
    """Write a sidecar; the same content gives the same bytes.

    Parameters
    ----------
    path
        The file to write.
    sidecar
        What it is to say.
    """
    path.write_text(json.dumps(sidecar, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
