"""The standard's data dictionary: keyword and VR of an attribute (PS3.6), and its Type in an IOD (PS3.3)."""

import csv
from collections.abc import Mapping
from functools import cache

from pydicom.datadict import dictionary_keyword, dictionary_VR

from unface.run.settings import PROJECT

CLASS_UIDS = {
    0x00020002,
    0x00080016,
    0x0008001A,
    0x0008001B,
    0x00080062,
    0x0008010C,
    0x0008010D,
    0x00080117,
    0x00080118,
    0x00081150,
    0x0008115A,
    0x00041510,
    0x00041512,
    0x00041513,
    0x00741200,
}
"""Attributes whose UIDs name a SOP class, a transfer syntax or a coding scheme: the same for everyone."""

TEXT_VRS = {"LO", "SH", "ST", "LT", "UT", "UC"}
DATE_VRS = {"DA", "DT"}
BYTES_VRS = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}


def table(name: str) -> list[dict[str, str]]:
    """A table of `resources/`.

    Parameters
    ----------
    name
        Of a TSV file with a header; lines that begin with `#` are comments.

    Returns
    -------
    list of dict
        Rows: values by column.
    """
    with (PROJECT / "resources" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"))


@cache
def _types() -> Mapping[tuple[int, int, str], str]:
    return {
        (_number(row["tag"]), _number(row["parent"]), iod): row["type"]
        for row in table("attribute_types.tsv")
        for iod in row["iods"].split()
    }


@cache
def _iods() -> Mapping[str, str]:
    return {row["sop_class"]: row["iod"] for row in table("sop_classes.tsv")}


def _number(tag: str) -> int:
    return int(tag.replace("xx", "00") or "0", 16)


def type_of(sop_class: str, tag: int, parent: int) -> str:
    """The Type of an attribute in an IOD (PS3.5 7.4).

    Parameters
    ----------
    sop_class
        UID of the SOP class, which stands for the IOD.
    tag
        Of the attribute.
    parent
        Tag of the sequence in whose item the attribute stands; 0 at the top level.

    Returns
    -------
    str
        1, 1C, 2, 2C or 3; empty for an IOD that the tables lack.
    """
    iod = _iods().get(sop_class)
    if iod is None:
        return ""
    return _types().get((tag, parent, iod)) or _types().get((tag, parent, "*")) or "3"


def vr_of(tag: int) -> str:
    """The VR of a standard attribute.

    Parameters
    ----------
    tag
        Of the attribute.

    Returns
    -------
    str
        The first one where the dictionary names several; `UN` for a tag that it lacks.
    """
    try:
        return dictionary_VR(tag).split(" or ", maxsplit=1)[0]
    except KeyError:
        return "UN"


def holds_bytes(tag: int) -> bool:
    """Whether a standard attribute may hold bytes that no VR reads as numbers or text.

    Parameters
    ----------
    tag
        Of the attribute.

    Returns
    -------
    bool
        False for a tag that the dictionary lacks.
    """
    try:
        return not BYTES_VRS.isdisjoint(dictionary_VR(tag).split(" or "))
    except KeyError:
        return False


def keyword_of(tag: int) -> str:
    """The keyword of a standard attribute.

    Parameters
    ----------
    tag
        Of the attribute.

    Returns
    -------
    str
        Keyword; for a tag that the dictionary lacks its eight hexadecimal digits.
    """
    try:
        return dictionary_keyword(tag) or f"{tag:08x}"
    except KeyError:
        return f"{tag:08x}"
