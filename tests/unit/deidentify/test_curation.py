"""What a curator adds: demographics, overrides with values, the survey, the profile as a table."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
import yaml

from tests.support.one_patient import header, record_of, run
from unface.deidentify import command, survey
from unface.deidentify.profile import Profile
from unface.deidentify.values import ValueRewriter
from unface.identity.demographics import Demographics, from_folders
from unface.identity.header_search import HeaderSearch
from unface.identity.pseudonyms import Key
from unface.inventory.subjects import read_subjects
from unface.run.files import TableError
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import PROJECT, Deidentify


def clean_of(folder: Path) -> pydicom.Dataset:
    return pydicom.dcmread(folder / "dicom" / "s001" / "000001.dcm")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "CASE10 F 25_30"
    folder.mkdir()
    path = folder / "raw.dcm"
    pydicom.dcmwrite(path, header())
    return path


@pytest.mark.parametrize("width", [1, 5, 10, 20])
@pytest.mark.parametrize(("age", "oldest"), [("078Y", False), ("081Y", False), ("089Y", False), ("090Y", True)])
def test_headers_and_tables_band_an_age_alike_and_only_those_above_89_are_ninety(
    age: str, oldest: bool, width: int
) -> None:
    profile = Profile(
        Deidentify(options=(), clock_times="move", overrides={}, age_band_years=width, folder_pattern=None)
    )
    values = ValueRewriter(Key(b"k" * 32), 0, profile, HeaderSearch({}, frozenset()))
    banded = (values.apply("band", "AS", age.encode()) or b"").decode()
    assert banded == Demographics.of({"age": str(int(age[:3]))}, width).age
    assert (banded == "090Y") is oldest
    assert int(banded[:3]) >= int(age[:3])


@pytest.mark.parametrize(("column", "text"), [("age", "6 months"), ("age", "old"), ("sex", "2")])
def test_a_sex_or_an_age_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, column: str, text: str) -> None:
    path = tmp_path / "subjects.tsv"
    path.write_text(f"patient_id\tsubject\t{column}\nX\tasub\tn/a\nY\tbsub\t{text}\n")
    with pytest.raises(TableError, match=f"line 3: {column} must be") as refused:
        read_subjects(path)
    assert text not in str(refused.value)


def test_sex_and_age_come_from_the_folders_name(tmp_path: Path, raw: Path) -> None:
    pattern = r"CASE\d+ (?P<sex>[FM]) (?P<age>\d+_\d+)"
    assert from_folders(pattern, raw, 5) == Demographics("F", "030Y")
    done, folder = run(tmp_path, record_of(raw), folder_pattern=pattern)
    assert done.ok
    assert (clean_of(folder).PatientSex, clean_of(folder).PatientAge) == ("F", "030Y")


def test_sex_and_age_come_from_the_table_of_subjects_and_the_sessions_row_goes_first(tmp_path: Path, raw: Path) -> None:
    path = tmp_path / "subjects.tsv"
    path.write_text("patient_id\tstudy_uid\tsubject\tsession\tsex\tage\nX\t\tasub\t\tM\t41\nX\t1.2\tasub\tses2\t\t43\n")
    table = read_subjects(path)
    assert table.demographics(SessionId("asub", "ses2")) == {"sex": "M", "age": "43"}
    assert table.demographics(SessionId("asub", "ses1")) == {"sex": "M", "age": "41"}
    assert table.demographics(SessionId("other", "ses1")) == {}
    pattern = r"CASE\d+ (?P<sex>[FM]) (?P<age>\d+_\d+)"
    record = replace(record_of(raw), demographics={"sex": "male"})
    assert run(tmp_path, record, folder_pattern=pattern)[0].ok
    clean = clean_of(Layout(tmp_path / "results").stage("deidentify", SessionId("asub", "ses1")))
    assert (clean.PatientSex, clean.PatientAge) == ("M", "030Y")


def test_overrides_replace_and_randomise_values(tmp_path: Path, raw: Path) -> None:
    overrides = {
        "StudyDescription": {"replace": "Brain study"},
        "SeriesNumber": {"replace": "7"},
        "StudyID": "randomise",
    }
    ds = header()
    ds.StudyDescription, ds.SeriesNumber, ds.StudyID = "Mrs Doe", 3, "AB-12345"
    pydicom.dcmwrite(raw, ds)
    done, folder = run(tmp_path, record_of(raw), overrides=overrides)
    assert done.ok
    clean = clean_of(folder)
    assert (clean.StudyDescription, clean.SeriesNumber) == ("Brain study", 7)
    assert clean.StudyID != "AB-12345"
    assert [part.isdigit() for part in clean.StudyID] == [part.isdigit() for part in "AB-12345"]


def test_the_survey_tells_what_varies_and_what_happened_without_any_value(tmp_path: Path, raw: Path) -> None:
    run(tmp_path, record_of(raw))
    layout = Layout(tmp_path / "results")
    text = (layout.stage("deidentify", SessionId("asub", "ses1")) / survey.FILE).read_text()
    other = layout.stage("deidentify", SessionId("bsub", "ses1"))
    other.mkdir(parents=True)
    name = json.dumps({"attribute": ["00100010", "", "PN"], "files": 2, "values": ["a", "b"], "actions": ["remove"]})
    (other / survey.FILE).write_text(name + "\n")
    output = tmp_path / "survey.tsv"
    survey.merge(layout, [SessionId("asub", "ses1"), SessionId("bsub", "ses1"), SessionId("csub", "ses1")], output)
    with output.open(newline="") as file:
        rows = {(row["tag"], row["creator"]): row for row in csv.DictReader(file, delimiter="\t")}
    name_row = rows["00100010", ""]
    assert (name_row["keyword"], name_row["files"], name_row["subjects"]) == ("PatientName", "3", "2")
    assert (name_row["across_subjects"], name_row["within_subject"], name_row["action"]) == (
        "differs",
        "differs",
        "remove",
    )
    assert rows["0019xx0c", "SIEMENS MR HEADER"]["action"] == "check"
    assert rows["0077xx01", survey.UNLISTED]["files"] == "1"
    assert rows["00400275.00100010", ""]["action"] == "remove"
    for value in ("DOE", "JANE", "77123", "SOMEONE", "20211105"):
        assert value not in text + output.read_text()


def test_the_profile_in_force_is_printed_with_what_happens_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    overrides = {"StationName": {"replace": "A"}, "0029,SIEMENS CSA HEADER,10": "remove"}
    config["deidentify"] = {**config["deidentify"], "overrides": overrides}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    assert command.main(["--profile", "--config", str(path)]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines(), delimiter="\t"))
    by_tag = {(row["tag"], row["creator"], row["type"]): (row["action"], row["why"]) for row in rows}
    assert by_tag["00081010", "", "any"] == ("replace: A", "override")
    assert by_tag["0029xx10", "SIEMENS CSA HEADER", ""] == ("remove", "override")
    assert by_tag["00100010", "", "2 3 unknown"] == ("remove", "unface writes its own")
    assert by_tag["00100020", "", "1"] == ("dummy", "Z/D: Basic Profile")
    assert by_tag["00120063", "", "any"] == ("remove", "unface writes its own")
    assert by_tag["00080020", "", "any"] == ("date", "C: retain_longitudinal_modified_dates")
    assert by_tag["00080050", "", "1"][0] == "dummy"
    assert len(rows) > 700
