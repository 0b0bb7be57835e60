import hashlib
import json
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pydicom
import pytest
import yaml

from tests.support.one_patient import KEY, NO_DATES, SESSION, header, record_of, run
from unface.deidentify import command, overrides, selection
from unface.identity.pseudonyms import Key
from unface.run import job, outcome
from unface.run.layout import Layout
from unface.run.limits import TRIES
from unface.run.settings import PROJECT, SettingsError

PLANTED = (
    b"DOE",
    b"JANE",
    b"MRN-77123",
    b"ACC99812",
    b"19850317",
    b"20211105",
    b"1.2.826.0.1.3680043.9",
    b"ST. ELSEWHERE",
)


@pytest.fixture(params=[True, False], ids=["implicit", "explicit"])
def raw(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    ds = header()
    if request.param:
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    path = tmp_path / "raw.dcm"
    pydicom.dcmwrite(path, ds, implicit_vr=request.param, little_endian=True)
    return path


def test_no_planted_identifier_is_left_in_any_byte(tmp_path: Path, raw: Path) -> None:
    done, folder = run(tmp_path, record_of(raw))
    assert done.ok
    written = (folder / "dicom/s001/000001.dcm").read_bytes()
    assert [word for word in PLANTED if word in written] == []


def test_what_is_left_is_a_valid_image_that_says_what_was_done(tmp_path: Path, raw: Path) -> None:
    _, folder = run(tmp_path, record_of(raw))
    ds = pydicom.dcmread(folder / "dicom/s001/000001.dcm")
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID == KEY.uid("1.2.826.0.1.3680043.9.1.1")
    assert str(ds.PatientName) == ds.PatientID == KEY.subject("MRN-77123")
    assert ds.PixelData == bytes(range(8))
    assert [element.tag for element in ds if element.tag.group in (0x5000, 0x6000)] == []
    assert ds.PatientSex == "F"
    assert ds.PatientAge == "040Y"
    assert ds.PatientIdentityRemoved == "YES"
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113105", "113107", "113108", "113111"]
    assert ds[0x0019, 0x100C].value in ("1000", 1000)
    assert ds.SeriesDescription == "t1_mprage 1mm"
    assert ds.AnatomicRegionSequence[0].CodeMeaning == "Brain"
    assert ds.AcquisitionDateTime[8:] == "080000.25+0100"
    assert ds.AcquisitionDate == ds.AcquisitionDateTime[:8] < "1926"


def test_a_gone_file_withholds_the_session_and_still_leaves_the_identifiers(tmp_path: Path, raw: Path) -> None:
    record = record_of(raw)
    raw.unlink()
    done, _ = run(tmp_path, record)
    assert [reason.code for reason in done.reasons] == ["input_missing"]
    identifiers = Layout(tmp_path / "results").identifiers(SESSION)
    assert json.loads(identifiers.read_text())["id"] == []
    assert identifiers.stat().st_mode & 0o777 == 0o600


def test_where_dates_go_times_keep_their_intervals_and_the_hour_is_not_told(tmp_path: Path) -> None:
    # A session past midnight, with a time in a sequence, one that someone took away, and one that is none.
    for name, time, content in (("a", "235958.250", "235959"), ("b", "000001.5", "000000.00"), ("c", "00:02", "noon")):
        ds = header()
        ds.SOPInstanceUID += f".{ord(name)}"
        ds.StudyTime, ds.SeriesTime, ds.AcquisitionTime = "235900", "235955", time
        del ds.AcquisitionDateTime
        ds.add_new(0x00080033, "LO", content)
        ds[0x00080033].VR = "TM"
        ds.RequestAttributesSequence[0].AcquisitionTime = "235957"
        pydicom.dcmwrite(tmp_path / f"{name}.dcm", ds)
    done, folder = run(tmp_path, record_of(*sorted(tmp_path.glob("*.dcm"))), options=NO_DATES)
    assert done.ok
    clean = [pydicom.dcmread(path) for path in sorted(folder.glob("dicom/*/*.dcm"))]
    assert [str(ds.AcquisitionTime) for ds in clean] == ["140058.250", "140101.5", "1403"]
    assert [str(ds.get("ContentTime") or "") for ds in clean] == ["140059", "", ""]
    assert {str(ds.SeriesTime) for ds in clean} == {"140055"}
    assert {str(ds.RequestAttributesSequence[0].AcquisitionTime) for ds in clean} == {"140057"}
    for ds in clean:
        assert not any(ds.get(name) for name in ("StudyTime", "StudyDate", "AcquisitionDate", "AcquisitionDateTime"))
        assert ds.LongitudinalTemporalInformationModified == "REMOVED"


class Resources(dict[str, int]):
    """Those of a job, which Snakemake gives by name and as attributes."""

    runtime = mem_mb = 0


def run_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raw: Path, attempt: int = 1) -> Layout:
    """Run the script of the rule as Snakemake does; returns where the outcome lies."""
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    layout = Layout(tmp_path / "results")
    Key.load_or_make(layout.key)
    record_of(raw).write(layout.record(SESSION))
    snakemake = SimpleNamespace(
        rule="deidentify",
        log=[str(tmp_path / "logs" / "deidentify" / "asub_ses1.log")],
        resources=Resources(attempt=attempt),
        config={**config, "results_dir": str(tmp_path / "results")},
        params={},
        wildcards=SESSION._asdict(),
        input={"record": str(layout.record(SESSION))},
        output={"identifiers": str(layout.identifiers(SESSION)), "dicom": str(layout.clean_dicom(SESSION))},
    )
    monkeypatch.setattr(sys.modules["__main__"], "snakemake", snakemake, raising=False)
    monkeypatch.setattr(job, "log_to", lambda path: None)
    monkeypatch.setattr(job, "limit", lambda minutes, memory_mb: None)
    runpy.run_path(str(PROJECT / "scripts" / "deidentify.py"))
    return layout


def test_the_clean_images_lie_beside_the_outcome_which_proves_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raw: Path
) -> None:
    layout = run_script(monkeypatch, tmp_path, raw)
    folder = layout.stage("deidentify", SESSION)
    done = outcome.read(folder)
    assert done.ok
    assert not (folder / "dicom").exists()
    (image,) = layout.clean_dicom(SESSION).glob("s001/*.dcm")
    for name, digest in done.outputs.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert image.resolve() in {(folder / name).resolve() for name in done.outputs}


def test_a_session_that_is_stopped_before_its_headers_are_read_leaves_all_that_the_rule_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, raw: Path
) -> None:
    # What a job leaves that was killed.
    killed = Layout(tmp_path / "results").stage("deidentify", SESSION)
    (killed.parent / f".{killed.name}.x.part").mkdir(parents=True)
    layout = run_script(monkeypatch, tmp_path, raw, attempt=TRIES + 1)
    done = outcome.read(layout.stage("deidentify", SESSION))
    assert [reason.code for reason in done.reasons] == ["job_failed"]
    assert json.loads(layout.identifiers(SESSION).read_text()) == {}
    assert list(layout.clean_dicom(SESSION).iterdir()) == []


def test_a_changed_file_withholds_the_session(tmp_path: Path, raw: Path) -> None:
    record = record_of(raw)
    os.utime(raw, ns=(1, 1))
    done, _ = run(tmp_path, record)
    assert [reason.code for reason in done.reasons] == ["input_changed"]


def test_a_truncated_file_makes_its_series_unreadable(tmp_path: Path, raw: Path) -> None:
    raw.write_bytes(raw.read_bytes()[:400])
    done, folder = run(tmp_path, record_of(raw))
    assert done.ok
    states = json.loads((folder / "series.json").read_text())
    assert [state["state"] for state in states] == ["unreadable"]
    assert not (folder / "dicom/s001").exists()


@pytest.mark.parametrize(
    "fields",
    [{"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, {"Modality": "SR"}, {"BurnedInAnnotation": "YES"}],
    ids=["secondary capture", "report", "burned in"],
)
def test_what_may_hold_text_stays_out_with_a_reason(tmp_path: Path, raw: Path, fields: dict[str, str]) -> None:
    ds = pydicom.dcmread(raw)
    for keyword, value in fields.items():
        setattr(ds, keyword, value)
    ds.save_as(raw)
    _, folder = run(tmp_path, record_of(raw))
    states = json.loads((folder / "series.json").read_text())
    assert states[0]["state"] == "excluded"
    assert states[0]["reason"]
    selected = run(tmp_path, record_of(raw), select=[{"field": key, "in": [value]} for key, value in fields.items()])
    assert json.loads((selected[1] / "series.json").read_text())[0]["state"] == "ok"


def test_a_condition_that_one_file_fails_keeps_its_series_out(tmp_path: Path, raw: Path) -> None:
    other = header()
    other.SOPInstanceUID += ".2"
    other.PatientName = "SMITH^JANE"
    pydicom.dcmwrite(tmp_path / "other.dcm", other)
    select = [{"field": "PatientName", "contains": "smith"}, {"field": "Modality", "in": ["mr"]}]
    _, folder = run(tmp_path, record_of(tmp_path / "other.dcm", raw), select=select)
    (state,) = json.loads((folder / "series.json").read_text())
    assert state["state"] == "excluded"
    assert state["reason"] == "the select condition on PatientName (contains) does not hold"


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ({"in": ["MR", "CT"]}, "ct", True),
        ({"in": ["MR"]}, "CT", False),
        ({"not_in": ["CT"]}, "MR", True),
        ({"not_in": ["CT", "PT"]}, "ct", False),
        ({"contains": "head"}, "MR HEAD 3D", True),
        ({"contains": "head"}, "knee", False),
        ({"not_contains": "face"}, "head", True),
        ({"not_contains": "face"}, "with FACE", False),
    ],
)
def test_each_kind_of_condition_lets_in_what_it_says(condition: dict[str, object], value: str, holds: bool) -> None:
    asked = {"field": "SeriesDescription", **condition}
    assert selection.holds(asked, {"SeriesDescription": [value]}) is holds


def test_a_condition_on_an_attribute_that_dicom_does_not_know_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"SeriesDescripton \(did you mean SeriesDescription\?\)"):
        selection.check([{"field": "SeriesDescripton", "not_contains": "face"}])


def test_an_identifier_that_an_override_keeps_withholds_the_series(tmp_path: Path, raw: Path) -> None:
    done, folder = run(tmp_path, record_of(raw), overrides={"InstitutionName": "keep"})
    assert [reason.code for reason in done.reasons] == ["identifier_left"]
    assert not list(folder.rglob("*.dcm"))


def test_overrides_name_keywords_tags_and_private_elements(tmp_path: Path, raw: Path) -> None:
    overrides = {"SeriesDescription": "remove", "0010,0040": "empty", "0077,SOMEONE,01": "shift", "StudyID": "hash"}
    ds = pydicom.dcmread(raw)
    ds.StudyID = "S-99"
    ds.save_as(raw)
    done, folder = run(tmp_path, record_of(raw), overrides=overrides)
    assert done.ok
    clean = pydicom.dcmread(folder / "dicom/s001/000001.dcm")
    assert "SeriesDescription" not in clean
    assert not clean.PatientSex
    assert clean.StudyID == KEY.label("hash", "S-99")
    shifted = clean[0x0077, 0x1001].value
    assert (shifted.decode() if isinstance(shifted, bytes) else shifted).strip() == clean.AcquisitionDate


def test_an_override_of_nothing_that_dicom_knows_is_an_error() -> None:
    with pytest.raises(SettingsError, match="SeriesDescripton"):
        overrides.key("SeriesDescripton")


@pytest.mark.parametrize(
    ("where", "verb", "said"),
    [
        ("SeriesNumber", {"replace": "seven"}, "'seven' is no value of VR IS"),
        ("StudyDate", {"replace": "20210230"}, "'20210230' is no value of VR DA"),
        ("Rows", {"replace": "70000"}, "'70000' is no value of VR US"),
        ("EchoTime", {"replace": "3,5"}, "'3,5' is no value of VR DS"),
        ("Modality", {"replace": "mr"}, "'mr' is no value of VR CS"),
        ("StationName", {"replace": "a" * 17}, "is no value of VR SH"),
        ("StudyDescription", {"replace": "H\u00f4pital"}, "is no value of VR LO"),
        ("PixelData", {"replace": "0"}, "holds no value that could be replaced"),
        ("PatientName", "shift", "shift is for DA, DT"),
        ("PatientID", "band", "band is for AS"),
        ("0077,SOMEONE,1", "keep", "is no DICOM keyword, tag or private element"),
    ],
)
def test_an_impossible_override_is_an_error_before_anything_runs(
    where: str, verb: str | dict[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError, match=where) as error:
        overrides.read({where: verb})
    assert said in str(error.value)
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    config["deidentify"] = {**config["deidentify"], "overrides": {where: verb}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "in").mkdir()
    arguments = [str(tmp_path / "in"), str(tmp_path / "out"), "--config", str(tmp_path / "config.yaml")]
    assert command.main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_value_that_a_private_element_cannot_hold_removes_it(tmp_path: Path, raw: Path) -> None:
    ds = pydicom.dcmread(raw)
    ds.private_block(0x0077, "SOMEONE").add_new(0x02, "US", 3)
    pydicom.dcmwrite(raw, ds)
    done, folder = run(tmp_path, record_of(raw), overrides={"0077,SOMEONE,02": {"replace": "many"}})
    assert done.ok
    clean = pydicom.dcmread(folder / "dicom/s001/000001.dcm")
    assert (0x0077, 0x1002) not in clean


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("*epfid2d1_64", "*epfid2d1_64"),
        ("*tfl3d1_16ns", "*tfl3d1_16ns"),
        ("*fm2d Smith 3d", "*fm2d  3d"),
        ("johnson", ""),
        ("se2d 4711234", "se2d "),
        ("-1.87494 8HRBRAIN", "-1.87494 8HRBRAIN"),
    ],
)
def test_technical_text_keeps_codes_and_no_typed_words(tmp_path: Path, raw: Path, value: str, clean: str) -> None:
    ds = pydicom.dcmread(raw)
    ds.SequenceName = value
    ds.AnatomicRegionSequence[0].CodeValue = "Mr Smith"
    ds.ManufacturerModelName = "MAGNETOM Prisma Fit"
    pydicom.dcmwrite(raw, ds)
    done, folder = run(tmp_path, record_of(raw))
    assert done.ok
    written = pydicom.dcmread(folder / "dicom/s001/000001.dcm")
    assert (written.SequenceName or "").strip() == clean.strip()
    assert "Smith" not in str(written)
    assert written.AnatomicRegionSequence[0].CodeValue
    assert written.ManufacturerModelName == "MAGNETOM Prisma Fit"
