"""A session's known answers: the subject's own source values, read from the raw headers, to be found nowhere else.

Reading is pydicom's and knows nothing of the rewriting, so that a fault there does not hide itself here.
"""

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydicom import DataElement, Dataset
from pydicom.multival import MultiValue

from unface.dicom.profile import CLASS_UIDS

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
UID_ROOT_STANDARD = "1.2.840.10008"

Answers = dict[str, set[str]]


def empty_answers() -> Answers:
    return {"name": set(), "id": set(), "date": set(), "uid": set(), "other": set()}


def collect(dataset: Dataset, answers: Answers, options: frozenset[str]) -> None:
    """Add the identifiers of one header, nested sequences included; what an option retains is none."""
    for element in _elements(dataset):
        tag, vr = int(element.tag), element.VR
        for value in _values(element.value):
            if vr == "PN":
                answers["name"].add(value)
            elif vr == "UI":
                if not (tag in CLASS_UIDS or "retain_uids" in options or value.startswith(UID_ROOT_STANDARD)):
                    answers["uid"].add(value)
            elif vr in ("DA", "DT"):
                if "retain_longitudinal_full_dates" not in options or tag == 0x00100030:
                    answers["date"].add(value[:8])
            elif tag in ID_TAGS:
                answers["id"].add(value)
            elif (tag in INSTITUTION_TAGS and "retain_institution_identity" not in options) or (
                tag in DEVICE_TAGS and "retain_device_identity" not in options
            ):
                answers["other"].add(value)


def _elements(dataset: Dataset) -> Iterator[DataElement]:
    for tag in sorted(dataset.keys()):
        if tag.group & 1:
            continue
        try:
            element = dataset[tag]
        except Exception:
            # pydicom meets damaged values with errors of every kind; the rewriting judges them on its own.
            continue
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


def _values(value: object) -> Iterator[str]:
    for part in value if isinstance(value, MultiValue | list | tuple) else [value]:
        text = str(part if part is not None else "").strip("\0 ")
        if text:
            yield text


def usable(answers: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The answers sorted, without placeholders and without dates that name no day."""
    clean: dict[str, list[str]] = {}
    for kind in sorted(answers):
        values = {value for value in answers[kind] if not PLACEHOLDER.fullmatch(value.replace("^", " ").strip())}
        if kind == "date":
            values = {value for value in values if re.fullmatch(r"\d{8}", value) and value not in UNFIT_DATES}
        clean[kind] = sorted(values)
    return clean


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
        literals = {text for text in words - uids | phrases if len(text) >= 3 and text not in common}
        # A short number is everywhere in a header; it is looked for in text alone.
        self._weak = sorted(text for text in literals if text.isdigit() and len(text) < 6)
        self._literals = sorted(literals - set(self._weak))

    def found(self, header: bytes) -> bool:
        """Whether lower-case bytes hold one of the answers, as a word of its own."""
        return any(literal in header and _alone(literal, header) for literal in self._literals) or any(
            root in header and self._has_uid(root, header) for root in self._roots
        )

    def found_in_text(self, text: bytes) -> bool:
        """The same for one value of text, where even a short number identifies."""
        return self.found(text) or any(literal in text and _alone(literal, text) for literal in self._weak)

    def _has_uid(self, root: bytes, text: bytes) -> bool:
        return any(match.group() in self._uids for match in re.finditer(re.escape(root) + rb"[0-9.]+", text))


def _alone(literal: bytes, text: bytes) -> bool:
    """Whether a literal stands in a text with no letter (after a letter) or digit (after a digit) beside it."""
    before = rb"(?<![0-9.])" if literal[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![0-9]|\.[0-9])" if literal[-1:].isdigit() else rb"(?![a-z])"
    return re.search(before + re.escape(literal) + after, text) is not None


def _forms(value: str) -> set[bytes]:
    """Lower-case bytes of a text in the encodings that a header may use, and without accents."""
    low = value.lower().strip()
    plain = unicodedata.normalize("NFKD", low).encode("ascii", "ignore")
    forms = {low.encode("utf-8"), plain}
    for encoding in ("latin-1", "iso8859-2", "iso8859-5", "shift_jis", "gb18030", "euc_kr"):
        try:
            forms.add(low.encode(encoding))
        except UnicodeEncodeError:
            continue
    return {form for form in forms if form}
