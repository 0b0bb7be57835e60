"""The page of a whole cohort."""

import base64
import re
from pathlib import Path

import pytest

from tests.support.report_cohort import FINGERPRINT, Cohort
from unface.report.summary import summary
from unface.report.wording import ADVICE
from unface.run.layout import Layout
from unface.run.outcome import REASONS
from unface.run.sessions import SessionId


@pytest.fixture(scope="module")
def page(report_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("report")
    summary(report_cohort.layout, report_cohort.sessions, output, title="Cohort <A> & B")
    return output / "index.html"


def test_the_page_counts_sessions_and_says_why_two_are_withheld(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<b>5</b><span>sessions found</span>" in text
    assert "<b>2</b><span>sessions withheld</span>" in text
    for code in ("unreadable", "registration_failed"):
        assert REASONS[code] in text
        assert ADVICE[code] in text


def test_the_page_says_that_raw_folders_could_not_be_read(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.restricted.mkdir()
    layout.files_unused.write_text("path\treason\n/raw/DOE\ta folder that cannot be read: Permission denied\n")
    summary(layout, [], tmp_path / "report", title="Cohort")
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "1 folder cannot be read (Permission denied)" in text
    assert "DOE" not in text


def test_the_page_says_what_the_audit_searched(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"sessions audited</td><td[^>]*>3<", text)
    assert re.search(r"files searched</td><td[^>]*>12<", text)
    assert re.search(r"bytes searched</td><td[^>]*>3.60 MB<", text)


def test_the_page_holds_drawings_only_and_no_picture_of_a_head(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    kinds = set(re.findall(r'<img src="data:([^;]+);', text))
    assert kinds == {"image/svg+xml"}
    for drawing in re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', text):
        assert b"image/jpeg" not in base64.b64decode(drawing)


def test_the_page_asks_for_nothing_from_outside(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "http://" not in text
    assert "https://" not in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert "<script" not in text


def test_the_page_names_no_folder_of_the_machine(page: Path, report_cohort: Cohort) -> None:
    assert str(report_cohort.layout.results) not in page.read_text(encoding="utf-8")


def test_values_are_escaped(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Cohort &lt;A&gt; &amp; B" in text
    assert "<A>" not in text


def test_two_runs_give_the_same_bytes(page: Path, report_cohort: Cohort, tmp_path: Path) -> None:
    summary(report_cohort.layout, list(reversed(report_cohort.sessions)), tmp_path, title="Cohort <A> & B")
    for name in ("index.html", "cohort.tsv"):
        assert (tmp_path / name).read_bytes() == (page.parent / name).read_bytes()


def test_the_gates_verdict_is_the_last_word(report_cohort: Cohort, tmp_path: Path) -> None:
    verdicts = tmp_path / "report" / "release.tsv"
    verdicts.parent.mkdir()
    verdicts.write_text(
        "subject\tsession\tverdict\tcodes\treasons\n"
        "ok0\ta1\treleased\t\t\n"
        "ok1\ta1\twithheld\tbids_invalid\tthe validator finds a wrong suffix\n",
        encoding="utf-8",
    )
    (tmp_path / "restricted").symlink_to(report_cohort.layout.restricted)
    summary(Layout(tmp_path), report_cohort.sessions, tmp_path / "report", title="A")
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "<b>1</b><span>sessions released</span>" in text
    assert "<b>1</b><span>images released</span>" in text
    assert "the validator finds a wrong suffix" in text
    rows = (tmp_path / "report" / "cohort.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[2] for row in rows[1:]] == ["released", "withheld", "ready", "withheld", "withheld"]


def test_no_digest_of_settings_is_on_the_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert FINGERPRINT["code"] in text
    assert FINGERPRINT["settings"] not in text


def test_a_header_value_in_the_protocol_table_stays_off_the_page(report_cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "restricted").symlink_to(report_cohort.layout.restricted)
    (tmp_path / "protocols.tsv").write_text(
        "group\tseries\tmodel\trules\np001\t12\tScanner of Dr Nobody\tT1w\n", encoding="utf-8"
    )
    summary(Layout(tmp_path), report_cohort.sessions, tmp_path / "report", title="A")
    text = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "p001" in text
    assert "Nobody" not in text


def test_a_cohort_without_any_result_has_a_page(tmp_path: Path) -> None:
    summary(Layout(tmp_path), [SessionId("a", "b")], tmp_path / "report", title="A")
    assert "sessions not finished" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_a_title_that_names_somebody_of_the_cohort_does_not_stand_on_the_page(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.report.mkdir()
    sentence = "an identifier of somebody of the cohort (kind: name) stands in report.title"
    layout.verdicts.write_text(
        f"subject\tsession\tverdict\tcodes\treasons\na\tb\twithheld\tidentifier_found\t{sentence}\n", encoding="utf-8"
    )
    summary(layout, [SessionId("a", "b")], layout.report, title="Quillfeather's heads")
    text = layout.summary_page.read_text(encoding="utf-8")
    assert sentence in text
    assert "Quillfeather" not in text


def test_every_reason_has_advice() -> None:
    assert set(ADVICE) == set(REASONS)
