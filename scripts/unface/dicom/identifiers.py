"""A session's known answers: the subject's own source values, read from the raw headers, to be found nowhere else.

Collecting knows nothing of the profile and of the rewriting, so that a fault there does not hide itself here.
"""

import json
import os
import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pydicom import Dataset
from pydicom._dicom_dict import DicomDictionary
from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.multival import MultiValue

from unface.dicom.encoding import element_at, items
from unface.dicom.splitter import Unit
from unface.dicom.standard import CLASS_UIDS, DATE_VRS, vr_of
from unface.dicom.written import days
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

PLACEHOLDER = re.compile(
    r"[\W_0x]*|anonym\w*|anon|unknown|none|null|no ?name|n/?a|removed|deidentified|de-identified|unnamed|test|patient"
    r"|phantom|human|volunteer|subject",
    re.I,
)
"""Values that stand for a missing one and identify nobody."""

UNFIT_DATES = {"19000101", "00010101", "00000000"}
CHARACTER_SET, BIRTH_DATE = 0x00080005, 0x00100030
CHARACTER_SETS = sorted({"utf-8", *python_encoding.values()})
SHORT_ID = 3
"""Identifiers no longer than this are in many names by chance."""
LEAST_WORD, LEAST_PART = 3, 5
"""Characters of a word that is looked for by itself, and as a part of a label."""
COLLECTED_VRS = {"PN", "UI", "DA", "DT"}
TELLING = {tag: entry[0] for tag, entry in DicomDictionary.items() if entry[0] in COLLECTED_VRS}
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
            elif not tag & 0x10000 and (tag in self._wanted or vr.decode("latin-1") in COLLECTED_VRS):
                for text in _readings(data[body:at], encodings):
                    self._add(tag, vr.decode("latin-1"), text.split("\\"))

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
    if value.isascii() and b"\x1b" not in value:
        return {value.decode("ascii")}
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
        values = {value for value in answers[kind] if not PLACEHOLDER.fullmatch(value.replace("^", " ").strip())}
        if kind == "date":
            values = {value for value in values if re.fullmatch(r"\d{8}", value) and value not in UNFIT_DATES}
        clean[kind] = sorted(values)
    return clean


def _words_of_names(answers: Mapping[str, Iterable[str]]) -> set[str]:
    """Case-folded words of the subject's names."""
    words = (word for value in answers.get("name", ()) for word in re.split(r"[\W_]+", value.casefold()))
    return {word for word in words if len(word) >= LEAST_WORD}


def in_label(answers: Mapping[str, Iterable[str]], label: str) -> bool:
    """Whether a label of letters and digits is a word of a name or an ID, or from 5 characters on holds one."""
    numbers = {re.sub(r"[\W_]+", "", value.casefold()) for value in answers.get("id", ()) if len(value) > SHORT_ID}
    words = _words_of_names(answers).union(number for number in numbers if len(number) >= LEAST_WORD)
    low = label.casefold()
    return low in words or any(len(word) >= LEAST_PART and word in low for word in words)


def write(path: Path, answers: Mapping[str, list[str]]) -> None:
    """Write the known answers whole and readable by their owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(answers, file, indent=1, sort_keys=True, ensure_ascii=False)
        file.write("\n")
    part.replace(path)


class Secrets:
    """Searches text and headers for the known answers of one subject."""

    def __init__(self, answers: Mapping[str, Iterable[str]], vocabulary: Iterable[bytes]) -> None:
        common = set(vocabulary)
        words: set[bytes] = set()
        phrases: set[bytes] = set()
        for value in answers.get("name", ()):
            parts = [part for part in re.split(r"[\^=\s,.;_]+", value) if part]
            phrases |= _forms(value) | _forms(" ".join(parts)) | _forms(" ".join(reversed(parts)))
            for part in parts:
                words |= {form for form in _forms(part) if len(form) >= 3 and form not in common}
        for kind in ("id", "other"):
            for value in answers.get(kind, ()):
                phrases |= _forms(value)
        for value in answers.get("date", ()):
            phrases |= {value.encode(), f"{value[:4]}-{value[4:6]}-{value[6:]}".encode()}
        for value in answers.get("uid", ()):
            words.add(value.encode())
        uids = {value.encode() for value in answers.get("uid", ())}
        roots = {b".".join(uid.split(b".")[:6]) + b"." for uid in uids if uid.count(b".") >= 6}
        self._uids = uids
        self._roots = sorted(roots)
        literals = _fewest({text for text in words - uids | phrases if len(text) >= 3 and text not in common})
        self._weak = sorted(text for text in literals if _weak(text))
        self._literals = sorted(literals - set(self._weak))
        self._numbers = [text for text in self._literals if not text.strip(b"0123456789.+-e")]
        # Nearly always there is nothing to find: one pattern says so faster than one search for each literal.
        self._any = _any_of([*self._literals, *self._roots])
        self._any_in_text = _any_of([*self._literals, *self._roots, *self._weak])
        self._any_in_number = _any_of(self._numbers)

    def found(self, header: bytes) -> bool:
        """Whether lower-case bytes hold one of the answers, as a word of its own."""
        if not self._any.search(header):
            return False
        if any(literal in header and _alone(literal, header) for literal in self._literals):
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

    def _has_uid(self, root: bytes, text: bytes) -> bool:
        return any(match.group() in self._uids for match in re.finditer(re.escape(root) + rb"[0-9.]+", text))


def _fewest(literals: set[bytes]) -> set[bytes]:
    """The literals that suffice: one that holds another as a word is found with it."""
    fewest: set[bytes] = set()
    for literal in sorted(literals, key=lambda text: (len(text), text)):
        if not any(_alone(shorter, literal) for shorter in fewest if shorter in literal and not _weak(shorter)):
            fewest.add(literal)
    return fewest


def _any_of(literals: list[bytes]) -> re.Pattern[bytes]:
    """A pattern for any of the literals; without any it finds nothing."""
    return re.compile(b"|".join(map(re.escape, literals)) or rb"(?!)")


def _weak(literal: bytes) -> bool:
    """A short number is everywhere in a header: it is looked for in text alone."""
    return literal.isdigit() and len(literal) < 6


def _alone(literal: bytes, text: bytes) -> bool:
    """Whether a literal stands in a text with no letter (after a letter) or digit (after a digit) beside it."""
    before = rb"(?<![0-9.])" if literal[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![0-9]|\.[0-9])" if literal[-1:].isdigit() else rb"(?![a-z])"
    return re.search(before + re.escape(literal) + after, text) is not None


def _forms(value: str) -> set[bytes]:
    """A text in every character set of DICOM, and without accents, as it lies in a header whose bytes are lower-case.

    Bytes know the case of ASCII letters alone: any other stays as it was written, so each way of writing it is a form.
    """
    value = value.strip()
    if value.isascii():
        return {value.lower().encode()} - {b""}
    forms = {unicodedata.normalize("NFKD", value.lower()).encode("ascii", "ignore")}
    for written in {value, value.lower(), value.upper(), value.title()}:
        for encoding in CHARACTER_SETS:
            try:
                forms.add(written.encode(encoding).lower())
            except UnicodeEncodeError:
                continue
    return {form for form in forms if form}
