"""The elements that tell people, sessions and series apart and describe an image, and how their bytes become values.

Names are DICOM keywords. Elements of the functional groups of enhanced files go under the keyword that classic files
use for the same thing, so that one name fits both.
"""

import struct
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.tag import Tag

from unface.dicom.number_text import number

CHARSET = 0x00080005
"""(0008,0005) Specific Character Set."""
_DELIMITERS = set(b"\n\r\t\f^=\\")
"""Characters that end a stretch of an extended character set (PS3.5 6.1.2.5.3)."""


def _tags(keywords: str) -> Mapping[int, str]:
    """Keywords by tag."""
    return {int(Tag(keyword)): keyword for keyword in keywords.split()}


IDENTITY = _tags("""
    PatientID PatientName PatientBirthDate IssuerOfPatientID StudyInstanceUID SeriesInstanceUID StudyDate
    SeriesDate AcquisitionDate ContentDate
""")
"""What tells people, sessions and series apart."""
NAMES = _tags("""
    ReferringPhysicianName PhysiciansOfRecord PerformingPhysicianName NameOfPhysiciansReadingStudy OperatorsName
    OtherPatientNames PatientBirthName PatientMotherBirthName ResponsiblePerson RequestingPhysician
""")
NUMBERS_OF_PEOPLE = _tags("""
    AccessionNumber OtherPatientIDs MedicalRecordLocator StudyID AdmissionID RequestedProcedureID
""")
PLACES = _tags("""
    InstitutionName InstitutionAddress InstitutionalDepartmentName StationName DeviceSerialNumber
    PatientTelephoneNumbers PatientAddress
""")
"""Names, numbers and places beside the patient's own that no public table may show: they are none of `KEYWORDS`."""

TEXT = _tags("""
    ImageType SOPClassUID SeriesTime AcquisitionTime AcquisitionDateTime Modality Manufacturer SeriesDescription
    ManufacturerModelName FrameType ComplexImageComponent AcquisitionContrast ContrastBolusAgent
    BodyPartExamined ScanningSequence SequenceVariant ScanOptions MRAcquisitionType SequenceName
    SoftwareVersions ProtocolName ReceiveCoilName InPlanePhaseEncodingDirection PulseSequenceName
    EchoPulseSequence MultiPlanarExcitation BurnedInAnnotation PhotometricInterpretation
""")
NUMBERS = _tags("""
    SliceThickness RepetitionTime EchoTime InversionTime EchoNumbers MagneticFieldStrength EchoTrainLength
    FlipAngle SeriesNumber AcquisitionNumber NumberOfTemporalPositions NumberOfFrames PixelSpacing
""")
LONGEST_TEXT = 256
"""Characters of each value of `TEXT` that are read, four times what their VRs allow (PS3.5 6.2): patterns of mapping
rules are asked of them, and a file may hold 65,534. Names and numbers of people are looked for whole."""
BINARY: Mapping[int, tuple[str, str]] = {
    0x00189079: ("InversionTime", "d"),
    0x00189082: ("EchoTime", "d"),
    0x00189087: ("DiffusionBValue", "d"),
    0x00280002: ("SamplesPerPixel", "H"),
    0x00280010: ("Rows", "H"),
    0x00280011: ("Columns", "H"),
    0x00280100: ("BitsAllocated", "H"),
}
"""Binary numbers: keyword, and struct's letter for one value."""

PRIVATE: Mapping[int, tuple[str, int, bytes, str]] = {
    0x0019100C: ("DiffusionBValue", 0x00190010, b"SIEMENS MR HEADER", "number"),
    0x0019109C: ("PulseSequenceName", 0x00190010, b"GEMS_ACQU_01", "text"),
}
"""Private elements: keyword, tag of the creator, its name, and whether the value is a number or text."""

IMAGES_IN_MOSAIC = 0x0019100A
"""(0019,xx0A) NumberOfImagesInMosaic of `SIEMENS MR HEADER`."""
POSITION = 0x00200032
INSTANCE_NUMBER = 0x00200013
SOP_INSTANCE = 0x00080018
IMAGE_TYPE = 0x00080008
PATIENT_ID, STUDY, SERIES = 0x00100020, 0x0020000D, 0x0020000E

SERIES_TAGS = (*IDENTITY, *NAMES, *NUMBERS_OF_PEOPLE, *PLACES, *TEXT, *NUMBERS, *BINARY, *PRIVATE)
"""Elements whose distinct values describe a series."""

KEPT_TAGS = (*SERIES_TAGS, *sorted({entry[1] for entry in PRIVATE.values()}))
"""These, and the creators of the private ones."""

WANTED = frozenset({*KEPT_TAGS, CHARSET, IMAGES_IN_MOSAIC, POSITION, INSTANCE_NUMBER, SOP_INSTANCE})

FIRST_ONLY = {"SeriesTime", "AcquisitionTime", "AcquisitionDateTime", "AcquisitionDate", "ContentDate"}
"""Fields that differ from file to file: the earliest value stands for the series."""

COMPUTED = ("Slices", "Volumes")
"""Fields that no header holds: distinct positions of a series, and images at each of them."""

KEYWORDS = frozenset(
    {*IDENTITY.values(), *TEXT.values(), *NUMBERS.values(), *COMPUTED}
    | {name for name, _ in BINARY.values()}
    | {entry[0] for entry in PRIVATE.values()}
) - {"PatientID", "PatientName", "PatientBirthDate", "IssuerOfPatientID"}
"""Fields that describe a series: all but the patient's name, ID and birth date, and others' names and numbers."""


MAPS = frozenset(
    b"ADC EADC FA COLFA TRACE TRACEW TENSOR TENSOR_B0 EXP ISOTROPIC ISO CBF CBV MTT TTP RCBF RELCBF RCBV RELCBV".split()
)
"""Values of (0008,0008) Image Type that make an image a map computed from others."""


@lru_cache(maxsize=1024)
def derivation(image_type: bytes) -> bytes:
    """What of (0008,0008) Image Type tells two acquisitions in one series apart: original or derived, and which map.

    Some scanners put the maps they compute into the series of the images they were computed from.

    Parameters
    ----------
    image_type
        The element's bytes.

    Returns
    -------
    bytes
        First value and maps, joined by `/`: `ORIGINAL`, `DERIVED/ADC`.
    """
    parts = [part.strip(b" \0").upper() for part in image_type.split(b"\\")]
    maps = sorted(part for part in parts[2:] if part in MAPS)
    return b"/".join([parts[0], *maps])


def keyword(tag: int) -> str:
    """The keyword that an element goes under.

    Parameters
    ----------
    tag
        One of `SERIES_TAGS`.

    Returns
    -------
    str
        Its own keyword, or that of the element of classic files that says the same.
    """
    if tag in BINARY:
        return BINARY[tag][0]
    if tag in PRIVATE:
        return PRIVATE[tag][0]
    named = (IDENTITY, NAMES, NUMBERS_OF_PEOPLE, PLACES, TEXT, NUMBERS)
    return next(names[tag] for names in named if tag in names)


def decode(tag: int, raw: bytes, order: str, charset: bytes | None) -> Any:
    """An element's value.

    Parameters
    ----------
    tag
        One of `SERIES_TAGS`.
    raw
        The element's bytes.
    order
        Byte order of the data set, `<` or `>`.
    charset
        Bytes of (0008,0005), None without any.

    Returns
    -------
    str, int, float, list of these, or None
        A list where the element has several values; None where it has none.
    """
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
        return _one_or_list([_rounded(value) for value in map(number, parts) if value is not None])
    if tag in TEXT or tag in PRIVATE:
        parts = [part[:LONGEST_TEXT] for part in parts]
    return _one_or_list(parts) if any(parts) else None


def decode_text(raw: bytes, charset: bytes | None) -> str:
    """Text of an element in its file's character set (PS3.3 C.12.1.1.2).

    Parameters
    ----------
    raw
        The element's bytes.
    charset
        Bytes of (0008,0005), None without any.

    Returns
    -------
    str
        Without padding; bytes that do not fit the character set are replaced.
    """
    raw = raw.strip(b" \0")
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii")
    names = [name.strip() for name in (charset or b"").decode("ascii", "replace").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            encodings = convert_encodings(names)
            return decode_bytes(raw, encodings, _DELIMITERS).strip(" \0")
        except Exception:
            # pydicom meets damaged text with errors of every kind; one file's text must not stop a scan.
            return raw.decode("latin-1").strip(" \0")


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
