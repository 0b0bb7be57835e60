"""How far a run is, at any time, from what lies on disk."""

import fcntl
import os
from pathlib import Path

import pytest

from tests.support.staged_sessions import FINGERPRINTS, stage_session
from unface.admin.status import Status, lines, status
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.outcome import WithheldError, Work
from unface.run.sessions import SessionId

DONE, BROKEN, BEGUN, WAITING = (
    SessionId("abc", "s1"),
    SessionId("bcd", "s1"),
    SessionId("cde", "s1"),
    SessionId("def", "s1"),
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """One session through every stage, one withheld by its headers, one in the middle of them, one not begun."""
    layout = Layout(tmp_path / "results")
    stage_session(layout, DONE)

    def broken(_work: Work) -> None:
        raise WithheldError("unreadable", "s001 is damaged")

    options = {"layout": layout, "fingerprint": FINGERPRINTS["deidentify"]}
    outcome.run_stage("deidentify", BROKEN, broken, **options)  # type: ignore[arg-type]
    outcome.run_stage("convert", BROKEN, broken, **options, sources=["deidentify"])  # type: ignore[arg-type]
    layout.stage(".deidentify.abc.part", BEGUN).mkdir(parents=True)
    layout.sessions.write_text(
        "subject\tsession\n" + "".join("\t".join(s) + "\n" for s in (DONE, BROKEN, BEGUN, WAITING))
    )
    for rule in ("deidentify", "convert", "deface", "measure", "compare", "audit"):
        log = layout.log(rule, "abc_s1")
        log.parent.mkdir(parents=True)
        log.write_text("CPU 20.00 s, memory 100 MB\n")
    return layout


def counts(found: Status, stage: str) -> tuple[int, dict[str, int], int, int, int, int]:
    one = next(one for one in found.stages if one.stage == stage)
    return one.ok, dict(one.withheld), one.passed_on, one.running, len(one.failed), one.left


def test_each_session_is_counted_once_in_each_stage(layout: Layout) -> None:
    with (layout.results / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = status(layout)
    assert found.alive
    assert counts(found, "deidentify") == (1, {"unreadable": 1}, 0, 1, 0, 1)
    assert counts(found, "convert") == (1, {}, 1, 0, 0, 2)
    assert counts(found, "audit") == (1, {}, 0, 0, 0, 3)


def test_what_was_begun_and_goes_on_no_more_has_failed(layout: Layout) -> None:
    layout.log("deidentify", "def_s1").write_text("OSError\n")
    found = status(layout)
    assert not found.alive
    assert counts(found, "deidentify") == (1, {"unreadable": 1}, 0, 0, 2, 0)


def test_a_damaged_outcome_is_not_done(layout: Layout) -> None:
    path = layout.stage("audit", DONE) / outcome.FILE
    path.write_text(path.read_text()[:40])
    assert counts(status(layout), "audit")[0] == 0


def test_the_time_to_go_follows_from_the_work_of_the_last_hour(layout: Layout) -> None:
    began = 1_000_000.0
    for path in (layout.results / "logs").rglob("*.log"):
        os.utime(path, (began, began))
    for path in layout.restricted.rglob(outcome.FILE):
        os.utime(path, (began + 100, began + 100))
    found = status(layout, now=began + 180)
    # 9 jobs of 20 s in 180 s are one job at a time; 2 + 2 + 5 x 3 = 19 jobs of 20 s are left.
    assert found.to_go_s == pytest.approx(19 * 20)
    assert found.rate == pytest.approx(20)


def test_the_status_names_reasons_and_pseudonyms_only(layout: Layout) -> None:
    text = "\n".join(lines(status(layout)))
    assert "1  deidentify: unreadable (a raw file is damaged and cannot be read in full)" in text
    assert "failed in deidentify: cde_s1" in text
