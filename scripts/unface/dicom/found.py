"""Series as the scans of all shards found them together."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.dicom import fields
from unface.dicom.records import RawFile, union
from unface.dicom.subjects import normalised


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
    files: list[tuple[RawFile, int, str]] = field(default_factory=list)
    """Each with its InstanceNumber and SOPInstanceUID."""

    def add(self, line: dict[str, Any]) -> None:
        for name, values in line["values"].items():
            known = self.values.setdefault(name, [])
            known.extend(value for value in values if value not in known)
        self.positions.update(line["positions"])
        self.images += line["images"]
        self.mosaic_slices = max(self.mosaic_slices, line["mosaic_slices"])
        self.files += [(RawFile(*entry[:4]), entry[4], entry[5]) for entry in line["files"]]

    def first(self, *names: str) -> str:
        """The first value found of the first of these fields that has one."""
        return next((str(value) for name in names for value in self.values.get(name, ())), "")

    def fields(self) -> dict[str, Any]:
        """Header values as a record holds them: no patient's own, computed ones added."""
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
            kept["Volumes"] = self.images if self.mosaic_slices else max(1, round(self.images / slices))
        return kept

    @property
    def name(self) -> tuple[str, str]:
        """What tells the series of one study apart."""
        return self.series, self.kind

    def number(self) -> int:
        numbers = [value for value in self.values.get("SeriesNumber", ()) if isinstance(value, int)]
        return min(numbers, default=0)


def read_scans(scans: Iterable[Path]) -> tuple[list[FoundSeries], list[tuple[str, str]]]:
    """The series of all shards, and the files of none with why.

    A series whose files lie in several folders, or in several shards, is one series.
    """
    found: dict[tuple[str, ...], FoundSeries] = {}
    unused: list[tuple[str, str]] = []
    for path in sorted(scans):
        with path.open(encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                unused += [(name, reason) for name, reason in line.get("unused", ())]
                for entry in line.get("series", ()):
                    values = entry["values"]
                    patient, study, series = (str((values.get(name) or [""])[0]) for name in _KEYS)
                    identity = (normalised(patient), study, series, entry["kind"])
                    found.setdefault(identity, FoundSeries(*identity)).add(entry)
    return [found[identity] for identity in sorted(found)], unused


_KEYS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")


def take_out_copies(found: Sequence[FoundSeries]) -> list[str]:
    """Take files out that hold an instance another file of the series holds already; return their paths."""
    copies = []
    for one in found:
        seen: dict[str, tuple[RawFile, int, str]] = {}
        for entry in sorted(one.files, key=lambda entry: (entry[0].problem is not None, entry[0].path)):
            if entry[2] and entry[2] in seen:
                copies.append(entry[0].path)
            else:
                seen[entry[2] or entry[0].path] = entry
        one.files = list(seen.values())
    return copies
