"""Values of closed lists: the standard's defined terms, and makers' names of sequences. They tell of no person.

Without them a person called Row, Tse or Norm would take the phase encoding direction or the image type of every header
along.
"""

import re
from collections.abc import Mapping
from functools import cache

from unface.dicom.encoding import element_at, items
from unface.dicom.standard import table, vr_of

_SEQUENCE_NAME = re.compile(
    rb"\*?(?:ep|epfid|epse|mbep|se|tse|tser|tseb|tgse|hseg|h|fl|fm|tfl|tfi|fi|gre|qfl|swi|spc|spcr|spcir|tir|tirb|ir|irb"
    rb"|de|ci)_?[23]d[0-9]{0,4}(?:_[0-9]{1,4}){0,2}(?:ns)?|\*?(?:ep|re)_b[0-9]{1,5}(?:[#t][0-9]{1,4})?",
    re.I,
)
"""As Siemens writes them, `*tse2d1_15` or `ep_b1000#12`: a sequence, its dimensions, and numbers."""
SEQUENCE_NAMES = 0x00180024, 0x00189005
"""(0018,0024) Sequence Name, (0018,9005) Pulse Sequence Name."""
_PADDING = b" \0"


@cache
def closed_values() -> Mapping[int, frozenset[bytes]]:
    """Terms of attributes with closed lists, by tag; none of those that hold makers' names of sequences."""
    terms = {
        int(row["tag"], 16): frozenset(term.encode() for term in row["terms"].split())
        for row in table("closed_values.tsv")
    }
    return terms | dict.fromkeys(SEQUENCE_NAMES, frozenset())


def is_closed(tag: int, value: bytes) -> bool:
    """Whether one value is of the closed list of its attribute.

    Parameters
    ----------
    tag
        The attribute.
    value
        One of its values, padded or not.

    Returns
    -------
    bool
        False for an attribute without a closed list.
    """
    value = value.strip(_PADDING)
    if tag in SEQUENCE_NAMES:
        return _SEQUENCE_NAME.fullmatch(value) is not None
    return value in closed_values().get(tag, ())


def without_closed_values(data: bytes, implicit: bool) -> bytes:
    """Blank the values of closed lists in encoded elements, at any depth.

    Parameters
    ----------
    data
        Whole elements in little endian.
    implicit
        Whether VRs are implicit.

    Returns
    -------
    bytes
        Of the same length, with spaces for these values.
    """
    blanked = bytearray(data)
    _blank(data, (0, len(data)), implicit, blanked)
    return bytes(blanked)


def _blank(data: bytes, span: tuple[int, int], implicit: bool, blanked: bytearray) -> None:
    at, end = span
    while at < end:
        tag, vr, body, at = element_at(data, at, end, implicit)
        if vr == b"SQ" or (vr == b"UN" and vr_of(tag) == "SQ"):
            for item in items(data, body, at, implicit or vr == b"UN"):
                _blank(data, item, implicit or vr == b"UN", blanked)
        elif tag in closed_values():
            start = body
            for part in data[body:at].split(b"\\"):
                if is_closed(tag, part):
                    blanked[start : start + len(part)] = b" " * len(part)
                start += len(part) + 1
