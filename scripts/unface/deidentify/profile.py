"""What happens to each attribute: PS3.15 Table E.1-1 with the options and overrides in force.

A decision says what to do with an attribute and why. Attributes that the table does not name are judged by their VR:
numbers and codes stay, UIDs and dates are replaced, names go, text is held against the allow-list of words.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from unface.deidentify import overrides
from unface.deidentify.actions import Action, Decision
from unface.deidentify.tables import confidentiality_profile, safe_private, technical_text
from unface.dicom.elements import KNOWN_VRS, PIXELS
from unface.dicom.options import BASIC_PROFILE, OPTION_CODES
from unface.dicom.standard import BYTES_VRS, CLASS_UIDS, DATE_VRS, TEXT_VRS, holds_bytes
from unface.run.settings import Deidentify

BY_TYPE: Mapping[str, Mapping[str, Action]] = {
    "1": {"X": "dummy", "Z": "dummy", "X/Z": "dummy", "X/D": "dummy", "Z/D": "dummy", "X/Z/D": "dummy"},
    "2": {"X": "empty", "Z": "empty", "X/Z": "empty", "X/D": "empty", "Z/D": "empty", "X/Z/D": "empty"},
    "3": {"X": "remove", "Z": "empty", "X/Z": "remove", "X/D": "remove", "Z/D": "empty", "X/Z/D": "remove"},
    # Of an IOD that the tables do not hold: what conforms whatever the Type is.
    "": {"X": "remove", "Z": "empty", "X/Z": "empty", "X/D": "dummy", "Z/D": "dummy", "X/Z/D": "dummy"},
}
"""PS3.15 E.2: where a code leaves a choice, and where it would break the IOD, the attribute's Type decides."""

ANY_TYPE: Mapping[str, Action] = {"D": "dummy", "U": "uid", "X/Z/U*": "recurse"}

REMOVED_VRS = {"PN", "AE", "UR", "UN"}
"""Removed wherever neither the table nor an override names the attribute."""
CHECKED_VRS = {"CS", "DS", "IS", "TM", "DA", "DT", "UI"}
"""VRs whose values are codes, or digits and few signs: nothing else stays there, whatever a table keeps."""
ANY_OTHER = 0x00180001
"""An attribute that no table names."""
OURS = {0x00100010, 0x00100020, 0x00120062, 0x00120063, 0x00120064, 0x00280303}
"""Attributes that unface writes itself, in every file."""

MOVED_TIMES = {0x00080031, 0x00080032, 0x00080033}
"""SeriesTime, AcquisitionTime, ContentTime: they stay, moved, where dates go. Without them conversion loses the timing
of slices, or makes one up."""

CODE_VALUES = {0x00080100, 0x00080119, 0x00080120}
"""CodeValue, LongCodeValue, URNCodeValue."""
GRAPHIC_GROUPS = {*range(0x5000, 0x5100), *range(0x6000, 0x6100)}
BESIDE_PIXELS = {0x7FE00001, 0x7FE00002, *PIXELS}
"""Extended Offset Table and its lengths, which readers do without; the image's pixels themselves are no element of a
header, and no other pixels are part of it."""
REMOVED_GROUPS = {0x0400, 0x4FFE, 0xFFFA, 0xFFFC, 0x0042}
"""Signatures and encrypted attributes, MACs, padding, encapsulated documents."""


class Profile:
    """What is in force: the table, the options, the overrides.

    Parameters
    ----------
    settings
        The settings of de-identification.
    written
        Tags that unface writes itself, besides those of every file (`OURS`).

    Attributes
    ----------
    options : frozenset of str
        Options of PS3.15 in force, by their names in the settings.
    age_band_years : int
        Width of an age's band.
    written : frozenset of int
        As handed in.
    """

    def __init__(self, settings: Deidentify, written: frozenset[int] = frozenset()) -> None:
        self.options = frozenset(settings.options)
        self.age_band_years = settings.age_band_years
        self.written = written
        self._source = settings
        self._overrides = overrides.read(settings.overrides)
        self._decisions: dict[tuple[int, str, str], Decision] = {}
        self._private: dict[tuple[int, str, int, str], tuple[Decision, str]] = {}
        self._safe = safe_private() if "retain_safe_private" in self.options else {}
        self._creators = {(group, creator) for group, creator, _ in self._safe}
        self._creators |= {(tag >> 16, creator) for tag, creator in self._overrides if creator}

    def writing(self, tags: frozenset[int]) -> "Profile":
        """Make the profile for where unface writes further attributes itself.

        Parameters
        ----------
        tags
            Those attributes.

        Returns
        -------
        Profile
            This one, if it knows them already.
        """
        return self if tags <= self.written else Profile(self._source, tags | self.written)

    def writes(self, tag: int) -> bool:
        """Tell whether unface writes an attribute itself.

        Parameters
        ----------
        tag
            The attribute.

        Returns
        -------
        bool
            True for what stands in every clean file, and for what is known from elsewhere than the header.
        """
        return tag in OURS or tag in self.written

    @property
    def shifts_dates(self) -> bool:
        """Whether dates are shifted by the subject's days."""
        return "retain_longitudinal_modified_dates" in self.options

    @property
    def keeps_dates(self) -> bool:
        """Whether dates stay as they are."""
        return "retain_longitudinal_full_dates" in self.options and not self.shifts_dates

    @property
    def moves_times(self) -> bool:
        """Whether times are moved: intervals stay, the time of day does not."""
        kept = self.shifts_dates and self._source.clock_times == "keep"
        return not (self.keeps_dates or kept)

    @property
    def codes(self) -> list[tuple[str, str]]:
        """Code and meaning of the profile and of each option in force, in the order of the codes."""
        return [BASIC_PROFILE, *sorted(OPTION_CODES[option] for option in self.options)]

    def decision(self, tag: int, vr: str, kind: str = "") -> Decision:
        """Decide what happens to a standard attribute.

        Parameters
        ----------
        tag
            The attribute, of an even group.
        vr
            Its VR.
        kind
            Its Type in the IOD (`standard.type_of`, PS3.5 7.4); empty if the tables do not hold the IOD.

        Returns
        -------
        Decision
            What happens to it, and why.
        """
        known = self._decisions.get((tag, vr, kind))
        if known is None:
            known = self._decide(tag, vr, kind)
            known = self._decisions[tag, vr, kind] = known if (tag, "") in self._overrides else _held(known, vr)
        return known

    def private_decision(self, group: int, creator: str, element: int, vr: str) -> tuple[Decision, str]:
        """Decide what happens to a private element, which is known by its creator (PS3.5 7.8.1).

        Parameters
        ----------
        group
            Its group, an odd number.
        creator
            Its private creator.
        element
            The last two digits of its element number: the block may lie anywhere.
        vr
            What the file says; UN, also for what implicit files do not say, gives way to the list's.

        Returns
        -------
        Decision
            What happens to it, and why.
        str
            The VR to write it with.
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

    def unlisted(self, vr: str) -> Decision:
        """Decide what happens to attributes that neither the standard's table nor an override names.

        Parameters
        ----------
        vr
            Their VR.

        Returns
        -------
        Decision
            What happens to them, and why.
        """
        return self._unlisted(ANY_OTHER, vr)

    def knows_creator(self, group: int, creator: str) -> bool:
        """Tell whether any element of a private creator may stay.

        Parameters
        ----------
        group, creator
            The group and the name that stands in it.

        Returns
        -------
        bool
            Whether a safe list or an override names one.
        """
        return (group, creator) in self._creators

    def _decide(self, tag: int, vr: str, kind: str) -> Decision:
        row = confidentiality_profile().get(_pattern(tag))
        # Of Type 1 a patient's ID stands in sequences alone, where unface writes nothing.
        own = self.writes(tag) and not (row and kind == "1")
        override = self._overrides.get((tag, ""))
        if override is not None and not own:
            return overrides.fitted(override, vr)
        if own or tag >> 16 in GRAPHIC_GROUPS:
            # The table names two attributes of an overlay; what is left of it without them is no overlay.
            return Decision("remove", "unface writes its own" if own else "a curve or an overlay goes as a whole")
        if row is None or row["basic"] == "":
            return self._unlisted(tag, vr)
        codes = {option: row[option] for option in sorted(self.options) if row[option]}
        for option, code in codes.items():
            if code == "K" and not (option == "retain_longitudinal_full_dates" and self.shifts_dates):
                return Decision(_kept(option, vr), f"K: {option}")
        for option, code in codes.items():
            if code == "C":
                return Decision(self._cleaned(option, vr), f"C: {option}")
        code = row["basic"]
        action = "time" if tag in MOVED_TIMES else ANY_TYPE.get(code) or BY_TYPE[kind[:1]][code]
        if vr == "SQ" and action in ("dummy", "uid"):
            action = "recurse"
        return Decision(action, f"{code}: Basic Profile" + (f", Type {kind}" if kind else ""))

    def _cleaned(self, option: str, vr: str) -> Action:
        if option == "clean_graphics":
            return "remove"  # No program can tell whether a graphic identifies someone.
        if vr == "SQ":
            return "recurse"
        if vr in DATE_VRS:
            return "date"
        if vr == "TM":
            return "time" if self.moves_times else "keep"
        return "text" if vr in TEXT_VRS else "remove"

    def _unlisted(self, tag: int, vr: str) -> Decision:
        """What happens to an attribute outside the table, by its VR."""
        group, element = tag >> 16, tag & 0xFFFF
        if element == 0 or group in REMOVED_GROUPS or tag in BESIDE_PIXELS:
            return Decision("remove", "not part of a clean image")
        if vr in REMOVED_VRS:
            return Decision("remove", f"any {vr}")
        if vr in BYTES_VRS and tag != ANY_OTHER and not holds_bytes(tag):
            return Decision("remove", "bytes where the standard has none")
        actions: dict[str, Action] = {
            "SQ": "recurse",
            "UI": "keep" if tag in CLASS_UIDS or "retain_uids" in self.options else "uid",
            "DA": self._any_date(),
            "DT": self._any_date(),
            "TM": self._any_time(),
            "AS": "band",
            **dict.fromkeys(TEXT_VRS, "code" if tag in technical_text() else "text"),
        }
        if tag in CODE_VALUES:
            return Decision("term", "a coded term")
        return Decision(actions.get(vr, "keep"), f"outside the table: any {vr}")

    def _any_date(self) -> Action:
        if self.shifts_dates:
            return "date"
        return "keep" if self.keeps_dates else "empty"

    def _any_time(self) -> Action:
        if self.shifts_dates and self.moves_times:
            return "time"
        return "empty" if self.moves_times else "keep"

    def _decide_private(self, group: int, creator: str, element: int, vr: str) -> tuple[Decision, str]:
        row = self._safe.get((group, creator, element))
        override = self._overrides.get((group << 16 | element, creator))
        if row is not None and vr == "UN" and row["vr"] in KNOWN_VRS:
            vr = row["vr"]
        if override is not None:
            return overrides.fitted(override, vr), vr
        if row is None:
            return Decision("remove", "private, on no safe list"), vr
        decision = Decision(self._private_action(row["action"], row["vr"], vr), f"safe private: {row['source']}")
        if decision.action == "keep" and vr in BYTES_VRS:
            decision = replace(decision, action="binary")
        return _held(decision, vr), vr

    def _private_action(self, verb: str, listed: str, vr: str) -> Action:
        """What to do with a listed element; its VR in the file decides what it can hold."""
        if verb in ("csa", "phoenix", "ge_protocol") and vr in BYTES_VRS:
            return cast(Action, verb)
        if verb == "slice_times":
            return "slice_times"
        if vr == "SQ" or listed == "SQ":
            return "recurse" if vr == listed else "remove"
        if vr in REMOVED_VRS or (vr in BYTES_VRS and listed not in BYTES_VRS):
            return "remove"
        # The name of a list is no promise of what a scanner's user can type there.
        text: Action = "text" if verb == "text" else "code"
        actions: dict[str, Action] = {
            "UI": "keep" if "retain_uids" in self.options else "uid",
            "DA": self._any_date(),
            "DT": self._any_date(),
            "TM": self._any_time(),
            "AS": "band",
            **dict.fromkeys(TEXT_VRS, text),
        }
        if verb in {"uid", "date"}:
            return actions["UI" if verb == "uid" else "DT"] if vr in TEXT_VRS | DATE_VRS | {"UI"} else "remove"
        return actions.get(vr, "keep")


def _kept(option: str, vr: str) -> Action:
    """What K means for a VR: even then ages are banded, and free text is still free text."""
    if vr == "SQ":
        return "recurse"
    if vr == "AS":
        return "band"
    return "text" if option == "retain_patient_characteristics" and vr in TEXT_VRS else "keep"


def _held(decision: Decision, vr: str) -> Decision:
    """What stays of a VR of codes, numbers, times or UIDs has to be that."""
    return replace(decision, action="check") if decision.action == "keep" and vr in CHECKED_VRS else decision


def _pattern(tag: int) -> str:
    """How the table writes a tag: repeating groups with `xx`."""
    text = f"{tag:08x}"
    if text.startswith("50"):
        return "50xxxxxx"
    return f"60xx{text[4:]}" if text.startswith("60") else text
