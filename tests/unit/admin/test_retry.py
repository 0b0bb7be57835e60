"""What is tried again: what a machine, a tool or a missing file stopped, and nothing else."""

import pytest

from unface.admin import retry
from unface.release import verdicts
from unface.release.verdicts import Verdict
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.stages import STAGES

FINGERPRINTS = {stage: {"settings": stage, "code": "c"} for stage in STAGES}


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "results")


def passed_through(layout, subject, code=None, at="convert"):
    """A session whose stages have all run; `code` is why the stage `at` withheld it."""

    def work(task):
        if code and task.stage == at:
            task.withhold(code, "for a reason")

    names = SessionId(subject, "s1")
    for path in (layout.record(names), layout.identifiers(names)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    files = {"deidentify": [layout.record(names)], "audit": [layout.identifiers(names)]}
    for stage in STAGES:
        options = {"sources": STAGES[stage].sources, "files": files.get(stage, [])}
        outcome.run_stage(stage, names, work, layout=layout, fingerprint=FINGERPRINTS[stage], **options)
    return names


def stages(layout, subject):
    return [stage for stage in STAGES if layout.stage(stage, SessionId(subject, "s1")).exists()]


def test_the_stage_that_stopped_a_session_and_what_follows_are_forgotten(layout):
    names = [passed_through(layout, "a1", "tool_timeout"), passed_through(layout, "a2")]
    layout.verdicts.parent.mkdir()
    layout.verdicts.touch()
    logs = [layout.log("convert", name) for name in ("a1_s1", "a1_s10")]
    for log in logs:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    assert retry.forget(layout, names, FINGERPRINTS) == [("a1", "s1")]
    assert stages(layout, "a1") == ["deidentify"]
    assert stages(layout, "a2") == list(STAGES)
    assert [log.exists() for log in logs] == [False, True], "status would take it for one that failed"
    assert not layout.verdicts.exists()


def test_what_the_images_themselves_stop_stays_withheld(layout):
    assert retry.forget(layout, [passed_through(layout, "a1", "registration_failed", at="deface")], FINGERPRINTS) == []
    assert stages(layout, "a1") == list(STAGES)


def test_a_damaged_result_is_forgotten(layout):
    names = passed_through(layout, "a1")
    (layout.stage("deface", names) / outcome.FILE).write_text("{")
    assert retry.forget(layout, [names], FINGERPRINTS) == [names]
    assert stages(layout, "a1") == ["deidentify", "convert"]


def test_a_result_of_other_settings_that_snakemake_takes_for_good_is_forgotten(layout):
    names = passed_through(layout, "a1")
    today = {**FINGERPRINTS, "convert": {"settings": "changed", "code": "c"}}
    assert retry.forget(layout, [names], today) == [names]
    assert stages(layout, "a1") == ["deidentify"]


def test_a_conversion_by_the_plan_of_its_own_session_stays(layout):
    names = passed_through(layout, "a1")
    of_all = {**FINGERPRINTS, "convert": {"settings": "all rules", "code": "c"}}
    assert retry.forget(layout, [names], of_all, {names: FINGERPRINTS["convert"]}) == []
    assert stages(layout, "a1") == list(STAGES)


def test_a_session_whose_files_are_not_what_the_audit_saw_is_made_anew_as_a_whole(layout):
    names = passed_through(layout, "a1")
    assert retry.forget(layout, [names], FINGERPRINTS) == []
    verdicts.write(layout.verdicts, [Verdict(names, (outcome.Reason("provenance", "saw other files"),))])
    assert retry.forget(layout, [names], FINGERPRINTS) == [names]
    assert stages(layout, "a1") == []


def test_a_session_that_is_still_under_way_is_left_alone(layout):
    names = passed_through(layout, "a1")
    for stage in list(STAGES)[3:]:
        retry.shutil.rmtree(layout.stage(stage, names))
    assert retry.forget(layout, [names], FINGERPRINTS) == []


def test_every_reason_that_is_worth_a_retry_is_a_reason():
    assert set(outcome.REASONS) >= retry.WORTH_RETRYING
