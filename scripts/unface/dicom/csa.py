"""Vendors' protocol blocks, cleaned: parsed, technical fields kept, text rewritten or dropped, written anew.

Siemens CSA headers ((0029,xx10), (0029,xx20) of `SIEMENS CSA HEADER`) are lists of named fields, as nibabel's
`csareader` describes them; one of them, MrPhoenixProtocol, is the text of the measurement protocol, of which XA
scanners write the bare form. GE's protocol block (0025,xx1b) is gzipped text of `set NAME "value"` lines.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from unface.dicom import number_text
from unface.run.packing import gzipped

CheckText = Callable[[bytes], bytes]
"""Takes a text and returns what of it may stay."""

NUMERIC_VRS = {b"DS", b"IS", b"FD", b"FL", b"SL", b"SS", b"US", b"UL"}
TEXT_FIELDS = frozenset(
    b"AcquisitionMatrixText CoilForGradient CoilForGradient2 CoilString DiffusionDirectionality FlowCompensation "
    b"GSWDDataType GradientMode ICE_Dims ImaCoilString ImaPATModeText ImageHistory ImageType4MF B1rmsSupervision "
    b"DICOMAcquisitionContrast DICOMImageFlavor Laterality4MF LongModelName PATModeText PhaseContrastN4 "
    b"PhaseEncodingDirection PhaseSliceOversampling PositivePCSDirections RFSWDDataType RFSWDMostCriticalAspect "
    b"SafetyStandard SequenceFileOwner SequenceName UsedChannelString VolumetricProperties4MF "
    b"ArterialSpinLabelingContrast FlowEncodingDirectionString".split()
)
"""Text fields whose words are the machine's."""
DROPPED_FIELDS = frozenset(b"UsedPatientWeight CsiImageOrientationPatient".split())
SLICE_TIMES, HOUR_MS = b"MosaicRefAcqTimes", 3_600_000
"""Times of a volume's slices: some scanners count them from midnight, which takes longer than any volume."""
PROTOCOL_FIELD = b"MrPhoenixProtocol"

MAX_FIELDS = 1024
MAX_ITEMS = 1024
_CHECK_WORD = 77
_FIELD = struct.Struct("<64si4siii")
_ITEM = struct.Struct("<4i")

NUMBERS = re.compile(rb"[0-9+\-.eE\\ ]*|0x[0-9a-fA-F]+")
_ASSIGNMENT = re.compile(rb'([A-Za-z_][\w.\[\]]*+)\s*+=\s*+("{1,2}[^"]*+"{1,2}|[^"#]*+)\s*+(?:#.*)?')
"""A setting and its value; what stands behind it is a comment. No part gives back what it took: a line of blanks would
take the cube of its length."""
_GE_SETTING = re.compile(rb'(set\s++)?([A-Za-z]\w*+)\s++"?([^"]*+)"?\s*+')
_NUMBER = re.compile(rb"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|0x[0-9a-fA-F]+")
_PRIVATE_KEY = re.compile(
    rb"patient|birth|weight|height|serial|institution|physician|operator|licen|date|uid|name", re.I
)
_TEXT_KEYS = re.compile(
    rb"tSequenceFileName|sProtConsistencyInfo\.t(?:(?:Measured)?BaselineString|SystemType|GradientCoil\w*)"
    rb"|sCoilSelectMeas\.sCoilStringForConversion|.*\.tCoilID|.*\.tElement|.*\.tNucleus|ulVersion"
)
_BASELINE = re.compile(rb"N[0-9A-Z]{1,2}_[VX][A-Z][0-9]{2}[A-Z]{0,2}_LATEST_20[0-9]{6}")
"""The scanner's software and the day that it was built."""
_GE_TEXT = frozenset(
    b"IOPT PSEQ PLANE IMODE SWAPPF POSITION ENTRY PHASECORR RFDRIVEMODE EXCITATIONMODE CONTRAST".split()
)
_BEGIN, _END = b"### ASCCONV BEGIN", b"### ASCCONV END ###"


@dataclass(frozen=True)
class _Field:
    """A field of a CSA header: its items are text, padded or not."""

    name: bytes
    vr: bytes
    vm: int
    syngo_type: int
    items: tuple[bytes, ...]


class _BadBlockError(ValueError):
    """A vendor's block does not follow its format."""


def _read_header(block: bytes) -> list[_Field]:
    """The fields of a CSA header of either version (CSA1, CSA2); `_BadBlockError` if lengths do not fit."""
    try:
        return list(_fields(block))
    except struct.error:
        raise _BadBlockError("a CSA header is cut short") from None


def _fields(block: bytes) -> Iterator[_Field]:
    second = block[:4] == b"SV10"
    at = 8 if second else 0
    (count, check) = struct.unpack_from("<II", block, at)
    if check != _CHECK_WORD or not 0 < count <= MAX_FIELDS:
        raise _BadBlockError("not a CSA header")
    at += 8
    first_items = 0
    for number in range(count):
        name, vm, vr, syngo_type, n_items, check = _FIELD.unpack_from(block, at)
        at += _FIELD.size
        if check not in (77, 205) or not 0 <= n_items <= MAX_ITEMS:
            raise _BadBlockError("not a CSA field")
        if number == 0:
            first_items = n_items
        items: list[bytes] = []
        for _ in range(n_items):
            lengths = _ITEM.unpack_from(block, at)
            at += _ITEM.size
            # The first version writes lengths relative to the first field's number of items.
            length = lengths[1] if second else lengths[0] - first_items
            if not second and (length < 0 or at + length > len(block)):
                length = lengths[1]
            if length < 0 or at + length > len(block):
                raise _BadBlockError("a CSA item reaches past the end")
            items.append(block[at : at + length].split(b"\0")[0])
            at += -(-length // 4) * 4
        yield _Field(name.split(b"\0")[0], vr.split(b"\0")[0], vm, syngo_type, tuple(items))


def _write_header(fields: list[_Field]) -> bytes:
    """A CSA header of the second version; bytes between and behind the fields are left out."""
    parts = [b"SV10\4\3\2\1", struct.pack("<II", len(fields), _CHECK_WORD)]
    for field in fields:
        parts.append(_FIELD.pack(field.name, field.vm, field.vr, field.syngo_type, len(field.items), _CHECK_WORD))
        for item in field.items:
            value = item + b"\0" if item else b""
            parts.append(_ITEM.pack(len(value), len(value), _CHECK_WORD, len(value)))
            parts.append(value + bytes(-len(value) % 4))
    return b"".join(parts)


def clean_header(block: bytes, check: CheckText) -> bytes | None:
    """Write a CSA header anew, with its numeric fields, technical codes and cleaned protocol.

    Parameters
    ----------
    block
        Value of (0029,xx10) or (0029,xx20).
    check
        Called with each text that would stay.

    Returns
    -------
    bytes or None
        A header of the second version with all of the source's fields, some of them empty; None if it cannot be read.
    """
    try:
        fields = _read_header(block)
    except _BadBlockError:
        return None
    return _write_header([_clean_field(field, check) for field in fields])


def _clean_field(field: _Field, check: CheckText) -> _Field:
    items: tuple[bytes, ...] = ()
    if field.name == PROTOCOL_FIELD:
        items = tuple(clean_protocol(item, check) for item in field.items)
    elif field.name not in DROPPED_FIELDS:
        if field.name == SLICE_TIMES:
            items = _relative(field.items)
        elif field.vr in NUMERIC_VRS:
            items = tuple(item if NUMBERS.fullmatch(item) else b"" for item in field.items)
        elif field.name in TEXT_FIELDS:
            items = tuple(check(item) for item in field.items)
    return _Field(field.name, field.vr, field.vm, field.syngo_type, items)


def _relative(items: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Times of slices as they are where they count from the volume's first; else made so."""
    times = [number_text.number(item.decode("latin-1")) for item in items]
    told = [time for time in times if time is not None]
    if not told or min(told) < HOUR_MS:
        return tuple(b"" if time is None else item for item, time in zip(items, times, strict=True))
    relative = from_first(told)
    return tuple(b"" if time is None else f"{relative.pop(0):.8f}".encode() for time in times)


def from_first(times: list[float]) -> list[float]:
    """Times of slices (MosaicRefAcqTimes) counted from the first, where a scanner counted them from midnight.

    Parameters
    ----------
    times
        In milliseconds.

    Returns
    -------
    list of float
        The same, if they are not times of day.
    """
    first = min(times, default=0.0)
    return [time - first for time in times] if first >= HOUR_MS else times


def clean_protocol(text: bytes, check: CheckText) -> bytes:
    """Keep the assignments of a Siemens protocol (`sTXSPEC.flReferenceAmplitude = 240.3`) to numbers or known codes.

    The XML-like part before them, which repeats names, comments and user text, is dropped.

    Parameters
    ----------
    text
        The protocol (MrPhoenixProtocol).
    check
        Called with each value that would stay.

    Returns
    -------
    bytes
        The protocol's ASCCONV part; empty where the text has none.
    """
    begin, end = text.find(_BEGIN), text.find(_END)
    if begin < 0 or end < begin:
        return b""
    lines = text[begin:end].split(b"\n")
    # dcm2niix skips the first byte of a protocol that stands outside a CSA header.
    kept = [b"<XProtocol>", _BEGIN + b" ###"]
    for line in lines[1:]:
        match = _ASSIGNMENT.fullmatch(line)
        if match is None:
            continue
        key, value = match[1], match[2].rstrip()
        if _TEXT_KEYS.fullmatch(key) or (_NUMBER.fullmatch(value) and not _PRIVATE_KEY.search(key)):
            text = value.strip(b'"')
            quotes = value[: len(value) - len(value.lstrip(b'"'))]
            clean = text if _BASELINE.fullmatch(text) else check(text)
            kept.append(key + b"\t = \t" + quotes + clean + quotes)
    return b"\n".join([*kept, _END, b""])


def clean_ge_protocol(block: bytes, check: CheckText) -> bytes | None:
    """Write a GE protocol block anew, with the settings whose value is numbers, codes and words of makers.

    Parameters
    ----------
    block
        Value of (0025,xx1b).
    check
        Called with each value: where something of it goes, the setting goes, but for known ones.

    Returns
    -------
    bytes or None
        The block, gzipped; None if it cannot be read.
    """
    try:
        start = block.index(b"\x1f\x8b")
        text = zlib.decompressobj(31).decompress(block[start:], 10_000_000)
    except (ValueError, zlib.error):
        return None
    kept: list[bytes] = []
    for line in text.split(b"\n"):
        match = _GE_SETTING.fullmatch(line)
        if match is None or _PRIVATE_KEY.search(match[2]):
            continue
        clean = check(match[3])
        if clean == match[3] or match[2] in _GE_TEXT:
            kept.append(line[: match.start(3)] + clean + line[match.end(3) :])
    packed = gzipped(b"\n".join([*kept, b""]))
    return struct.pack("<I", len(packed)) + packed
