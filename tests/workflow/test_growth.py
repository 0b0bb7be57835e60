"""A cohort that grows, and rules that change: only the sessions that this concerns are worked on again."""

from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from tests.support.dicom_factory import write_series
from tests.support.small_cohort import COARSE, Cohort, Run, jobs_in
from unface.run.layout import Layout

RULES = """rules:
# Nothing in here shows a face, so that a session takes seconds.
- {name: one, criteria: {Manufacturer: Siemens*}, datatype: func, suffix: sbref, entities: {task: one}}
- {name: two, criteria: {Manufacturer: GE*}, datatype: func, suffix: sbref, entities: {task: two}}
"""
OF_A_SESSION = dict.fromkeys(("deidentify", "convert", "deface", "compare", "audit", "review"), 1) | {"measure": 2}
OF_THE_COHORT = {"release": 1, "review_index": 1, "report": 1}


@dataclass(frozen=True)
class Growing:
    """A cohort of two sessions, on two scanners, that has been released."""

    folder: Path

    def snakemake(self, *arguments: str, **config: object) -> str:
        run = Run(self.folder, Cohort(self.folder / "dicom", (), ()))
        finished = run.snakemake(*arguments, convert={"rules": str(self.folder / "rules.yaml")}, **config)
        assert finished.returncode == 0, finished.stdout
        return finished.stdout

    def jobs(self, *arguments: str) -> dict[str, int]:
        """The jobs of a run by rule, without the targets that do nothing."""
        return jobs_in(self.snakemake(*arguments))

    def released(self) -> list[str]:
        """Names of the images in the release, without subject and session."""
        return sorted(path.name.split("_", 2)[2] for path in (self.folder / "results/release").rglob("*.nii.gz"))

    def change_rules(self, old: str, new: str) -> None:
        (self.folder / "rules.yaml").write_text(RULES.replace(old, new))


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Growing:
    folder = tmp_path_factory.mktemp("growing")
    for number, vendor in enumerate(("siemens", "ge")):
        write_series(folder / "dicom" / f"p{number}", number, vendor)
    (folder / "rules.yaml").write_text(RULES)
    cohort = Growing(folder)
    cohort.snakemake("inventory")
    cohort.snakemake()
    assert cohort.released() == ["task-one_sbref.nii.gz", "task-two_sbref.nii.gz"]
    return cohort


def test_a_changed_rule_shows_its_mapping_and_then_converts_the_sessions_it_concerns_alone(growing: Growing) -> None:
    # Tests that ran before it in this process may have added sessions.
    growing.snakemake()
    before = growing.released()
    concerned = before.count("task-two_sbref.nii.gz")
    growing.change_rules("task: two", "task: three")
    assert set(growing.jobs()) == {"scan", "inventory"}
    assert f"{concerned} sessions have another mapping" in (growing.folder / "results/summary.txt").read_text()
    follows = {rule: count * concerned for rule, count in OF_A_SESSION.items() if rule != "deidentify"}
    assert growing.jobs() == follows | OF_THE_COHORT
    assert growing.released() == sorted(name.replace("two", "three") for name in before)


def test_rules_that_say_the_same_in_other_words_convert_nothing(growing: Growing) -> None:
    (growing.folder / "rules.yaml").write_text((growing.folder / "rules.yaml").read_text() + "# looked at today\n")
    growing.snakemake("inventory")
    assert set(growing.jobs("--dry-run")) <= set(OF_THE_COHORT)


def test_an_added_session_is_all_that_is_worked_on(growing: Growing) -> None:
    growing.snakemake()
    write_series(growing.folder / "dicom" / "p2", 2, "siemens")
    growing.snakemake("inventory")
    assert growing.jobs("--dry-run") == OF_A_SESSION | OF_THE_COHORT | {"survey": 1}


def test_a_further_session_of_a_subject_has_the_audit_of_the_first_done_again_and_no_other(growing: Growing) -> None:
    growing.snakemake()
    paths, _ = write_series(growing.folder / "dicom" / "p0again", 0, "siemens")
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20200202"
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            ds[keyword].value += ".1"
        ds.save_as(path)
    growing.snakemake("inventory")
    # The page for review shows what the audit said.
    again = {"audit": 2, "review": 2}
    assert growing.jobs() == OF_A_SESSION | again | OF_THE_COHORT | {"survey": 1}
    assert set(growing.jobs("--dry-run")) <= set(OF_THE_COHORT)


def test_slices_and_then_the_release_alone_come_to_the_whole(growing: Growing) -> None:
    noise = {**COARSE, "noise_sessions": 1}
    write_series(growing.folder / "dicom" / "p3", 3, "ge")
    growing.snakemake("inventory", measure=noise)
    for part in (1, 2):
        said = growing.snakemake("each_session", "--batch", f"each_session={part}/2", measure=noise)
        assert "before the next run" not in said, "the words of the inventory before"
    growing.snakemake("cohort", "--allowed-rules", "cohort", *OF_THE_COHORT, "survey", "withdraw", measure=noise)
    sessions = Layout(growing.folder / "results").read_sessions()
    assert len(growing.released()) == len(sessions) > 2
