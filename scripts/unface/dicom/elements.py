"""What PS3.5 says of data elements: VRs, lengths, the tags of items and pixels, and where private creators stand."""

from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

KNOWN_VRS = {vr.value for vr in STANDARD_VR}
LONG_VRS = {vr.encode() for vr in EXPLICIT_VR_LENGTH_32}
"""Those whose length stands in four bytes, after two that are reserved (7.1.2)."""
SHORT_VRS = {vr.encode() for vr in KNOWN_VRS} - LONG_VRS

UNDEFINED = 0xFFFFFFFF
"""The length of what goes on to its delimiter."""
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXELS = 0x7FE00008, 0x7FE00009, 0x7FE00010
"""FloatPixelData, DoubleFloatPixelData, PixelData."""

LAST_CREATOR = 0xFF
"""Above this element number private elements are data; from 0x10 to it they are creators (7.8.1)."""


def is_creator(tag: int) -> bool:
    """Whether a tag is that of a private creator."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= LAST_CREATOR


def creator_tag(tag: int) -> int:
    """Where the creator of a private element stands."""
    return tag & 0xFFFF0000 | tag >> 8 & 0xFF
