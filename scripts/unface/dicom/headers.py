"""Headers of raw DICOM files, read fast: the elements asked for, and whether the file is whole.

A general parser decodes every element and costs milliseconds a file; this one walks the heads of elements (PS3.5 7),
decodes nothing and hands over the raw bytes of the few elements asked for. The files of a series share nearly all of
them, so that they can be decoded once a series, not once a file. Unlike `encoding` it reads the beginning of a file
alone, in either byte order, and says what a file that is cut short holds.
"""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from unface.dicom.deflated import InflationError, inflate
from unface.dicom.elements import ITEM, ITEM_END, LONG_VRS, PIXELS, SEQUENCE_END, SHORT_VRS, UNDEFINED
from unface.dicom.number_text import whole_number
from unface.dicom.transfer_syntax import BIG_ENDIAN, DEFLATED, IMPLICIT, UNCOMPRESSED, true_syntax

SHARED_GROUPS = 0x52009229
"""(5200,9229) Shared Functional Groups Sequence (PS3.3 C.7.6.16)."""
FRAME_GROUPS = 0x52009230
"""(5200,9230) Per-Frame Functional Groups Sequence: an item for each frame."""

DIRECTORY_CLASS = b"1.2.840.10008.1.3.10"
"""SOP class of a DICOMDIR (PS3.10 8)."""

FIRST_READ = 1 << 18
"""Bytes of a file that hold the header of nearly all classic images, read at once."""

END_OF_IMAGE = b"\xff\xd9"
"""EOI of JPEG, EOC of JPEG 2000."""
LARGEST_HEADER = 1 << 30
"""Bytes; the functional groups of an enhanced file with ten thousand frames take some tens of millions."""


LARGEST_VALUE = (1 << 16) - 1
"""Bytes of a wanted element: all are of VRs whose length field has two bytes, where VRs are explicit."""
MOST_FRAMES = 1 << 18
"""Frames of an enhanced file; the largest have some tens of thousands."""


class NotDicomError(ValueError):
    """The file is no DICOM, or its header makes no sense; the message says which, and quotes nothing."""


@dataclass
class RawHeader:
    """Undecoded elements of a file."""

    values: dict[int, bytes]
    """Bytes of the elements of the file meta information and of the data set's top level, by tag."""
    order: str
    """Byte order of the data set, `<` or `>`."""
    frames: list[dict[int, bytes]] = field(default_factory=list)
    """Of an enhanced file, for each frame: elements of its own functional groups, else of the shared ones, by tag."""
    problem: str | None = None
    """`truncated` where the file ends inside the pixel data or an element before them."""


_Read = Callable[[int, int], bytes]
"""Takes an offset and a number of bytes and returns so many of the file, or as many as there are."""


class _EndOfDataError(Exception):
    """An element reaches past the bytes at hand."""


def read_header(path: str | Path, wanted: frozenset[int]) -> RawHeader:
    """Read the wanted elements of a file, and whether it is whole.

    Parameters
    ----------
    path
        Of the file.
    wanted
        Tags.

    Returns
    -------
    RawHeader
        Those of the wanted elements that the file has.

    Raises
    ------
    NotDicomError
        If the file is not DICOM or cannot be understood.
    OSError
        If it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        return _read(handle, os.fstat(handle).st_size, wanted)
    finally:
        os.close(handle)


def _read(handle: int, size: int, wanted: frozenset[int]) -> RawHeader:
    amount = FIRST_READ
    while True:
        data = os.pread(handle, amount, 0)
        whole = len(data) >= size or len(data) < amount
        try:
            return _parse(data, handle, size, wanted)
        except _EndOfDataError:
            if whole:
                raise NotDicomError("a DICOM header that breaks off") from None
        amount *= 16
        if amount > LARGEST_HEADER:
            raise NotDicomError("a DICOM header that makes no sense")


def _parse(data: bytes, handle: int, size: int, wanted: frozenset[int]) -> RawHeader:
    meta, start = _file_meta(data)
    syntax = meta.get(0x00020010, b"").strip(b"\0 ").decode("ascii", "replace")
    if syntax:
        syntax = true_syntax(data, start, syntax)
    if meta.get(0x00020002, b"").rstrip(b"\0 ") == DIRECTORY_CLASS:
        raise NotDicomError("DICOMDIR")
    if syntax == DEFLATED:
        if len(data) < size:
            raise _EndOfDataError
        try:
            data = inflate(data, start)
        except InflationError as error:
            raise NotDicomError(str(error)) from None
        size = len(data)
    order = ">" if syntax == BIG_ENDIAN else "<"
    explicit = syntax != IMPLICIT if syntax else _looks_explicit(data, start)
    walk = _Walk(data, order, explicit, wanted, size)
    header = RawHeader(meta, order)
    try:
        pixels = walk.read(start, header)
    except _EndOfDataError:
        if len(data) < size:
            raise
        # All bytes are at hand: the file itself ends inside an element.
        if not header.values:
            raise NotDicomError("not DICOM") from None
        header.problem = "truncated"
        return header
    if pixels is not None:

        def read(offset: int, amount: int) -> bytes:
            return data[offset : offset + amount] if syntax == DEFLATED else os.pread(handle, amount, offset)

        header.problem = _pixel_problem(header, pixels, syntax, size, read)
    return header


def _file_meta(data: bytes) -> tuple[dict[int, bytes], int]:
    """File meta information (group 0002, always explicit little endian) by tag, and where the data set starts."""
    if data[128:132] == b"DICM":
        start = 132
    elif data[:4] == b"DICM":
        start = 4
    elif data[:2] in (b"\x02\0", b"\x08\0") and len(data) > 16 and data[3] <= 0x10:
        start = 0
    else:
        raise NotDicomError("empty" if not data else "not DICOM")
    meta: dict[int, bytes] = {}
    while start + 8 <= len(data) and data[start : start + 2] == b"\x02\0":
        group, element, vr, length = struct.unpack_from("<HH2sH", data, start)
        head = 8
        if vr in LONG_VRS:
            if start + 12 > len(data):
                break
            (length,) = struct.unpack_from("<I", data, start + 8)
            head = 12
        elif vr not in SHORT_VRS:
            raise NotDicomError("a file meta header that makes no sense")
        # Of a file that was given a meta header twice the first counts.
        meta.setdefault(group << 16 | element, data[start + head : start + head + length])
        start += head + length
        if data[start + 128 : start + 134] == b"DICM\2\0":
            start += 132
    return meta, start


def _looks_explicit(data: bytes, start: int) -> bool:
    return data[start + 4 : start + 6] in SHORT_VRS | LONG_VRS


class _Walk:
    """Steps over the elements of a data set."""

    def __init__(self, data: bytes, order: str, explicit: bool, wanted: frozenset[int], size: int) -> None:
        self.data = data
        self.size = size
        self.wanted = wanted
        self.explicit = explicit
        self.short = struct.Struct(order + ("HH2sH" if explicit else "HHI"))
        self.long = struct.Struct(order + "I")
        self.tag = struct.Struct(order + "HHI")

    def read(self, start: int, header: RawHeader) -> tuple[int, int] | None:
        """Fill `header`; return offset and length of the pixel data, None without any."""
        shared: dict[int, bytes] = {}
        try:
            return self._top_level(start, header, shared)
        except struct.error:
            raise _EndOfDataError from None
        except RecursionError:
            raise NotDicomError("a DICOM header that makes no sense") from None
        finally:
            header.frames = [shared | frame for frame in header.frames] or ([shared] if shared else [])

    def _top_level(self, start: int, header: RawHeader, shared: dict[int, bytes]) -> tuple[int, int] | None:  # noqa: PLR0912 - the inner loop
        data, end, wanted, values = self.data, len(self.data), self.wanted, header.values
        explicit, unpack, unpack_long = self.explicit, self.short.unpack_from, self.long.unpack_from
        offset, last = start, 0
        while offset + 8 <= end:
            if explicit:
                group, element, vr, length = unpack(data, offset)
                body = offset + 8
                if vr in LONG_VRS:
                    if body + 4 > end:
                        raise _EndOfDataError
                    (length,) = unpack_long(data, body)
                    body += 4
                elif vr not in SHORT_VRS:
                    if self.only_zeros(offset):
                        return None
                    raise NotDicomError("a DICOM header that makes no sense")
            else:
                group, element, length = unpack(data, offset)
                body = offset + 8
            tag = group << 16 | element
            if tag < last and not explicit:
                if self.only_zeros(offset):
                    return None
                raise NotDicomError("a DICOM header whose elements are out of order")
            last = tag
            if tag in PIXELS:
                return body, length
            if tag == SHARED_GROUPS:
                offset = self.sequence(body, length, [shared])
            elif tag == FRAME_GROUPS:
                offset = self.sequence(body, length, header.frames)
            elif length == UNDEFINED:
                offset = self.sequence(body, length, None)
            else:
                if tag in wanted:
                    if length > LARGEST_VALUE:
                        raise NotDicomError("a DICOM header that makes no sense")
                    if body + length > end:
                        raise _EndOfDataError
                    values[tag] = data[body : body + length]
                offset = body + length
        if offset > self.size or (offset < self.size and offset + 8 > end and data[offset:].strip(b"\0")):
            raise _EndOfDataError
        return None

    def only_zeros(self, offset: int) -> bool:
        """Whether the file has nothing but zeros from an offset on: padding behind its last element."""
        if self.data[offset:].strip(b"\0"):
            return False
        if len(self.data) < self.size:
            raise _EndOfDataError
        return True

    def sequence(self, offset: int, length: int, items: list[dict[int, bytes]] | None) -> int:
        """Step over a sequence and return its end; collect the wanted elements at any depth of its items."""
        data = self.data
        end = offset + length if length != UNDEFINED else len(data)
        if end > len(data):
            raise _EndOfDataError
        if items is None and length != UNDEFINED:
            return end
        single = items[0] if items else None
        while offset < end:
            if offset + 8 > len(data):
                raise _EndOfDataError
            group, element, item_length = self.tag.unpack_from(data, offset)
            tag = group << 16 | element
            offset += 8
            if tag == SEQUENCE_END:
                return offset
            if tag != ITEM:
                raise NotDicomError("a DICOM sequence that makes no sense")
            into: dict[int, bytes] | None = single
            if items is not None and single is None:
                if len(items) >= MOST_FRAMES:
                    raise NotDicomError("a DICOM header of more frames than any image has")
                into = {}
                items.append(into)
            offset = self.item(offset, item_length, into)
        if length == UNDEFINED:
            raise _EndOfDataError
        return end

    def item(self, offset: int, length: int, into: dict[int, bytes] | None) -> int:
        """Step over an item and return its end; collect the wanted elements into a mapping, if there is one."""
        data, wanted = self.data, self.wanted
        end = offset + length if length != UNDEFINED else len(data)
        if end > len(data):
            raise _EndOfDataError
        if into is None and length != UNDEFINED:
            return end
        while offset < end:
            if offset + 8 > len(data):
                raise _EndOfDataError
            group, element, size = self.tag.unpack_from(data, offset)
            tag = group << 16 | element
            body = offset + 8
            if tag == ITEM_END:
                return body
            if self.explicit:
                vr = data[offset + 4 : offset + 6]
                if vr in LONG_VRS:
                    (size,) = self.long.unpack_from(data, body)
                    body += 4
                else:
                    size = self.short.unpack_from(data, offset)[3]
            if size == UNDEFINED or (into is not None and (self.explicit and vr == b"SQ")):
                offset = self.sequence(body, size, None if into is None else [into])
                continue
            if into is not None and tag in wanted:
                if size > LARGEST_VALUE:
                    raise NotDicomError("a DICOM header that makes no sense")
                into.setdefault(tag, data[body : body + size])
            offset = body + size
        if length == UNDEFINED:
            raise _EndOfDataError
        return end


def _pixel_problem(header: RawHeader, pixels: tuple[int, int], syntax: str, size: int, read: _Read) -> str | None:
    """`truncated` if the file has less pixel data than their length field or the image's dimensions say."""
    offset, length = pixels
    if length == UNDEFINED:
        return None if _fragments_end(offset, size, _frames(header), read) else "truncated"
    if offset + length > size:
        return "truncated"
    if syntax in UNCOMPRESSED and length < _expected_bytes(header):
        return "truncated"
    return None


def _fragments_end(offset: int, size: int, frames: int, read: _Read) -> bool:
    """Whether the file holds encapsulated pixel data up to their sequence delimiter (PS3.5 A.4)."""
    # Behind an image that is whole, zeros up to the end may stand for the delimiter.
    fragments = -1  # The first one is the table of offsets.
    while True:
        head = read(offset, 8)
        if len(head) < 8:
            return False
        group, element, length = struct.unpack("<HHI", head)
        if group << 16 | element == SEQUENCE_END:
            return True
        if group << 16 | element != ITEM or length == UNDEFINED:
            whole = fragments >= frames and read(offset - 3, 3).rstrip(b"\0").endswith(END_OF_IMAGE)
            return whole and not head.strip(b"\0") and not read(offset, size - offset).strip(b"\0")
        offset += 8 + length
        fragments += 1


def _frames(header: RawHeader) -> int:
    frames = whole_number(header.values.get(0x00280008, b""))
    return 1 if frames is None or frames < 0 else frames


def _expected_bytes(header: RawHeader) -> int:
    """Bytes of uncompressed pixel data with the image's dimensions (PS3.5 8.1.1)."""
    short = struct.Struct(header.order + "H")

    def number(tag: int, default: int) -> int:
        value = header.values.get(tag, b"")
        return int(short.unpack_from(value)[0]) if len(value) >= 2 else default

    bits = (
        number(0x00280100, 0) * number(0x00280010, 0) * number(0x00280011, 0) * number(0x00280002, 1) * _frames(header)
    )
    if b"422" in header.values.get(0x00280004, b""):
        # Two pixels share their chrominance (PS3.3 C.7.6.3.1.2): two samples for each pixel, not three.
        bits = bits * 2 // 3
    return bits // 8
