"""What a change would redo, in plain words."""

from pathlib import Path

import pytest

from staged_sessions import PROTOCOLS, run, session
from unface.cohort.plan import Plan, differing, lines, plan
from unface.layout import Layout

A, B = ("abc", "s1"), ("bcd", "s1")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "results")
    for names in (A, B):
        session(layout, names)
        layout.clean_dicom(*names).mkdir()
    layout.sessions.write_text("subject\tsession\nabc\ts1\nbcd\ts1\n")
    log = layout.log("compare_brains", "abc_s1")
    log.parent.mkdir(parents=True)
    log.write_text("nothing to say\nCPU 3600.00 s, memory 100 MB\n")
    layout.log("compare_brains", "bcd_s1").write_text("killed before its last line\n")
    return layout


def found(result: Plan) -> dict[str, tuple[str, int]]:
    return {one.stage: (one.reason, one.sessions) for one in result.redo}


def other(stage: str, part: str) -> dict[str, dict[str, str]]:
    return {**PROTOCOLS, stage: {**PROTOCOLS[stage], part: "other"}}


def test_nothing_is_planned_where_nothing_changed(layout: Layout) -> None:
    result = plan(layout, PROTOCOLS)
    assert result.redo == []
    assert "no more than the release" in "\n".join(lines(result))


def test_a_changed_limit_redoes_verdicts_and_no_image(layout: Layout) -> None:
    result = plan(layout, other("agreement", "settings"), changed=["morphometry.limits.gm_percent", "report.title"])
    assert found(result) == {"agreement": ("settings changed: morphometry.limits.gm_percent", 2)}
    assert result.redo[0].cpu_h == 2.0


def test_a_changed_tag_rule_redoes_the_headers_and_what_follows(layout: Layout) -> None:
    result = found(plan(layout, other("deidentified", "settings"), changed=["deidentify.overrides.StudyID"]))
    assert result.pop("deidentified") == ("settings changed: deidentify.overrides.StudyID", 2)
    assert set(result.values()) == {("follows from deidentified", 2)}
    assert set(result) == {
        *("converted", "defaced", "morphometry-original", "morphometry-defaced", "agreement", "audit"),
    }


def test_a_changed_mapping_rule_concerns_the_sessions_alone_whose_plan_it_changes(layout: Layout) -> None:
    result = found(plan(layout, PROTOCOLS, {A: {**PROTOCOLS["converted"], "settings": "other"}}))
    assert result["converted"] == ("settings changed", 1)
    assert result["audit"] == ("follows from converted", 1)
    assert "deidentified" not in result


def test_clean_dicom_that_was_not_kept_is_made_again_where_it_is_needed(layout: Layout) -> None:
    layout.clean_dicom(*A).rmdir()
    assert "deidentified" not in found(plan(layout, other("audit", "settings")))
    result = found(plan(layout, other("converted", "settings")))
    assert result["deidentified"] == ("the clean DICOM was not kept", 1)


def test_changed_code_new_sessions_and_changed_files_are_told_apart(layout: Layout) -> None:
    layout.sessions.write_text("subject\tsession\nabc\ts1\nbcd\ts1\nnew\ts1\n")
    layout.record(*A).write_text("{}")
    rows = [(one.stage, one.reason, one.sessions) for one in plan(layout, other("audit", "code")).redo]
    assert ("deidentified", "raw files changed", 1) in rows
    assert ("deidentified", "not done yet", 1) in rows
    assert ("audit", "unface's code changed", 2) in rows


def test_a_stage_whose_input_changed_behind_it_is_planned_as_the_gate_withholds_it(layout: Layout) -> None:
    defaced = layout.stage("defaced", *A) / "outcome.json"
    defaced.write_text(defaced.read_text() + "\n")
    layout.identifiers(*B).write_text("{}")
    result = plan(layout, PROTOCOLS)
    assert {(one.stage, one.reason, one.sessions) for one in result.redo} == {
        ("morphometry-defaced", "its inputs changed since", 1),
        ("agreement", "follows from morphometry-defaced", 1),
        ("audit", "its inputs changed since", 2),
    }
    assert [{reason.code for reason in one.reasons} for one in run(layout, [A, B]).sessions] == [{"provenance"}] * 2
    defaced.write_text((layout.stage("agreement", *A) / "outcome.json").read_text())
    assert found(plan(layout, PROTOCOLS))["defaced"] == ("it holds the result of another session or stage", 1)


def test_the_plan_reads_well(layout: Layout) -> None:
    text = "\n".join(lines(plan(layout, other("agreement", "settings"), changed=["morphometry.limits.gm_percent"])))
    assert "agreement                      2        2.00  settings changed: morphometry.limits.gm_percent" in text
    assert "About 2.00 CPU hours" in text


def test_settings_that_differ_are_found_by_their_dotted_names() -> None:
    assert differing({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "d": [1], "e": None}) == ["a.c"]
    assert differing({"select": []}, {"select": [{"field": "Modality"}]}) == ["select"]
