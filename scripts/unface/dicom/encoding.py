"""DICOM as bytes: file meta information, elements, sequences, encapsulated pixel data (PS3.5 7, A.4; PS3.10 7.1).

Little endian is read as it is; pydicom rewrites deflated, big endian and headerless files so. Lengths are
checked before they are believed and nesting is limited, so hostile input ends in an error and not in a hang.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pydicom
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from unface.dicom.deflated import InflationError, inflate
from unface.dicom.elements import ITEM, LONG_VRS, PIXELS, SEQUENCE_END, SHORT_VRS, UNDEFINED
from unface.dicom.standard import vr_of
from unface.dicom.transfer_syntax import true_syntax

MAX_DEPTH = 64
INSTANCE = 0x00020003
"""(0002,0003) Media Storage SOP Instance UID."""
SOP_CLASS = 0x00080016
_CLASS_WITHIN_BYTES = 1024
"""Of the beginning of a data set, where (0008,0016) nearly always stands."""
MAX_METAS = 256
ITEM_TAG, ITEM_END_TAG = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0"
"""(FFFE,E000) Item and (FFFE,E00D) Item Delimitation Item, as bytes."""

tag_at = struct.Struct("<HH").unpack_from
_short_at = struct.Struct("<H").unpack_from
long_at = struct.Struct("<I").unpack_from
_head_short = struct.Struct("<HH2sH").pack
_head_long = struct.Struct("<HH2sHI").pack
_head_implicit = struct.Struct("<HHI").pack


class UnreadableError(Exception):
    """A file is damaged, hostile or no DICOM image; the message holds no value of it."""


@dataclass(frozen=True)
class Encoded:
    """A file in little endian, and what of its file meta information matters."""

    data: bytes
    """The whole file."""
    start: int
    """Offset of the data set."""
    implicit: bool
    """Whether VRs are implicit."""
    transfer_syntax: str
    sop_class: str


def decode(data: bytes) -> Encoded:
    """Read the file meta information of a DICOM file; pydicom rewrites deflated, big endian and headerless files.

    Parameters
    ----------
    data
        The whole file, or its beginning up to the pixel data.

    Returns
    -------
    Encoded
        The file in little endian.

    Raises
    ------
    UnreadableError
        If it is no DICOM file, or its beginning is damaged.
    """
    if data[128:132] != b"DICM":
        return _through_pydicom(data)
    meta, start = _file_meta_again(data)
    stated = meta.get(0x0010, "")
    if not stated:
        return _through_pydicom(data)
    syntax = true_syntax(data, start, stated)
    if syntax == ExplicitVRBigEndian and stated != syntax:
        return _through_pydicom(new_file_meta("", b"", syntax) + data[start:])
    if syntax in (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian):
        return _through_pydicom(data)
    implicit = syntax == ImplicitVRLittleEndian
    return Encoded(data, start, implicit, syntax, _sop_class(data, start, implicit, meta.get(0x0002, "")))


def _sop_class(data: bytes, start: int, implicit: bool, stated: str) -> str:
    """The SOP class that the data set names, (0008,0016); the one that the meta information states if it names none."""
    if stated and data.find(_class_element(stated, implicit), start, start + _CLASS_WITHIN_BYTES) > 0:
        return stated
    at = start
    while at < len(data):
        tag, _, body, at = element_at(data, at, len(data), implicit)
        if tag >= SOP_CLASS:
            return (_uid_at(data, body, at) if tag == SOP_CLASS else "") or stated
    return stated


@lru_cache(maxsize=256)
def _class_element(sop_class: str, implicit: bool) -> bytes:
    value = sop_class.encode()
    return element(SOP_CLASS, b"UI", value + bytes(len(value) % 2), implicit)


def _uid_at(data: bytes, start: int, end: int) -> str:
    """A UID without its padding."""
    return data[start:end].strip(b"\0 ").decode("ascii", "replace")


_METAS: dict[bytes, tuple[bytes, int, bytes, dict[int, str], int]] = {}
_META_KEY_BYTES = 64
_PREAMBLE_END = b"DICM\2\0"
"""The end of a preamble, with the beginning of the first element behind it."""


def _file_meta_again(data: bytes) -> tuple[dict[int, str], int]:
    """`file_meta`, which recognises one that differs from an earlier file's in the value of (0002,0003) alone."""
    key = data[132 : 132 + _META_KEY_BYTES]
    known = _METAS.get(key)
    if known is not None:
        before, after_at, after, meta, start = known
        same = data.startswith(before, 132) and data.startswith(after, after_at)
        if same and not data.startswith(b"\2\0", start) and not data.startswith(_PREAMBLE_END, start + 128):
            return meta, start
    meta, start = file_meta(data)
    at = 132
    while data.startswith(b"\2\0", at):
        tag, _, body, end = element_at(data, at, start, implicit=False)
        if tag == INSTANCE:
            if len(_METAS) >= MAX_METAS:
                _METAS.clear()
            _METAS[key] = data[132:body], end, data[end:start], meta, start
            break
        at = end
    return meta, start


def file_meta(data: bytes) -> tuple[dict[int, str], int]:
    """Read the file meta information (PS3.10 7.1), without trusting its group length.

    Of a file that was given one twice, each with a preamble or not, the first counts and the second is passed over.

    Parameters
    ----------
    data
        A file with a preamble.

    Returns
    -------
    dict of int to str
        UIDs of group 0002 by element number.
    int
        Offset of the data set.
    """
    return _meta_from(data, 132)


def _meta_from(data: bytes, at: int) -> tuple[dict[int, str], int]:
    meta = dict[int, str]()
    while data.startswith(b"\2\0", at):
        tag, vr, body, end = element_at(data, at, len(data), implicit=False)
        if vr == b"UI":
            meta.setdefault(tag & 0xFFFF, _uid_at(data, body, end))
        at = end + 132 if data.startswith(_PREAMBLE_END, end + 128) else end
    return meta, at


def _through_pydicom(data: bytes) -> Encoded:
    """A file that pydicom can read, in little endian."""
    try:
        data = _as_checked(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
            # Zeros behind the last element are one of tag 0 for pydicom.
            if (0, 0) in dataset and not dataset.get_item((0, 0)).value:
                del dataset[0, 0]
            sop_class = str(dataset.SOPClassUID)
            implicit, little = dataset.original_encoding
            buffer = io.BytesIO()
            if not little:
                dataset.walk(_swap_words)
            syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
            if syntax is None or not little or syntax == DeflatedExplicitVRLittleEndian:
                syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
                dataset.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    except (MemoryError, UnreadableError):
        raise
    except Exception as error:
        # pydicom meets damage with errors of every kind; none of its words may be passed on.
        raise UnreadableError(f"no DICOM image ({type(error).__name__})") from None
    written = buffer.getvalue()
    return Encoded(written, file_meta(written)[1], bool(implicit), str(syntax), sop_class)


def _as_checked(data: bytes) -> bytes:
    """A file whose meta information says what was looked at here; `UnreadableError` where it inflates to any size."""
    # pydicom reads some meta information otherwise, and would inflate what was not looked at.
    begin = 132 if data[128:132] == b"DICM" else 0
    meta, start = _meta_from(data, begin)
    stated = meta.get(0x0010, "")
    if stated == DeflatedExplicitVRLittleEndian:
        try:
            inflate(data, start)
        except InflationError as error:
            raise UnreadableError(str(error)) from None
    if start == begin:
        return data
    return (new_file_meta("", b"", stated) if stated else b"") + data[start:]


_WORD_BYTES = {"OW": 2, "OL": 4, "OF": 4, "OD": 8, "OV": 8}


def _swap_words(_: pydicom.Dataset, element: pydicom.DataElement) -> None:
    """Swap the bytes of an element's words, which pydicom leaves in the byte order of the file."""
    size = _WORD_BYTES.get(element.VR)
    if size is not None and element.value:
        element.value = np.frombuffer(element.value, f"u{size}").byteswap().tobytes()


def element_at(data: bytes, at: int, end: int, implicit: bool) -> tuple[int, bytes, int, int]:
    """Read the head of a data element (PS3.5 7.1).

    Parameters
    ----------
    data
        Little endian bytes.
    at
        Offset of the element.
    end
        Offset that the element must not reach past.
    implicit
        Whether VRs are implicit.

    Returns
    -------
    int
        Tag.
    bytes
        VR; `UN` for private elements of implicit files.
    int
        Offset of the value.
    int
        Offset of the element's end, the delimiter of one of undefined length included. Compressed pixels may lack
        it where zeros end the file.

    Raises
    ------
    UnreadableError
        If the element reaches past `end`, or its VR is unknown.
    """
    try:
        group, number = tag_at(data, at)
        tag: int = group << 16 | number
        if implicit:
            vr = b"UN" if group & 1 else vr_of(tag).encode()
            body, length = at + 8, long_at(data, at + 4)[0]
        else:
            vr = data[at + 4 : at + 6]
            if vr in LONG_VRS:
                body, length = at + 12, long_at(data, at + 8)[0]
            elif vr in SHORT_VRS:
                body, length = at + 8, _short_at(data, at + 6)[0]
            else:
                raise UnreadableError("an element has a VR that DICOM does not know")
    except struct.error:
        raise UnreadableError("an element is cut short") from None
    if length == UNDEFINED:
        if tag in PIXELS:
            return tag, vr, body, _fragments_end(data, body, end)
        # A sequence of VR UN is encoded as implicit little endian (PS3.5 6.2.2).
        return tag, vr, body, _sequence_end(data, body, end, implicit or vr == b"UN", 1)
    if body + length > end:
        raise UnreadableError("an element reaches past the end of the data")
    return tag, vr, body, body + length


def _sequence_end(data: bytes, at: int, end: int, implicit: bool, depth: int) -> int:
    """Where a sequence of undefined length ends, delimiter included (PS3.5 7.5.2)."""
    if depth > MAX_DEPTH:
        raise UnreadableError("sequences are nested too deep")
    while at + 8 <= end:
        group, number = tag_at(data, at)
        tag, length = group << 16 | number, long_at(data, at + 4)[0]
        at += 8
        if tag == SEQUENCE_END:
            return at
        if tag != ITEM:
            break
        if length != UNDEFINED:
            at += length
            continue
        while data[at : at + 4] != ITEM_END_TAG:
            at = _nested_end(data, at, end, implicit, depth)
        at += 8
    raise UnreadableError("a sequence has no end")


def _nested_end(data: bytes, at: int, end: int, implicit: bool, depth: int) -> int:
    """Where an element inside an item ends."""
    if at + 8 > end:
        raise UnreadableError("an item has no end")
    vr = b"UN" if implicit else data[at + 4 : at + 6]
    head = 12 if not implicit and vr in LONG_VRS else 8
    undefined = data[at + head - 4 : at + head] == b"\xff\xff\xff\xff" and (implicit or head == 12)
    if undefined:
        return _sequence_end(data, at + head, end, implicit or vr == b"UN", depth + 1)
    return element_at(data, at, end, implicit)[3]


def _fragments_end(data: bytes, at: int, end: int) -> int:
    """Where encapsulated pixel data end, delimiter included (PS3.5 A.4)."""
    while at + 8 <= end:
        group, number = tag_at(data, at)
        length = long_at(data, at + 4)[0]
        if group << 16 | number == SEQUENCE_END:
            return at + 8
        if group << 16 | number != ITEM or length == UNDEFINED:
            break
        at += 8 + length
    if at < end == len(data) and only_zeros(data, at) and data.endswith(IMAGE_ENDS, 0, at):
        return at
    raise UnreadableError("the pixel data are cut short")


IMAGE_ENDS = b"\xff\xd9", b"\xff\xd9\0"
"""EOI of JPEG, EOC of JPEG 2000, with a byte of padding or without: an image that is whole."""
LAST_DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
"""(FFFE,E0DD) Sequence Delimitation Item, as bytes."""


def only_zeros(data: bytes, at: int) -> bool:
    """Whether all bytes from an offset on are zero: padding of a disk or a tape, where an element would begin.

    Parameters
    ----------
    data
        The file.
    at
        The offset.

    Returns
    -------
    bool
        True for no bytes, too.
    """
    return not data[at : at + 8].strip(b"\0") and not data[at:].strip(b"\0")


def padding_at(data: bytes, at: int, implicit: bool) -> int:
    """Where the last element behind the pixels ends: zeros and delimiters that delimit nothing may follow.

    Parameters
    ----------
    data
        The file.
    at
        Where the pixels end.
    implicit
        Whether VRs are implicit.

    Returns
    -------
    int
        Offset; up to it there are whole elements.

    Raises
    ------
    UnreadableError
        If there is something else.
    """
    try:
        while at < len(data) and not only_zeros(data, at) and not only_zeros(data, _behind_delimiters(data, at)):
            at = element_at(data, at, len(data), implicit)[3]
    except UnreadableError:
        raise UnreadableError("what stands behind its pixels is neither DICOM nor padding of zeros") from None
    return at


def _behind_delimiters(data: bytes, at: int) -> int:
    """Where delimiters end that begin at an offset: the offset if there are none."""
    while data.startswith((LAST_DELIMITER, ITEM_END_TAG + bytes(4)), at):
        at += 8
    return at


def items(data: bytes, at: int, end: int, implicit: bool) -> Iterator[tuple[int, int]]:
    """Step over the items of a sequence (PS3.5 7.5).

    Parameters
    ----------
    data
        Little endian bytes.
    at
        Offset of the sequence's value.
    end
        Offset of the end of the sequence's element.
    implicit
        Whether VRs are implicit inside the sequence.

    Yields
    ------
    tuple of int
        Offsets of the beginning and the end of an item's data set, delimiters left out.

    Raises
    ------
    UnreadableError
        If an item has no end, or reaches past that of the sequence.
    """
    while at < end:
        if at + 8 > end:
            raise UnreadableError("an item is cut short")
        if data[at : at + 4] != ITEM_TAG:
            group, number = tag_at(data, at)
            if group << 16 | number == SEQUENCE_END:
                return
            raise UnreadableError("a sequence holds what is no item")
        length = long_at(data, at + 4)[0]
        start = at + 8
        if length == UNDEFINED:
            inner = start
            while data[inner : inner + 4] != ITEM_END_TAG:
                if inner >= end:
                    raise UnreadableError("an item has no end")
                inner = element_at(data, inner, end, implicit)[3]
            yield start, inner
            at = inner + 8
        else:
            if start + length > end:
                raise UnreadableError("an item reaches past the end of its sequence")
            yield start, start + length
            at = start + length


def element(tag: int, vr: bytes, value: bytes, implicit: bool) -> bytes:
    """Encode a data element (PS3.5 7.1).

    Parameters
    ----------
    tag
        Group and element number as one number.
    vr
        Left out where VRs are implicit; `UN` is written for a value too long for the VR's length field (PS3.5 6.2.2).
    value
        Of even length.
    implicit
        Whether VRs are implicit.

    Returns
    -------
    bytes
        Head and value, in little endian.
    """
    group, number = tag >> 16, tag & 0xFFFF
    if implicit:
        return _head_implicit(group, number, len(value)) + value
    if vr not in LONG_VRS:
        if len(value) <= 0xFFFF:
            return _head_short(group, number, vr, len(value)) + value
        vr = b"UN"
    return _head_long(group, number, vr, 0, len(value)) + value


IMPLEMENTATION_CLASS = "2.25.209847183374026341980417503288114692871"
IMPLEMENTATION_NAME = b"UNFACE"


def new_file_meta(sop_class: str, sop_instance: bytes, transfer_syntax: str) -> bytes:
    """Write preamble and file meta information (PS3.10 7.1) anew.

    Parameters
    ----------
    sop_class
        UID of the SOP class.
    sop_instance
        UID of the new SOP instance.
    transfer_syntax
        UID.

    Returns
    -------
    bytes
        What stands before the data set; of the source only SOP class and transfer syntax are in it.
    """
    value = sop_instance + bytes(len(sop_instance) % 2)
    before, after = _around_instance(sop_class, transfer_syntax, len(value))
    return before + value + after


@lru_cache(maxsize=256)
def _around_instance(sop_class: str, transfer_syntax: str, length: int) -> tuple[bytes, bytes]:
    """What stands before and after the value of (0002,0003)."""
    before = b"\2\0\1\0OB\0\0\2\0\0\0\0\1" + _uid(0x0002, sop_class)
    before += _head_short(2, 3, b"UI", length)
    after = _uid(0x0010, transfer_syntax) + _uid(0x0012, IMPLEMENTATION_CLASS)
    after += element(0x00020013, b"SH", IMPLEMENTATION_NAME, False)
    total = len(before) + length + len(after)
    return bytes(128) + b"DICM\2\0\0\0UL\4\0" + total.to_bytes(4, "little") + before, after


def _uid(number: int, uid: str) -> bytes:
    value = uid.encode()
    return element(0x00020000 | number, b"UI", value + bytes(len(value) % 2), False)
