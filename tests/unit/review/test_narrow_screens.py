"""No page scrolls sideways on a phone: what is wide scrolls in a box of its own."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.report_cohort import Cohort
from unface.report.summary import summary
from unface.review.index import index
from unface.review.review import review_session
from unface.run.sessions import SessionId

BROWSER = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), "")
WIDTHS = (320, 400, 800, 1280)
MEASURE = """<title></title><script>addEventListener("load", () => {
document.title = [...document.querySelectorAll("iframe")].map(
    frame => frame.contentDocument.documentElement.scrollWidth - frame.clientWidth).join(" ")})</script>"""


@pytest.fixture(scope="module")
def pages(report_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of each kind."""
    layout, folder = report_cohort.layout, tmp_path_factory.mktemp("pages")
    sessions = [SessionId("ok0", "a1"), SessionId("torn", "b1")]
    for session in sessions:
        where = {"output": folder / f"{session.name}.html", "card": layout.review_card(session)}
        review_session(layout, session, **where, title="A cohort")
    index(layout, sessions, folder / "index.html", folder / "turns", title="A cohort")
    summary(layout, sessions, folder / "report", title="A cohort")
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")}


@pytest.mark.slow
def test_every_table_lies_in_a_box_that_scrolls(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert text.count("<table") == text.count('<div class="wide"><table'), name


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="no Chromium is installed")
def test_no_page_is_wider_than_its_window(pages: dict[str, str], tmp_path: Path) -> None:
    for name, page in pages.items():
        if "turns" in name:
            continue
        text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
        frames = "".join(f'<iframe width="{width}" srcdoc="{html.escape(text)}"></iframe>' for width in WIDTHS)
        (tmp_path / "frames.html").write_text(MEASURE + frames)
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [BROWSER, "--headless", "--no-sandbox", profile, "--virtual-time-budget=9000", "--dump-dom"]
        done = subprocess.run([*command, f"file://{tmp_path}/frames.html"], capture_output=True, text=True, check=True)
        found = re.search("<title>([^<]+)</title>", done.stdout)
        assert found, name
        assert all(int(beyond) <= 0 for beyond in found[1].split()), f"{name}: {found[1]} pixels too wide at {WIDTHS}"
