"""Series as the scans of all shards have them together."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from unface.dicom import fields
from unface.identity.patients import normalised
from unface.inventory.copies import Entry, apart
from unface.inventory.records import RawFile, union


@dataclass
class ScannedSeries:
    """One series as the scans of all shards have it."""

    patient: str
    """Normalised patient ID."""
    study: str
    series: str
    kind: str
    """What of ImageType sets these images apart from others of the series (`fields.derivation`)."""
    values: dict[str, list[Any]] = field(default_factory=dict)
    positions: set[str] = field(default_factory=set)
    mosaic_slices: int = 0
    sources: list[tuple[int, int, int]] = field(default_factory=list)
    """Where the scans list its files: which scan, the line's offset, the entry in the line."""

    def add(self, line: dict[str, Any], source: tuple[int, int, int]) -> None:
        """Take in what one folder holds of the series.

        Parameters
        ----------
        line
            The folder's entry for the series, out of the line of a scan.
        source
            Where it stands: which scan, the line's offset in bytes, the entry in the line.
        """
        for name, values in line["values"].items():
            known = self.values.setdefault(name, [])
            known.extend(value for value in values if value not in known)
        self.positions.update(line["positions"])
        self.mosaic_slices = max(self.mosaic_slices, line["mosaic_slices"])
        self.sources.append(source)

    def first(self, *names: str) -> str:
        """The first value of the first of some fields that has one.

        Parameters
        ----------
        names
            DICOM keywords, in the order of preference.

        Returns
        -------
        str
            Empty where none has a value.
        """
        return next((str(value) for name in names for value in self.values.get(name, ())), "")

    def fields(self, images: int) -> dict[str, Any]:
        """Header values as a record holds them: no patient's own, computed ones added.

        Parameters
        ----------
        images
            How many it has, frames counted, copies not.

        Returns
        -------
        dict
            By DICOM keyword; `Slices` and `Volumes` are counted.
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
            kept["Volumes"] = max(1, round(images if self.mosaic_slices else images / slices))
        return kept

    def number(self) -> int:
        """Its SeriesNumber, the least where its files have several, 0 where they have none."""
        numbers = [value for value in self.values.get("SeriesNumber", ()) if isinstance(value, int)]
        return min(numbers, default=0)


class Scans:
    """All scans together. Files stay on disk until they are asked for: a cohort has millions of them.

    Parameters
    ----------
    paths
        What `scan` wrote, one a shard.

    Attributes
    ----------
    series : list of ScannedSeries
        Every series, in the order of patient, study, series and kind.
    unused : list of (str, str)
        Files that belong to no series, each with the reason.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = sorted(paths)
        self.unused: list[tuple[str, str]] = []
        self.series: list[ScannedSeries] = []
        self._read()
        self._line = lru_cache(maxsize=16)(self._parsed)

    def _read(self) -> None:
        """A series whose files lie in several folders, or in several shards, is one series."""
        by_identity: dict[tuple[str, ...], ScannedSeries] = {}
        for number, path in enumerate(self.paths):
            offset = 0
            with path.open("rb") as lines:
                for text in lines:
                    line = json.loads(text)
                    self.unused += [(name, reason) for name, reason in line.get("unused", ())]
                    for index, entry in enumerate(line.get("series", ())):
                        values = entry["values"]
                        patient, *uids = (str((values.get(name) or [""])[0]) for name in _KEYS)
                        identity = (normalised(patient), *uids, entry["kind"])
                        series = by_identity.setdefault(identity, ScannedSeries(*identity))
                        series.add(entry, (number, offset, index))
                    offset += len(text)
        self.series = [by_identity[identity] for identity in sorted(by_identity)]

    def files(self, series: ScannedSeries) -> tuple[list[RawFile], list[str], int]:
        """The files of a series.

        Parameters
        ----------
        series
            One of `self.series`.

        Returns
        -------
        kept : list of RawFile
            In order of InstanceNumber, without copies: of equal files, a whole one, then the first by path.
        copies : list of str
            Paths of the others.
        images : int
            How many those that are kept hold.
        """
        sources = [self._line(number, offset)["series"][index] for number, offset, index in series.sources]
        entries = [entry for source in sources for entry in source["files"]]
        by_uid: dict[str, list[Entry]] = {}
        for entry in sorted(entries, key=lambda entry: (entry[3] is not None, entry[0])):
            by_uid.setdefault(entry[5] or entry[0], []).append(entry)
        copies: list[str] = []
        kept: list[Entry] = []
        for same in by_uid.values():
            different, equal = apart(same) if len(same) > 1 else (same, [])
            kept += different
            copies += equal
        ordered = sorted(kept, key=lambda entry: (entry[4], entry[0]))
        return [RawFile(*entry[:4]) for entry in ordered], copies, sum(entry[6] for entry in kept)

    def _parsed(self, number: int, offset: int) -> dict[str, Any]:
        with self.paths[number].open("rb") as lines:
            lines.seek(offset)
            line: dict[str, Any] = json.loads(lines.readline())
        return line


_KEYS = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID")
