"""Series as the scans of all shards found them together."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from unface.dicom import fields
from unface.identity.patients import normalised
from unface.inventory.records import RawFile, union


@dataclass
class FoundSeries:
    """One series as the scans found it, over all shards."""

    patient: str
    """Normalised patient ID."""
    study: str
    series: str
    kind: str
    """What of ImageType sets these images apart from others of the series (`fields.derivation`)."""
    values: dict[str, list[Any]] = field(default_factory=dict)
    positions: set[str] = field(default_factory=set)
    images: int = 0
    mosaic_slices: int = 0
    sources: list[tuple[int, int, int]] = field(default_factory=list)
    """Where the scans list its files: which scan, the line's offset, the entry in the line."""

    def add(self, line: dict[str, Any], source: tuple[int, int, int]) -> None:
        """Take in what one folder holds of the series."""
        for name, values in line["values"].items():
            known = self.values.setdefault(name, [])
            known.extend(value for value in values if value not in known)
        self.positions.update(line["positions"])
        self.images += line["images"]
        self.mosaic_slices = max(self.mosaic_slices, line["mosaic_slices"])
        self.sources.append(source)

    def first(self, *names: str) -> str:
        """The first value found of the first of these fields that has one."""
        return next((str(value) for name in names for value in self.values.get(name, ())), "")

    def fields(self, share: float = 1.0) -> dict[str, Any]:
        """Header values as a record holds them: no patient's own, computed ones added.

        Parameters
        ----------
        share
            Of its files that are no copies of others: copies add no volumes.
        """
        kept: dict[str, Any] = {}
        for name, values in self.values.items():
            if name in fields.FIRST_ONLY:
                kept[name] = min(values, key=str)
            elif name in fields.KEYWORDS:
                kept[name] = union(values)
        if "SequenceName" not in kept and "PulseSequenceName" in kept:
            kept["SequenceName"] = kept["PulseSequenceName"]
        slices = self.mosaic_slices or len(self.positions)
        if slices:
            kept["Slices"] = slices
            images = self.images * share
            kept["Volumes"] = max(1, round(images if self.mosaic_slices else images / slices))
        return kept

    @property
    def name(self) -> tuple[str, str]:
        """What tells the series of one study apart."""
        return self.series, self.kind

    def number(self) -> int:
        numbers = [value for value in self.values.get("SeriesNumber", ()) if isinstance(value, int)]
        return min(numbers, default=0)


class Scans:
    """What all scans found. Files stay on disk until they are asked for: a cohort has millions of them."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = sorted(paths)
        self.unused: list[tuple[str, str]] = []
        self.series: list[FoundSeries] = []
        self._read()
        self._line = lru_cache(maxsize=16)(self._parsed)

    def _read(self) -> None:
        """A series whose files lie in several folders, or in several shards, is one series."""
        found: dict[tuple[str, ...], FoundSeries] = {}
        for number, path in enumerate(self.paths):
            offset = 0
            with path.open("rb") as lines:
                for text in lines:
                    line = json.loads(text)
                    self.unused += [(name, reason) for name, reason in line.get("unused", ())]
                    for index, entry in enumerate(line.get("series", ())):
                        values = entry["values"]
                        patient, study, series = (str((values.get(name) or [""])[0]) for name in _KEYS)
                        identity = (normalised(patient), study, series, entry["kind"])
                        found.setdefault(identity, FoundSeries(*identity)).add(entry, (number, offset, index))
                    offset += len(text)
        self.series = [found[identity] for identity in sorted(found)]

    def files(self, one: FoundSeries) -> tuple[list[RawFile], list[str]]:
        """The files of a series in order of InstanceNumber, and the paths of copies of others among them."""
        entries = [entry for source in one.sources for entry in self._line(*source[:2])["series"][source[2]]["files"]]
        copies: list[str] = []
        kept: dict[str, list[Any]] = {}
        for entry in sorted(entries, key=lambda entry: (entry[3] is not None, entry[0])):
            uid = entry[5] or entry[0]
            if uid in kept:
                copies.append(entry[0])
            else:
                kept[uid] = entry
        ordered = sorted(kept.values(), key=lambda entry: (entry[4], entry[0]))
        return [RawFile(*entry[:4]) for entry in ordered], copies

    def _parsed(self, number: int, offset: int) -> dict[str, Any]:
        with self.paths[number].open("rb") as lines:
            lines.seek(offset)
            line: dict[str, Any] = json.loads(lines.readline())
        return line


_KEYS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
