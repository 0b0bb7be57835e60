"""Patients as headers and tables name them, and the labels that stand for them."""

import re

LABEL = re.compile(r"[A-Za-z0-9]+")
"""A subject's or session's label, as BIDS has it: letters and digits, digits alone too."""
_PLACEHOLDER = re.compile(
    r"[\W_0x]*|anon(ym[a-z]*)?|unknown|unnamed|none|null|no ?(name|body)|n/?a|removed|de-?identified|test|patient"
    r"|phantom|human|volunteer|subject",
    re.I,
)
"""Names and IDs that stand for a missing one: many people may share them, and they identify none."""


def names_nobody(value: str) -> bool:
    """Whether a name or an ID says nothing of whose it is.

    Parameters
    ----------
    value
        Name or ID as a header or a table has it.

    Returns
    -------
    bool
        True for a placeholder, such as `ANON`, `n/a` or zeros, and for an empty value.
    """
    return _PLACEHOLDER.fullmatch(value.replace("^", " ").strip()) is not None


def normalised(patient_id: str) -> str:
    """A patient ID without what differs by accident.

    Parameters
    ----------
    patient_id
        As a header or a table has it.

    Returns
    -------
    str
        Case-folded, without padding and doubled spaces.
    """
    return " ".join(patient_id.replace("\0", " ").split()).casefold()
