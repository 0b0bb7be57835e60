"""What each action makes of one value: raw bytes of the header in, raw bytes out."""

import math
import re
import struct
from collections.abc import Callable
from datetime import date, timedelta

from unface.deidentify.actions import Action
from unface.deidentify.clock import DAY_MINUTES, Clock, day_of, time_of
from unface.deidentify.overrides import BINARY_VRS
from unface.deidentify.profile import Profile
from unface.dicom import csa
from unface.dicom.standard import TEXT_VRS
from unface.identity.ages import age_band, in_years
from unface.identity.header_search import HeaderSearch
from unface.identity.pseudonyms import Key
from unface.identity.vocabulary import is_code, keep_codes, keep_words

DUMMIES = {
    "DA": b"19000101",
    "TM": b"000000",
    "DT": b"19000101000000",
    "AS": b"",
    "DS": b"0",
    "IS": b"0",
    "CS": b"REMOVED",
    "AE": b"REMOVED",
    "UR": b"about:blank",
    "UI": b"",
}
"""A value that says nothing, by VR; text gets the word below, binary values get zeros."""
DUMMY_TEXT = b"REMOVED"

_DECIMAL = rb"[ \0]*+(?:[+-]?(?:\d{1,16}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)?+[ \0]*+"
_INTEGER = rb"[ \0]*+(?:[+-]?0{0,9}\d{1,10}(?:\.\d{0,6})?)?+[ \0]*+"
NUMBERS = {
    vr: (re.compile(number), re.compile(number + rb"(?:\\" + number + rb")*+"))
    for vr, number in {
        "DS": _DECIMAL,
        "IS": _INTEGER,
        "UI": rb"[0-9.]*[ \0]*",
        **dict.fromkeys(("TM", "DA", "DT"), rb"[0-9.:+-]*[ \0]*"),
    }.items()
}
"""One value, and several, of VRs that hold digits and few signs (PS3.5 6.2). Numbers may be longer than the standard
allows, and of VR IS with decimals: some scanners write these. No part gives back what it took: a row of blanks would
take the power of its length."""

_DATE_TIME = re.compile(rb"(\d{4}[.\-]?\d{2}[.\-]?\d{2})(\d*(?:\.\d+)?)((?:[+-]\d{4})?)")
"""Date, time and time zone."""
_TIME_IN_TEXT = re.compile(rb"(?<![\d:.])(?:[01]?\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?![\d:])")
"""A time with its seconds; 5:30 may be how long a scan took."""
_CODE_VALUE = re.compile(rb"(?=.*[0-9])[A-Za-z]{0,3}-?[0-9A-F]{1,18}")
"""A term's code with a digit in it, such as `113100`, `T-A0100` or `10200004`."""


_READABLE = re.compile(rb"[ -~]{5,}")
_TELLING = re.compile(rb"[0-9]{1,4}([-./:])[0-9]{1,2}(?:\1[0-9]{1,4})?|[0-9]{6,}|[A-Za-z]{3,}")
LEAST_WORD = 4
"""Readable letters in bytes that are no text: fewer stand there by chance, and go only where they are the subject's."""


class ValueRewriter:
    """Rewrites single values of one subject, by action.

    Parameters
    ----------
    key
        Gives UIDs and pseudonyms.
    shift_days
        Days that the subject's dates are shifted by.
    profile
        Says how wide an age's band is.
    search
        Finds the subject's identifiers in a value.
    clock
        How the times of the session are moved; None if it has none.
    """

    def __init__(
        self, key: Key, shift_days: int, profile: Profile, search: HeaderSearch, clock: Clock | None = None
    ) -> None:
        self.key = key
        self.shift_days = shift_days
        self.clock = clock
        self.moves_times = profile.moves_times
        self.band_years = profile.age_band_years
        self.search = search

        check = self._checked
        self._actions: dict[Action, Callable[[str, bytes], bytes | None]] = {
            "recurse": lambda vr, value: None,
            "keep": lambda vr, value: value,
            "check": lambda vr, value: self._checked_numbers(vr, value) if vr in NUMBERS else check(value),
            "remove": lambda vr, value: None,
            "empty": lambda vr, value: b"",
            "dummy": lambda vr, value: dummy(vr),
            "uid": lambda vr, value: _each(self._uid, value),
            "date": lambda vr, value: _each(self._date, value),
            "time": lambda vr, value: _each(self._time, value),
            "band": lambda vr, value: _each(self._age, value),
            "text": lambda vr, value: _each(self._words, value),
            "hash": self._hash,
            "random": self._random,
            "code": lambda vr, value: _each(self._codes, value),
            "term": lambda vr, value: check(value) if _CODE_VALUE.fullmatch(value.strip()) else self._codes(value),
            "binary": lambda vr, value: _READABLE.sub(self._unreadable, value),
            "slice_times": self._slice_times,
            "csa": lambda vr, value: csa.clean_header(value, self._setting),
            "phoenix": lambda vr, value: csa.clean_protocol(value, self._setting),
            "ge_protocol": lambda vr, value: csa.clean_ge_protocol(value, self._setting),
        }

    def apply(self, action: Action, vr: str, value: bytes) -> bytes | None:
        """Make the new value of an attribute.

        Parameters
        ----------
        action
            What happens to it.
        vr
            Its VR.
        value
            The old value as it lies in the header.

        Returns
        -------
        bytes or None
            The new value, not padded; None where the attribute goes.
        """
        if not value and action not in ("remove", "dummy"):
            return value
        return self._actions[action](vr, value)

    def _uid(self, value: bytes) -> bytes:
        text = value.strip(b"\0 ").decode("ascii", "replace")
        return self.key.uid(text).encode() if text else b""

    def _hash(self, vr: str, value: bytes) -> bytes | None:
        """A pseudonym of the value, the same for the same value; None where the VR cannot hold one."""
        if vr not in TEXT_VRS | {"CS", "PN", "AE"}:
            return None
        label = self.key.label("hash", value.strip(b"\0 ").decode("latin-1"))
        return label.upper().encode() if vr == "CS" else label.encode()

    def _random(self, vr: str, value: bytes) -> bytes:
        """Other digits for digits and other letters for letters, the same for the same value; a dummy elsewhere."""
        if vr not in TEXT_VRS | {"CS", "PN", "AE", "DS", "IS"}:
            return dummy(vr)
        text = value.strip(b"\0 ").decode("latin-1")
        # One digest of the text for all: one for each 32 characters would take the square of its length.
        seed = self.key.digest("random", text).hex()
        stream = b"".join(self.key.digest(f"random{number}", seed) for number in range(len(text) // 32 + 1))
        return "".join(map(_other, text, stream)).encode()

    def _date(self, value: bytes) -> bytes:
        """A DA or DT shifted by the subject's days; what is not a date goes. A partial date loses its month."""
        text = value.strip(b"\0 ")
        match = _DATE_TIME.fullmatch(text)
        try:
            if match:
                day = day_of(match[1].decode())
                return (self._date_time(day, match[2].decode()) + match[3].decode()).encode() if day else b""
            if re.fullmatch(rb"\d{4}(?:\d{2})?", text):
                return _shifted(date(int(text[:4]), int(text[4:6] or 7), 1), self.shift_days)[: len(text)].encode()
        except (ValueError, OverflowError):
            pass
        return b""

    def _time(self, value: bytes) -> bytes:
        """A TM moved by the session's whole minutes; what tells no time goes."""
        known = time_of(value.decode("latin-1"))
        if self.clock is None or known is None:
            return b""
        return _time_text((known[0] + self.clock.minutes) % DAY_MINUTES, known[1]).encode()

    def _date_time(self, day: date, time: str) -> str:
        """Date and time, moved as one: the time may take the date along. What tells no time goes."""
        known = time_of(time)
        if self.moves_times and self.clock and known:
            days, minute = divmod(known[0] + self.clock.minutes, DAY_MINUTES)
            return _shifted(day, self.shift_days + days) + _time_text(minute, known[1])
        days = self.clock.carried.get(day, 0) if self.clock else 0
        return _shifted(day, self.shift_days + days) + (time if known and not self.moves_times else "")

    def _slice_times(self, vr: str, value: bytes) -> bytes | None:
        """Milliseconds of a volume's slices from its first on; None where they are no numbers."""
        if vr != "FD" or len(value) % 8:
            return None
        times = list(struct.unpack(f"<{len(value) // 8}d", value))
        # What is no number has no order.
        return struct.pack(f"<{len(times)}d", *csa.from_first(times)) if all(map(math.isfinite, times)) else None

    def _age(self, value: bytes) -> bytes:
        """The age's band (`age_band`) as DICOM writes it; what is no age goes."""
        years = in_years(value.decode("latin-1"))
        return b"" if years is None else f"{age_band(years, self.band_years):03d}Y".encode()

    def _checked(self, value: bytes) -> bytes:
        """The value as it is, unless it holds a word of the subject's own: then only words of the vocabulary."""
        if self.search.found_in_text(value.lower()):
            return _each(self._words, value)
        return value

    def _without_times(self, value: bytes) -> bytes:
        return _TIME_IN_TEXT.sub(b" ", value) if self.moves_times and b":" in value else value

    def _codes(self, value: bytes) -> bytes:
        # What identifies as a whole (`ID-12 34`) may be made of short codes.
        if self.search.found_in_text(value.lower()):
            return self._words(value)
        return keep_codes(self._without_times(value), self.search.found_in_text)

    def _unreadable(self, match: re.Match[bytes]) -> bytes:
        """Readable bytes with zeros for what may tell of somebody; numbers that happen to be readable stay."""

        def blanked(part: re.Match[bytes]) -> bytes:
            word = part.group().lower()
            known = word.isalpha() and (len(word) < LEAST_WORD or is_code(word)) and not self.search.found_in_text(word)
            return part.group() if known else bytes(len(word))

        return _TELLING.sub(blanked, match.group())

    def _setting(self, value: bytes) -> bytes:
        """What of a setting in a maker's block may stay: numbers and codes."""
        return self._checked(value) if csa.NUMBERS.fullmatch(value) else self._codes(value)

    def _words(self, value: bytes) -> bytes:
        text = self.search.without_dates_and_ids(self._without_times(value))
        return keep_words(text, self.search.found_in_text)

    def _checked_numbers(self, vr: str, value: bytes) -> bytes:
        """The value as it is, less what is no number; nothing of it if it holds a number of the subject's own."""
        if self.search.found_in_number(value):
            return b""
        one, several = NUMBERS[vr]
        if several.fullmatch(value):
            return value
        value = _each(lambda part: part if one.fullmatch(part) else b"", value)
        return value if value.strip(b"\\ \0") else b""


def _each(change: Callable[[bytes], bytes], value: bytes) -> bytes:
    """A value's parts, each changed."""
    return b"\\".join(change(part) for part in value.split(b"\\"))


def _time_text(minute: int, seconds: str) -> str:
    return f"{minute // 60:02d}{minute % 60:02d}{seconds}"


def _shifted(day: date, days: int) -> str:
    moved = day + timedelta(days=days)
    return f"{moved.year:04d}{moved.month:02d}{moved.day:02d}"


def dummy(vr: str) -> bytes:
    """Make a value that says nothing and is valid for a VR.

    Parameters
    ----------
    vr
        The VR.

    Returns
    -------
    bytes
        The value, not padded.
    """
    if vr in BINARY_VRS:
        return bytes(BINARY_VRS[vr])
    if vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN"):
        return bytes(2)
    return DUMMIES.get(vr, DUMMY_TEXT)


def _other(character: str, number: int) -> str:
    """A digit for a digit and a letter for a letter, of their case; other signs stay if they are ASCII."""
    if character.isdigit():
        return "0123456789"[number % 10]
    if character.isalpha():
        letter = "abcdefghijklmnopqrstuvwxyz"[number % 26]
        return letter.upper() if character.isupper() else letter
    return character if character.isascii() else "_"


def padded(vr: str, value: bytes) -> bytes:
    """Pad a value to an even length (PS3.5 6.2).

    Parameters
    ----------
    vr
        Its VR: UIDs and bytes get a zero, all others a space.
    value
        The value.

    Returns
    -------
    bytes
        The value with an even length.
    """
    if len(value) % 2 == 0:
        return value
    return value + (b"\0" if vr in ("UI", "OB", "UN") else b" ")
