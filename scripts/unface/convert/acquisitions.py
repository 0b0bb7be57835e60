"""What convert knows of an acquisition on its way from clean DICOM to BIDS, and of each image that is made of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from unface.convert.dcm2niix import Conversion, Image
from unface.convert.nifti_headers import Geometry
from unface.inventory.records import Series
from unface.mapping import schema
from unface.mapping.criteria import values_of
from unface.mapping.rules import Match


@dataclass
class Target:
    """One image of an acquisition on its way to its place in BIDS."""

    image: Image
    datatype: str
    suffix: str
    entities: dict[str, str]
    sidecar: dict[str, Any]
    geometry: Geometry
    rules: tuple[str, ...] = ()
    """The mapping rule that named it."""
    intended_for: tuple[str, ...] = ()
    """Rules whose images it is to correct, where its own rule says so."""
    began: str = ""
    """Date and time of its acquisition in ISO form; empty if unknown."""
    stem: str = ""
    """Path below the dataset without extension, once it is known."""
    files: list[str] = field(default_factory=list)
    """Paths below the dataset of what was written of it."""


@dataclass(eq=False)
class Acquisition:
    """One merge group: the series that are one acquisition, and what becomes of them."""

    merge_group: str
    series: tuple[Series, ...]
    fields: Mapping[str, Any]
    """Header values of all its series, which the mapping rules look at."""
    match: Match
    state: str = ""
    """How it ends, one of `states.STATES`; empty as long as nothing keeps it from being converted."""
    reason: str = ""
    code: str = "conversion_failed"
    """For what the session is withheld where the conversion failed; a tool that crashed or hung may be tried again."""
    began: str = ""
    """Date and time of its first image as the clean DICOM has it, in ISO form; empty if unknown."""
    conversion: Conversion | None = None
    targets: list[Target] = field(default_factory=list)
    run: int | None = None
    shapes: tuple[Geometry, ...] = ()
    """The grid of each image that was made of it."""
    reconstruction: str = ""
    """What tells it from other reconstructions of the same data; empty where there are none."""
    stopped: bool = False
    """Whether nothing but its end is missing, as where the scan was stopped."""
    told_by_direction: bool = False
    """Whether its name says the direction of phase encoding, which alone tells it from others."""
    kept: Self | None = None
    """The repeat that is kept in its place."""

    @property
    def name(self) -> str:
        """Its series, for messages."""
        names_of_series = [series.series for series in self.series]
        return names_of_series[0] if len(names_of_series) == 1 else f"{names_of_series[0]}-{names_of_series[-1]}"

    @property
    def images(self) -> tuple[Image, ...]:
        """What dcm2niix made of it; none before it is converted."""
        return self.conversion.images if self.conversion else ()

    @property
    def name_key(self) -> tuple[Any, ...]:
        """What the mapping rule says of its name: where two agree, they are repeats, runs or parts of one thing."""
        match = self.match
        return (match.datatype, match.suffix, _items(match.entities), _items(match.parts))

    @property
    def stated_run(self) -> int | None:
        """The run that a protocol name in ReproIn's manner states; a larger number may be a year or a day."""
        if self.match.rules != ("reproin",):
            return None
        texts = [str(value) for series in self.series for value in values_of(series.fields.get("ProtocolName"))]
        stated = next(filter(None, (re.search(r"_run-(0?[1-9]|[1-3][0-9])(?![0-9])", text) for text in texts)), None)
        return int(stated[1]) if stated else None

    @property
    def protocol(self) -> frozenset[str]:
        """What the scanner calls it: acquisitions of one `name_key` and one protocol are repeats."""
        texts = [series.fields.get(name) for series in self.series for name in ("ProtocolName", "SeriesDescription")]
        return frozenset(str(value) for text in texts for value in values_of(text))

    def takes(self, entity: str) -> bool:
        """Whether its images may get an entity that no rule gave them.

        Parameters
        ----------
        entity
            Short name of a BIDS entity, such as `dir`.

        Returns
        -------
        bool
            Whether no rule gave the entity, and BIDS has it for all images of the acquisition.
        """
        suffixes = {str(self.match.suffix), *self.match.parts.values()}
        pairs = [(str(self.match.datatype), suffix.replace("{echo}", "1")) for suffix in suffixes]
        known = schema.name_rules().entities
        return entity not in self.match.entities and all(entity in known.get(pair, ()) for pair in pairs)


def _items(mapping: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(mapping.items()))
