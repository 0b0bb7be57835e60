"""Compressed pixels and nothing beside them: pixel data in fragments (PS3.5 A.4).

What goes are JPEG's APP and COM segments and JPEG 2000's comments (T.81 B.1.1.3, T.800 A.9.2), bytes that make no pixel
(`rle`), and whatever stands in the table of offsets.
"""

import re
import struct
from collections.abc import Iterator

from unface.dicom import rle
from unface.dicom.encoding import ITEM_TAG, LAST_DELIMITER, UnreadableError, long_at

START_OF_IMAGE, START_OF_CODESTREAM = b"\xff\xd8", b"\xff\x4f"
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
"""SOS; EOI, whose code is that of JPEG 2000's EOC."""
START_OF_TILE, START_OF_DATA = 0x90, 0x93
"""SOT and SOD of JPEG 2000."""
WITHOUT_LENGTH = END_OF_IMAGE, START_OF_DATA
COMMENT, COMMENT_2000 = 0xFE, 0x64
"""COM of JPEG and of JPEG 2000."""
APPS = range(0xE0, 0xF0)
KEPT = {0xE0: (b"JFIF\0", 14), 0xE8: (b"mrfx", 5), 0xEE: (b"Adobe", 12)}
"""APP segments that say how to decode colours: how each begins, and how many of its bytes stay."""
VIDEO = re.compile(r"1\.2\.840\.10008\.1\.2\.4\.10[0-9](\.1)?")
"""Transfer syntaxes of MPEG-2, MPEG-4 and HEVC: streams with room for any data, which no scanner of heads writes."""

_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
"""The marker that ends the data of a scan: neither a stuffed byte (of JPEG or JPEG-LS) nor a restart marker."""

Span = tuple[int, int]


def only_images(pixels: bytes, transfer_syntax: str, size: int) -> bytes:
    """Leave of pixel data in fragments (PS3.5 A.4) what makes the image.

    Comments become zeros where they lie, and so does what stands between segments of run-length encoding. The table
    of offsets, which may hold anything, is written anew.

    Parameters
    ----------
    pixels
        The whole element, from its tag to its sequence delimiter.
    transfer_syntax
        UID.
    size
        Bytes of the pixels without compression; 0 if the header does not say.

    Returns
    -------
    bytes
        The element, of the same length but for its table and what stood behind run-length encoding.

    Raises
    ------
    UnreadableError
        If a codestream is damaged or of another kind, so that its comments cannot be told, or the data are a video.
    """
    if VIDEO.fullmatch(transfer_syntax):
        raise UnreadableError("videos can hold text that no program finds")
    at = pixels.find(ITEM_TAG, 8, 16)
    if at < 0:
        return pixels[:-8] + LAST_DELIMITER if pixels[-8:-4] == LAST_DELIMITER[:4] else pixels
    table_bytes = long_at(pixels, at + 4)[0]
    spans = _fragments(pixels, at + 8 + table_bytes)
    if transfer_syntax == rle.SYNTAX:
        images = [[span] for span in spans]
        fragments = _without_rest(pixels, spans, size)
    else:
        images = _codestreams(pixels, spans)
        fragments = _without_comments(pixels, spans, images)
    begins: dict[Span, int] = {}
    items: list[bytes] = []
    offset = 0
    for span, fragment in zip(spans, fragments, strict=True):
        begins[span] = offset
        items += (ITEM_TAG, len(fragment).to_bytes(4, "little"), fragment)
        offset += 8 + len(fragment)
    offsets = [begins[image[0]] & 0xFFFFFFFF for image in images] if table_bytes else []
    table = struct.pack(f"<{len(offsets)}I", *offsets)
    # Who wrote the header of a file without a delimiter adds it.
    end = LAST_DELIMITER if pixels[-8:-4] == LAST_DELIMITER[:4] else b""
    return b"".join((pixels[:at], ITEM_TAG, len(table).to_bytes(4, "little"), table, *items, end))


def _fragments(pixels: bytes, at: int) -> list[Span]:
    """Where each fragment begins and ends, from an offset on."""
    spans: list[Span] = []
    while pixels[at : at + 4] == ITEM_TAG:
        start = at + 8
        at = start + long_at(pixels, start - 4)[0]
        spans.append((start, at))
    return spans


def _without_rest(pixels: bytes, spans: list[Span], size: int) -> list[bytes]:
    """Run-length encoded frames, of which each has one fragment."""
    if not spans or not size or size % len(spans):
        raise UnreadableError("a run-length encoded image has other frames than its header says")
    return [rle.only_segments(pixels[start:end], size // len(spans)) for start, end in spans]


def _without_comments(pixels: bytes, spans: list[Span], images: list[list[Span]]) -> list[bytes]:
    """The fragments of codestreams with zeros in the place of comments."""
    clean: bytearray | None = None
    for fragments in images:
        stream = b"".join(pixels[start:end] for start, end in fragments)
        comments = _jpeg_2000(stream) if stream[:2] == START_OF_CODESTREAM else _jpeg(stream)
        for start, end in (span for comment in comments for span in _spread(comment, fragments)):
            if clean is None:
                clean = bytearray(pixels)
            clean[start:end] = bytes(end - start)
    data = memoryview(pixels if clean is None else clean)
    return [bytes(data[start:end]) for start, end in spans]


def _codestreams(pixels: bytes, spans: list[Span]) -> list[list[Span]]:
    """The fragments of each image."""
    images: list[list[Span]] = []
    for start, end in spans:
        if pixels[start : start + 2] in (START_OF_IMAGE, START_OF_CODESTREAM):
            images.append([(start, end)])
        elif images:
            images[-1].append((start, end))
        elif pixels[start:end].strip(b"\0"):
            raise UnreadableError("a compressed image is neither JPEG nor JPEG 2000, so its comments cannot be told")
    return images


def _spread(span: Span, fragments: list[Span]) -> Iterator[Span]:
    """Where a span of a codestream lies in the fragments that make it up."""
    before = 0
    for start, end in fragments:
        first, last = max(span[0] - before, 0), min(span[1] - before, end - start)
        if first < last:
            yield start + first, start + last
        before += end - start


def _segments(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Marker segments from an offset on: marker, where the segment begins, where it ends."""
    while at + 2 <= len(data):
        if data[at] != 0xFF:
            raise UnreadableError("a compressed image has a damaged header")
        marker = data[at + 1]
        if marker == 0xFF:  # A fill byte.
            at += 1
            continue
        if marker in WITHOUT_LENGTH:
            yield marker, at, at + 2
            return
        after = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if after > len(data):
            raise UnreadableError("a compressed image has a segment that reaches past its end")
        yield marker, at, after
        at = after


def _jpeg(data: bytes) -> Iterator[Span]:
    """Comments of a JPEG or JPEG-LS image, before its first scan and between its scans."""
    at: int | None = 2
    while at is not None:
        place, at = at, None
        for marker, start, after in _segments(data, place):
            if marker == END_OF_IMAGE:
                _check_end(data, after)
                return
            if marker == COMMENT or marker in APPS:
                begins, size = KEPT.get(marker, (b"", 0))
                kept = size if size and data.startswith(begins, start + 4) else 0
                yield min(start + 4 + kept, after), after
            elif marker == START_OF_SCAN:
                next_marker = _MARKER.search(data, after)
                at = next_marker.start() if next_marker else None
                break


def _jpeg_2000(data: bytes) -> Iterator[Span]:
    """Comments in the main header of a codestream and in the headers of all its tile-parts."""
    at = 2
    while at < len(data):
        end = len(data)
        for marker, start, after in _segments(data, at):
            if marker == END_OF_IMAGE:
                _check_end(data, after)
                return
            if marker == START_OF_TILE:
                length = int.from_bytes(data[start + 6 : start + 10], "big")
                end = start + length if length else len(data)
                if end > len(data) or end < after:
                    raise UnreadableError("a compressed image has a tile that reaches past its end")
            elif marker == COMMENT_2000:
                yield min(start + 6, after), after
            elif marker == START_OF_DATA:
                break
        at = end


def _check_end(data: bytes, at: int) -> None:
    """Refuse bytes behind the end of an image that are more than padding."""
    if data[at:].strip(b"\0\xff"):
        raise UnreadableError("a compressed image has bytes behind its end")
