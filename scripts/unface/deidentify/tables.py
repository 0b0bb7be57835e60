"""The tables of `resources/` that say what may stay: PS3.15's attributes, technical text, safe private elements."""

from collections.abc import Mapping
from functools import cache

from pydicom.datadict import tag_for_keyword

from unface.dicom.standard import table
from unface.run.settings import PROJECT


@cache
def confidentiality_profile() -> Mapping[str, Mapping[str, str]]:
    """Rows of PS3.15 table E.1-1 by tag, as the table writes it: `00100010`, `50xxxxxx`."""
    return {row["tag"]: row for row in table("confidentiality_profile.tsv")}


@cache
def technical_text() -> frozenset[int | None]:
    """Tags of text attributes outside PS3.15's table that describe the machine's work."""
    lines = (PROJECT / "resources" / "technical_text.txt").read_text(encoding="ascii").splitlines()
    return frozenset(tag_for_keyword(line) for line in lines if not line.startswith("#"))


@cache
def safe_private() -> Mapping[tuple[int, str, int], Mapping[str, str]]:
    """Private elements that may stay, by group, creator and element number: what science needs, then the safe lists."""
    rows: dict[tuple[int, str, int], Mapping[str, str]] = {}
    for name in ("private_science.tsv", "private_safe.tsv"):
        for row in table(name):
            key = int(row["group"], 16), row["creator"], int(row["element"], 16)
            rows.setdefault(key, {"source": "unface", **row})
    return rows


@cache
def safe_creators() -> frozenset[tuple[int, str]]:
    """Groups and private creators of the safe lists: vendors' names, which identify nobody."""
    return frozenset((group, creator) for group, creator, _ in safe_private())
