"""What a change would redo, in plain words."""

from pathlib import Path

import pytest

from tests.support.staged_sessions import FINGERPRINTS, run, stage_session
from unface.admin.plan import Plan, differing, lines, plan, said
from unface.run.layout import Layout
from unface.run.sessions import SessionId

A, B = SessionId("abc", "s1"), SessionId("bcd", "s1")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "results")
    for names in (A, B):
        stage_session(layout, names)
        layout.clean_dicom(names).mkdir()
    layout.sessions.write_text("subject\tsession\nabc\ts1\nbcd\ts1\n")
    log = layout.log("compare", "abc_s1")
    log.parent.mkdir(parents=True)
    log.write_text("nothing to say\nCPU 3600.00 s, memory 100 MB\n")
    layout.log("compare", "bcd_s1").write_text("killed before its last line\n")
    return layout


def found(result: Plan) -> dict[str, tuple[str, int]]:
    return {one.stage: (one.reason, one.sessions) for one in result.redo}


def other(stage: str, part: str) -> dict[str, dict[str, str]]:
    return {**FINGERPRINTS, stage: {**FINGERPRINTS[stage], part: "other"}}


def test_nothing_is_planned_where_nothing_changed(layout: Layout) -> None:
    result = plan(layout, FINGERPRINTS)
    assert result.redo == []
    assert "no more than the release" in "\n".join(lines(result))


def test_a_changed_limit_redoes_verdicts_and_no_image(layout: Layout) -> None:
    result = plan(layout, other("compare", "settings"), changed=["compare.gm_percent", "report.title"])
    assert found(result) == {"compare": ("settings changed: compare.gm_percent", 2)}
    assert result.redo[0].cpu_h == 2.0


def test_a_changed_tag_rule_redoes_the_headers_and_what_follows(layout: Layout) -> None:
    result = found(plan(layout, other("deidentify", "settings"), changed=["deidentify.overrides.StudyID"]))
    assert result.pop("deidentify") == ("settings changed: deidentify.overrides.StudyID", 2)
    assert set(result.values()) == {("follows from deidentify", 2)}
    assert set(result) == {
        *("convert", "deface", "measure-original", "measure-defaced", "compare", "audit"),
    }


def test_a_changed_mapping_rule_concerns_the_sessions_alone_whose_plan_it_changes(layout: Layout) -> None:
    result = found(plan(layout, FINGERPRINTS, {A: {**FINGERPRINTS["convert"], "settings": "other"}}))
    assert result["convert"] == ("settings changed", 1)
    assert result["audit"] == ("follows from convert", 1)
    assert "deidentify" not in result


def test_clean_dicom_that_was_not_kept_is_made_again_where_it_is_needed(layout: Layout) -> None:
    layout.clean_dicom(A).rmdir()
    assert "deidentify" not in found(plan(layout, other("audit", "settings")))
    result = found(plan(layout, other("convert", "settings")))
    assert result["deidentify"] == ("the clean DICOM was not kept", 1)


def test_changed_code_new_sessions_and_changed_files_are_told_apart(layout: Layout) -> None:
    layout.sessions.write_text("subject\tsession\nabc\ts1\nbcd\ts1\nnew\ts1\n")
    layout.record(A).write_text("{}")
    rows = [(one.stage, one.reason, one.sessions) for one in plan(layout, other("audit", "code")).redo]
    assert ("deidentify", "raw files changed", 1) in rows
    assert ("deidentify", "not done yet", 1) in rows
    assert ("audit", "unface's code changed", 2) in rows


def test_a_stage_whose_input_changed_behind_it_is_planned_as_the_gate_withholds_it(layout: Layout) -> None:
    defaced = layout.stage("deface", A) / "outcome.json"
    defaced.write_text(defaced.read_text() + "\n")
    layout.identifiers(B).write_text("{}")
    result = plan(layout, FINGERPRINTS)
    assert {(one.stage, one.reason, one.sessions) for one in result.redo} == {
        ("measure-defaced", "its inputs changed since", 1),
        ("compare", "follows from measure-defaced", 1),
        ("audit", "its inputs changed since", 2),
    }
    assert [{reason.code for reason in one.reasons} for one in run(layout, [A, B]).sessions] == [{"provenance"}] * 2
    defaced.write_text((layout.stage("compare", A) / "outcome.json").read_text())
    assert found(plan(layout, FINGERPRINTS))["deface"] == ("it holds the result of another session or stage", 1)


def test_the_plan_reads_well(layout: Layout) -> None:
    text = "\n".join(lines(plan(layout, other("compare", "settings"), changed=["compare.gm_percent"])))
    assert "compare                        2        2.00  settings changed: compare.gm_percent" in text
    assert "About 2.00 CPU hours" in text


def test_settings_that_differ_are_found_by_their_dotted_names() -> None:
    assert differing({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "d": [1], "e": None}) == ["a.c"]
    assert differing({"select": []}, {"select": [{"field": "Modality"}]}) == ["select"]


def test_the_plan_says_how_many_words_of_headers_labels_do_not_hold(layout: Layout) -> None:
    def told() -> str:
        return said(layout, {}, FINGERPRINTS, {}, sample=(), mapped=True)

    assert "label_words" not in told()
    layout.label_words.write_text("word\tbecomes\nanna\tleft out\nberta\ta neutral label\nemil\tas a person says\n")
    assert "2 words of protocol names stand in no list for labels: 1 are left out, 1 are neutral" in told()
    assert "anna" not in told()
