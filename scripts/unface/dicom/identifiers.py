"""A session's known answers: the subject's own source values, read from the raw headers, to be found nowhere else.

Collecting knows nothing of the profile and of the rewriting, so that a fault there does not hide itself here.
"""

import json
import os
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from itertools import combinations
from pathlib import Path

from pydicom import Dataset
from pydicom._dicom_dict import DicomDictionary
from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.multival import MultiValue

from unface.dicom.encoding import element_at, items
from unface.dicom.splitter import Unit
from unface.dicom.standard import CLASS_UIDS, DATE_VRS, vr_of
from unface.dicom.subjects import names_nobody
from unface.dicom.written import (
    LEAST,
    days,
    joined,
    numbers_of_day,
    patterns_of_day,
    patterns_of_number,
    spellings,
    words_of_day,
)
from unface.files import write_whole
from unface.pseudonyms import STANDARD_UID_ROOT

ID_TAGS = {
    0x00100020: "PatientID",
    0x00080050: "AccessionNumber",
    0x00200010: "StudyID",
    0x00101000: "OtherPatientIDs",
    0x00101090: "MedicalRecordLocator",
    0x00380010: "AdmissionID",
    0x00380060: "ServiceEpisodeID",
    0x00401001: "RequestedProcedureID",
    0x00400009: "ScheduledProcedureStepID",
    0x00400253: "PerformedProcedureStepID",
    0x00402016: "PlacerOrderNumberImagingServiceRequest",
    0x00402017: "FillerOrderNumberImagingServiceRequest",
    0x00120040: "ClinicalTrialSubjectID",
    0x00120042: "ClinicalTrialSubjectReadingID",
    0x00102154: "PatientTelephoneNumbers",
    0x00102155: "PatientTelecomInformation",
    0x00101040: "PatientAddress",
    0x00101050: "InsurancePlanIdentification",
    0x00101080: "MilitaryRank",
}
"""Attributes that hold an identifier of the patient or of the visit."""

INSTITUTION_TAGS = {0x00080080, 0x00080081, 0x00081040, 0x00080082, 0x00080092, 0x00080094, 0x00380300, 0x00380400}
DEVICE_TAGS = {0x00081010, 0x00181000, 0x00181002, 0x00181004, 0x0018100A, 0x00400241, 0x00400242}
"""Institutions and departments; stations and serial numbers: `other`, unless an option retains them."""

UNFIT_DATES = {"19000101", "00010101", "00000000"}
CHARACTER_SET, BIRTH_DATE = 0x00080005, 0x00100030
CHARACTER_SETS = sorted({"utf-8", *python_encoding.values()})
SHORT_ID = 3
"""Identifiers no longer than this are in many names by chance."""
LEAST_NUMBER = 6
"""Digits of an ID that are looked for without its letters."""
LEAST_PART = 5
"""Characters of a word that is looked for as a part of a label."""
COLLECTED_VRS = {b"PN", b"UI", b"DA", b"DT"}
TELLING = {tag: entry[0] for tag, entry in DicomDictionary.items() if entry[0].encode() in COLLECTED_VRS}
"""Attributes of names, UIDs and dates, with the VR of the standard: a file may write them with another."""
SKIPPED_VRS = {b"CS", b"DS", b"IS", b"TM", b"LO", b"SH", b"US", b"SS", b"UL", b"FD", b"FL", b"OB", b"OW"}
"""VRs whose values are collected from the attributes named above alone."""

Answers = dict[str, set[str]]


class Collector:
    """Collects the identifiers of one session's headers; what an option retains is none.

    Of each series the first header is read by pydicom, which shares nothing with the rewriting. Of the others only
    what differs from file to file is looked at, element by element.
    """

    def __init__(self, options: frozenset[str]) -> None:
        self.answers: Answers = {"name": set(), "id": set(), "date": set(), "uid": set(), "other": set()}
        self._uids = "retain_uids" not in options
        self._dates = "retain_longitudinal_full_dates" not in options
        self._others = frozenset(
            (set() if "retain_institution_identity" in options else INSTITUTION_TAGS)
            | (set() if "retain_device_identity" in options else DEVICE_TAGS)
        )
        self._wanted = {*TELLING, *ID_TAGS, *self._others}

    def dataset(self, dataset: Dataset) -> None:
        """Add the identifiers of a header that pydicom has read, nested sequences included."""
        for tag in sorted(dataset.keys()):
            try:
                found = dataset[tag]
            except Exception:
                # pydicom meets damaged values with errors of every kind; the rewriting judges them on its own.
                continue
            if found.VR == "SQ":
                for item in found.value:
                    self.dataset(item)
            elif not tag.group & 1:
                self._add(int(tag), found.VR, found.value)

    def units(self, units: Iterable[Unit], implicit: bool) -> None:
        """Add the identifiers of those units that are new."""
        for unit in units:
            if not unit.collected:
                unit.collected = True
                if unit.parts:
                    self.units(unit.parts, implicit)
                elif unit.vr not in SKIPPED_VRS or unit.tag in self._wanted:
                    self._bytes(unit.raw, 0, unit.size, implicit, self._encodings)
            if unit.tag == CHARACTER_SET:
                _, _, body, end = element_at(unit.raw, 0, unit.size, implicit)
                self._encodings = _encodings(unit.raw[body:end])

    _encodings: tuple[str, ...] = ("iso8859",)

    def _bytes(self, data: bytes, at: int, end: int, implicit: bool, encodings: tuple[str, ...]) -> None:
        while at < end:
            tag, vr, body, at = element_at(data, at, end, implicit)
            if vr == b"SQ" or (vr == b"UN" and not tag & 0x10000 and vr_of(tag) == "SQ"):
                within = implicit or data[body - 12 + 4 : body - 12 + 6] == b"UN"
                for start, stop in items(data, body, at, within):
                    self._bytes(data, start, stop, within, encodings)
            elif tag == CHARACTER_SET:
                encodings = _encodings(data[body:at])
            elif not tag & 0x10000 and (vr in COLLECTED_VRS or tag in self._wanted):
                value = data[body:at]
                plain = value.isascii() and b"\x1b" not in value
                for text in [value.decode("ascii")] if plain else _readings(value, encodings):
                    self._add(tag, vr.decode(), text.split("\\"))

    def _add(self, tag: int, vr: str, value: object) -> None:
        vr = TELLING.get(tag, vr)
        for text in _values(value):
            if tag in ID_TAGS:
                self.answers["id"].add(text)
            elif vr == "PN":
                self.answers["name"].add(text)
            elif vr == "UI":
                if self._uids and tag not in CLASS_UIDS and not text.startswith(STANDARD_UID_ROOT):
                    self.answers["uid"].add(text)
            elif vr in DATE_VRS:
                if self._dates or tag == BIRTH_DATE:
                    self.answers["date"] |= days(text)
            elif tag in self._others:
                self.answers["other"].add(text)


def _readings(value: bytes, encodings: tuple[str, ...]) -> set[str]:
    """A text in the file's character set, and as UTF-8 where it may be that: many files name another set."""
    readings = {decode_bytes(value, encodings, set())}
    with suppress(UnicodeDecodeError):
        readings.add(value.decode("utf-8"))
    return readings


def _encodings(value: bytes) -> tuple[str, ...]:
    """Python's names of the character sets that the value of (0008,0005) names."""
    names = [name.strip(" \0") for name in value.decode("latin-1").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tuple(convert_encodings(names))
        except LookupError:
            return ("iso8859",)


def _values(value: object) -> Iterator[str]:
    for part in value if isinstance(value, MultiValue | list | tuple) else [value]:
        text = str(part if part is not None else "").strip("\0 ")
        if text:
            yield text


def add_paths(answers: Answers, paths: Iterable[str | Path]) -> int:
    """Add the names of raw folders and files that hold a word of the patient's name or an ID; returns how many.

    `DOE_JANE_followup` identifies as a whole, in a description too, where its words alone might be common.
    """
    words = _words_of_names(answers)
    words |= {value.casefold() for value in answers["id"] if len(value) > SHORT_ID}
    pattern = re.compile("|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in sorted(words)) or r"(?!)")
    folders, stems = set[str](), set[str]()
    for path in paths:
        folder, name = os.path.split(path)
        folders.add(folder)
        stems.add(name.rpartition(".")[0] or name)
    names = stems.union(*(Path(folder).parts[1:] for folder in folders))
    found = {name for name in names if pattern.search(name.casefold())}
    answers["other"] |= found
    return len(found)


def usable(answers: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The answers sorted, without placeholders and without dates that name no day."""
    clean: dict[str, list[str]] = {}
    for kind in sorted(answers):
        values = {value for value in answers[kind] if not names_nobody(value)}
        if kind == "date":
            values = {value for value in values if re.fullmatch(r"\d{8}", value) and value not in UNFIT_DATES}
        clean[kind] = sorted(values)
    return clean


def _words_of_names(answers: Mapping[str, Iterable[str]], common: Collection[str] = ()) -> set[str]:
    """Words of the subject's names, case-folded and in ASCII, and what people write together."""
    names = answers.get("name", ())
    words = {word for value in names for word in re.split(r"[\W_]+", value) if len(word) >= LEAST}
    return {spelled for word in words.union(*(joined(name, common) for name in names)) for spelled in spellings(word)}


class OwnWords:
    """Tells of labels and other short texts whether they hold a word of a name, an ID or a date of someone's.

    In a label, which has no spaces, a word ends where letters meet digits and small letters large ones; from 5
    characters on it is found anywhere.
    """

    def __init__(self, answers: Mapping[str, Iterable[str]], common: Iterable[bytes]) -> None:
        """`common`: words that stand in every protocol and identify nobody."""
        ids = {re.sub(r"[\W_]+", "", value) for value in answers.get("id", ()) if len(value) > SHORT_ID}
        self._common = {word.decode() for word in common}
        self._words = _words_of_names(answers, self._common)
        self._words |= {spelled for number in ids if len(number) > SHORT_ID for spelled in spellings(number)}
        digits = {re.sub(r"\D", "", number).lstrip("0") for number in ids}
        self._words |= {number for number in digits if len(number) >= LEAST_NUMBER}
        self._words |= {word for day in answers.get("date", ()) for word in words_of_day(day)}
        self._words -= self._common

    def found(self, text: str) -> bool:
        """Whether the text holds one of the words."""
        whole = [word for word in re.findall(r"[^\W_]+", text) if word.casefold() not in self._common]
        pieces = [piece.casefold() for word in whole for piece in _PIECES.findall(word)]
        ends = range(1, len(pieces) + 1)
        runs = {"".join(pieces[start:end]) for end in ends for start in range(max(0, end - LONGEST_RUN), end)}
        lower = [word.casefold() for word in whole]
        parts = {word[at:end] for word in lower for at, end in combinations(range(len(word) + 1), 2)}
        return not self._words.isdisjoint(runs | {part for part in parts if len(part) >= LEAST_PART})


_PIECES = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
LONGEST_RUN = 6
"""So many neighbouring pieces of a text may be one word: `23Feb1963` is of three."""


def write(path: Path, answers: Mapping[str, list[str]]) -> None:
    """Write the known answers whole and readable by their owner alone."""
    write_whole(path, json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False) + "\n", mode=0o600)


class Secrets:
    """Searches text and headers for the known answers of one subject."""

    def __init__(self, answers: Mapping[str, Iterable[str]], vocabulary: Iterable[bytes]) -> None:
        common = set(vocabulary)
        common_words = {word.decode() for word in common}
        words: set[bytes] = set()
        phrases: set[bytes] = set()
        patterns: set[bytes] = set()
        for value in answers.get("name", ()):
            parts = [part for part in re.split(r"[\^=\s,.;_]+", value) if part]
            alone = {form for part in parts for form in _forms(part) if len(form) >= LEAST and form not in common}
            words |= alone.union(*(_forms(word) - common for word in joined(value, common_words)))
            # What holds a word that is searched for by itself is found with it.
            signs = " " if alone else " _-."
            for whole in (value, *(sign.join(order) for sign in signs for order in (parts, parts[::-1]))):
                phrases |= _forms(whole)
        for kind in ("id", "other"):
            for value in answers.get(kind, ()):
                phrases |= _forms(value)
        for value in answers.get("id", ()):
            patterns |= set(patterns_of_number(value))
        for value in answers.get("date", ()):
            phrases |= {number.encode() for number in numbers_of_day(value)}
            patterns |= set(patterns_of_day(value))
        for value in answers.get("uid", ()):
            words.add(value.encode())
        uids = {value.encode() for value in answers.get("uid", ())}
        roots = {b".".join(uid.split(b".")[:6]) + b"." for uid in uids if uid.count(b".") >= 6}
        self._uids = uids
        self._roots = sorted(roots)
        literals = _fewest({text for text in words - uids | phrases if len(text) >= LEAST and text not in common})
        self._weak = sorted(text for text in literals if _weak(text))
        self._literals = sorted(literals - set(self._weak))
        self._numbers = [text for text in self._literals if not text.strip(b"0123456789.+-e")]
        # Nearly always there is nothing to find: one pattern says so faster than one search for each literal.
        self._written = sorted(patterns)
        self._any = _any_of([*self._literals, *self._roots], self._written)
        self._any_in_text = _any_of([*self._literals, *self._roots, *self._weak], self._written)
        self._any_in_number = _any_of(self._numbers)

    @cached_property
    def _patterns(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(_apart, self._written)) or rb"(?!)", re.I)

    def found(self, header: bytes) -> bool:
        """Whether lower-case bytes hold one of the answers, as a word of its own."""
        if not self._any.search(header):
            return False
        if any(literal in header and _alone(literal, header) for literal in self._literals):
            return True
        if self._patterns.search(header):
            return True
        return any(root in header and self._has_uid(root, header) for root in self._roots)

    def found_in_number(self, text: bytes) -> bool:
        """The same for a number as text, which only numbers can stand in."""
        if not self._any_in_number.search(text):
            return False
        return any(literal in text and _alone(literal, text) for literal in self._numbers)

    def found_in_text(self, text: bytes) -> bool:
        """The same for one value of text, where even a short number identifies."""
        if not self._any_in_text.search(text):
            return False
        return self.found(text) or any(literal in text and _alone(literal, text) for literal in self._weak)

    def without_written(self, text: bytes) -> bytes:
        """The text without dates and IDs of several groups: what is left of their digits would look like settings."""
        return self._patterns.sub(b" ", text)

    def _has_uid(self, root: bytes, text: bytes) -> bool:
        return any(match.group() in self._uids for match in re.finditer(re.escape(root) + rb"[0-9.]+", text))


def _fewest(literals: set[bytes]) -> set[bytes]:
    """The literals that suffice: one that holds another as a word is found with it."""
    fewest: set[bytes] = set()
    for literal in sorted(literals, key=lambda text: (len(text), text)):
        if not any(_alone(shorter, literal) for shorter in fewest if shorter in literal and not _weak(shorter)):
            fewest.add(literal)
    return fewest


def _any_of(literals: Iterable[bytes], patterns: Iterable[bytes] = ()) -> re.Pattern[bytes]:
    """A pattern for any of the literals and patterns, each of which begins with a sign of its own.

    Sorted by that sign, which most bytes of a header are not: three times as fast as one alternative for each. Without
    any it finds nothing.
    """
    by_first: dict[bytes, list[bytes]] = {}
    for literal in literals:
        by_first.setdefault(re.escape(literal[:1]), []).append(re.escape(literal[1:]))
    for pattern in patterns:
        by_first.setdefault(pattern[:1], []).append(pattern[1:])
    return re.compile(
        b"|".join(first + b"(?:" + b"|".join(rest) + b")" for first, rest in by_first.items()) or rb"(?!)"
    )


def _weak(literal: bytes) -> bool:
    """A short number is everywhere in a header: it is looked for in text alone."""
    return literal.isdigit() and len(literal) < 6


def _alone(literal: bytes, text: bytes) -> bool:
    """Whether a literal stands in a text with no letter (after a letter) or digit (after a digit) beside it."""
    before = rb"(?<![0-9.])" if literal[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![0-9]|\.[0-9])" if literal[-1:].isdigit() else rb"(?![a-z])"
    return re.search(before + re.escape(literal) + after, text) is not None


def _apart(pattern: bytes) -> bytes:
    """A pattern for where no letter (beside a letter) or digit (beside a digit) stands before or after it."""
    before = rb"(?<![0-9.])0?" if pattern[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![a-z])" if pattern[-1:].isalpha() else rb"(?![0-9]|\.[0-9])"
    return before + rb"(?:" + pattern + rb")" + after


def _forms(value: str) -> set[bytes]:
    """A text in every character set of DICOM, and in ASCII, as it lies in a header whose bytes are lower-case.

    Bytes know the case of ASCII letters alone: any other stays as it was written, so each way of writing it is a form.
    """
    value = value.strip()
    if value.isascii():
        return {value.lower().encode()} - {b""}
    forms = {spelled.encode() for spelled in spellings(value) if spelled.isascii()}
    for written in {value, value.lower(), value.upper(), value.title()}:
        for encoding in CHARACTER_SETS:
            try:
                forms.add(written.encode(encoding).lower())
            except UnicodeEncodeError:
                continue
    return {form for form in forms if form}
