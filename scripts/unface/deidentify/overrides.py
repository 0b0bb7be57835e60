"""What a curator wants done otherwise: the setting `deidentify.overrides`, checked before anything runs."""

import re
import struct
from collections.abc import Mapping
from datetime import datetime

from pydicom.datadict import tag_for_keyword

from unface.deidentify.actions import Action, Decision
from unface.dicom.standard import BYTES_VRS, TEXT_VRS, vr_of
from unface.run.settings import SettingsError

OVERRIDES: Mapping[str, Action] = {
    "keep": "keep",
    "remove": "remove",
    "empty": "empty",
    "hash": "hash",
    "shift": "date",
    "band": "band",
    "uid": "uid",
    "clean": "text",
    "randomise": "random",
}
"""What a curator can ask for, and the action that does it."""

FITTING: Mapping[str, set[str]] = {
    "shift": {"DA", "DT", *TEXT_VRS},
    "band": {"AS"},
    "uid": {"UI"},
    "clean": TEXT_VRS,
    "hash": {*TEXT_VRS, "CS", "PN", "AE"},
}
"""The VRs of what an action makes sense for; the others do for any."""

BINARY_VRS = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8, "AT": 4, "SV": 8, "UV": 8}
"""Bytes of one value."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
VALUE_PATTERNS: Mapping[str, str] = {
    "AE": r"[ -~]{1,16}",
    "AS": r"\d{3}[DWMY]",
    "CS": r"[A-Z0-9 _]{0,16}",
    "DA": r"\d{8}",
    "DS": rf"(?=.{{1,16}}$){_NUMBER}",
    "DT": r"\d{4}(?:\d\d){0,5}(?:\.\d{1,6})?(?:[+-]\d{4})?",
    "IS": r"[+-]?\d{1,10}",
    "LO": r"[ -~]{0,64}",
    "PN": r"[ -~]{0,64}",
    "SH": r"[ -~]{0,16}",
    "TM": r"\d\d(?:\d\d){0,2}(?:\.\d{1,6})?",
    "UI": r"(?=.{1,64}$)(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+",
}
"""What one value of a VR looks like (PS3.5 table 6.2-1); text in ASCII, which every character set holds."""

Verb = str | Mapping[str, str]
"""What a curator asks for: a name of `OVERRIDES`, or `replace` with the value."""


def read(settings: Mapping[str, Verb]) -> dict[tuple[int, str], Decision]:
    """Read what the overrides ask for.

    Parameters
    ----------
    settings
        The setting `deidentify.overrides`: attributes (`key`), and what is asked for.

    Returns
    -------
    dict of (int, str) to Decision
        What happens to each attribute, by tag and private creator.

    Raises
    ------
    SettingsError
        If DICOM knows no such attribute, or it cannot hold what is asked for: the message names it.
    """
    return {key(where): _decision(where, verb) for where, verb in settings.items()}


def _decision(where: str, verb: Verb) -> Decision:
    tag, creator = key(where)
    vr = "" if creator else vr_of(tag)
    if not isinstance(verb, str):
        value = str(verb["replace"])
        if vr in ("SQ", *BYTES_VRS):
            raise SettingsError(f"deidentify.overrides: {where} (VR {vr}) holds no value that could be replaced")
        if vr:
            encoded(vr, value, where)
        return Decision("replace", "override", value)
    if vr and vr not in FITTING.get(verb, {vr}):
        raise SettingsError(
            f"deidentify.overrides: {where} (VR {vr}): {verb} is for {', '.join(sorted(FITTING[verb]))}"
        )
    return Decision(OVERRIDES[verb], "override")


def fitted(override: Decision, vr: str) -> Decision:
    """Fit an override to the VR of its attribute: sequences have items and no value.

    A private element's VR stands in the file alone: one that cannot hold the value is removed.

    Parameters
    ----------
    override
        What was asked for.
    vr
        VR of the attribute.

    Returns
    -------
    Decision
        What happens to an attribute of this VR, and why.
    """
    if vr == "SQ" and override.action == "keep":
        return Decision("recurse", override.why)
    if vr == "SQ":
        return Decision("empty" if override.action == "empty" else "remove", override.why)
    if override.action == "replace":
        try:
            encoded(vr, override.value)
        except SettingsError:
            return Decision("remove", f"override, but VR {vr} holds no such value")
        if vr in BYTES_VRS:
            return Decision("remove", f"override, but VR {vr} holds no such value")
    return override


def key(where: str) -> tuple[int, str]:
    """Read what an override names.

    Parameters
    ----------
    where
        A keyword, `0018,1030`, or `0029,SIEMENS CSA HEADER,10`.

    Returns
    -------
    int
        Tag; of a private element with the last two digits of its number alone.
    str
        Private creator; empty for a standard attribute.

    Raises
    ------
    SettingsError
        If DICOM knows no such attribute.
    """
    tag = tag_for_keyword(where)
    if tag is not None:
        return tag, ""
    group, _, rest = where.partition(",")
    creator, _, element = rest.rpartition(",")
    if re.fullmatch(r"[0-9a-fA-F]{4}", group) and re.fullmatch(r"[0-9a-fA-F]{2}|[0-9a-fA-F]{4}", element):
        return int(group, 16) << 16 | int(element, 16), creator
    raise SettingsError(f"deidentify.overrides: {where!r} is no DICOM keyword, tag or private element")


def encoded(vr: str, value: str, where: str = "a private element") -> bytes:
    """Encode a curator's value as its VR asks (PS3.5 6.2).

    Parameters
    ----------
    vr
        VR of the attribute.
    value
        The value as text; several with backslashes between them, where the VR is one of text.
    where
        What the message of an error names.

    Returns
    -------
    bytes
        The value in little endian, not padded.

    Raises
    ------
    SettingsError
        If it is no value of the VR.
    """
    wrong = SettingsError(f"deidentify.overrides: {where}: {value!r} is no value of VR {vr}")
    try:
        if vr in ("FL", "FD"):
            return struct.pack("<f" if vr == "FL" else "<d", float(value))
        if vr == "AT":
            return struct.pack("<HH", *(int(part, 16) for part in value.split(",")))
        if vr in BINARY_VRS:
            return int(value).to_bytes(BINARY_VRS[vr], "little", signed=vr in ("SS", "SL", "SV"))
        if vr == "DA" and value:
            datetime.strptime(value, "%Y%m%d")
    except (ValueError, OverflowError, struct.error):
        raise wrong from None
    pattern = VALUE_PATTERNS.get(vr, r"[ -~\n]*")
    if value and not all(re.fullmatch(pattern, part) for part in value.split("\\")):
        raise wrong
    return value.encode("ascii")
