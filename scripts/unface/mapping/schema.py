"""What BIDS allows in a file name, from bidsschematools: which suffix in which datatype, with which entities."""

from dataclasses import dataclass
from functools import cache

from bidsschematools.schema import load_schema

DATATYPES = ("anat", "dwi", "fmap", "func", "mrs", "perf", "pet")
"""Datatypes of images that a scanner writes as DICOM."""


@dataclass(frozen=True)
class Names:
    """Suffixes by datatype, and the short entity names (`acq`) that each pair takes, in BIDS order."""

    entities: dict[tuple[str, str], frozenset[str]]
    required: dict[tuple[str, str], frozenset[str]]
    order: tuple[str, ...]

    def suffixes(self, datatype: str) -> list[str]:
        return sorted(suffix for known, suffix in self.entities if known == datatype)


@cache
def names() -> Names:
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
    return Names(
        {pair: frozenset(entities) for pair, entities in allowed.items()},
        {pair: frozenset(entities) for pair, entities in required.items()},
        order,
    )
