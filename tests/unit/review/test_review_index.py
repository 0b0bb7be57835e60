"""The list of review pages: who waits for a person first, and a way from page to page."""

import re
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unface.report import pictures
from unface.review.cards import Card, nearest
from unface.review.index import WITH_PICTURES, index
from unface.run.files import write_whole
from unface.run.layout import Layout
from unface.run.sessions import SessionId

FACE = pictures.data_uri(pictures.small(np.zeros((300, 200, 3), np.uint8)))
VERDICTS = "subject\tsession\tverdict\tcodes\treasons\n"


def check(value: float | None, *limits: float, relation: str = "at least", state: str = "pass", unit: str = "") -> Any:
    return {"value": value, "relation": relation, "limits": list(limits), "unit": unit, "remark": "", "state": state}


def image(**checks: Any) -> Any:
    return {"anat/sub-a_T1w.nii.gz": {"state": "pass", "checks": checks}}


class Pages:
    """Cards of sessions, and the list that is made of them."""

    def __init__(self, folder: Path) -> None:
        self.layout = Layout(folder)
        self.sessions: list[SessionId] = []
        self.verdicts = VERDICTS

    def add(self, name: str, verdict: str, codes: str = "", **checks: Any) -> None:
        session = SessionId(name, "a")
        self.sessions.append(session)
        Card("ready", (), nearest(image(**checks)), (FACE, FACE) if checks else ()).write(
            self.layout.review_card(session)
        )
        self.verdicts += f"{name}\ta\t{verdict}\t{codes}\tSentences.\n" if verdict else ""

    def make(self) -> str:
        write_whole(self.layout.verdicts, self.verdicts)
        where = {"page": self.layout.review_index, "turns": self.layout.review_turns}
        index(self.layout, self.sessions, **where, title="A <cohort>")
        return self.layout.review_index.read_text(encoding="utf-8")


@pytest.fixture
def cohort(tmp_path: Path) -> Pages:
    """Two that wait, two released, one withheld without a head, one that waits for more than a person."""
    made = Pages(tmp_path)
    made.add("far", "released", ngf=check(0.9, 0.61))
    made.add("near", "released", ngf=check(0.62, 0.61))
    made.add("torn", "withheld", "unreadable")
    made.add("waitsfar", "withheld", "needs_review", brain_margin_mm=check(1, 3, state="review"))
    made.add("waitsnear", "withheld", "defaced_before;needs_review", brain_margin_mm=check(2.9, 3, state="review"))
    made.add("both", "withheld", "needs_review;identifier_found", brain_margin_mm=check(2.9, 3, state="review"))
    return made


def order(page: str) -> list[str]:
    return re.findall(r'<li id="(\w+)_a">', page)


def test_who_waits_stands_first_and_nearest_to_a_limit(cohort: Pages) -> None:
    page = cohort.make()
    assert order(page) == ["waitsnear", "waitsfar", "near", "both", "far", "torn"]
    waiting, _, others = page.partition('<h2 id="others">')
    assert "Waiting for a person: 2" in waiting
    assert order(waiting) == ["waitsnear", "waitsfar"]
    assert "All others: 4" in others or others.startswith("All others: 4")


def test_each_row_leads_to_its_page_and_says_what_is_near(cohort: Pages) -> None:
    page = cohort.make()
    assert 'href="waitsnear_a.html"' in page
    assert "undecided: brain margin mm 2.90, limit &gt;= 3" in page
    assert "nearest to its limit: ngf 0.620, limit &gt;= 0.61" in page
    assert "a raw file is damaged" in page
    assert "Get the file again" in page


def test_heads_are_shown_before_and_after_where_there_are_pictures(cohort: Pages) -> None:
    page = cohort.make()
    assert page.count("<img") == 2 * 5
    assert page.count('alt="before"') == page.count('alt="after"') == 5
    assert len(FACE) < 10_000


def test_the_list_is_for_its_owner_alone_and_loads_nothing(cohort: Pages) -> None:
    page = cohort.make()
    for path in (cohort.layout.review_index, *cohort.layout.review_turns.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "http:" not in page
    assert "<script" not in page
    assert "A &lt;cohort&gt;" in page


def test_previous_and_next_follow_the_list(cohort: Pages) -> None:
    names = [f"{name}_a.html" for name in order(cohort.make())]
    for towards, there in (("next", [*names[1:], "index.html"]), ("previous", ["index.html", *names[:-1]])):
        for name, to in zip(names, there, strict=True):
            text = (cohort.layout.review_turns / f"{towards}-{name}").read_text(encoding="utf-8")
            assert f"url=../{to}" in text


def test_without_a_release_who_waits_is_known_from_the_stages(tmp_path: Path) -> None:
    made = Pages(tmp_path)
    made.add("near", "", ngf=check(0.62, 0.61))
    session = SessionId("waits", "a")
    made.sessions.append(session)
    Card("review").write(made.layout.review_card(session))
    assert order(made.make()) == ["waits", "near"]


def test_a_cohort_without_sessions_has_a_list_all_the_same(tmp_path: Path) -> None:
    made = Pages(tmp_path)
    assert "No image waits for a rating." in made.make()
    assert made.layout.review_turns.is_dir()


def test_twice_the_same_list_in_any_order_of_sessions(cohort: Pages) -> None:
    first = cohort.make()
    cohort.sessions.reverse()
    assert cohort.make() == first


def test_a_large_cohort_shows_pictures_of_its_first_rows_alone(tmp_path: Path) -> None:
    made = Pages(tmp_path)
    for number in range(WITH_PICTURES + 2):
        made.add(f"s{number}", "", ngf=check(0.7, 0.61))
    page = made.make()
    assert page.count('alt="before"') == WITH_PICTURES
    assert len(order(page)) == WITH_PICTURES + 2


@pytest.mark.parametrize(
    ("checks", "name"),
    [
        ({"ngf": check(0.7, 0.61), "brain_margin_mm": check(3.1, 3)}, "brain_margin_mm"),
        # What is undecided goes before what passed, however near that is.
        ({"ngf": check(0.611, 0.61), "brain_margin_mm": check(1, 3, state="review")}, "brain_margin_mm"),
        ({"ngf": check(0.2, 0.61, state="fail"), "brain_margin_mm": check(2.9, 3, state="review")}, "brain_margin_mm"),
        # An answer of yes or no has no distance, nor has a lead over nothing; all of a face is not near to 90 per cent.
        ({"ngf": check(0.9, 0.61), "untouched": check(0, 0, relation="exactly")}, "ngf"),
        ({"ngf": check(0.9, 0.61), "not_mirrored": check(1, 1)}, "ngf"),
        ({"ngf": check(0.9, 0.61), "left_right_lead": check(0.08, 0)}, "ngf"),
        ({"ngf": check(0.9, 0.61), "eyes_removed": check(100, 90, unit="%")}, "ngf"),
        ({"ngf": check(0.9, 0.61), "eyes_removed": check(91, 90, unit="%")}, "eyes_removed"),
        ({"ngf": check(0.9, 0.61), "removed_percent": check(34, 0.5, 35, relation="within")}, "removed_percent"),
        # Nothing measured: passed, it tells nothing; undecided, a person has to look.
        ({"ngf": check(0.9, 0.61), "ear_left_removed": check(None, 90)}, "ngf"),
        (
            {"ngf": check(0.6, 0.61, state="review"), "engines_apart_mm": check(None, 5, state="review")},
            "engines_apart_mm",
        ),
    ],
)
def test_the_check_nearest_to_its_limit_is_found(checks: dict[str, Any], name: str) -> None:
    assert nearest(image(**checks))["check"] == name


def test_without_a_check_none_is_near() -> None:
    assert nearest({}) == nearest({"a": {"state": "fail"}}) == nearest(image(untouched=check(0, 0))) == {}
