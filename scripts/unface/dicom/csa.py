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

from unface.run.packing import gzipped

Check = Callable[[bytes], bytes]
"""Takes a text and returns it without the subject's own words."""

NUMERIC_VRS = {b"DS", b"IS", b"FD", b"FL", b"SL", b"SS", b"US", b"UL"}
TEXT_FIELDS = frozenset(
    b"AcquisitionMatrixText CoilForGradient CoilForGradient2 CoilString DiffusionDirectionality FlowCompensation "
    b"GSWDDataType GradientMode ICE_Dims ImaCoilString ImaPATModeText ImageHistory ImageType4MF B1rmsSupervision "
    b"DICOMAcquisitionContrast DICOMImageFlavor Laterality4MF LongModelName PATModeText PhaseContrastN4 "
    b"PhaseEncodingDirection PhaseSliceOversampling PositivePCSDirections RFSWDDataType RFSWDMostCriticalAspect "
    b"SafetyStandard SequenceFileOwner SequenceName UsedChannelString VolumetricProperties4MF "
    b"ArterialSpinLabelingContrast FlowEncodingDirectionString".split()
)
"""Text fields with a vocabulary of the machine's own."""
DROPPED_FIELDS = frozenset(b"UsedPatientWeight CsiImageOrientationPatient".split())
PROTOCOL_FIELD = b"MrPhoenixProtocol"

MAX_FIELDS = 1024
MAX_ITEMS = 1024
_CHECK_WORD = 77
_FIELD = struct.Struct("<64si4siii")
_ITEM = struct.Struct("<4i")

_NUMBERS = re.compile(rb"[0-9+\-.eE\\ ]*")
_ASSIGNMENT = re.compile(rb'([A-Za-z_][\w.\[\]]*)\s*=\s*("+[^"]*"+|[^"#]*?)\s*(?:#.*)?')
"""A setting and its value; what stands behind it is a comment."""
_NUMBER = re.compile(rb"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|0x[0-9a-fA-F]+")
_PRIVATE_KEY = re.compile(
    rb"patient|birth|weight|height|serial|institution|physician|operator|licen|date|uid|name", re.I
)
_TEXT_KEYS = re.compile(
    rb"tSequenceFileName|sProtConsistencyInfo\.t(?:BaselineString|SystemType|GradientCoil\w*)"
    rb"|sCoilSelectMeas\.sCoilStringForConversion|.*\.tCoilID|.*\.tElement|.*\.tNucleus|ulVersion"
)
_GE_TEXT = frozenset(
    b"IOPT PSEQ PLANE IMODE SWAPPF POSITION ENTRY PHASECORR RFDRIVEMODE EXCITATIONMODE CONTRAST".split()
)
_BEGIN, _END = b"### ASCCONV BEGIN", b"### ASCCONV END ###"


@dataclass(frozen=True)
class Field:
    """One field of a CSA header: its items are text, padded or not."""

    name: bytes
    vr: bytes
    vm: int
    syngo_type: int
    items: tuple[bytes, ...]


class BadBlockError(ValueError):
    """A vendor's block does not follow its format."""


def read_header(block: bytes) -> list[Field]:
    """The fields of a CSA header of either version.

    Raises
    ------
    BadBlockError
        If lengths do not fit.
    """
    try:
        return list(_fields(block))
    except struct.error:
        raise BadBlockError("a CSA header is cut short") from None


def _fields(block: bytes) -> Iterator[Field]:
    second = block[:4] == b"SV10"
    at = 8 if second else 0
    (count, check) = struct.unpack_from("<II", block, at)
    if check != _CHECK_WORD or not 0 < count <= MAX_FIELDS:
        raise BadBlockError("not a CSA header")
    at += 8
    first_items = 0
    for number in range(count):
        name, vm, vr, syngo_type, n_items, check = _FIELD.unpack_from(block, at)
        at += _FIELD.size
        if check not in (77, 205) or not 0 <= n_items <= MAX_ITEMS:
            raise BadBlockError("not a CSA field")
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
                raise BadBlockError("a CSA item reaches past the end")
            items.append(block[at : at + length].split(b"\0")[0])
            at += -(-length // 4) * 4
        yield Field(name.split(b"\0")[0], vr.split(b"\0")[0], vm, syngo_type, tuple(items))


def write_header(fields: list[Field]) -> bytes:
    """A CSA header of the second version; what lay between and behind the fields is gone."""
    parts = [b"SV10\4\3\2\1", struct.pack("<II", len(fields), _CHECK_WORD)]
    for field in fields:
        parts.append(_FIELD.pack(field.name, field.vm, field.vr, field.syngo_type, len(field.items), _CHECK_WORD))
        for item in field.items:
            value = item + b"\0" if item else b""
            parts.append(_ITEM.pack(len(value), len(value), _CHECK_WORD, len(value)))
            parts.append(value + bytes(-len(value) % 4))
    return b"".join(parts)


def clean_header(block: bytes, check: Check) -> bytes | None:
    """A CSA header with numeric fields, technical codes and the cleaned protocol; None if it cannot be read."""
    try:
        fields = read_header(block)
    except BadBlockError:
        return None
    return write_header([_clean_field(field, check) for field in fields])


def _clean_field(field: Field, check: Check) -> Field:
    items: tuple[bytes, ...] = ()
    if field.name == PROTOCOL_FIELD:
        items = tuple(clean_protocol(item, check) for item in field.items)
    elif field.name not in DROPPED_FIELDS:
        if field.vr in NUMERIC_VRS:
            items = tuple(item if _NUMBERS.fullmatch(item) else b"" for item in field.items)
        elif field.name in TEXT_FIELDS:
            items = tuple(check(item) for item in field.items)
    return Field(field.name, field.vr, field.vm, field.syngo_type, items)


def clean_protocol(text: bytes, check: Check) -> bytes:
    """The assignments of a Siemens protocol (`sTXSPEC.flReferenceAmplitude = 240.3`) that hold numbers or known codes.

    The XML-like part before them, which repeats names, comments and user text, is dropped.
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
        key, value = match.groups()
        if _TEXT_KEYS.fullmatch(key) or (_NUMBER.fullmatch(value) and not _PRIVATE_KEY.search(key)):
            text = value.strip(b'"')
            quotes = value[: len(value) - len(value.lstrip(b'"'))]
            kept.append(key + b"\t = \t" + quotes + check(text) + quotes)
    return b"\n".join([*kept, _END, b""])


def clean_ge_protocol(block: bytes, check: Check) -> bytes | None:
    """A GE protocol block with the settings whose value is a number; None if it cannot be read."""
    try:
        start = block.index(b"\x1f\x8b")
        text = zlib.decompressobj(31).decompress(block[start:], 10_000_000)
    except (ValueError, zlib.error):
        return None
    kept: list[bytes] = []
    for line in text.split(b"\n"):
        match = re.fullmatch(rb'(set\s+)?([A-Za-z]\w*)\s+"?([^"]*)"?\s*', line)
        if match is None or _PRIVATE_KEY.search(match[2]):
            continue
        if _NUMBERS.fullmatch(match[3]) or match[2] in _GE_TEXT:
            kept.append(check(line))
    packed = gzipped(b"\n".join([*kept, b""]))
    return struct.pack("<I", len(packed)) + packed
