"""From acquisitions to BIDS images: which echo, which part, and so which suffix and entities."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from unface.convert import nifti_headers
from unface.convert.dcm2niix import Conversion, Image
from unface.inventory.records import Series
from unface.mapping import names, schema
from unface.mapping.criteria import values_of
from unface.mapping.rules import Match

PARTS = {"magnitude": "mag", "phase": "phase", "real": "real", "imaginary": "imag"}


@dataclass
class Target:
    """One image of an acquisition on its way to its place in BIDS."""

    image: Image
    datatype: str
    suffix: str
    entities: dict[str, str]
    sidecar: dict[str, Any]
    geometry: nifti_headers.Geometry
    rules: tuple[str, ...] = ()
    """The mapping rule that named it."""
    intended_for: tuple[str, ...] = ()
    """Rules whose images it is to correct, where its own rule says so."""
    stem: str = ""
    """Path below the dataset without extension, once it is known."""
    files: list[str] = field(default_factory=list)
    """Paths below the dataset of what was written of it."""


@dataclass(eq=False)
class Acquisition:
    """One merge group: the series that are one acquisition, and what becomes of them."""

    group: str
    series: tuple[Series, ...]
    fields: Mapping[str, Any]
    """Header values of all its series, which the mapping rules look at."""
    match: Match
    state: str = ""
    reason: str = ""
    code: str = "conversion_failed"
    """For what the session is withheld where the conversion failed; a tool that crashed or hung may be tried again."""
    began: str = ""
    """Date and time of its first image as the clean DICOM has it, in ISO form; empty if unknown."""
    conversion: Conversion | None = None
    targets: list[Target] = field(default_factory=list)
    run: int | None = None
    shapes: tuple[nifti_headers.Geometry, ...] = ()
    """The grid of each image that was made of it."""
    reconstruction: str = ""
    """What tells it from other reconstructions of the same data; empty where there are none."""
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
    def plan(self) -> tuple[Any, ...]:
        """Acquisitions with one plan are repeats, runs or parts (echoes, magnitude and phase) of one thing."""
        match = self.match
        return (match.datatype, match.suffix, _items(match.entities), _items(match.parts))

    def takes(self, entity: str) -> bool:
        """Whether BIDS has an entity for all its images, and no rule gave it."""
        suffixes = {str(self.match.suffix), *self.match.parts.values()}
        pairs = [(str(self.match.datatype), suffix.replace("{echo}", "1")) for suffix in suffixes]
        known = schema.name_rules().entities
        return entity not in self.match.entities and all(entity in known.get(pair, ()) for pair in pairs)

    @property
    def stated_run(self) -> int | None:
        """The run that a protocol name in ReproIn's manner states."""
        if self.match.rules != ("reproin",):
            return None
        texts = [str(value) for series in self.series for value in values_of(series.fields.get("ProtocolName"))]
        found = next(filter(None, (re.search(r"_run-(\d+)", text) for text in texts)), None)
        return int(found[1]) if found else None

    @property
    def protocol(self) -> frozenset[str]:
        """What the scanner calls it: acquisitions of one plan and one protocol are repeats."""
        texts = [one.fields.get(name) for one in self.series for name in ("ProtocolName", "SeriesDescription")]
        return frozenset(str(value) for text in texts for value in values_of(text))


def _items(mapping: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(mapping.items()))


def place(run: list[Acquisition]) -> None:
    """Give each image of one run its suffix and entities.

    Raises
    ------
    ValueError
        If BIDS has no name that tells an image from the others; the message says which.
    """
    images = [image for one in run for image in (one.conversion.images if one.conversion else ())]
    kinds = {image.kind for image in images}
    for one in run:
        if one.conversion is None:
            continue
        for image in one.conversion.images:
            alike = [other for other in images if other.kind == image.kind]
            one.targets.append(_target(one, image, alike, kinds))


def _target(one: Acquisition, image: Image, alike: list[Image], kinds: set[str]) -> Target:
    match = one.match
    times = sorted({other.sidecar.get("EchoTime", 0.0) for other in alike})
    rank = times.index(image.sidecar.get("EchoTime", 0.0)) + 1 if len(times) > 1 else image.echo or 1
    template = match.template_for(image.kind, rank)
    entities = dict(match.entities)
    number = one.run if one.run is not None else one.stated_run
    if number is not None:
        entities["run"] = str(number)
    if one.reconstruction:
        entities["rec"] = one.reconstruction
    required = schema.name_rules().required.get((match.datatype or "", template), frozenset())
    if (len(times) > 1 and not match.tells_echoes_apart(image.kind)) or "echo" in required:
        entities["echo"] = str(rank)
    told_by_suffix = match.datatype == "fmap" or any(key.startswith(image.kind) for key in match.parts)
    if not told_by_suffix and (len(kinds) > 1 or image.kind != "magnitude"):
        if image.kind not in PARTS:
            raise ValueError(f"BIDS has no name for a {image.kind} image of {match.suffix}")
        entities["part"] = PARTS[image.kind]
    geometry = nifti_headers.geometry(image.nifti)
    suffix = match.suffix_for(image.kind, rank)
    direction = image.sidecar.get("PhaseEncodingDirection")
    if (suffix == "epi" or one.told_by_direction) and not entities.get("dir") and direction:
        entities["dir"] = names.direction(direction, geometry.axes)
    return Target(
        image, match.datatype or "", suffix, entities, dict(image.sidecar), geometry, match.rules, match.intended_for
    )
