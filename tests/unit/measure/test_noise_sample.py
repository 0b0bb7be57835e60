"""The noise floor comes from sessions that can be measured: the next one takes the place of one that cannot."""

from pathlib import Path

import pytest

from unface.measure import records
from unface.measure.noise_sample import measured, noise_sample
from unface.run.files import write_whole
from unface.run.layout import Layout
from unface.run.outcome import Work, run_stage
from unface.run.sessions import SessionId, sampled
from unface.run.stages import NOISE_STAGES

SESSIONS = [SessionId(f"s{number}", "a") for number in range(5)]
FIRST, SECOND, THIRD = sampled(SESSIONS, 3)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def stage(layout: Layout, name: str, session: SessionId, *, withheld: bool = False, table: str = "") -> None:
    def work(work: Work) -> None:
        if withheld:
            work.withhold("unreadable", "a file is cut short")
        if table:
            write_whole(work.folder / records.MEASURES, table)

    run_stage(name, session, work, layout=layout, fingerprint={})


def test_before_any_run_the_sample_is_that_of_all_sessions(layout: Layout) -> None:
    assert noise_sample(layout, SESSIONS, 2) == [FIRST, SECOND]
    assert noise_sample(layout, SESSIONS, 0) == []


@pytest.mark.parametrize("withheld_at", ["convert", "measure-original"])
def test_a_session_that_is_withheld_gives_its_place_to_the_next(layout: Layout, withheld_at: str) -> None:
    if withheld_at != "convert":
        stage(layout, "convert", FIRST)
    stage(layout, withheld_at, FIRST, withheld=True)
    assert noise_sample(layout, SESSIONS, 2) == [SECOND, THIRD]


@pytest.mark.parametrize(("rows", "drawn"), [("", SECOND), ("x\ticv\n", FIRST)])
def test_a_session_without_an_image_to_measure_gives_its_place_to_the_next(
    layout: Layout, rows: str, drawn: SessionId
) -> None:
    stage(layout, "convert", FIRST)
    stage(layout, "measure-original", FIRST, table="image\tmeasure\n" + rows)
    assert noise_sample(layout, SESSIONS, 1) == [drawn]


def test_only_what_was_measured_again_counts(layout: Layout) -> None:
    for again in NOISE_STAGES:
        stage(layout, again, SECOND)
    assert measured(layout, [FIRST, SECOND]) == [SECOND]
