"""Comments inside compressed images: JPEG's APP and COM segments, JPEG 2000's comments (T.81 B.1.1.3, T.800 A.9.2).

Their bytes are set to zero where they lie, so no length, offset or pixel changes.
"""

from collections.abc import Iterator

from unface.dicom.encoding import ITEM_TAG, UnreadableError, long_at

START_OF_IMAGE, START_OF_CODESTREAM = b"\xff\xd8", b"\xff\x4f"
START_OF_SCAN, START_OF_TILE = 0xDA, 0x90
COMMENT, COMMENT_2000 = 0xFE, 0x64
APPS = range(0xE0, 0xF0)
KEPT = {0xE0: (b"JFIF\0", 14), 0xE8: (b"mrfx", 5), 0xEE: (b"Adobe", 12)}
"""APP segments that say how to decode colours, by their first bytes, and how many of their bytes do."""


def without_comments(pixels: bytes) -> bytes:
    """Encapsulated pixel data, from the element's head to its end, with comments blanked.

    Raises
    ------
    UnreadableError
        If a segment reaches past its fragment: what stands there cannot be told.
    """
    blank = [span for start, end in _fragments(pixels) for span in _comments(pixels, start, end)]
    if not blank:
        return pixels
    clean = bytearray(pixels)
    for start, end in blank:
        clean[start:end] = bytes(end - start)
    return bytes(clean)


def _fragments(pixels: bytes) -> Iterator[tuple[int, int]]:
    """Where each fragment begins and ends; the first is the offset table."""
    at = pixels.find(ITEM_TAG)
    while at >= 0 and pixels[at : at + 4] == ITEM_TAG:
        start = at + 8
        at = start + long_at(pixels, at + 4)[0]
        yield start, at


def _comments(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the bytes of comments stand in the header of one codestream; none in a fragment that continues one."""
    first = data[at : at + 2]
    if first not in (START_OF_IMAGE, START_OF_CODESTREAM):
        return
    last = START_OF_SCAN if first == START_OF_IMAGE else START_OF_TILE
    at += 2
    while at + 4 <= end:
        if data[at] != 0xFF:
            raise UnreadableError("a compressed image has a damaged header")
        marker = data[at + 1]
        if marker == 0xFF:  # A fill byte.
            at += 1
            continue
        if marker == last:
            return
        after = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if after > end:
            raise UnreadableError("a compressed image has a segment that reaches past its end")
        if first == START_OF_CODESTREAM:
            if marker == COMMENT_2000:
                yield min(at + 6, after), after
        elif marker == COMMENT or marker in APPS:
            start, size = KEPT.get(marker, (b"", 0))
            kept = size if size and data.startswith(start, at + 4) else 0
            yield min(at + 4 + kept, after), after
        at = after
