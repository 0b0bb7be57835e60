"""Reading the headers below one share of the raw folders: what is there, series by series.

A scan is a file of JSON lines inside `restricted/`: one line for each series (its identity, distinct header values,
files), one for each file that is no image of any series, with why.
"""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.dicom import fields
from unface.dicom.headers import NotDicomError, RawHeader, read_header
from unface.dicom.walk import Place, unreadable, walk

log = logging.getLogger("unface")


def scan(dicom_dir: Path, shard: int, shards: int, output: Path) -> None:
    """Read every header below those entries of `dicom_dir` whose hashed name falls into this shard.

    Links are not followed. Files that are not DICOM, or that cannot be read, are listed with the reason; nothing stops
    the scan but the machine.

    Parameters
    ----------
    shard, shards
        This job's number, from 0, and how many there are.
    output
        The JSON lines; appears whole or not at all.
    """
    found = _Found()
    root = dicom_dir.resolve()
    for place in walk(root, shard, shards):
        found.add(place)
    output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = output.with_name(f".{output.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        for line in found.lines():
            file.write(json.dumps(line, sort_keys=True) + "\n")
    part.replace(output)
    log.info("scanned %d files: %d series, %d files of none", found.files, len(found.series), len(found.unused))


@dataclass
class _SeriesFound:
    """What the files of one series say: distinct undecoded values of each element."""

    order: str
    charset: bytes | None
    values: dict[int, dict[bytes, None]] = field(default_factory=dict)
    positions: set[bytes] = field(default_factory=set)
    images: int = 0
    mosaic_slices: int = 0
    files: list[list[Any]] = field(default_factory=list)

    def add(self, header: RawHeader) -> None:
        for tag in fields.SERIES_TAGS:
            raw = header.values.get(tag)
            if raw is not None:
                self.keep(tag, raw)
        frames = header.frames
        for frame in frames:
            for tag, raw in frame.items():
                if tag in _FRAME_TAGS:
                    self.keep(tag, raw)
                elif tag == fields.POSITION:
                    self.positions.add(raw)
        position = header.values.get(fields.POSITION)
        if position is not None:
            self.positions.add(position)
        self.images += max(len(frames), 1)
        mosaic = header.values.get(fields.IMAGES_IN_MOSAIC)
        if mosaic is not None and b"MOSAIC" in header.values.get(0x00080008, b""):
            self.mosaic_slices = int.from_bytes(mosaic[:2], "little" if self.order == "<" else "big")

    def keep(self, tag: int, raw: bytes) -> None:
        known = self.values.get(tag)
        if known is None:
            self.values[tag] = {raw: None}
        elif raw not in known:
            known[raw] = None

    def decoded(self) -> dict[str, list[Any]]:
        """Distinct values by keyword; the earliest alone where every file has its own."""
        result: dict[str, list[Any]] = {}
        for tag in fields.SERIES_TAGS:
            if tag in fields.PRIVATE and not self._made_by(tag):
                continue
            decoded = (fields.decode(tag, raw, self.order, self.charset) for raw in self.values.get(tag, ()))
            values = [value for value in decoded if value is not None]
            name = fields.keyword(tag)
            if values and name in fields.FIRST_ONLY:
                values = [min(values, key=str)]
            known = result.setdefault(name, []) if values else []
            known.extend(value for value in values if value not in known)
        return result

    def _made_by(self, tag: int) -> bool:
        _, creator, name, _ = fields.PRIVATE[tag]
        return any(raw.rstrip(b" \0") == name for raw in self.values.get(creator, ()))


_CREATORS = tuple({entry[1] for entry in fields.PRIVATE.values()})
_FRAME_TAGS = frozenset(fields.SERIES_TAGS)


class _Found:
    """Everything a scan has met."""

    def __init__(self) -> None:
        self.series: dict[tuple[bytes, bytes, bytes], _SeriesFound] = {}
        self.unused: list[tuple[str, str]] = []
        self.files = 0

    def add(self, place: Place) -> None:
        self.files += 1
        header = self._header(place)
        if header is None:
            return
        values = header.values
        key = (values.get(fields.PATIENT_ID, b""), values.get(fields.STUDY, b""), values[fields.SERIES])
        series = self.series.get(key)
        if series is None:
            series = self.series[key] = _SeriesFound(header.order, values.get(fields.CHARSET))
        series.add(header)
        for creator in _CREATORS:
            if creator in values:
                series.keep(creator, values[creator])
        instance = fields.decode_text(values.get(fields.INSTANCE_NUMBER, b""), None)
        uid = fields.decode_text(values.get(fields.SOP_INSTANCE, b""), None)
        number = int(instance) if instance.lstrip("-").isdigit() else 0
        series.files.append([place.path, place.bytes, place.mtime_ns, header.problem, number, uid])

    def _header(self, place: Place) -> RawHeader | None:
        """The header of a file that belongs to a series; None after noting why there is none."""
        reason = place.problem
        if reason is None:
            try:
                header = read_header(place.path, fields.WANTED)
            except NotDicomError as error:
                reason = str(error)
            except OSError as error:
                reason = unreadable(error)
            else:
                if fields.SERIES in header.values:
                    return header
                reason = "a DICOM file of no series" if header.problem is None else "a DICOM header that breaks off"
        self.unused.append((place.path, reason))
        return None

    def lines(self) -> Iterator[dict[str, Any]]:
        for found in self.series.values():
            yield {
                "values": found.decoded(),
                "positions": sorted(position.decode("latin-1") for position in found.positions),
                "images": found.images,
                "mosaic_slices": found.mosaic_slices,
                "files": found.files,
            }
        for path, reason in self.unused:
            yield {"unused": path, "reason": reason}
