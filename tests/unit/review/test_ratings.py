"""An image that the checks leave undecided waits for a person; a rating holds for the very result it was made of."""

import shutil
from pathlib import Path

import pytest

from tests.support.staged_sessions import run, stage_session
from unface.release.verdicts import Verdicts
from unface.review import ratings
from unface.review.ratings import RATING_COLUMNS, ShownImage
from unface.run import outcome
from unface.run.files import TableError
from unface.run.layout import Layout
from unface.run.sessions import SessionId

A = SessionId("abc", "s1")
IMAGE = "sub-abc/ses-s1/anat/sub-abc_ses-s1_T1w.nii.gz"
FAILED = {"state": "fail", "review": [], "checks": {}}
UNDECIDED = {"state": "review", "review": ["registration_failed"], "checks": {}}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "ratings.tsv"


def rated(layout: Layout, rating: str) -> ratings.Ratings:
    """The session's T1w, as it is now, rated."""
    shown = ratings.shown_images(outcome.read(layout.stage("deface", A)))[IMAGE]
    return ratings.Ratings({shown: rating})


def codes(verdicts: Verdicts) -> list[str]:
    return [reason.code for verdict in verdicts.sessions for reason in verdict.reasons]


def test_an_undecided_image_is_withheld_until_a_person_passes_it(layout: Layout) -> None:
    stage_session(layout, face=UNDECIDED)
    assert codes(run(layout, [A])) == ["needs_review"]
    assert not layout.release.exists()
    assert codes(run(layout, [A], rated=rated(layout, "pass"))) == []
    assert (layout.release / IMAGE).exists()


def test_a_rating_of_another_result_does_not_count_and_the_reason_says_so(layout: Layout) -> None:
    stage_session(layout, face=UNDECIDED)
    old = ShownImage(IMAGE, "0" * 64, "1" * 64)
    verdicts = run(layout, [A], rated=ratings.Ratings({old: "pass"}))
    assert codes(verdicts) == ["needs_review"]
    assert "rate it anew" in verdicts.sessions[0].reasons[0].sentence


def test_a_person_can_fail_an_image_that_passed_every_check(layout: Layout) -> None:
    stage_session(layout)
    assert codes(run(layout, [A], rated=rated(layout, "fail"))) == ["rated_fail"]


def test_a_fail_of_another_result_asks_anew_even_where_every_check_passes(layout: Layout) -> None:
    stage_session(layout)
    old = ShownImage(IMAGE, "0" * 64, "1" * 64)
    assert codes(run(layout, [A], rated=ratings.Ratings({old: "fail"}))) == ["needs_review"]
    assert codes(run(layout, [A], rated=ratings.Ratings({**rated(layout, "pass").by_shown, old: "fail"}))) == []


def test_a_lone_quotation_mark_in_a_comment_hides_no_later_row(table: Path) -> None:
    other = GOOD.replace("T1w", "T2w").replace("pass", "fail")
    table.write_text(f'{HEADER}\n{GOOD}"\n{other}\n')
    assert sorted(ratings.read(table).by_shown.values()) == ["fail", "pass"]


def test_no_rating_releases_what_a_check_failed(layout: Layout) -> None:
    stage_session(layout, face=FAILED, on_defaced=lambda work: work.withhold("face_left", "the T1w keeps its face"))
    passed = rated(layout, "pass")
    assert len(passed.by_shown) == 1
    assert "face_left" in codes(run(layout, [A], rated=passed))
    assert not layout.release.exists()


@pytest.mark.parametrize("stage_before", ["deface", "audit"])
def test_nobody_is_asked_for_a_rating_that_would_release_nothing(layout: Layout, stage_before: str) -> None:
    """By a stage that withholds, and by a result that is not today's."""
    withhold = stage_before == "deface"
    stage_session(
        layout,
        face=UNDECIDED,
        on_defaced=lambda work: work.withhold("engine_missing", "no engine") if withhold else None,
    )
    if not withhold:
        shutil.rmtree(layout.stage("audit", A))
    verdicts = run(layout, [A])
    assert "needs_review" not in codes(verdicts)
    assert codes(verdicts)
    assert not any("rating" in note for note in verdicts.notes)
    assert len(layout.ratings_wanted.read_text().splitlines()) == 1
    assert "rated_fail" in codes(run(layout, [A], rated=rated(layout, "fail")))


def test_the_reason_for_a_review_has_a_code_of_its_own(layout: Layout) -> None:
    stage_session(layout, face={"state": "review", "review": ["defaced_before"], "checks": {}})
    assert codes(run(layout, [A])) == ["defaced_before"]


def test_the_table_of_what_waits_can_be_filled_in_and_read_back(layout: Layout, table: Path) -> None:
    stage_session(layout, face=UNDECIDED)
    verdicts = run(layout, [A])
    assert any("rating" in note for note in verdicts.notes)
    assert layout.ratings_wanted.stat().st_mode & 0o777 == 0o600
    table.write_text(layout.ratings_wanted.read_text())
    assert ratings.read(table).by_shown == {}
    table.write_text(table.read_text().replace("\t\t\t", "\tpass\tme\tface gone\t"))
    assert codes(run(layout, [A], rated=ratings.read(table))) == []
    assert len(layout.ratings_wanted.read_text().splitlines()) == 1
    assert ratings.read(layout.ratings_wanted).by_shown == {}


def filled(row: tuple[str, ...], *cells: str) -> str:
    return "\t".join([*row[:3], *cells]) + "\n"


OLD = ShownImage(IMAGE, "c" * 64, "d" * 64)
NEW = ShownImage(IMAGE.replace("T1w", "T2w"), "e" * 64, "f" * 64)


def test_a_table_that_is_filled_in_where_it_lies_keeps_every_rating_byte_for_byte(layout: Layout) -> None:
    stage_session(layout, face=UNDECIDED)
    run(layout, [A])
    wanted = layout.ratings_wanted
    wanted.write_text(wanted.read_text().replace("\t\t\t", "\tpass\tme\t"))
    done = wanted.read_bytes()
    for _ in range(2):
        assert codes(run(layout, [A], rated=ratings.read(wanted))) == []
        assert wanted.read_bytes() == done


@pytest.mark.parametrize("cells", [("pass", "", ""), ("FAIL", "me", ""), ("", "", "unsure"), ("perhaps", "me", "")])
def test_a_line_in_which_somebody_wrote_stays_when_other_images_wait(table: Path, cells: tuple[str, ...]) -> None:
    mine = filled(OLD.row(), *cells)
    table.write_text(f"{HEADER}\n{mine}{filled(NEW.row(), '', '', '')}")
    other = ShownImage(NEW.image, "0" * 64, "1" * 64)
    ratings.write_wanted(table, [other])
    assert table.read_text() == f"{HEADER}\n{mine}{filled(other.row(), '', '', '')}"


def test_a_column_that_a_rater_added_stays(table: Path) -> None:
    table.write_text(f"{HEADER}\tday\n{filled(OLD.row(), 'pass', 'me', '', 'Monday')}")
    ratings.write_wanted(table, [NEW])
    assert "pass\tme\t\tMonday\n" in table.read_text()
    assert table.read_text().endswith(filled(NEW.row(), "", "", "", ""))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00i", b"image,rating\nx,pass\n", f"{'x' * 9}".encode()])
def test_a_table_that_cannot_be_read_is_left_as_it_is_and_another_is_named(table: Path, content: bytes) -> None:
    table.write_bytes(content)
    wanted = ratings.write_wanted(table, [NEW])
    assert table.read_bytes() == content
    assert wanted.table != table
    assert wanted.table.name in wanted.note(ratings.Ratings({}))
    assert ratings.write_wanted(table, [NEW]).table == wanted.table


def test_the_note_says_what_to_do_by_what_the_setting_names(table: Path) -> None:
    wanted = ratings.write_wanted(table, [NEW])
    assert "name it as the setting `ratings`" in wanted.note(ratings.read(None))
    assert "ratings so far stay" in wanted.note(ratings.read(table))
    other = table.with_name("mine.tsv")
    other.write_text(f"{HEADER}\n")
    assert "copy its lines into the table that the setting" in wanted.note(ratings.read(other))


def test_ratings_in_a_table_that_no_setting_names_are_counted_as_idle(table: Path) -> None:
    table.write_text(f"{HEADER}\n{filled(NEW.row(), 'pass', '', '')}")
    assert "1 of them have a rating there, which does not count" in ratings.write_wanted(table, [NEW]).note(
        ratings.read(None)
    )


HEADER = "\t".join(RATING_COLUMNS)
GOOD = f"{IMAGE}\t{'a' * 64}\t{'b' * 64}\tpass\t\t"
WRONG = {
    "no column": ("image\trating\n", "column image_sha256 and mask_sha256 is missing"),
    "rating": (f"{HEADER}\n{GOOD.replace('pass', 'good')}\n", "line 2: rating has to be pass or fail"),
    "digest": (f"{HEADER}\n{GOOD.replace('b' * 64, 'b')}\n", "line 2: image_sha256 and mask_sha256 are 64"),
    "image": (f"{HEADER}\n{GOOD.replace('.nii.gz', '')}\n", "line 2: image has to be the path"),
    "both": (f"{HEADER}\n{GOOD}\n{GOOD.replace('pass', 'fail')}\n", "line 3: the same result has another rating"),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_a_wrong_table_is_refused_by_line(table: Path, wrong: str) -> None:
    content, message = WRONG[wrong]
    table.write_text(content)
    with pytest.raises(TableError, match=message):
        ratings.read(table)


def test_no_table_is_no_rating() -> None:
    assert ratings.read(None).by_shown == {}
