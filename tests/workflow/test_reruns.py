"""What a change re-runs: its own stage, what follows, and nothing before it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from tests.support.dicom_factory import write_series
from tests.support.small_cohort import COARSE, LENIENT, Cohort, Run, planned
from unface.review.ratings import RATING_COLUMNS
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import PROJECT

DEIDENTIFY = [
    "deidentify",
    "convert",
    "deface",
    "measure",
    "compare",
    "audit",
    "release",
    "review",
    "review_index",
    "report",
]


def test_nothing_is_left_to_do_after_a_run(small_run):
    assert planned(small_run) == {}


@pytest.mark.parametrize(
    ("config", "rules"),
    [
        ({"select": "[{field: Modality, in: [MR]}]"}, [*DEIDENTIFY, "survey"]),
        ({"deidentify": "{age_band_years: 10}"}, [*DEIDENTIFY, "survey"]),
        ({"convert": "{repeats: last}"}, DEIDENTIFY[1:]),
        ({"deface": "{limits: {ngf_min: 0.5}}"}, DEIDENTIFY[2:]),
        (
            {"measure": COARSE | {"resolution_mm": 3.5}},
            ["measure", "compare", "release", "review", "review_index", "report"],
        ),
        (
            {"compare": LENIENT | {"gm_percent": 50}},
            ["compare", "release", "review", "review_index", "report"],
        ),
        (
            {"measure": COARSE | {"noise_sessions": 1}},
            ["measure", "report"],
        ),
        ({"audit": "{ignore: [BRAIN]}"}, ["audit", "release", "review", "review_index", "report"]),
        ({"release": "{name: Another}"}, ["release", "review_index", "report"]),
        ({"report": "{title: Another}"}, ["release", "review", "review_index", "report"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_changed_setting_reruns_its_stage_and_what_follows_and_nothing_before_it(small_run, config, rules):
    assert set(planned(small_run, **config)) == set(rules)


@pytest.mark.slow
def test_a_moved_results_folder_notices_changed_settings(small_run: Run, tmp_path: Path) -> None:
    """By a copy of it, of which Snakemake has no record: with the same settings no stage is made anew."""
    moved = replace(small_run, folder=tmp_path)
    shutil.copytree(small_run.results, moved.results, copy_function=shutil.copy2)
    assert set(planned(moved)) == {"release", "review_index", "report"}
    changed = planned(moved, deface="{limits: {ngf_min: 0.5}}")
    assert set(changed) == set(DEIDENTIFY[2:])
    assert changed["deface"] == len(small_run.cohort.expected)


def test_an_edited_row_of_the_table_of_subjects_reruns_that_subject_alone_after_a_new_inventory(tmp_path):
    patients = []
    for number in range(2):
        paths, _ = write_series(tmp_path / "dicom" / str(number), number)
        patients.append(pydicom.dcmread(paths[0]).PatientID)
    run = Run(tmp_path / "run", Cohort(tmp_path / "dicom", (), ()))
    run.folder.mkdir()
    table = tmp_path / "subjects.tsv"
    config = {"subjects": str(table)}
    clean = [f"results/restricted/work/{subject}/a/deidentify" for subject in ("s01", "s02")]

    def write(age: int) -> None:
        rows = f"{patients[0]}\ts01\ta\t30\n{patients[1]}\ts02\ta\t{age}\n"
        table.write_text(f"patient_id\tsubject\tsession\tage\n{rows}")

    write(41)
    for targets in (["inventory"], clean):
        finished = run.snakemake(*targets, **config)
        assert finished.returncode == 0, finished.stdout
    assert planned(run, *clean, **config) == {}
    write(42)
    assert planned(run, **config) == {"scan": 1, "inventory": 1}
    assert run.snakemake("inventory", **config).returncode == 0
    assert planned(run, *clean, **config) == {"deidentify": 1}


def test_a_job_on_a_cluster_reads_no_list_of_the_cohort(tmp_path: Path) -> None:
    """Each such job is a Snakemake of its own: what it reads of ten thousand sessions is read ten thousand times."""
    write_series(tmp_path / "dicom", 1)
    run = Run(tmp_path / "run", Cohort(tmp_path / "dicom", (), ()))
    run.folder.mkdir()
    assert run.snakemake("inventory").returncode == 0
    layout = Layout(run.results)
    subject, session = layout.read_sessions()[0]
    layout.sessions.write_bytes(b"\xff")
    job = ("--target-jobs", f"deidentify:subject={subject},session={session}", "--allowed-rules", "deidentify")
    finished = run.snakemake(*job, "--mode", "remote", "--force-use-threads")
    assert finished.returncode == 0, finished.stdout
    assert outcome.read(layout.stage("deidentify", SessionId(subject, session))).ok


def test_another_clone_of_the_same_code_is_no_change(small_run: Run, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(PROJECT, clone, ignore=shutil.ignore_patterns(".*", "demo", "docs", "tests", "benchmarks"))
    assert planned(replace(small_run, project=clone)) == {}
    (clone / "scripts" / "unface" / "deface" / "masks.py").open("a").write("# changed\n")
    assert planned(replace(small_run, project=clone))["deface"] == len(small_run.cohort.expected)


def test_a_withdrawal_acts_where_snakemake_has_no_records_of_the_last_run(small_run: Run, tmp_path: Path) -> None:
    shutil.copytree(small_run.results, tmp_path / "results")
    run = Run(tmp_path, small_run.cohort)
    # What made the release is not on record here: it alone is made anew, once, and no stage of any session.
    assert set(planned(run)) == {"release", "review_index", "report"}
    subject, _ = Layout(run.results).read_sessions()[0]
    table = tmp_path / "excluded.tsv"
    table.write_text(f"subject\n{subject}\n")
    assert {"withdraw", "release", "survey", "report"} <= planned(run, withdrawal={"subjects": str(table)}).keys()


def test_an_impossible_override_stops_snakemake_with_its_name_and_no_traceback(cohort, tmp_path):
    wrong = "{overrides: {StudyDate: {replace: '20210230'}, SeriesNumber: keep}}"
    finished = Run(tmp_path, cohort).snakemake("--dry-run", deidentify=wrong)
    assert finished.returncode != 0
    assert "deidentify.overrides: StudyDate: '20210230' is no value of VR DA" in finished.stdout
    assert "Traceback" not in finished.stdout


def test_a_changed_deface_setting_measures_the_originals_not_again(small_run):
    sessions = len(small_run.cohort.expected)
    assert planned(small_run, deface="{limits: {ngf_min: 0.5}}")["measure"] == sessions


def test_a_rating_makes_the_release_anew_and_no_image(small_run: Run, tmp_path: Path) -> None:
    table = tmp_path / "ratings.tsv"
    table.write_text("\t".join(RATING_COLUMNS) + "\n")
    assert set(planned(small_run, ratings=str(table))) == {"release", "review_index", "report"}


def test_a_wrong_table_of_ratings_stops_the_run_before_it_starts(small_run: Run, tmp_path: Path) -> None:
    table = tmp_path / "ratings.tsv"
    table.write_text("image\trating\n")
    finished = small_run.snakemake("--dry-run", ratings=str(table))
    assert finished.returncode != 0
    assert "ratings: the column image_sha256 and mask_sha256 is missing" in finished.stdout
