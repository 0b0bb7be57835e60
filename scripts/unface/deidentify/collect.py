"""Collects a person's identifiers from raw headers: the source values that must be found nowhere else.

It knows nothing of the profile and of the rewriting, so that a fault there does not hide itself here.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom._dicom_dict import DicomDictionary
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.multival import MultiValue

from unface.deidentify.raw_files import HEAD_MARGIN_BYTES, read_header
from unface.deidentify.splitter import HeaderSplitter, Segment
from unface.dicom.encoding import Encoded, UnreadableError, decode, element_at, items
from unface.dicom.standard import CLASS_UIDS, DATE_VRS, vr_of
from unface.identity.decoded import readings
from unface.identity.identifiers import Identifiers
from unface.identity.pseudonyms import STANDARD_UID_ROOT
from unface.identity.spellings import days

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

COLLECTED_VRS = {b"PN", b"UI", b"DA", b"DT"}
TELLING = {tag: entry[0] for tag, entry in DicomDictionary.items() if entry[0].encode() in COLLECTED_VRS}
"""Attributes of names, UIDs and dates, with the VR of the standard: a file may write them with another."""
SKIPPED_VRS = {b"CS", b"DS", b"IS", b"TM", b"LO", b"SH", b"US", b"SS", b"UL", b"FD", b"FL", b"OB", b"OW"}
"""VRs whose values are collected from the attributes named above alone."""
CHARACTER_SET, BIRTH_DATE = 0x00080005, 0x00100030
HEAD_BYTES = 65_536
"""How much of a series' first file is read: nearly all headers end before."""


class IdentifierCollector:
    """Collects a person's identifiers from headers, of one session or of more; what an option retains is none.

    Of each series the first header is read by pydicom, which shares nothing with the rewriting. Of the others only
    what differs from file to file is looked at, element by element.

    Parameters
    ----------
    options
        Options of PS3.15 in force, by their names in the settings.

    Attributes
    ----------
    identifiers : Identifiers
        What was collected so far, by kind.
    """

    def __init__(self, options: frozenset[str]) -> None:
        self.identifiers: Identifiers = {"name": set(), "id": set(), "date": set(), "uid": set(), "other": set()}
        self._uids = "retain_uids" not in options
        self._dates = "retain_longitudinal_full_dates" not in options
        self._others = frozenset(
            (set() if "retain_institution_identity" in options else INSTITUTION_TAGS)
            | (set() if "retain_device_identity" in options else DEVICE_TAGS)
        )
        self._wanted = {*TELLING, *ID_TAGS, *self._others}

    def dataset(self, dataset: Dataset) -> None:
        """Add the identifiers of a header that pydicom has read.

        Parameters
        ----------
        dataset
            The header; its sequences are gone through too.
        """
        for tag in sorted(dataset.keys()):
            try:
                element = dataset[tag]
            except Exception:
                # pydicom meets damaged values with errors of every kind; the rewriting judges them on its own.
                continue
            if element.VR == "SQ":
                for item in element.value:
                    self.dataset(item)
            elif not tag.group & 1:
                self._add(int(tag), element.VR, element.value)

    def segments(self, segments: Iterable[Segment], implicit: bool) -> bool:
        """Add the identifiers of those segments that are new.

        Parameters
        ----------
        segments
            Those of one header; each is marked as collected.
        implicit
            Whether their VRs are implicit.

        Returns
        -------
        bool
            False where one of them, such as a malformed sequence, cannot be read: the others are collected all the
            same, and it is not marked.
        """
        whole = True
        for segment in segments:
            if not segment.collected:
                try:
                    if segment.parts:
                        segment.collected = self.segments(segment.parts, implicit)
                        whole &= segment.collected
                    else:
                        if segment.vr not in SKIPPED_VRS or segment.tag in self._wanted:
                            self._bytes(segment.raw, 0, segment.size, implicit, self._encodings)
                        segment.collected = True
                except (UnreadableError, RecursionError):
                    whole = False
            if segment.tag == CHARACTER_SET:
                _, _, body, end = element_at(segment.raw, 0, segment.size, implicit)
                self._encodings = _encodings(segment.raw[body:end])
        return whole

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
                if value.isascii() and b"\x1b" not in value:
                    self._add(tag, vr.decode(), value.decode("ascii").split("\\"))
                else:
                    for text in _readings(value, encodings):
                        self._add(tag, vr.decode(), text.split("\\"))

    def _add(self, tag: int, vr: str, value: object) -> None:
        vr = TELLING.get(tag, vr)
        for text in _values(value):
            if tag in ID_TAGS:
                self.identifiers["id"].add(text)
            elif vr == "PN":
                self.identifiers["name"].add(text)
            elif vr == "UI":
                if self._uids and tag not in CLASS_UIDS and not text.startswith(STANDARD_UID_ROOT):
                    self.identifiers["uid"].add(text)
            elif vr in DATE_VRS:
                if self._dates or tag == BIRTH_DATE:
                    self.identifiers["date"] |= days(text)
            elif tag in self._others:
                self.identifiers["other"].add(text)


def _readings(value: bytes, encodings: tuple[str, ...]) -> set[str]:
    """A text in the file's character set, and where that is none that tells, in each that it may be in."""
    # Of a character of Shift-JIS or GBK the second byte may be a backslash: as it is read, it parts no values.
    texts = set()
    with suppress(Exception):  # pydicom meets damaged text with errors of every kind.
        texts.add(decode_bytes(value, encodings, set()))
    told = bool(texts) and not set(encodings) <= {"iso8859", "latin_1"}
    if not told:
        texts |= {value.decode("latin-1"), value.decode("latin-1").replace("\\", " ")}
    return texts | readings(value, utf_8_alone=told)


def _encodings(value: bytes) -> tuple[str, ...]:
    """Python's names of the character sets that the value of (0008,0005) names."""
    names = [name.strip(" \0") for name in value.decode("latin-1").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return tuple(convert_encodings(names))
        except (LookupError, ValueError):
            return ("iso8859",)


def _values(value: object) -> Iterator[str]:
    for part in value if isinstance(value, MultiValue | list | tuple) else [value]:
        text = str(part if part is not None else "").strip("\0 ")
        if text:
            yield text


def collect_file(
    path: Path, collector: IdentifierCollector, splitter: HeaderSplitter, by_pydicom: bool
) -> tuple[list[Segment], bool]:
    """Collect the identifiers of one file's header.

    Of a damaged header this is what pydicom can read of it.

    Parameters
    ----------
    path
        The raw file.
    collector
        Gets the identifiers.
    splitter
        That of the file's series.
    by_pydicom
        Whether pydicom reads the header too, which the first of each series is due.

    Returns
    -------
    list of Segment
        The header's; none where it is damaged.
    bool
        Whether their VRs are implicit.
    """
    size = splitter.header_bytes + HEAD_MARGIN_BYTES if splitter.header_bytes else HEAD_BYTES
    last = b""
    header: tuple[Encoded, list[Segment]] | None = None

    def split(data: bytes) -> bool:
        nonlocal last, header
        last = data
        encoded = decode(data)
        segments, at = splitter.split(encoded)
        header = encoded, segments
        return at < len(encoded.data)

    try:
        read_header(path, size, split)
    except UnreadableError:
        header = None
    if header is None:
        _collect_by_pydicom(last, collector)
        return [], False
    encoded, segments = header
    collect_encoded(encoded, segments, collector, by_pydicom)
    return segments, encoded.implicit


def collect_encoded(
    encoded: Encoded, segments: list[Segment], collector: IdentifierCollector, by_pydicom: bool
) -> None:
    """Collect the identifiers of a header that is already split.

    pydicom reads it too where an element cannot be read here: what it finds counts, and the rewriting refuses the file.

    Parameters
    ----------
    encoded, segments
        The file, and what the splitter makes of its header.
    collector, by_pydicom
        As for `collect_file`.
    """
    if not collector.segments(segments, encoded.implicit) or by_pydicom:
        _collect_by_pydicom(encoded.data, collector)


def _collect_by_pydicom(data: bytes, collector: IdentifierCollector) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            collector.dataset(pydicom.dcmread(BytesIO(data), stop_before_pixels=True, force=True))
        except MemoryError:
            raise
        except Exception:
            # Damaged beyond reading: the rewriting refuses it on its own.
            return
