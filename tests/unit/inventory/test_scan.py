"""Scans: folders shared out, archives unpacked safely, nothing read twice."""

import errno
import io
import os
import random
import re
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.support.dicom_factory import write_series
from unface.dicom import fields
from unface.dicom.encoding import UnreadableError, decode, file_meta
from unface.dicom.headers import RawHeader, read_header
from unface.identity.pseudonyms import Key
from unface.inventory.archives import unpack
from unface.inventory.inventory import collect
from unface.inventory.records import SessionRecord
from unface.inventory.scan import scan
from unface.run import unread
from unface.run.folders import Place, walk
from unface.run.layout import Layout
from unface.run.settings import PROJECT

KEY = Key(bytes(range(32)))


def inventory_of(dicom: Path, results: Path):
    layout = Layout(results)
    scan(dicom, layout, 0, 1)
    return collect([layout.scan("0")], layout, KEY, None, PROJECT / "resources" / "bids_rules.yaml")


def as_place(path: Path) -> Place:
    stat = path.stat()
    return Place(str(path), stat.st_size, stat.st_mtime_ns)


def problems_of(archive: Path, folder: Path) -> list[str | None]:
    return [member.place.problem for member in unpack(as_place(archive), folder / "unpacked")]


def pack(kind: str, files: list[Path], target: Path) -> Path:
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for file in files:
                archive.write(file, file.name)
    else:
        with tarfile.open(target, f"w:{kind}") as tar:
            for file in files:
                tar.add(file, file.name)
    return target


@pytest.mark.parametrize("shards", [1, 2, 7])
def test_every_file_is_in_exactly_one_shard(tmp_path: Path, shards: int) -> None:
    for name in ("a/b/1", "a/b/2", "a/c/d/e/3", "f/4", "5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    walked = [
        place.path for shard in range(shards) for folder in walk(tmp_path, shard, shards) for place in folder.places
    ]
    assert sorted(walked) == sorted(str(path) for path in tmp_path.rglob("*") if path.is_file())


def test_only_folders_that_changed_are_read_again(tmp_path: Path) -> None:
    written = [write_series(tmp_path / "dicom" / str(number), number)[0] for number in range(2)]
    inventory_of(tmp_path / "dicom", tmp_path / "results")
    # Destroyed behind the inventory's back, size and time as they were: reading it again would show.
    same = written[0][0]
    stat = same.stat()
    same.write_bytes(bytes(stat.st_size))
    os.utime(same, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    written[1][0].write_bytes(b"something else")
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.unused == {"not DICOM": 1}
    assert summary.dicom == len(written[0]) + len(written[1]) - 1


@pytest.mark.parametrize(("kind", "name"), [("zip", "x.zip"), ("", "x.tar"), ("gz", "x.tar.gz"), ("xz", "x.TAR.XZ")])
def test_dicom_in_an_archive_is_found_like_dicom_in_a_folder(tmp_path: Path, kind: str, name: str) -> None:
    files, _ = write_series(tmp_path / "loose", 0)
    note = tmp_path / "note.txt"
    note.write_text("no DICOM")
    (tmp_path / "dicom").mkdir()
    pack(kind, [*files, note], tmp_path / "dicom" / name)
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert (summary.sessions, summary.dicom, summary.unused) == (1, len(files), {"not DICOM": 1})
    unpacked = [path for path in Layout(tmp_path / "results").unpacked.rglob("*") if path.is_file()]
    assert sorted(path.read_bytes() for path in unpacked) == sorted(path.read_bytes() for path in files)


def test_an_archive_that_is_as_it_was_is_not_unpacked_again_and_one_that_is_gone_is_removed(tmp_path: Path) -> None:
    files, _ = write_series(tmp_path / "loose", 0)
    (tmp_path / "dicom").mkdir()
    archive = pack("zip", files, tmp_path / "dicom" / "x.zip")
    inventory_of(tmp_path / "dicom", tmp_path / "results")
    (folder,) = Layout(tmp_path / "results").unpacked.iterdir()
    made = folder.stat().st_ino
    inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert folder.stat().st_ino == made
    archive.unlink()
    write_series(tmp_path / "dicom" / "other", 1)
    inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert list(Layout(tmp_path / "results").unpacked.iterdir()) == []


def test_no_member_of_an_archive_leaves_its_place(tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("../../escaped", "x")
        file.writestr("/tmp/escaped-unface-test", "x")
    tar_path = tmp_path / "evil.tar"
    with tarfile.open(tar_path, "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        inside = tarfile.TarInfo("link/passwd")
        inside.size = 1
        tar.addfile(inside, io.BytesIO(b"x"))
    before = set(tmp_path.rglob("*"))
    for path in (archive, tar_path):
        unpack(as_place(path), tmp_path / "unpacked")
    new = {path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()} - before
    assert all(path.is_relative_to(tmp_path / "unpacked") and path.name.isdigit() for path in new)
    assert not any(path.is_symlink() for path in new)
    assert not Path("/tmp/escaped-unface-test").exists()


def test_a_bomb_stops_at_its_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        for index in range(20):
            file.writestr(str(index), bytes(1 << 20))
    members = unpack(as_place(bomb), tmp_path / "unpacked", floor_bytes=5 << 20)
    written = sum(path.stat().st_size for path in (tmp_path / "unpacked").rglob("*") if path.is_file())
    assert members[-1].place.problem == "an archive that unpacks to more than its limit"
    assert written <= 5 << 20


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_damaged_archive_is_counted_and_stops_nothing(tmp_path: Path, kind: str) -> None:
    files, _ = write_series(tmp_path / "dicom" / "whole", 0)
    archive = pack(kind, files, tmp_path / "dicom" / ("x.zip" if kind == "zip" else "x.tgz"))
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.unused["an archive that is damaged"] == 1
    assert summary.sessions == 1


def test_no_damage_to_an_archive_stops_a_scan(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom" / "good", 0)
    files, _ = write_series(tmp_path / "bad", 1)
    dice = random.Random(4)
    count = 0
    for kind, ending in (("zip", ".zip"), ("", ".tar"), ("gz", ".tgz"), ("bz2", ".tar.bz2"), ("xz", ".tar.xz")):
        whole = pack(kind, files[:2], tmp_path / f"whole{ending}").read_bytes()
        for number in range(60):
            damaged = bytearray(whole)
            for _ in range(dice.choice([1, 4])):
                # Tables stand at the ends of archives.
                at = dice.choice([dice.randrange(len(whole)), dice.randrange(600), -1 - dice.randrange(200)])
                damaged[at] = dice.choice([0, 255, dice.randrange(256)])
            lost = dice.randrange(len(whole) - 400) if number % 3 == 0 else 0
            (tmp_path / "dicom" / f"{number}{ending}").write_bytes(
                damaged[:lost] + damaged[lost + 400 :] if lost else damaged
            )
            count += 1
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.sessions >= 1
    assert summary.unused["an archive that is damaged"] > count // 4


def test_a_zip_that_sends_its_reader_before_its_beginning_is_damaged(tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("1", bytes(1000))
    archive.write_bytes(archive.read_bytes()[400:])
    assert problems_of(archive, tmp_path) == ["an archive that is damaged"]


def test_a_member_without_a_name_is_a_member(tmp_path: Path) -> None:
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("n", b"some bytes")
    archive.write_bytes(re.sub(b"(PK\1\2.{24})\1\0(.{16})n", rb"\1\0\0\2", archive.read_bytes(), flags=re.S))
    assert len(unpack(as_place(archive), tmp_path / "unpacked")) == 1


def test_an_archive_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "gone.zip"), 5, 0)
    (member,) = unpack(place, tmp_path / "unpacked")
    assert member.place.problem == f"cannot be read: {os.strerror(errno.ENOENT)}"


@pytest.mark.parametrize("error", [IndexError, OverflowError, RecursionError, MemoryError, AssertionError, KeyError])
def test_whatever_a_reader_of_archives_raises_ends_that_archive_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def broken(*_: object) -> object:
        raise error

    write_series(tmp_path / "dicom" / "good", 0)
    with zipfile.ZipFile(tmp_path / "dicom" / "x.zip", "w") as file:
        file.writestr("1", bytes(1000))
    monkeypatch.setattr(zipfile.ZipExtFile, "read", broken)
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.sessions == 1
    assert any(reason.startswith("an archive that ") for reason in summary.unused)


def test_a_full_disk_stops_the_scan_and_is_no_fault_of_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack("zip", write_series(tmp_path / "dicom", 0)[0], tmp_path / "x.zip")

    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(OSError, match="full"):
        unpack(as_place(archive), tmp_path / "unpacked")


def test_entries_without_content_count_against_the_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.tgz"
    with tarfile.open(bomb, "w:gz") as tar:
        for number in range(4000):
            entry = tarfile.TarInfo(f"{number}")
            entry.type = tarfile.DIRTYPE if number % 2 else tarfile.REGTYPE
            tar.addfile(entry)
    members = unpack(as_place(bomb), tmp_path / "unpacked", floor_bytes=1 << 20)
    assert members[-1].place.problem == "an archive that unpacks to more than its limit"
    assert len(members) < 4000 * 0.49


def test_a_deflated_file_that_would_fill_the_memory_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unface.dicom.deflated.LARGEST", 1 << 23)
    good, _ = write_series(tmp_path / "dicom" / "good", 0)
    for number, preamble in enumerate((bytes(128) + b"DICM", b"")):
        syntax = b"1.2.840.10008.1.2.1.99"
        meta = preamble + struct.pack("<HH2sH", 2, 0x10, b"UI", len(syntax)) + syntax
        stream = zlib.compressobj(9, zlib.DEFLATED, -15)
        zeros = bytes(1 << 20)
        packed = b"".join([*(stream.compress(zeros) for _ in range(9)), stream.flush()])
        (tmp_path / "dicom" / f"bomb{number}").write_bytes(meta + packed)
        with pytest.raises(UnreadableError, match="inflate to more"):
            decode(meta + packed)
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.unused["deflated data that inflate to more than any image"] == 2
    assert (summary.sessions, summary.dicom) == (1, len(good))


def test_a_header_of_millions_of_empty_frames_is_listed(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom" / "good", 0)
    files, _ = write_series(tmp_path / "bad", 1)
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 300_000
    frames = struct.pack("<HH2sHI", 0x5200, 0x9230, b"SQ", 0, len(items)) + items
    data = files[0].read_bytes()
    pixels = data.rindex(b"\xe0\x7f\x10\0OW")
    (tmp_path / "dicom" / "frames").write_bytes(data[:pixels] + frames + data[pixels:])
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.unused["a DICOM header of more frames than any image has"] == 1
    assert summary.sessions == 1


def test_a_header_beyond_the_memory_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, _ = write_series(tmp_path / "dicom", 0)

    def read(path: str, wanted: frozenset[int]) -> RawHeader:
        if path == str(files[0]):
            raise MemoryError
        return read_header(path, wanted)

    monkeypatch.setattr("unface.inventory.scan.read_header", read)
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.unused["a DICOM header that takes more memory than this job has"] == 1
    assert summary.dicom == len(files) - 1


@pytest.fixture
def removed(tmp_path: Path) -> Iterator[Path]:
    """A folder that may hold deeper ones than Python removes."""
    yield tmp_path
    subprocess.run(["rm", "-rf", tmp_path], check=True)


def test_folders_as_deep_as_a_path_can_be_stop_nobody(removed: Path) -> None:
    write_series(removed / "dicom" / "good", 0)
    here = os.open(removed / "dicom", os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert inventory_of(removed / "dicom", removed / "results").sessions == 1


def test_texts_as_long_as_a_file_may_hold_stop_nobody(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom" / "good", 0)
    for number, text in enumerate(
        ("func-bold_task-" + "ab" * 30_000, "\\a" * 30_000, " " * 60_000 + "x", "a\\" * 30_000)
    ):
        files, _ = write_series(tmp_path / "dicom" / f"bad{number}", number + 1)
        for path in files[:1]:
            ds = pydicom.dcmread(path)
            for keyword in (
                "SeriesDescription",
                "ProtocolName",
                "SequenceName",
                "ManufacturerModelName",
                "PatientName",
            ):
                ds.add_new(keyword, "UN", text.encode())
            with pydicom.config.disable_value_validation():
                ds.save_as(path)
    assert inventory_of(tmp_path / "dicom", tmp_path / "results").sessions == 5


def test_maps_inside_the_series_they_were_computed_from_are_a_series_of_their_own(tmp_path: Path) -> None:
    files, _ = write_series(tmp_path / "dicom", 0)
    for path in files[:2]:
        ds = pydicom.dcmread(path)
        ds.ImageType = ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]
        ds.save_as(path)
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert (summary.series, summary.dicom) == (2, len(files))


def test_results_inside_the_raw_folder_are_not_read(tmp_path: Path) -> None:
    files, _ = write_series(tmp_path / "a", 0)
    first = inventory_of(tmp_path, tmp_path / "results")
    assert inventory_of(tmp_path, tmp_path / "results").files == first.files == len(files)


def test_no_damage_to_a_file_stops_a_scan(tmp_path: Path) -> None:
    files, _ = write_series(tmp_path / "whole", 0)
    whole = files[0].read_bytes()
    dice = random.Random(20)
    (tmp_path / "dicom").mkdir()
    for number in range(200):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 5, 40])):
            damaged[dice.randrange(len(damaged))] = dice.choice([0, 255, dice.randrange(256)])
        keep = len(damaged) if number % 3 else dice.randrange(len(damaged))
        (tmp_path / "dicom" / str(number)).write_bytes(damaged[:keep])
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.files == 200


def test_a_number_that_is_none_stops_nobody(tmp_path: Path) -> None:
    good, _ = write_series(tmp_path / "dicom" / "good", 0)
    files, _ = write_series(tmp_path / "bad", 1)
    count = 0
    for tag in (*fields.NUMBERS, fields.INSTANCE_NUMBER):
        ds = pydicom.dcmread(files[0])
        ds.pop(tag, None)
        ds.save_as(tmp_path / "without")
        data = (tmp_path / "without").read_bytes()
        start = file_meta(data)[1]
        for value in (b"--5 ", b"\xb2 ", b"9" * 5000, b"9" * 400, b"1e400 ", b"nan "):
            element = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, b"IS", len(value)) + value
            (tmp_path / "dicom" / f"{count}").write_bytes(data[:start] + element + data[start:])
            count += 1
    summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert (summary.files, summary.sessions) == (len(good) + count, 2)


@pytest.mark.parametrize("name", ["siemens_multiecho", "philips_elition", "uih_umr770", "siemens_xa30_enhanced"])
def test_values_of_real_headers_are_those_that_pydicom_reads(shared_data: Callable[[str], Path], name: str) -> None:
    files = sorted(path for path in shared_data(name).rglob("*") if path.is_file())
    for path in files[:: max(1, len(files) // 12)]:
        header = read_header(path, fields.WANTED)
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        for tag in (*fields.IDENTITY, *fields.TEXT, *fields.NUMBERS):
            element = ds.get(tag)
            expected = None if element is None or element.is_empty else plain(element.value)
            raw = header.values.get(tag)
            assert (None if raw is None else fields.decode(tag, raw, header.order, None)) == expected, fields.keyword(
                tag
            )


def plain(value: object) -> object:
    """A pydicom value as the inventory gives it."""
    if isinstance(value, pydicom.multival.MultiValue):
        parts = [plain(part) for part in value]
        return parts if any(part != "" for part in parts) else None
    if isinstance(value, int | float):
        rounded = round(float(value), 6)
        return int(rounded) if rounded.is_integer() else rounded
    return str(value).strip()


def refuse(*paths: Path) -> Callable[[str | Path], Any]:
    """`os.scandir` of a disk that does not let these folders be read (the user of the tests may be root)."""
    refused = {str(path) for path in paths}
    scandir = os.scandir

    def listed(path: str | Path) -> Any:
        if str(path) in refused:
            raise PermissionError(errno.EACCES, "no", str(path))
        return scandir(path)

    return listed


@pytest.mark.parametrize("below", [".", "visit/series"])
def test_a_folder_that_cannot_be_read_is_told_as_a_folder_until_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    write_series(tmp_path / "dicom" / "one", 0)
    write_series(tmp_path / "dicom" / "DOE_JANE" / below, 1)
    layout = Layout(tmp_path / "results")
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse(tmp_path / "dicom" / "DOE_JANE" / below))
        summary = inventory_of(tmp_path / "dicom", layout.results)
    assert (summary.subjects, summary.files) == (1, summary.dicom)
    assert "\n1 folder cannot be read (Permission denied): " in str(summary)
    assert "whole subjects may be missing" in unread.of_last_inventory(layout)
    assert "DOE" not in str(summary)
    summary = inventory_of(tmp_path / "dicom", layout.results)
    assert (summary.subjects, summary.dicom) == (2, summary.files)
    assert unread.of_last_inventory(layout) == ""
    assert "cannot be read" not in str(summary)


def test_a_file_that_cannot_be_read_is_read_once_it_can_be_though_its_size_and_time_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "dicom" / "one", 0)
    theirs, _ = write_series(tmp_path / "dicom" / "other", 1)

    def read(path: str, wanted: Any) -> Any:
        if Path(path) in theirs:
            raise PermissionError(errno.EACCES, "no", path)
        return read_header(path, wanted)

    with monkeypatch.context() as patched:
        patched.setattr("unface.inventory.scan.read_header", read)
        summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert summary.subjects == 1
    assert f"{len(theirs)} files cannot be read (Permission denied): " in str(summary)
    assert inventory_of(tmp_path / "dicom", tmp_path / "results").subjects == 2


def test_an_archive_that_cannot_be_read_stops_nobody_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "dicom" / "one", 0)
    files, _ = write_series(tmp_path / "loose", 1)
    archive = pack("zip", files, tmp_path / "dicom" / "x.zip")

    def refused(path: str) -> Any:
        raise PermissionError(errno.EACCES, "no", path)

    with monkeypatch.context() as patched:
        patched.setattr("zipfile.ZipFile", refused)
        summary = inventory_of(tmp_path / "dicom", tmp_path / "results")
    assert (summary.subjects, summary.unused) == (1, {"cannot be read: Permission denied": 1})
    assert archive.exists()
    assert inventory_of(tmp_path / "dicom", tmp_path / "results").subjects == 2


@pytest.mark.parametrize(
    ("unused", "said"),
    [
        ({"not DICOM": 7, "a link, which is not followed": 1}, ""),
        ({"cannot be read: Input/output error": 1}, "1 file cannot be read (Input/output error): "),
        (
            {"a folder that cannot be read: Permission denied": 2, "cannot be read: Stale file handle": 3},
            "3 files and 2 folders cannot be read (Permission denied, Stale file handle): ",
        ),
        (
            {"an archive that is damaged": 1, "an archive that unpacks to more than its limit": 1},
            "2 archives cannot be read (is damaged, unpacks to more than",
        ),
        ({unread.ENCRYPTED: 2}, "2 encrypted files in an archive cannot be read: "),
    ],
)
def test_what_could_not_be_read_is_counted_by_kind_with_its_causes(unused: dict[str, int], said: str) -> None:
    note = unread.note(unused)
    assert note.startswith(said) if said else note == ""


def test_a_file_whose_header_breaks_off_withholds_the_session_whose_files_it_lies_among(tmp_path: Path) -> None:
    files, _ = write_series(tmp_path / "raw" / "one")
    files[-1].write_bytes(files[-1].read_bytes()[:700])
    write_series(tmp_path / "raw" / "two", 1)
    inventory_of(tmp_path / "raw", tmp_path / "results")
    layout = Layout(tmp_path / "results")
    records = [SessionRecord.read(layout.record(session)) for session in layout.read_sessions()]
    problems = [[file.problem for file in record.series[0].files if file.problem] for record in records]
    assert sorted(problems) == [[], ["a DICOM header that breaks off"]]
    assert [len(record.series[0].files) for record in records] == [len(files)] * 2


@pytest.mark.parametrize("position", [0, 1, 3], ids=["first", "in the middle", "last"])
def test_of_two_patients_in_one_folder_those_beside_a_cut_file_are_withheld(tmp_path: Path, position: int) -> None:
    folder = tmp_path / "raw"
    for number, letter in enumerate("ab"):
        for path in write_series(tmp_path / letter, number, name=letter + "{index}")[0][:2]:
            folder.mkdir(exist_ok=True)
            path.rename(folder / path.name)
    names = sorted(folder.iterdir())
    names[position].write_bytes(names[position].read_bytes()[:200])
    inventory_of(folder, tmp_path / "results")
    layout = Layout(tmp_path / "results")
    records = [SessionRecord.read(layout.record(session)) for session in layout.read_sessions()]
    broken = [sum(file.problem is not None for file in record.series[0].files) for record in records]
    assert sorted(broken) == ([1, 1] if position == 1 else [0, 1])


def test_a_cut_file_alone_in_its_folder_is_told_among_those_that_are_not_used(tmp_path: Path) -> None:
    write_series(tmp_path / "raw" / "one")
    lonely = tmp_path / "raw" / "two" / "IM1"
    lonely.parent.mkdir()
    lonely.write_bytes(next((tmp_path / "raw" / "one").iterdir()).read_bytes()[:300])
    inventory_of(tmp_path / "raw", tmp_path / "results")
    told = Layout(tmp_path / "results").files_unused.read_text().splitlines()[1:]
    assert told == [f"{lonely}\ta DICOM header that breaks off"]


def test_what_was_read_of_a_damaged_archive_is_not_taken_for_whole(tmp_path: Path) -> None:
    files, _ = write_series(tmp_path / "files")
    (tmp_path / "raw").mkdir()
    archive = pack("gz", files, tmp_path / "raw" / "one.tar.gz")
    archive.write_bytes(archive.read_bytes()[: -archive.stat().st_size // 4])
    summary = inventory_of(tmp_path / "raw", tmp_path / "results")
    layout = Layout(tmp_path / "results")
    (series,) = SessionRecord.read(layout.record(layout.read_sessions()[0])).series
    assert [file.problem for file in series.files if file.problem] == ["an archive that is damaged"]
    assert summary.files == len(series.files)
