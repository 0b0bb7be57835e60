"""Patients as headers and tables name them, and the labels that stand for them."""

import re

LABEL = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]+")
"""Letters and digits, not digits alone: a command line would read 00007 as the number 7."""
NOBODY = re.compile(
    r"[\W_0x]*|anon(ym[a-z]*)?|unknown|unnamed|none|null|no ?(name|body)|n/?a|removed|de-?identified|test|patient"
    r"|phantom|human|volunteer|subject",
    re.I,
)
"""Names and IDs that stand for a missing one: many people may share them, and they identify none."""


def names_nobody(value: str) -> bool:
    """Whether a name or an ID says nothing of whose it is."""
    return NOBODY.fullmatch(value.replace("^", " ").strip()) is not None


def normalised(patient_id: str) -> str:
    """A patient ID without what differs by accident: case, padding, doubled spaces."""
    return " ".join(patient_id.replace("\0", " ").split()).casefold()
