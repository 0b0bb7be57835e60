"""Data elements (PS3.5 7): VRs, lengths, the tags of items and of pixel data, and where private creators stand."""

from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

KNOWN_VRS = {vr.value for vr in STANDARD_VR}
LONG_VRS = {vr.encode() for vr in EXPLICIT_VR_LENGTH_32}
"""VRs whose length field has four bytes, after two reserved ones (PS3.5 7.1.2)."""
SHORT_VRS = {vr.encode() for vr in KNOWN_VRS} - LONG_VRS

UNDEFINED = 0xFFFFFFFF
"""Length field of an element that ends at a delimiter (PS3.5 7.1.1)."""
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
"""(FFFE,E000) Item, (FFFE,E00D) Item Delimitation Item, (FFFE,E0DD) Sequence Delimitation Item (PS3.5 7.5)."""
PIXELS = 0x7FE00008, 0x7FE00009, 0x7FE00010
"""(7FE0,0008) Float Pixel Data, (7FE0,0009) Double Float Pixel Data, (7FE0,0010) Pixel Data."""

LAST_CREATOR = 0xFF
"""Private elements numbered from 0x10 to this are creators, those above it data (PS3.5 7.8.1)."""


def is_creator(tag: int) -> bool:
    """Whether an element is a private creator (PS3.5 7.8.1).

    Parameters
    ----------
    tag
        Group and element number as one number: 0xggggeeee.

    Returns
    -------
    bool
        True for (gggg,0010) to (gggg,00FF) of an odd group.
    """
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= LAST_CREATOR


def creator_tag(tag: int) -> int:
    """Where the creator of a private data element stands (PS3.5 7.8.1).

    Parameters
    ----------
    tag
        Of the private element: (gggg,xxee).

    Returns
    -------
    int
        (gggg,00xx): the tag of the element that names the creator.
    """
    return tag & 0xFFFF0000 | tag >> 8 & 0xFF
