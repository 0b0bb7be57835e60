"""Numbers that a header holds as text (VR IS and DS, PS3.5 6.2), read within bounds: the text may be anything."""

import re

LONGEST = 40
"""Characters of a number: the standard allows 16, and some scanners write doubles to their last digit."""
LARGEST = 1e15
"""Nothing that a header counts or measures reaches it, and up to it every whole number is exact as a float."""
_WHOLE = re.compile(rb"[+-]?[0-9]{1,15}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def whole_number(raw: bytes) -> int | None:
    """Read a whole number.

    Parameters
    ----------
    raw
        The element's bytes (VR IS), padded or not.

    Returns
    -------
    int or None
        None where they are none, or where it has more digits than any number of a header.
    """
    text = raw.strip(b" \0")
    return int(text) if _WHOLE.fullmatch(text) else None


def number(text: str) -> int | float | None:
    """Read a number.

    Parameters
    ----------
    text
        One value of an element (VR IS or DS).

    Returns
    -------
    int, float or None
        An integer where it is written as one; None where the text is no number, or one beyond all measure.
    """
    text = text.strip()
    if len(text) > LONGEST or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    if abs(value) >= LARGEST:
        return None
    return int(text) if text.lstrip("+-").isdigit() else value
