"""Walks the raw bytes of a data set and rewrites its elements; decodes nothing that stays as it is.

Explicit and implicit little endian; what is encoded otherwise goes through pydicom first (`read_file`). Lengths are
checked before they are believed, and nesting is limited, so hostile input ends in an error and not in a hang.
"""

import io
import struct
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from unface.dicom.profile import TEXT_VRS, Profile, Rule, vr_of
from unface.dicom.values import Values, padded

LONG_VRS = {"OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UR", "UT", "UN", "SV", "UV"}
ALL_VRS = LONG_VRS | {
    "AE",
    "AS",
    "AT",
    "CS",
    "DA",
    "DS",
    "DT",
    "FD",
    "FL",
    "IS",
    "LO",
    "LT",
    "PN",
    "SH",
    "SL",
    "SS",
    "ST",
    "TM",
    "UI",
    "UL",
    "US",
}
UNDEFINED = 0xFFFFFFFF
MAX_DEPTH = 64
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD

_TAG = struct.Struct("<HH")
_SHORT = struct.Struct("<H")
_LONG = struct.Struct("<I")


class UnreadableError(Exception):
    """A file is damaged, hostile or no DICOM image; the message holds no value of it."""


@dataclass(frozen=True)
class Encoded:
    """One file: the values of its meta header that matter, and its data set in little endian."""

    data: bytes
    start: int
    implicit: bool
    transfer_syntax: str
    sop_class: str


@dataclass
class Rewritten:
    """A data set after rewriting: the header's bytes up to the pixels, and where the pixels stand in the source."""

    header: bytearray = field(default_factory=bytearray)
    pixels: tuple[int, int] = (0, 0)
    tail: bytearray = field(default_factory=bytearray)
    sop_instance: bytes = b""
    counts: Counter[str] = field(default_factory=Counter)


def read_file(path: Path) -> Encoded:
    """Read a DICOM file; deflated, big endian and headerless ones are rewritten by pydicom as little endian.

    Raises
    ------
    UnreadableError
        If it is no DICOM file, or its beginning is damaged.
    """
    data = path.read_bytes()
    if data[128:132] != b"DICM":
        return _through_pydicom(data)
    meta, start = _file_meta(data)
    syntax = meta.get(0x00020010, "")
    if syntax in (DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian) or not syntax:
        return _through_pydicom(data)
    return Encoded(data, start, syntax == ImplicitVRLittleEndian, syntax, meta.get(0x00020002, ""))


def _file_meta(data: bytes) -> tuple[dict[int, str], int]:
    """The elements of group 0002, and where the data set begins; their group length is not trusted."""
    at, meta = 132, dict[int, str]()
    while at + 8 <= len(data) and _SHORT.unpack_from(data, at)[0] == 2:
        element = _SHORT.unpack_from(data, at + 2)[0]
        _, head, length = _explicit(data, at, len(data))
        if at + head + length > len(data):
            raise UnreadableError("the file meta header reaches past the end of the file")
        meta[0x00020000 | element] = data[at + head : at + head + length].strip(b"\0 ").decode("ascii", "replace")
        at += head + length
    return meta, at


def _through_pydicom(data: bytes) -> Encoded:
    """Little endian bytes of a data set that pydicom can read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(io.BytesIO(data), force=True)
            sop_class = str(dataset.SOPClassUID)
            implicit, little = dataset.original_encoding
            buffer = io.BytesIO()
            syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
            if syntax is None or not little or syntax == DeflatedExplicitVRLittleEndian:
                syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
            pydicom.dcmwrite(buffer, dataset, implicit_vr=bool(implicit), little_endian=True)
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:
        # pydicom meets damage with errors of every kind; none of its words may be passed on.
        raise UnreadableError(f"no DICOM image ({type(error).__name__})") from None
    written = buffer.getvalue()
    start = _file_meta(written)[1] if written[128:132] == b"DICM" else 0
    return Encoded(written, start, bool(implicit), str(syntax), sop_class)


def _explicit(data: bytes, at: int, end: int) -> tuple[str, int, int]:
    """VR, length of the element's head, and length of its value."""
    vr = data[at + 4 : at + 6].decode("ascii", "replace")
    if vr in LONG_VRS:
        if at + 12 > end:
            raise UnreadableError("an element is cut short")
        return vr, 12, _LONG.unpack_from(data, at + 8)[0]
    if vr not in ALL_VRS:
        raise UnreadableError("an element has a VR that DICOM does not know")
    return vr, 8, _SHORT.unpack_from(data, at + 6)[0]


class Walker:
    """Rewrites data sets of one subject."""

    def __init__(self, profile: Profile, values: Values) -> None:
        self.profile = profile
        self.values = values
        self._memo: dict[tuple[str, str, bytes], bytes | None] = {}

    def rewrite(self, source: Encoded, additions: list[tuple[int, str, bytes]]) -> Rewritten:
        """Rewrite a data set.

        Parameters
        ----------
        additions
            Elements that unface writes itself (tag, VR, value), in order of their tags.

        Raises
        ------
        UnreadableError
            If lengths do not fit or nesting is too deep.
        """
        out = Rewritten()
        at, end = source.start, len(source.data)
        waiting = [*additions, (0x7FE00008, "", b"")]
        for tag, vr, value in waiting:
            at = self._dataset(source.data, at, end, source.implicit, out, out.header, 0, stop=tag)
            if vr:
                out.header += element(tag, vr, value, source.implicit)
        if at < end:
            at = self._pixels(source, at, out)
        self._dataset(source.data, at, end, source.implicit, out, out.tail, 0, stop=0xFFFA0000)
        return out

    def _pixels(self, source: Encoded, at: int, out: Rewritten) -> int:
        data, end = source.data, len(source.data)
        group, number = _TAG.unpack_from(data, at)
        if (group << 16 | number) not in PIXELS:
            return at
        head, length = self._head(data, at, end, source.implicit)[1:]
        stop = _fragments_end(data, at + head) if length == UNDEFINED else at + head + length
        if stop > end:
            raise UnreadableError("the pixel data are cut short")
        out.pixels = at, stop
        return stop

    def _head(self, data: bytes, at: int, end: int, implicit: bool) -> tuple[str, int, int]:
        if at + 8 > end:
            raise UnreadableError("an element is cut short")
        if implicit:
            group, number = _TAG.unpack_from(data, at)
            return ("UN" if group & 1 else vr_of(group << 16 | number)), 8, _LONG.unpack_from(data, at + 4)[0]
        return _explicit(data, at, end)

    def _dataset(  # noqa: PLR0917
        self,
        data: bytes,
        at: int,
        end: int,
        implicit: bool,
        result: Rewritten,
        out: bytearray,
        depth: int,
        stop: int = UNDEFINED,
    ) -> int:
        """Rewrite elements from `at` until `end`, an item's end, or a tag of at least `stop`; returns where it is."""
        if depth > MAX_DEPTH:
            raise UnreadableError("sequences are nested too deep")
        creators: dict[tuple[int, int], str] = {}
        while at < end:
            if at + 8 > end:
                raise UnreadableError("an element is cut short")
            group, number = _TAG.unpack_from(data, at)
            tag = group << 16 | number
            if tag >= stop or tag in (ITEM_END, SEQUENCE_END):
                break
            vr, head, length = self._head(data, at, end, implicit)
            body = at + head
            if length != UNDEFINED and body + length > end:
                raise UnreadableError("an element reaches past the end of the data")
            rule, vr = self._rule(data, tag, vr, body, length, creators)
            if length == UNDEFINED or (rule.action == "recurse" and vr in ("SQ", "UN")):
                # Sequences of VR UN are encoded as implicit little endian (PS3.5 6.2.2).
                within = implicit or data[at + 4 : at + 6] == b"UN"
                content = bytearray()
                at = self._sequence(data, body, end, length, within, result, content, depth + 1)
                if rule.action == "recurse":
                    written = "UN" if within and not implicit else "SQ"
                    out += element(tag, written, bytes(content), implicit)
                    result.counts["recurse"] += 1
                else:
                    result.counts["remove"] += 1
                continue
            value = data[body : body + length]
            at = body + length
            new = self._value(rule, vr, value)
            result.counts[rule.action] += 1
            if tag == 0x00080018 and depth == 0:
                result.sop_instance = new or b""
            if new is not None:
                out += element(tag, vr, new, implicit)
        return at

    def _rule(  # noqa: PLR0917
        self, data: bytes, tag: int, vr: str, body: int, length: int, creators: dict[tuple[int, int], str]
    ) -> tuple[Rule, str]:
        """The rule for an element, and the VR to write it with."""
        group, number = tag >> 16, tag & 0xFFFF
        if not group & 1:
            if vr == "UN":
                vr = vr_of(tag) if vr_of(tag) != "UN" else "UN"
            return self.profile.rule(tag, vr), vr
        if 0x10 <= number <= 0xFF:
            creator = data[body : body + min(length, 64)].strip(b"\0 ").decode("ascii", "replace")
            creators[group, number] = creator
            if self.profile.knows_creator(group, creator):
                return Rule("keep", "a creator on the safe list"), "LO"
            return Rule("remove", "a creator on no safe list"), "LO"
        creator = creators.get((group, number >> 8), "")
        return self.profile.private_rule(group, creator, number & 0xFF, vr)

    def _value(self, rule: Rule, vr: str, value: bytes) -> bytes | None:
        if rule.action == "keep":
            return value
        if rule.action == "recurse":
            return b"" if not value else None
        key = (rule.action, vr, value)
        try:
            return self._memo[key]
        except KeyError:
            new = self.values.apply(rule.action, vr, value)
            if new is not None:
                new = padded(vr, new)
            if len(self._memo) > 200_000:
                self._memo.clear()
            self._memo[key] = new
            return new

    def _sequence(  # noqa: PLR0917
        self,
        data: bytes,
        at: int,
        end: int,
        length: int,
        implicit: bool,
        result: Rewritten,
        out: bytearray,
        depth: int,
    ) -> int:
        """Rewrite the items of a sequence; returns where it ends."""
        stop = end if length == UNDEFINED else at + length
        while at < stop:
            if at + 8 > stop:
                raise UnreadableError("an item is cut short")
            group, number = _TAG.unpack_from(data, at)
            size = _LONG.unpack_from(data, at + 4)[0]
            tag = group << 16 | number
            if tag == SEQUENCE_END and length == UNDEFINED:
                return at + 8
            if tag != ITEM or (size != UNDEFINED and at + 8 + size > stop):
                raise UnreadableError("a sequence holds what is no item, or one that reaches past its end")
            item = bytearray()
            inner = stop if size == UNDEFINED else at + 8 + size
            at = self._dataset(data, at + 8, inner, implicit, result, item, depth)
            if size == UNDEFINED:
                if data[at : at + 4] != b"\xfe\xff\x0d\xe0":
                    raise UnreadableError("an item has no end")
                at += 8
            elif at != inner:
                raise UnreadableError("an item ends early")
            out += _TAG.pack(0xFFFE, 0xE000) + _LONG.pack(len(item)) + item
        if length == UNDEFINED:
            raise UnreadableError("a sequence has no end")
        return at


def _fragments_end(data: bytes, at: int) -> int:
    """Where encapsulated pixel data end (PS3.5 A.4)."""
    while at + 8 <= len(data):
        group, number = _TAG.unpack_from(data, at)
        length = _LONG.unpack_from(data, at + 4)[0]
        if group << 16 | number == SEQUENCE_END:
            return at + 8
        if group << 16 | number != ITEM or length == UNDEFINED:
            break
        at += 8 + length
    raise UnreadableError("the pixel data are cut short")


def element(tag: int, vr: str, value: bytes, implicit: bool) -> bytes:
    """One encoded element; a value too long for its VR's length field is written as UN (PS3.5 6.2.2)."""
    head = _TAG.pack(tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + _LONG.pack(len(value)) + value
    if vr not in LONG_VRS and len(value) > 0xFFFF:
        vr = "UN"
    if vr in LONG_VRS:
        return head + vr.encode() + b"\0\0" + _LONG.pack(len(value)) + value
    return head + vr.encode() + _SHORT.pack(len(value)) + value


IMPLEMENTATION_CLASS = b"2.25.209847183374026341980417503288114692871"
IMPLEMENTATION_NAME = b"UNFACE"


def file_meta(sop_class: str, sop_instance: bytes, transfer_syntax: str) -> bytes:
    """Preamble and file meta header, written anew: nothing of the source's stays but class and transfer syntax."""
    body = b"".join(
        element(tag, vr, padded(vr, value), False)
        for tag, vr, value in (
            (0x00020001, "OB", b"\0\1"),
            (0x00020002, "UI", sop_class.encode()),
            (0x00020003, "UI", sop_instance.strip(b"\0 ")),
            (0x00020010, "UI", transfer_syntax.encode()),
            (0x00020012, "UI", IMPLEMENTATION_CLASS),
            (0x00020013, "SH", IMPLEMENTATION_NAME),
        )
    )
    return bytes(128) + b"DICM" + element(0x00020000, "UL", _LONG.pack(len(body)), False) + body
