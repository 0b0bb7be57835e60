"""The command over whole trees: links, names, several patients, several processes, hostile files."""

import os
import random
from pathlib import Path

import pydicom
import pytest
import yaml

from tests.support.dicom_bytes import hostile
from tests.support.one_patient import header
from unface.deidentify import command
from unface.deidentify.tree import find_files
from unface.run.settings import PROJECT


def write(ds: pydicom.Dataset, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pydicom.dcmwrite(path, ds)
    return path


def clean(source: Path, target: Path, *more: str) -> tuple[int, list[pydicom.Dataset]]:
    """Run the command; returns its status and the clean files in order of what they were named."""
    status = command.main([str(source), str(target), "--key", str(target.parent / "key"), *more])
    return status, [pydicom.dcmread(path) for path in sorted(target.rglob("*.dcm"))]


def test_patients_under_one_series_uid_do_not_share_what_identifies(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for number, name in enumerate(("DOE^JOHN", "ROE^JANE", "DOE^JOHN")):
        ds = header()
        ds.PatientName, ds.PatientID, ds.SequenceName = name, f"MRN-{name[0]}", "*tfl3d JANE"
        del ds.SeriesInstanceUID
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        write(ds, source / f"{number}.dcm")
    status, files = clean(source, tmp_path / "out")
    assert status == 0
    by_patient = {str(ds.PatientID): str(ds.SequenceName) for ds in files}
    assert len(by_patient) == 2
    assert sum("JANE" in text for text in by_patient.values()) <= 1
    janes = [path for path in (tmp_path / "out").rglob("*.dcm") if b"JANE" in path.read_bytes()]
    assert len(janes) in (0, 2)


def test_names_of_folders_are_identifiers_of_the_command_too(tmp_path: Path) -> None:
    ds = header()
    ds.SequenceName = "*tfl DOEFAM 3d"
    ds.PatientName = "DOEFAM^JANE"
    ds.ProtocolName = "t1 doefam_brain_2"
    write(ds, tmp_path / "in" / "doefam_brain_2" / "a.dcm")
    status, files = clean(tmp_path / "in", tmp_path / "out")
    assert status == 0
    assert "doefam" not in str(files[0]).lower()


def test_an_identifier_in_what_every_file_of_a_series_holds_keeps_all_of_them_out(tmp_path: Path) -> None:
    for number in range(4):
        ds = header()
        ds.SpecificCharacterSet, ds.PatientName = "ISO_IR 192", "ŠAFAŘÍK^JANE"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        ds.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2A, "OB", "seen by Šafařík".encode())
        write(ds, tmp_path / "in" / f"{number}.dcm")
    status, files = clean(tmp_path / "in", tmp_path / "out")
    assert status == 1
    assert files == []


def test_no_damage_to_one_file_keeps_back_the_others(tmp_path: Path) -> None:
    whole = write(header(), tmp_path / "in" / "whole.dcm").read_bytes()
    dice = random.Random(7)
    for number in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 5, 40])):
            damaged[dice.randrange(132, len(damaged))] = dice.choice([0, 255, dice.randrange(256)])
        (tmp_path / "in" / f"{number}.dcm").write_bytes(damaged)
    clean(tmp_path / "in", tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.dcm"))


def test_a_folder_whose_name_is_no_utf8_is_made_clean_like_any_other(tmp_path: Path) -> None:
    ds = header()
    ds.PatientName = "M\xfcller^Jane"
    ds.ProtocolName = "t1 brain"
    write(ds, tmp_path / "in" / os.fsdecode(b"M\xfcller_Jane") / "a.dcm")
    status, files = clean(tmp_path / "in", tmp_path / "out")
    assert (status, len(files)) == (0, 1)


def test_times_of_a_patient_are_moved_as_one_also_where_two_processes_read_them(tmp_path: Path) -> None:
    for number in range(60):
        ds = header()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        ds.AcquisitionDateTime = f"20211105{9 + number // 30:02d}{number % 30 + 20}30.5"
        ds.AcquisitionTime = ds.AcquisitionDateTime[8:]
        write(ds, tmp_path / "in" / f"{number:02d}.dcm")
    _, files = clean(tmp_path / "in", tmp_path / "out", "--processes", "2")
    times = sorted(str(ds.AcquisitionTime) for ds in files)
    assert times == sorted(str(ds.AcquisitionDateTime)[8:] for ds in files)
    assert times == [f"{8 + number // 30:02d}{number % 30:02d}30.5" for number in range(60)]


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    for number in range(60):
        ds = header()
        ds.InstanceNumber = number
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        write(ds, tmp_path / "in" / f"{number:02d}.dcm")
    written = []
    for processes in ("1", "2"):
        target = tmp_path / f"out{processes}"
        assert clean(tmp_path / "in", target, "--processes", processes)[0] == 0
        written.append({path.name: path.read_bytes() for path in target.rglob("*.dcm")})
    assert len(written[0]) == 60
    assert written[0] == written[1]


def test_hostile_files_are_refused_one_by_one_and_the_others_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in"
    write(header(), source / "good\nname.dcm")
    for name, data in hostile().items():
        (source / f"{name}.dcm").write_bytes(data)
    outside = write(header(), tmp_path / "elsewhere" / "outside.dcm")
    (source / "link.dcm").symlink_to(outside)
    (source / "linked").symlink_to(outside.parent)
    status, files = clean(source, tmp_path / "out")
    said = capsys.readouterr().err
    assert status == 1
    assert len(files) == 1
    assert f"1 files written, {len(hostile()) + 2} refused" in said
    assert said.count("a link, which is not followed") == 2
    assert said.count("refused: ") == len(hostile()) + 2
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_single_file_is_de_identified_too(tmp_path: Path) -> None:
    source = write(header(), tmp_path / "in" / "a.dcm")
    status, files = clean(source, tmp_path / "out")
    assert status == 0
    assert len(files) == 1


def test_the_files_of_a_folder_come_in_order_of_their_names_and_before_those_of_the_folders_in_it(
    tmp_path: Path,
) -> None:
    names = ["b.dcm", "z.dcm", "a/x.dcm", "a/inner/y.dcm", "c/x.dcm"]
    for name in reversed(names):
        write(header(), tmp_path / name)
    (tmp_path / "c" / "link.dcm").symlink_to(tmp_path / "b.dcm")
    files, refused = find_files(tmp_path)
    assert files == [str(tmp_path / name) for name in names]
    assert refused == [("c/link.dcm", "a link, which is not followed")]


def test_out_may_not_be_inside_in(tmp_path: Path) -> None:
    write(header(), tmp_path / "in" / "a.dcm")
    assert command.main([str(tmp_path / "in"), str(tmp_path / "in" / "out")]) == 2
    assert command.main([str(tmp_path / "in"), str(tmp_path / "in")]) == 2


def test_an_instance_that_an_override_keeps_stands_in_the_file_meta_too(tmp_path: Path) -> None:
    write(header(), tmp_path / "in" / "a.dcm")
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    config["deidentify"] = {**config["deidentify"], "options": ["retain_uids"]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    status, files = clean(tmp_path / "in", tmp_path / "out", "--config", str(tmp_path / "config.yaml"))
    assert status == 0
    assert files[0].file_meta.MediaStorageSOPInstanceUID == files[0].SOPInstanceUID == header().SOPInstanceUID
