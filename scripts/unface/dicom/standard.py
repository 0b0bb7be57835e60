"""The tables of `resources/` and pydicom's dictionary: what the standard and the safe lists say of an attribute."""

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
"""Attributes whose UIDs name a class, a transfer syntax or a coding scheme: the same for everyone."""

TEXT_VRS = {"LO", "SH", "ST", "LT", "UT", "UC"}
DATE_VRS = {"DA", "DT"}
BYTES_VRS = {"OB", "OW", "OF", "OD", "OL", "OV", "UN"}


def table(name: str) -> list[dict[str, str]]:
    """Rows of a TSV of `resources/`, whose comment lines begin with `#`."""
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
    """The Type of an attribute in an IOD (1, 1C, 2, 2C or 3), or nothing for an IOD that the tables lack.

    Parameters
    ----------
    parent
        The sequence in whose item the attribute stands; 0 at the top.
    """
    iod = _iods().get(sop_class)
    if iod is None:
        return ""
    return _types().get((tag, parent, iod)) or _types().get((tag, parent, "*")) or "3"


def vr_of(tag: int) -> str:
    """The VR of a standard attribute in pydicom's dictionary; `UN` if it has none there."""
    try:
        return dictionary_VR(tag).split(" or ", maxsplit=1)[0]
    except KeyError:
        return "UN"


def keyword_of(tag: int) -> str:
    """The keyword of a standard attribute, or its number."""
    try:
        return dictionary_keyword(tag) or f"{tag:08x}"
    except KeyError:
        return f"{tag:08x}"
