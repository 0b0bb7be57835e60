"""Frames in DICOM's run-length encoding (PS3.5 Annex G): what of their bytes makes pixels."""

import struct

from unface.dicom.encoding import UnreadableError

SYNTAX = "1.2.840.10008.1.2.5"
"""RLE Lossless."""
_HEADER = struct.Struct("<16I")
"""The number of segments, and where each of up to 15 begins."""
_NOTHING = 128
"""The one byte that stands neither for a run nor for bytes as they are."""


def only_segments(frame: bytes, decoded_bytes: int) -> bytes:
    """Leave out what makes no pixel: what stands behind the last segment, between two, and in the rest of the header.

    Parameters
    ----------
    frame
        A fragment: frames have one each.
    decoded_bytes
        Of the frame's pixels.

    Returns
    -------
    bytes
        Of an even length; segments begin where they began.

    Raises
    ------
    UnreadableError
        If it is no such frame, or does not hold so many pixels.
    """
    if len(frame) < _HEADER.size:
        raise UnreadableError("a run-length encoded image has no header")
    count, *starts = _HEADER.unpack_from(frame)
    starts = starts[:count]
    if not 0 < count <= len(starts) or decoded_bytes % count or starts != sorted({*starts, _HEADER.size}):
        raise UnreadableError("a run-length encoded image has segments that cannot be")
    clean = bytearray(_HEADER.pack(count, *starts, *[0] * (15 - count)))
    for start, end in zip(starts, [*starts[1:], len(frame)], strict=True):
        segment = _pixels_of(frame[start:end], decoded_bytes // count)
        clean += segment + bytes(end - start - len(segment) if end < len(frame) else len(clean + segment) % 2)
    return bytes(clean)


def _pixels_of(segment: bytes, decoded_bytes: int) -> bytes:
    """The beginning of a segment that makes pixels."""
    at = made = 0
    size = len(segment)
    while made < decoded_bytes:
        if at >= size:
            raise UnreadableError("a run-length encoded image is cut short")
        code = segment[at]
        if code < _NOTHING:
            at += code + 2
            made += code + 1
        elif code > _NOTHING:
            at += 2
            made += 257 - code
        else:
            at += 1
    if at > size:
        raise UnreadableError("a run-length encoded image is cut short")
    # The last bytes may be more than the image has room for.
    beyond = made - decoded_bytes if code < _NOTHING else 0
    return segment[: at - beyond] + bytes(beyond)
