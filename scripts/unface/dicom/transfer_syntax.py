"""Which transfer syntax a data set has: what its file meta information states, unless its first element contradicts.

Some programs write a data set in one encoding and state another one. A data set tells by itself how it is written, as
long as its pixels are not compressed: the other readings of its first element make no sense.
"""

import struct

from unface.dicom.elements import LONG_VRS, SHORT_VRS, UNDEFINED

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
UNCOMPRESSED = {IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN}
"""Transfer syntaxes whose pixels lie in the file as they are."""
_VRS = LONG_VRS | SHORT_VRS
_LONG_HEAD_BYTES = 12


def true_syntax(data: bytes, start: int, stated: str) -> str:
    """Tell the transfer syntax of a data set.

    Parameters
    ----------
    data
        The file, or its beginning.
    start
        Offset of the data set.
    stated
        UID that the file meta information holds.

    Returns
    -------
    str
        UID: the stated one, unless the first element makes sense in another encoding alone.
    """
    # Nearly always the first bytes agree: a group below 0x0100, and a VR where there should be one.
    agrees = (data[start + 4 : start + 6] in _VRS) is (stated != IMPLICIT)
    if agrees and data.startswith(b"\0", start + 1) and stated not in (BIG_ENDIAN, DEFLATED):
        return stated
    if stated not in UNCOMPRESSED:
        return stated
    order = [EXPLICIT, IMPLICIT, BIG_ENDIAN]
    if stated in order:
        order.remove(stated)
        order.insert(0, stated)
    return next((syntax for syntax in order if _makes_sense(data, start, syntax)), stated)


def _makes_sense(data: bytes, start: int, syntax: str) -> bool:
    """Whether the first element, read so, has a VR if it should, ends in the data, and has a greater tag behind it."""
    order = ">" if syntax == BIG_ENDIAN else "<"
    if start + _LONG_HEAD_BYTES > len(data):
        return False
    tag: tuple[int, ...] = struct.unpack_from(order + "HH", data, start)
    vr = data[start + 4 : start + 6]
    body = start + 8
    if syntax == IMPLICIT:
        (length,) = struct.unpack_from("<I", data, start + 4)
    elif vr in LONG_VRS:
        (length,) = struct.unpack_from(order + "I", data, body)
        body += 4
    elif vr in SHORT_VRS:
        (length,) = struct.unpack_from(order + "H", data, start + 6)
    else:
        return False
    if length == UNDEFINED:
        return tag[0] != 0
    after: int = body + length
    if not tag[0] or after > len(data):
        return False
    behind: tuple[int, ...] = struct.unpack_from(order + "HH", data, after) if after + 4 <= len(data) else ()
    return not behind or behind > tag
