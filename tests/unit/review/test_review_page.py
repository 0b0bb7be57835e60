"""The page that a curator judges one session by."""

import re
import stat
from pathlib import Path

import pytest

from tests.support.report_cohort import Cohort
from unface.review import ratings
from unface.review.review import review_session
from unface.run import outcome
from unface.run.image_names import mask_path
from unface.run.sessions import SessionId


def page_of(report_cohort: Cohort, session: SessionId, output: Path) -> str:
    review_session(report_cohort.layout, session, output, output.with_suffix(".json"), title="Cohort <A> & B")
    return output.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(report_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("review") / "page.html"
    page_of(report_cohort, SessionId("ok0", "a1"), output)
    return output


def test_the_page_shows_slices_and_surfaces_before_and_after(whole: Path) -> None:
    text = whole.read_text(encoding="utf-8")
    for caption in ("Sagittal, middle, before", "Axial, face, after", "Front, before", "Left, after"):
        assert re.search(f'<img src="data:image/jpeg;base64,[^"]{{200,}}" alt="{caption}">', text), caption


def test_the_page_has_the_checks_with_their_limits_and_the_agreement(whole: Path) -> None:
    text = whole.read_text(encoding="utf-8")
    assert re.search(r"<td>ngf</td>.*?&gt;= 0\.61", text, re.DOTALL)
    assert "2 to 35" in text
    assert "region 12" in text


def test_the_page_asks_for_nothing_from_outside(whole: Path) -> None:
    text = whole.read_text(encoding="utf-8")
    assert "http://" not in text
    assert "https://" not in text
    assert not re.search(r'src="(?!data:)', text)
    # It links to pages of its own folder alone.
    assert re.findall(r'href="([^"]*)"', text) == [
        "turns/previous-page.html",
        "index.html#ok0_a1",
        "turns/next-page.html",
    ]
    assert "<script" not in text


def test_heads_come_before_tables(whole: Path) -> None:
    text = whole.read_text(encoding="utf-8")
    assert text.index("<img") < text.index("<table")
    assert text.index("Checks of the defacing") < text.index("<h2>Stages</h2>") < text.index("<h2>Series</h2>")


def test_the_page_is_for_its_owner_alone_and_small(whole: Path) -> None:
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    assert whole.stat().st_size < 3_000_000
    assert sorted(path.name for path in whole.parent.iterdir()) == ["page.html", "page.json"]
    assert stat.S_IMODE(whole.with_suffix(".json").stat().st_mode) == 0o600
    assert whole.with_suffix(".json").stat().st_size < 30_000


def test_values_are_escaped(whole: Path) -> None:
    text = whole.read_text(encoding="utf-8")
    assert "Cohort &lt;A&gt; &amp; B" in text
    assert "<A>" not in text


@pytest.mark.slow
def test_two_runs_give_the_same_bytes(report_cohort: Cohort, whole: Path, tmp_path: Path) -> None:
    page_of(report_cohort, SessionId("ok0", "a1"), tmp_path / "again.html")
    again = (tmp_path / "again.html").read_text(encoding="utf-8")
    assert again.replace("-again.html", "-page.html") == whole.read_text(encoding="utf-8")
    assert (tmp_path / "again.json").read_bytes() == whole.with_suffix(".json").read_bytes()


def test_a_session_withheld_early_says_why_and_which_stages_were_not_done(
    report_cohort: Cohort, tmp_path: Path
) -> None:
    text = page_of(report_cohort, SessionId("torn", "b1"), tmp_path / "page.html")
    assert "s001 has a truncated file" in text
    assert text.count("not done: the session was withheld before") == 6
    assert "There is no head image to show" in text


@pytest.mark.slow
def test_a_head_that_failed_is_shown_with_its_failed_check(report_cohort: Cohort, tmp_path: Path) -> None:
    text = page_of(report_cohort, SessionId("turned", "c1"), tmp_path / "page.html")
    assert "the T1w could not be aligned" in text
    assert re.search(r"<td>ngf</td>.*?badge fail", text, re.DOTALL)
    assert "Sagittal, middle, after" in text
    assert "table of ratings" not in text, "it is withheld, whatever a person says"


def test_a_session_with_no_stage_at_all_has_a_page(report_cohort: Cohort, tmp_path: Path) -> None:
    text = page_of(report_cohort, SessionId("nobody", "z1"), tmp_path / "page.html")
    assert "Not finished" in text
    assert text.count("has not run") == 7


def test_a_face_mask_is_found_by_its_name_in_bids() -> None:
    assert mask_path("anat/sub-a_ses-b_run-1_T1w.nii.gz") == "anat/sub-a_ses-b_run-1_mod-T1w_defacemask.nii.gz"
    assert mask_path("pet/sub-a_ses-b_pet.nii.gz") is None


def test_the_page_shows_the_line_that_rates_an_image(report_cohort: Cohort, whole: Path, tmp_path: Path) -> None:
    defaced = outcome.read(report_cohort.layout.stage("deface", SessionId("ok0", "a1")))
    (shown,) = ratings.shown_images(defaced).values()
    table = tmp_path / "ratings.tsv"
    table.write_text(re.findall(r"<pre[^>]*>(.*?)</pre>", whole.read_text(encoding="utf-8"), re.DOTALL)[0] + "\n")
    assert ratings.read(table).by_shown == {shown: "pass"}
