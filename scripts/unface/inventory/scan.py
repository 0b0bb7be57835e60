"""Reading the headers below one share of the raw folders: what is there, folder by folder and series by series.

A scan is a file of JSON lines inside `restricted/`, one for each folder (or archive): its series (distinct header
values, files) and the files that belong to none, with why. The lines of the last scan are kept, and a folder whose
files have the names, sizes and times they had is not read again.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.dicom import fields
from unface.dicom.headers import NotDicomError, RawHeader, read_header
from unface.dicom.number_text import whole_number
from unface.inventory.archives import folder_for, is_archive, unpack
from unface.run import unread
from unface.run.fingerprints import code_digest
from unface.run.folders import Folder, Place, unreadable, walk
from unface.run.layout import Layout

log = logging.getLogger("unface")


def scan(dicom_dir: Path, layout: Layout, shard: int, shards: int) -> None:
    """Read the headers of one share of the files below `dicom_dir` and write `layout.scan(shard)`.

    Links are not followed, and unface's own results are left out if they lie there. Files that are not DICOM, or that
    cannot be read, are listed with the reason; nothing stops the scan but the machine. Archives are unpacked below
    `layout.unpacked`.

    Parameters
    ----------
    dicom_dir
        The raw folder.
    layout
        Where everything of the run lies.
    shard, shards
        This job's number, from 0, and how many there are.
    """
    # Snakemake makes the folders of outputs, open to all: this is the first job that puts identifiers into one.
    layout.restricted.mkdir(parents=True, exist_ok=True)
    layout.restricted.chmod(0o700)
    kept = layout.scan_kept(f"{shard}-of-{shards}")
    before = _LastScan(kept)
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = kept.with_name(f".{kept.name}.part")
    counts = {"folders": 0, "read": 0}
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps({"code": _code()}) + "\n")
        own = layout.results.resolve()
        for folder in _with_archives_apart(walk(dicom_dir.resolve(), shard, shards)):
            if Path(folder.path).is_relative_to(own):
                continue
            line = before.line(folder, layout.unpacked)
            counts["folders"] += 1
            counts["read"] += line is None
            file.write(line or json.dumps(_read_folder(folder, layout.unpacked), sort_keys=True) + "\n")
    part.replace(kept)
    output = layout.scan(str(shard))
    output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    shutil.copyfile(kept, output)
    output.chmod(0o600)
    log.info("%d folders, %d of them read; the others are as they were", counts["folders"], counts["read"])


def _code() -> str:
    """What a kept scan depends on beside the files: how they are read."""
    return code_digest("scan")


class _LastScan:
    """The lines of the last scan by folder; none if there was none, or other code made them."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        self.places: dict[str, tuple[str, int]] = {}
        try:
            with kept.open("rb") as lines:
                head = next(lines)
                offset = len(head)
                if json.loads(head) != {"code": _code()}:
                    return
                for text in lines:
                    line = json.loads(text)
                    # Whoever makes a file readable changes neither its size nor its time.
                    if not any(unread.kept_a_file(reason) for _, reason in line["unused"]):
                        self.places[line["folder"]] = (line["digest"], offset)
                    offset += len(text)
        except (OSError, ValueError, KeyError, TypeError, StopIteration):
            self.places = {}

    def line(self, folder: Folder, unpacked: Path) -> str | None:
        """The folder's line if its files are as they were."""
        digest, offset = self.places.get(folder.path, ("", 0))
        if digest != folder.digest():
            return None
        if _is_archive(folder) and not folder_for(folder.places[0], unpacked.resolve()).is_dir():
            return None
        with self.kept.open("rb") as lines:
            lines.seek(offset)
            return lines.readline().decode("ascii")


def _with_archives_apart(folders: Iterable[Folder]) -> Iterator[Folder]:
    """Each archive as a folder of its own."""
    for folder in folders:
        archives = [place for place in folder.places if place.problem is None and is_archive(place.path)]
        rest = tuple(place for place in folder.places if place not in archives)
        if rest:
            yield Folder(folder.path, rest)
        for archive in archives:
            yield Folder(archive.path, (archive,))


def _is_archive(folder: Folder) -> bool:
    return folder.places[0].path == folder.path and folder.places[0].problem is None


def _read_folder(folder: Folder, unpacked: Path) -> dict[str, Any]:
    content = _FolderContent()
    if _is_archive(folder):
        content.add_archive(folder.places[0], unpacked.resolve())
    else:
        for place in folder.places:
            content.add(place)
    return {"folder": folder.path, "digest": folder.digest(), **content.as_json()}


@dataclass
class _SeriesContent:
    """What one folder's files of one series say: distinct undecoded values of each element."""

    order: str
    charset: bytes | None
    kind: str
    values: dict[int, dict[bytes, None]] = field(default_factory=dict)
    positions: set[bytes] = field(default_factory=set)
    mosaic_slices: int = 0
    files: list[list[Any]] = field(default_factory=list)

    def add(self, header: RawHeader) -> int:
        """Take in what a file says; returns how many images it holds."""
        for tag in fields.KEPT_TAGS:
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
        mosaic = header.values.get(fields.IMAGES_IN_MOSAIC)
        if mosaic is not None and b"MOSAIC" in header.values.get(0x00080008, b""):
            self.mosaic_slices = int.from_bytes(mosaic[:2], "little" if self.order == "<" else "big")
        return max(len(frames), 1)

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


_FRAME_TAGS = frozenset(fields.SERIES_TAGS)


BREAKS_OFF = "a DICOM header that breaks off"
OR_OF_ANOTHER = "a DICOM header that breaks off, here or in the series before"
"""Of the second of two series that may have lost the file, so that it is counted once."""


class _FolderContent:
    """What the files of one folder say.

    A file whose header breaks off before it names its series was an image of some session: it counts among the files
    of its neighbours by name, so that no session is taken for whole that may lack it.
    """

    def __init__(self) -> None:
        self.series: dict[tuple[bytes, ...], _SeriesContent] = {}
        self.unused: list[tuple[str, str]] = []
        self._before: tuple[bytes, ...] = ()
        self._cut_since: list[tuple[str, list[Any]]] = []

    def add(self, place: Place, name: str | None = None) -> bool:
        """Take in a file; `name` is what to call it where its path says nothing. False if it belongs to no series."""
        header = self._header(place, name or place.path)
        if header is None:
            return False
        values = header.values
        if fields.SERIES not in values:
            entry = [place.path, place.bytes, place.mtime_ns, BREAKS_OFF, 0, "", 1]
            self._cut_since.append((name or place.path, entry))
            if self._before:
                self.series[self._before].files.append(entry)
            return True
        kind = fields.derivation(values.get(fields.IMAGE_TYPE, b""))
        key = (values.get(fields.PATIENT_ID, b""), values.get(fields.STUDY, b""), values[fields.SERIES], kind)
        series = self.series.get(key)
        if series is None:
            series = self.series[key] = _SeriesContent(header.order, values.get(fields.CHARSET), kind.decode("latin-1"))
        images = series.add(header)
        uid = fields.decode_text(values.get(fields.SOP_INSTANCE, b""), None)
        number = whole_number(values.get(fields.INSTANCE_NUMBER, b"")) or 0
        series.files.append([place.path, place.bytes, place.mtime_ns, header.problem, number, uid, images])
        # One of another patient or study may have lost it as well; of the same session, the series before holds it.
        if key[:2] != self._before[:2]:
            again = OR_OF_ANOTHER if self._before else BREAKS_OFF
            series.files += [[*entry[:3], again, *entry[4:]] for _, entry in self._cut_since]
        self._before, self._cut_since = key, []
        return True

    def add_archive(self, archive: Place, unpacked: Path) -> None:
        """Unpack an archive and take in its files; what is no DICOM goes again."""
        for member in unpack(archive, unpacked):
            name = f"{archive.path}: {member.name}" if member.name else archive.path
            if self.add(member.place, name):
                continue
            if member.place.path != archive.path:
                Path(member.place.path).unlink(missing_ok=True)
            else:
                # Whatever was read of it may lack what was not.
                entry = [archive.path, archive.bytes, archive.mtime_ns, member.place.problem, 0, "", 1]
                for series in self.series.values():
                    series.files.append(entry)

    def _header(self, place: Place, name: str) -> RawHeader | None:
        """The header of a file that belongs to a series; None after noting why there is none."""
        reason = place.problem
        if reason is None:
            try:
                header = read_header(place.path, fields.WANTED)
            except NotDicomError as error:
                if str(error) == BREAKS_OFF:
                    return RawHeader({}, "<", problem="truncated")
                reason = str(error)
            except OSError as error:
                reason = unreadable(error)
            except MemoryError:
                reason = "a DICOM header that takes more memory than this job has"
            else:
                if fields.SERIES in header.values or header.problem is not None:
                    return header
                reason = "a DICOM file of no series"
        self.unused.append((name, reason))
        return None

    def as_json(self) -> dict[str, Any]:
        """As JSON takes it."""
        if not self._before:
            self.unused += [(name, BREAKS_OFF) for name, _ in self._cut_since]
        entries = [
            {
                "kind": series.kind,
                "values": series.decoded(),
                "positions": sorted(position.decode("latin-1") for position in series.positions),
                "mosaic_slices": series.mosaic_slices,
                "files": series.files,
            }
            for series in self.series.values()
        ]
        return {"series": entries, "unused": self.unused}
