"""Which header elements the inventory looks at, and how their bytes become values.

Names are DICOM keywords. Elements of the functional groups of enhanced files go under the keyword that classic files
use for the same thing, so that one mapping rule fits both.
"""

import struct
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes

CHARSET = 0x00080005
_DELIMITERS = set(b"\n\r\t\f^=\\")
"""Characters that end a stretch of an extended character set (PS3.5 6.1.2.5.3)."""

IDENTITY: Mapping[int, str] = {
    0x00100020: "PatientID",
    0x00100010: "PatientName",
    0x00100030: "PatientBirthDate",
    0x00100021: "IssuerOfPatientID",
    0x0020000D: "StudyInstanceUID",
    0x0020000E: "SeriesInstanceUID",
    0x00080020: "StudyDate",
    0x00080021: "SeriesDate",
    0x00080022: "AcquisitionDate",
    0x00080023: "ContentDate",
}
"""What tells people, sessions and series apart."""

NAMES: Mapping[int, str] = {
    0x00080090: "ReferringPhysicianName",
    0x00081048: "PhysiciansOfRecord",
    0x00081050: "PerformingPhysicianName",
    0x00081060: "NameOfPhysiciansReadingStudy",
    0x00081070: "OperatorsName",
    0x00101001: "OtherPatientNames",
    0x00101005: "PatientBirthName",
    0x00101060: "PatientMotherBirthName",
    0x00102297: "ResponsiblePerson",
    0x00321032: "RequestingPhysician",
}
NUMBERS_OF_PEOPLE: Mapping[int, str] = {
    0x00080050: "AccessionNumber",
    0x00101000: "OtherPatientIDs",
    0x00101090: "MedicalRecordLocator",
    0x00200010: "StudyID",
    0x00380010: "AdmissionID",
    0x00401001: "RequestedProcedureID",
}
"""Names and numbers beside the patient's own that no public table may show; no record holds them, no rule sees them."""

TEXT: Mapping[int, str] = {
    0x00080008: "ImageType",
    0x00080016: "SOPClassUID",
    0x00080031: "SeriesTime",
    0x00080032: "AcquisitionTime",
    0x0008002A: "AcquisitionDateTime",
    0x00080060: "Modality",
    0x00080070: "Manufacturer",
    0x0008103E: "SeriesDescription",
    0x00081090: "ManufacturerModelName",
    0x00089007: "FrameType",
    0x00089208: "ComplexImageComponent",
    0x00089209: "AcquisitionContrast",
    0x00180010: "ContrastBolusAgent",
    0x00180015: "BodyPartExamined",
    0x00180020: "ScanningSequence",
    0x00180021: "SequenceVariant",
    0x00180022: "ScanOptions",
    0x00180023: "MRAcquisitionType",
    0x00180024: "SequenceName",
    0x00181020: "SoftwareVersions",
    0x00181030: "ProtocolName",
    0x00181250: "ReceiveCoilName",
    0x00181312: "InPlanePhaseEncodingDirection",
    0x00189005: "PulseSequenceName",
    0x00189008: "EchoPulseSequence",
    0x00189012: "MultiPlanarExcitation",
    0x00280301: "BurnedInAnnotation",
    0x00280004: "PhotometricInterpretation",
}
NUMBERS: Mapping[int, str] = {
    0x00180050: "SliceThickness",
    0x00180080: "RepetitionTime",
    0x00180081: "EchoTime",
    0x00180082: "InversionTime",
    0x00180086: "EchoNumbers",
    0x00180087: "MagneticFieldStrength",
    0x00180091: "EchoTrainLength",
    0x00181314: "FlipAngle",
    0x00200011: "SeriesNumber",
    0x00200012: "AcquisitionNumber",
    0x00200105: "NumberOfTemporalPositions",
    0x00280008: "NumberOfFrames",
    0x00280030: "PixelSpacing",
}
BINARY: Mapping[int, tuple[str, str]] = {
    0x00189079: ("InversionTime", "d"),
    0x00189082: ("EchoTime", "d"),
    0x00189087: ("DiffusionBValue", "d"),
    0x00280002: ("SamplesPerPixel", "H"),
    0x00280010: ("Rows", "H"),
    0x00280011: ("Columns", "H"),
    0x00280100: ("BitsAllocated", "H"),
}
"""Binary numbers: keyword and the type of one value (struct's letters)."""

PRIVATE: Mapping[int, tuple[str, int, bytes, str]] = {
    0x0019100C: ("DiffusionBValue", 0x00190010, b"SIEMENS MR HEADER", "number"),
    0x0019109C: ("PulseSequenceName", 0x00190010, b"GEMS_ACQU_01", "text"),
}
"""Private elements: keyword, where their creator stands, who it must be, and what the value is."""

IMAGES_IN_MOSAIC = 0x0019100A
POSITION = 0x00200032
INSTANCE_NUMBER = 0x00200013
SOP_INSTANCE = 0x00080018
IMAGE_TYPE = 0x00080008
PATIENT_ID, STUDY, SERIES = 0x00100020, 0x0020000D, 0x0020000E

SERIES_TAGS = (*IDENTITY, *NAMES, *NUMBERS_OF_PEOPLE, *TEXT, *NUMBERS, *BINARY, *PRIVATE)
"""Elements whose distinct values are kept for each series."""

KEPT_TAGS = (*SERIES_TAGS, *sorted({entry[1] for entry in PRIVATE.values()}))
"""These, and the creators of the private ones."""

WANTED = frozenset({*KEPT_TAGS, CHARSET, IMAGES_IN_MOSAIC, POSITION, INSTANCE_NUMBER, SOP_INSTANCE})

FIRST_ONLY = {"SeriesTime", "AcquisitionTime", "AcquisitionDateTime", "AcquisitionDate", "ContentDate"}
"""Differ from file to file: the earliest stands for the series."""

COMPUTED = ("Slices", "Volumes")
"""Not in the header: distinct positions of a series, and images for each of them."""

KEYWORDS = frozenset(
    {*IDENTITY.values(), *TEXT.values(), *NUMBERS.values(), *COMPUTED}
    | {name for name, _ in BINARY.values()}
    | {entry[0] for entry in PRIVATE.values()}
) - {"PatientID", "PatientName", "PatientBirthDate", "IssuerOfPatientID"}
"""Fields that a record holds and mapping rules can look at."""


MAPS = frozenset(
    b"ADC EADC FA COLFA TRACE TRACEW TENSOR TENSOR_B0 EXP ISOTROPIC ISO CBF CBV MTT TTP RCBF RELCBF RCBV RELCBV".split()
)
"""Values of ImageType that make an image a map computed from others."""


@lru_cache(maxsize=1024)
def derivation(image_type: bytes) -> bytes:
    """What of ImageType tells two acquisitions in one series apart: original or derived, and which map.

    Some scanners put the maps they compute into the series of the images they were computed from.
    """
    parts = [part.strip(b" \0").upper() for part in image_type.split(b"\\")]
    maps = sorted(part for part in parts[2:] if part in MAPS)
    return b"/".join([parts[0], *maps])


def keyword(tag: int) -> str:
    """The keyword that an element of `SERIES_TAGS` goes under."""
    if tag in BINARY:
        return BINARY[tag][0]
    if tag in PRIVATE:
        return PRIVATE[tag][0]
    return next(names[tag] for names in (IDENTITY, NAMES, NUMBERS_OF_PEOPLE, TEXT, NUMBERS) if tag in names)


def decode(tag: int, raw: bytes, order: str, charset: bytes | None) -> Any:
    """One element's value: text or number, a list of them where it has several, None where it has none."""
    if tag in BINARY:
        letter = BINARY[tag][1]
        count = len(raw) // struct.calcsize(letter)
        values: list[Any] = list(struct.unpack_from(f"{order}{count}{letter}", raw))
        return _one_or_list([_rounded(value) for value in values])
    text = decode_text(raw, charset)
    if tag == PATIENT_ID or keyword(tag) in ("PatientName", "IssuerOfPatientID"):
        return text or None
    parts = [part.strip(" \0") for part in text.split("\\")]
    if tag in NUMBERS or (tag in PRIVATE and PRIVATE[tag][3] == "number"):
        return _one_or_list([number for number in map(_number, parts) if number is not None])
    return _one_or_list(parts) if any(parts) else None


def decode_text(raw: bytes, charset: bytes | None) -> str:
    """Text of an element in its file's character set (PS3.3 C.12.1.1.2); bytes that do not fit are replaced."""
    raw = raw.strip(b" \0")
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    names = [name.strip() for name in (charset or b"").decode("ascii", "replace").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encodings = convert_encodings(names)
            return decode_bytes(raw, encodings, _DELIMITERS).strip(" \0")
        except (LookupError, ValueError):
            return raw.decode("latin-1").strip(" \0")


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return _rounded(float(text))
    except ValueError:
        return None


def _rounded(value: int | float) -> int | float:
    """Floats to six decimals, whole ones as integers: the same value however a vendor wrote it."""
    if isinstance(value, int):
        return value
    rounded = round(value, 6) if abs(value) < 1e15 else 0.0
    return int(rounded) if rounded.is_integer() else rounded


def _one_or_list(values: list[Any]) -> Any:
    if not values:
        return None
    return values[0] if len(values) == 1 else values
