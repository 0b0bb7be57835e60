"""What BIDS allows in a file name, from bidsschematools: which suffix in which datatype, with which entities."""

from dataclasses import dataclass
from functools import cache

from bidsschematools.schema import load_schema

DATATYPES = ("anat", "dwi", "fmap", "func", "mrs", "perf", "pet")
"""Datatypes of images that a scanner writes as DICOM."""


@dataclass(frozen=True)
class NameRules:
    """What the names of raw images may be; entities by their short names (`acq`)."""

    entities: dict[tuple[str, str], frozenset[str]]
    """Those that each pair of datatype and suffix may have."""
    required: dict[tuple[str, str], frozenset[str]]
    """Those that it must have."""
    order: tuple[str, ...]
    """All entities in the order in which they stand in a name."""

    def suffixes(self, datatype: str) -> list[str]:
        """Suffixes that images of a datatype may have.

        Parameters
        ----------
        datatype
            One of `DATATYPES`.

        Returns
        -------
        list of str
            In alphabetical order; empty for another datatype.
        """
        return sorted(suffix for known, suffix in self.entities if known == datatype)


@cache
def name_rules() -> NameRules:
    """The names of raw images in the schema that this version of bidsschematools carries."""
    schema = load_schema()
    short = {long: entity["name"] for long, entity in schema.objects.entities.items()}
    allowed: dict[tuple[str, str], set[str]] = {}
    required: dict[tuple[str, str], set[str]] = {}
    for group in DATATYPES:
        for rule in schema.rules.files.raw[group].values():
            levels = {short[long]: level for long, level in rule.get("entities", {}).items()}
            if not any(extension.startswith(".nii") for extension in rule.get("extensions", [])):
                continue
            for pair in ((datatype, suffix) for datatype in rule["datatypes"] for suffix in rule["suffixes"]):
                allowed.setdefault(pair, set()).update(levels)
                required.setdefault(pair, set()).update(name for name, level in levels.items() if level == "required")
    order = tuple(short[long] for long in schema.rules.entities)
    return NameRules(
        {pair: frozenset(entities) for pair, entities in allowed.items()},
        {pair: frozenset(entities) for pair, entities in required.items()},
        order,
    )
