"""What happens to each attribute: PS3.15 Table E.1-1 with the options and overrides in force.

A rule says what to do with an attribute and why. Attributes that the table does not name are judged by their VR:
numbers and codes stay, UIDs and dates are replaced, names go, text is held against the allow-list of words.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, cast

from pydicom.datadict import dictionary_keyword, dictionary_VR, tag_for_keyword

from unface.settings import PROJECT, Deidentify, SettingsError

Action = Literal[
    "keep",  # as it is
    "check",  # as it is, less any word that identifies the subject
    "remove",
    "empty",
    "dummy",  # a value that says nothing
    "uid",  # a new UID from the key
    "date",  # shifted by the subject's days
    "band",  # an age as the upper bound of its band
    "text",  # the words of the allow-list
    "code",  # a machine's short codes, and the words of the allow-list
    "csa",  # a Siemens CSA header, cleaned
    "phoenix",  # a Siemens protocol, cleaned
    "ge_protocol",  # a GE protocol block, cleaned
    "hash",  # a pseudonym of the value, from the key
    "replace",  # by a value of the curator's
    "random",  # digits and letters by others, from the key
    "recurse",  # a sequence: its items by the same rules
]


@dataclass(frozen=True)
class Rule:
    """What happens to an attribute, and why: the standard's code, an option, an override, or a rule of unface."""

    action: Action
    why: str
    value: str = ""
    """What stands there afterwards, if the action is `replace`."""


OPTION_CODES: Mapping[str, tuple[str, str]] = {
    "clean_graphics": ("113103", "Clean Graphics Option"),
    "clean_structured_content": ("113104", "Clean Structured Content Option"),
    "clean_descriptors": ("113105", "Clean Descriptors Option"),
    "retain_longitudinal_full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "retain_longitudinal_modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain_device_identity": ("113109", "Retain Device Identity Option"),
    "retain_uids": ("113110", "Retain UIDs Option"),
    "retain_safe_private": ("113111", "Retain Safe Private Option"),
    "retain_institution_identity": ("113112", "Retain Institution Identity Option"),
}
"""PS3.16 CID 7050: code value and meaning of each option, for (0012,0064)."""

BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")

BY_TYPE: Mapping[str, Mapping[str, Action]] = {
    "1": {"X": "dummy", "Z": "dummy", "X/Z": "dummy", "X/D": "dummy", "Z/D": "dummy", "X/Z/D": "dummy"},
    "2": {"X": "empty", "Z": "empty", "X/Z": "empty", "X/D": "empty", "Z/D": "empty", "X/Z/D": "empty"},
    "3": {"X": "remove", "Z": "empty", "X/Z": "remove", "X/D": "remove", "Z/D": "empty", "X/Z/D": "remove"},
    # Of an IOD that the tables do not hold: what conforms whatever the Type is.
    "": {"X": "remove", "Z": "empty", "X/Z": "empty", "X/D": "dummy", "Z/D": "dummy", "X/Z/D": "dummy"},
}
"""PS3.15 E.2: where a code leaves a choice, and where it would break the IOD, the attribute's Type decides."""

ANY_TYPE: Mapping[str, Action] = {"D": "dummy", "U": "uid", "X/Z/U*": "recurse"}

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

ANY_OTHER = 0x00180001
"""An attribute that no table names."""
DIGEST_DIGITS = 16
OURS = {0x00100010, 0x00100020, 0x00120062, 0x00120063, 0x00120064, 0x00280303}
"""Attributes that unface writes itself, in every file."""

CLASS_UIDS = {
    0x00020002,
    0x00080016,
    0x0008001A,
    0x0008001B,
    0x00080062,
    0x0008010C,
    0x0008010D,
    0x00080117,
    0x00080118,
    0x00081150,
    0x0008115A,
    0x00041510,
    0x00041512,
    0x00041513,
    0x00741200,
}
"""Attributes whose UIDs name a class, a transfer syntax or a coding scheme: the same for everyone."""

TEXT_VRS = {"LO", "SH", "ST", "LT", "UT", "UC"}
REMOVED_VRS = {"PN", "AE", "UR", "UN"}
DATE_VRS = {"DA", "DT"}
BYTES_VRS = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}
KNOWN_VRS = TEXT_VRS | DATE_VRS | BYTES_VRS | REMOVED_VRS
KNOWN_VRS |= {"SQ", "UI", "TM", "AS", "CS", "DS", "IS", "AT", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"}
GRAPHIC_GROUPS = {*range(0x5000, 0x5100), *range(0x6000, 0x6100)}
REMOVED_GROUPS = {0x0400, 0x4FFE, 0xFFFA, 0xFFFC, 0x0042}
"""Signatures and encrypted attributes, MACs, padding, encapsulated documents."""


def table(name: str) -> list[dict[str, str]]:
    """Rows of a TSV of `resources/`, whose comment lines begin with `#`."""
    with (PROJECT / "resources" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"))


@cache
def _technical_text() -> frozenset[int | None]:
    """Text attributes outside the table that describe the machine's work."""
    lines = (PROJECT / "resources" / "technical_text.txt").read_text(encoding="ascii").splitlines()
    return frozenset(tag_for_keyword(line) for line in lines if not line.startswith("#"))


@cache
def _standard() -> Mapping[str, Mapping[str, str]]:
    return {row["tag"]: row for row in table("confidentiality_profile.tsv")}


@cache
def _types() -> Mapping[tuple[int, int, str], str]:
    return {
        (_number(row["tag"]), _number(row["parent"]), iod): row["type"]
        for row in table("attribute_types.tsv")
        for iod in row["iods"].split()
    }


@cache
def _iods() -> Mapping[str, str]:
    return {row["sop_class"]: row["iod"] for row in table("sop_classes.tsv")}


def _number(tag: str) -> int:
    return int(tag.replace("xx", "00") or "0", 16)


def type_of(sop_class: str, tag: int, parent: int) -> str:
    """The Type of an attribute in an IOD (1, 1C, 2, 2C or 3), or nothing for an IOD that the tables lack.

    Parameters
    ----------
    parent
        The sequence in whose item the attribute stands; 0 at the top.
    """
    iod = _iods().get(sop_class)
    if iod is None:
        return ""
    return _types().get((tag, parent, iod)) or _types().get((tag, parent, "*")) or "3"


@cache
def safe_private() -> Mapping[tuple[int, str, int], Mapping[str, str]]:
    """Private elements that may stay: what science needs, then the safe lists."""
    rows: dict[tuple[int, str, int], Mapping[str, str]] = {}
    for name in ("private_science.tsv", "private_safe.tsv"):
        for row in table(name):
            key = int(row["group"], 16), row["creator"], int(row["element"], 16)
            rows.setdefault(key, {"source": "unface", **row})
    return rows


@cache
def safe_creators() -> frozenset[tuple[int, str]]:
    """Groups and private creators of the safe lists: vendors' names, which identify nobody."""
    return frozenset((group, creator) for group, creator, _ in safe_private())


def vr_of(tag: int) -> str:
    """The VR of a standard attribute in pydicom's dictionary; `UN` if it has none there."""
    try:
        return dictionary_VR(tag).split(" or ", maxsplit=1)[0]
    except KeyError:
        return "UN"


def keyword_of(tag: int) -> str:
    """The keyword of a standard attribute, or its number."""
    try:
        return dictionary_keyword(tag) or f"{tag:08x}"
    except KeyError:
        return f"{tag:08x}"


class Profile:
    """The rules in force: the table, the options, the overrides."""

    def __init__(self, settings: Deidentify, written: frozenset[int] = frozenset()) -> None:
        self.options = frozenset(settings.options)
        self.age_band_years = settings.age_band_years
        self.written = written
        self._source = settings
        self._settings = sorted((where, str(verb)) for where, verb in settings.overrides.items()), self.age_band_years
        self._overrides = {override_key(where): _override(verb) for where, verb in settings.overrides.items()}
        self._rules: dict[tuple[int, str, str], Rule] = {}
        self._private: dict[tuple[int, str, int, str], tuple[Rule, str]] = {}
        self._safe = safe_private() if "retain_safe_private" in self.options else {}
        self._creators = {(group, creator) for group, creator, _ in self._safe}
        self._creators |= {(tag >> 16, creator) for tag, creator in self._overrides if creator}

    def writing(self, tags: frozenset[int]) -> "Profile":
        """This profile, where unface writes further attributes itself."""
        return self if tags <= self.written else Profile(self._source, tags | self.written)

    @cached_property
    def digest(self) -> str:
        """Names the profile: what options, overrides and tables it is made from."""
        content = hashlib.sha256(repr((sorted(self.options), self._settings, sorted(self.written))).encode())
        for path in resources():
            content.update(path.read_bytes())
        return content.hexdigest()[:DIGEST_DIGITS]

    @property
    def shifts_dates(self) -> bool:
        return "retain_longitudinal_modified_dates" in self.options

    @property
    def keeps_dates(self) -> bool:
        return "retain_longitudinal_full_dates" in self.options and not self.shifts_dates

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Code and meaning of the profile and of each option in force, in the order of the codes."""
        return [BASIC_CODE, *sorted(OPTION_CODES[option] for option in self.options)]

    def rule(self, tag: int, vr: str, kind: str = "") -> Rule:
        """The rule for a standard attribute (an even group) of a given VR and Type (`type_of`)."""
        known = self._rules.get((tag, vr, kind))
        if known is None:
            known = self._rules[tag, vr, kind] = self._decide(tag, vr, kind)
        return known

    def private_rule(self, group: int, creator: str, element: int, vr: str) -> tuple[Rule, str]:
        """The rule for a private element, found by its creator, and the VR to write it with.

        `vr` is what the file says; UN, also for what implicit files do not say, gives way to the list's.
        """
        key = group, creator, element, vr
        known = self._private.get(key)
        if known is None:
            known = self._private[key] = self._decide_private(group, creator, element, vr)
        return known

    @property
    def overridden(self) -> frozenset[tuple[int, str]]:
        """Tag and creator of what the curator's overrides name."""
        return frozenset(self._overrides)

    def unlisted(self, vr: str) -> Rule:
        """The rule for attributes of a VR that neither the standard's table nor an override names."""
        return self._unlisted(ANY_OTHER, vr)

    def shows(self, keyword: str) -> bool:
        """Whether the values of a standard attribute identify nobody and may be written down."""
        tag = tag_for_keyword(keyword)
        return tag is not None and self.rule(tag, vr_of(tag)).action in {"keep", "check"}

    def knows_creator(self, group: int, creator: str) -> bool:
        """Whether any element of this creator may stay."""
        return (group, creator) in self._creators

    def _decide(self, tag: int, vr: str, kind: str) -> Rule:
        own = tag in OURS or tag in self.written
        override = self._overrides.get((tag, ""))
        if override is not None and not own:
            return _overridden(override, vr)
        if own or tag >> 16 in GRAPHIC_GROUPS:
            # The table names two attributes of an overlay; what is left of it without them is no overlay.
            return Rule("remove", "unface writes its own" if own else "a curve or an overlay goes as a whole")
        row = _standard().get(_pattern(tag))
        if row is None or row["basic"] == "":
            return self._unlisted(tag, vr)
        codes = {option: row[option] for option in sorted(self.options) if row[option]}
        for option, code in codes.items():
            if code == "K" and not (option == "retain_longitudinal_full_dates" and self.shifts_dates):
                return Rule(_kept(option, vr), f"K: {option}")
        for option, code in codes.items():
            if code == "C":
                return Rule(self._cleaned(option, vr), f"C: {option}")
        code = row["basic"]
        action = ANY_TYPE.get(code) or BY_TYPE[kind[:1]][code]
        if vr == "SQ" and action in ("dummy", "uid"):
            action = "recurse"
        return Rule(action, f"{code}: Basic Profile" + (f", Type {kind}" if kind else ""))

    def _cleaned(self, option: str, vr: str) -> Action:
        if option == "clean_graphics":
            return "remove"  # No program can tell whether a graphic identifies someone.
        if vr == "SQ":
            return "recurse"
        if vr in DATE_VRS:
            return "date"
        if vr == "TM":
            return "check"
        return "text" if vr in TEXT_VRS else "remove"

    def _unlisted(self, tag: int, vr: str) -> Rule:
        """The rule for an attribute outside the table, by its VR."""
        group, element = tag >> 16, tag & 0xFFFF
        if element == 0 or group in REMOVED_GROUPS:
            return Rule("remove", "not part of a clean image")
        if vr in REMOVED_VRS:
            return Rule("remove", f"any {vr}")
        actions: dict[str, Action] = {
            "SQ": "recurse",
            "UI": "keep" if tag in CLASS_UIDS or "retain_uids" in self.options else "uid",
            "DA": self._any_date(),
            "DT": self._any_date(),
            "TM": "check" if self.shifts_dates or self.keeps_dates else "empty",
            "AS": "band",
            "CS": "check",
            "DS": "check",
            "IS": "check",
            **dict.fromkeys(TEXT_VRS, "check" if tag in _technical_text() else "text"),
        }
        return Rule(actions.get(vr, "keep"), f"outside the table: any {vr}")

    def _any_date(self) -> Action:
        if self.shifts_dates:
            return "date"
        return "keep" if self.keeps_dates else "empty"

    def _decide_private(self, group: int, creator: str, element: int, vr: str) -> tuple[Rule, str]:
        row = self._safe.get((group, creator, element))
        override = self._overrides.get((group << 16 | element, creator))
        if override is not None:
            return _overridden(override, vr), vr
        if row is None:
            return Rule("remove", "private, on no safe list"), vr
        if vr == "UN" and row["vr"] in KNOWN_VRS:
            vr = row["vr"]
        return Rule(self._private_action(row["action"], row["vr"], vr), f"safe private: {row['source']}"), vr

    def _private_action(self, verb: str, listed: str, vr: str) -> Action:
        """What to do with a listed element; its VR in the file decides what it can hold."""
        if verb in ("csa", "phoenix", "ge_protocol") and vr in BYTES_VRS:
            return cast(Action, verb)
        if vr == "SQ" or listed == "SQ":
            return "recurse" if vr == listed else "remove"
        if vr in REMOVED_VRS or (vr in BYTES_VRS and listed not in BYTES_VRS):
            return "remove"
        # The name of a list is no promise of what a scanner's user can type there.
        text: Action = cast(Action, verb) if verb in {"text", "check"} else "code"
        actions: dict[str, Action] = {
            "UI": "keep" if "retain_uids" in self.options else "uid",
            "DA": self._any_date(),
            "DT": self._any_date(),
            "TM": "check",
            "AS": "band",
            "CS": "check",
            "DS": "check",
            "IS": "check",
            **dict.fromkeys(TEXT_VRS, text),
        }
        if verb in {"uid", "date"}:
            return actions["UI" if verb == "uid" else "DT"] if vr in TEXT_VRS | DATE_VRS | {"UI"} else "remove"
        return actions.get(vr, "keep")


def _kept(option: str, vr: str) -> Action:
    """What K means for a VR: ages are banded even then, and free text about a patient is still free text."""
    if vr == "SQ":
        return "recurse"
    if vr == "AS":
        return "band"
    return "text" if option == "retain_patient_characteristics" and vr in TEXT_VRS else "keep"


def _override(verb: str | Mapping[str, str]) -> Rule:
    """The rule that an override asks for: a word, or `replace` with a value."""
    if isinstance(verb, str):
        return Rule(OVERRIDES[verb], "override")
    return Rule("replace", "override", str(verb["replace"]))


def _overridden(override: Rule, vr: str) -> Rule:
    """What an override means for a VR: sequences have items and no value."""
    if vr == "SQ" and override.action == "keep":
        return Rule("recurse", override.why)
    if vr == "SQ" or (override.action == "replace" and vr in BYTES_VRS):
        return Rule("empty" if override.action == "empty" else "remove", override.why)
    return override


def override_key(where: str) -> tuple[int, str]:
    """Tag and creator of what an override names: a keyword, `0018,1030`, or `0029,SIEMENS CSA HEADER,10`.

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
    try:
        return int(group, 16) << 16 | int(element, 16), creator
    except ValueError:
        raise SettingsError(f"deidentify.overrides: {where!r} is no DICOM keyword, tag or private element") from None


def _pattern(tag: int) -> str:
    """How the table writes a tag: repeating groups with `xx`."""
    text = f"{tag:08x}"
    if text.startswith("50"):
        return "50xxxxxx"
    return f"60xx{text[4:]}" if text.startswith("60") else text


def resources() -> list[Path]:
    """The tables that a profile is made from."""
    return [
        PROJECT / "resources" / name
        for name in ("confidentiality_profile.tsv", "private_safe.tsv", "private_science.tsv", "descriptor_words.txt")
    ]
