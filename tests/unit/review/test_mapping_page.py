"""The page of names: what it shows, and the table that a browser takes from it."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from unface.review.mapping_page import mapping_page
from unface.run.files import read_table, table_text

BROWSER = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), "")
COLUMNS = (
    *("group", "series_description", "protocol_name", "result", "suggestion", "name", "reason", "sessions", "series"),
    *("example", "vendor", "model", "modality", "sequence", "image_type", "dimensions", "field_t", "tr_ms", "te_ms"),
    *("ti_ms", "flip_deg", "matrix", "slices", "volumes", "thickness_mm", "b_values", "variants", "sequence_name"),
)
ROWS = [
    {"group": "p1", "series_description": "<script>x</script> \"'&", "result": "unmapped", "suggestion": "anat/T2w"},
    {"group": "p2", "series_description": "t1_mprage", "result": "anat/T1w", "name": "anat/acq-a_T1w", "te_ms": "2.9"},
    {"group": "p3", "protocol_name": "x" * 200, "result": "exclude"},
    {"group": "p4", "series_description": "rest", "result": "ambiguous", "name": "exclude", "reason": "a test"},
]
FILL_IN = """<script>
const answers = {p1: ["anat/T2w"], p3: ["other", ".typed input", "anat/PDw"]};
for (const group of groups) {
  const [choice, field, text] = answers[JSON.parse(group.dataset.cells)[0]] || [];
  if (choice) group.querySelector("select").value = choice;
  if (field) group.querySelector(field).value = text;
}
document.body.dataset.wide = document.documentElement.scrollWidth - innerWidth;
document.body.dataset.table = table();
</script>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    table = tmp_path / "mapping.tsv"
    table.write_text(table_text(COLUMNS, [dict.fromkeys(COLUMNS, "") | row for row in ROWS]), encoding="utf-8")
    path = tmp_path / "mapping.html"
    mapping_page(table, path, "A cohort")
    return path


def test_the_page_is_its_owners_alone_and_loads_nothing(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
    assert re.findall(r'(?:src|href)="|https?:|@import|url\(', text) == []
    assert re.search(r"default-src 'none'; [^>]*script-src 'sha256-[^']+'\"", text)


def test_text_of_a_header_is_text_on_the_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("<script>") == 1
    assert "&lt;script&gt;x&lt;/script&gt;" in text


def test_groups_that_wait_come_first_and_names_that_were_given_are_chosen(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Waiting for a name: 2" in text
    assert re.findall(r"<code>(p\d)</code>", text) == ["p1", "p4", "p2", "p3"]
    assert re.findall(r'<option value="([^"]+)" selected>', text) == ["exclude", "other"]
    assert 'value="anat/acq-a_T1w">' in text


@pytest.mark.slow
@pytest.mark.skipif(not BROWSER, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_takes_the_table_with_what_was_chosen_and_all_else_as_it_was(page: Path, width: int) -> None:
    text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    filled = page.with_name("filled.html")
    filled.write_text(text.replace("</body>", f"{FILL_IN}</body>"), encoding="utf-8")
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [BROWSER, "--headless", "--no-sandbox", profile, f"--window-size={width},900", "--dump-dom"]
    done = subprocess.run([*command, f"file://{filled}"], capture_output=True, text=True, check=True)
    wide = re.search('data-wide="([^"]+)"', done.stdout)
    taken = re.search('data-table="([^"]+)"', done.stdout)
    assert taken
    assert wide
    assert int(wide[1]) <= 0
    page.with_name("taken.tsv").write_text(html.unescape(taken[1]), encoding="utf-8")
    before = {row["group"]: row for row in read_table(page.with_name("mapping.tsv"))}
    chosen = {"p1": {"name": "anat/T2w"}, "p3": {"name": "anat/PDw"}}
    assert {row["group"]: row for row in read_table(page.with_name("taken.tsv"))} == {
        group: row | chosen.get(group, {}) for group, row in before.items()
    }
