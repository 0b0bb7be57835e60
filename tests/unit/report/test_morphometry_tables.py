"""The tables of the cohort's morphometry: groups, noise floor, failures, and what their columns mean."""

import json
from pathlib import Path

import pytest

from tests.support.report_cohort import Cohort
from unface.report.summary import summary
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.sessions import SessionId

SEXES = {"ok0": ("F", "023Y"), "ok1": ("M", "025Y"), "ok2": ("F", "061Y"), "ok3": ("M", "066Y")}
SITES = {"ok0": "Aa", "ok1": "Aa", "ok2": "Bb", "ok3": "Bb"}


def write_patient(folder: Path, sex: str, age: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patient.json").write_text(json.dumps({"PatientSex": sex, "PatientAge": age}), encoding="utf-8")


def write_measures(folder: Path, value: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    row = f"sub-ok0/x_T1w.nii.gz\tgm\t\t{value}\tmL\n"
    (folder / "measures.tsv").write_text(f"image\tmeasure\tregion\tvalue\tunit\n{row}", encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    layout = Layout(tmp_path_factory.mktemp("results"))
    cohort = Cohort(layout)
    for seed, (subject, person) in enumerate(SEXES.items()):
        cohort.add(SessionId(subject, "a1"), seed=seed)
        write_patient(layout.stage("deidentify", SessionId(subject, "a1")), *person)
    write_measures(layout.stage("measure-original", SessionId("ok0", "a1")), 700)
    write_measures(layout.stage("measure-repeat", SessionId("ok0", "a1")), 700)
    write_measures(layout.stage("measure-shifted", SessionId("ok0", "a1")), 702)
    given = {subject: {"site": site} for subject, site in SITES.items()}
    summary(layout, cohort.sessions, layout.report, title="A", sample=[SessionId("ok0", "a1")], given=given)
    return layout.report


def test_every_measure_is_there_for_the_cohort_and_for_every_group(report: Path) -> None:
    rows = [row for row in read_table(report / "morphometry.tsv") if (row["measure"], row["region"]) == ("gm", "")]
    counted = {(row["grouping"], row["group"], row["sessions"]) for row in rows}
    assert counted == {
        ("all", "n/a", "4"),
        ("site", "Aa", "2"),
        ("site", "Bb", "2"),
        ("sex", "F", "2"),
        ("sex", "M", "2"),
        ("age", "21-30", "2"),
        ("age", "61-70", "2"),
    }


def test_bias_and_each_sessions_change_stand_beside_the_noise_floor(report: Path) -> None:
    (overall,) = [
        row
        for row in read_table(report / "morphometry.tsv")
        if (row["grouping"], row["measure"], row["region"]) == ("all", "gm", "")
    ]
    assert float(overall["noise"]) == 2
    assert float(overall["effect"]) == pytest.approx(float(overall["bias"]) / 2, rel=1e-4)
    rows = [
        row for row in read_table(report / "morphometry_sessions.tsv") if (row["measure"], row["region"]) == ("gm", "")
    ]
    assert len(rows) == 4
    for row in rows:
        assert float(row["times_noise"]) == pytest.approx(abs(float(row["difference"])) / 2, rel=1e-3)
        assert row["limit"] == "2"


def test_overlaps_of_a_session_are_in_its_table(report: Path) -> None:
    assert {"dice_gm", "dice"} <= {row["measure"] for row in read_table(report / "morphometry_sessions.tsv")}


def test_the_dictionary_describes_every_column_of_every_table(report: Path) -> None:
    dictionary = json.loads((report / "morphometry.json").read_text(encoding="utf-8"))
    for name, columns in dictionary.items():
        assert list(read_table(report / name)[0]) == list(columns)
        assert all(column["Description"] for column in columns.values())


def test_the_failures_are_counted_by_group(report: Path) -> None:
    rows = {(row["grouping"], row["group"]): row for row in read_table(report / "morphometry_failures.tsv")}
    assert rows["all", "n/a"]["sessions"] == "4"
    assert rows["sex", "F"]["failed_percent"] == "0.0"


def test_the_page_tells_the_noise_floor_and_shows_the_groups(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    assert "half a voxel of movement does to the originals of 1 session; measured twice" in text
    assert "Bias of each measure by group" in text
    assert "sex: F" in text
