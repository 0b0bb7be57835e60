"""Who withdrew consent is taken out of everything but the raw files."""

import json
import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.staged_sessions import RELEASE, run, stage_session
from unface.admin.withdraw import remove, write_list
from unface.admin.withdrawal_request import request
from unface.admin.workflow import LOGS
from unface.identity.pseudonyms import Key
from unface.identity.withdrawn import linked, naming_nobody, read_withdrawn, remaining, who_withdrew
from unface.run.files import TableError
from unface.run.layout import Layout
from unface.run.sessions import SessionId

GONE, STAYS = SessionId("abc", "s1"), SessionId("abcd", "abc")
"""The label of the one who stays holds that of the one who goes, and so does a session's."""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Two subjects in two versions of a release, and Snakemake's own records of them."""
    layout = Layout(tmp_path / "results")
    for names in (GONE, STAYS):
        stage_session(layout, names)
        for path in (layout.log("audit", "_".join(names)), layout.log("review", "_".join(names))):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        layout.review(names).parent.mkdir(exist_ok=True)
        for page in (
            layout.review(names),
            layout.review_card(names),
            layout.review_turns / f"next-{'_'.join(names)}.html",
        ):
            page.parent.mkdir(exist_ok=True)
            page.write_text("a face")
        metadata(tmp_path, f"results/restricted/work/{'/'.join(names)}/audit")
    layout.review_index.write_text("abc_s1.html")
    (layout.report).mkdir()
    for table in (layout.sessions, layout.report / "ratings.tsv", layout.linkage):
        table.write_text("subject\tsession\tpatient_id\tpatient_name\nabc\ts1\tMRN 7\tQuo^A\nabcd\tabc\tMRN 8\tVex^B\n")
    run(layout, [GONE, STAYS], settings=replace(RELEASE, keep=1))
    run(layout, [GONE, STAYS], settings=replace(RELEASE, keep=1, version="2.0.0"))
    names = ("sub-abc_ses-s1_T1w.nii.gz", "sub-abcd_ses-abc_T1w.nii.gz")
    layout.ratings_wanted.write_text("image\trating\n" + "".join(f"{name}\t\n" for name in names))
    log = tmp_path / ".snakemake" / "log" / "1.log"
    log.parent.mkdir(parents=True)
    log.write_text("wildcards: subject=abc, session=s1")
    return layout


def metadata(folder: Path, output: str) -> None:
    path = folder / ".snakemake" / "metadata" / urlsafe_b64encode(output.encode()).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"input": [f"{output}x"]}))


def naming(layout: Layout, label: str) -> set[str]:
    """Files and folders of results/ that name a subject: in their path, or in a row or path that they hold."""
    found = set()
    for path in layout.results.rglob("*"):
        name = path.relative_to(layout.results).as_posix()
        text = path.read_text(errors="replace") if path.suffix in (".tsv", ".json") else ""
        if re.search(rf"(^|/|sub-){label}[_/]|^(sub-)?{label}\t", f"{name}/\n{text}", re.M):
            found.add(name)
    return found


def take_out(layout: Layout, *, restricted: bool) -> list[tuple[str, str]]:
    return remove(layout, {"abc"}, layout.results.parent / ".snakemake", restricted=restricted)


def test_release_reports_ratings_work_and_old_releases_lose_the_subject(layout: Layout) -> None:
    removed = take_out(layout, restricted=False)
    # The session of the one who stays has the same label as the one who goes.
    left = {name for name in naming(layout, "abc") if "abcd" not in name}
    assert left == {
        "restricted/linkage.tsv",
        *(f"restricted/{kind}/abc_s1.json" for kind in ("sessions", "identifiers")),
    }
    assert "sub-abc_" not in layout.ratings_wanted.read_text()
    assert "sub-abcd_" in layout.ratings_wanted.read_text()
    what = {path for _, path in removed}
    assert {"release/sub-abc", "releases/1.0.0/sub-abc", "restricted/work/abc", "restricted/review/abc_s1.html"} <= what
    assert [path.name for path in layout.reviews.iterdir() if "abcd" not in path.name] == []
    assert {"sessions.tsv", "report/ratings.tsv", "release/participants.tsv", "logs/audit/abc_s1.log"} <= what


@pytest.mark.parametrize("name", ["ratings_wanted.tsv", "ratings_wanted-2.tsv"])
@pytest.mark.parametrize("restricted", [False, True])
def test_tables_of_ratings_lose_the_subject_however_a_persons_program_wrote_them(
    layout: Layout, name: str, *, restricted: bool
) -> None:
    table = layout.restricted / name
    stays = b"sub-abcd_ses-abc_T1w.nii.gz\tpass\tgr\xfcn\r\n"
    table.write_bytes(b"\xef\xbb\xbfimage\trating\tcomment\r\nsub-abc_ses-s1_T1w.nii.gz\tpass\t\r\n" + stays)
    take_out(layout, restricted=restricted)
    assert table.read_bytes() == b"\xef\xbb\xbfimage\trating\tcomment\r\n" + stays


def test_who_they_were_goes_on_request_alone(layout: Layout) -> None:
    take_out(layout, restricted=False)
    assert layout.record(GONE).exists()
    assert "MRN 7" in layout.linkage.read_text()
    take_out(layout, restricted=True)
    assert not layout.record(GONE).exists()
    assert not layout.identifiers(GONE).exists()
    assert "MRN 7" not in layout.linkage.read_text()


def test_nothing_of_them_stays_in_snakemakes_records_and_all_of_the_others_does(layout: Layout) -> None:
    take_out(layout, restricted=False)
    records = [path.name for path in (layout.results.parent / ".snakemake").rglob("*") if path.is_file()]
    assert records == [urlsafe_b64encode(b"results/restricted/work/abcd/abc/audit").decode()]


def test_nothing_of_them_stays_in_the_logs_of_the_command(layout: Layout) -> None:
    logs = layout.log(LOGS).parent
    logs.mkdir(parents=True)
    (logs / "run.log").write_text("output: results/restricted/work/abc/s1/audit\n")
    (logs / "plan.log").write_text("output: results/restricted/work/abcd/abcd/audit\n")
    take_out(layout, restricted=False)
    assert [path.name for path in logs.iterdir()] == ["plan.log"]


def test_the_others_stay_as_they_were(layout: Layout) -> None:
    work = layout.stage("audit", STAYS) / "outcome.json"
    before = work.read_bytes()
    take_out(layout, restricted=True)
    assert work.read_bytes() == before
    assert layout.record(STAYS).exists()
    assert (layout.release / "sub-abcd").is_dir()
    assert layout.linkage.read_text().splitlines()[1:] == ["abcd\tabc\tMRN 8\tVex^B"]


def test_a_group_of_series_stays_and_no_longer_names_them_as_its_example(layout: Layout) -> None:
    layout.protocol_groups.write_text("group\texample\nt1\tabc_s1\nt2\tabcd_abc\n")
    layout.protocol_groups_restricted.write_text("group\texample\tdescription\nt1\tabc_s1\tMRN 7\nt2\tabcd_abc\tbold\n")
    take_out(layout, restricted=True)
    assert layout.protocol_groups.read_text() == "group\texample\nt1\t\nt2\tabcd_abc\n"
    assert layout.protocol_groups_restricted.read_text() == "group\texample\tdescription\nt2\tabcd_abc\tbold\n"


def test_the_table_and_the_page_of_names_show_none_of_their_words(layout: Layout) -> None:
    layout.mapping_table.write_text("group\tseries_description\texample\np1\tof abc\tabc_d1\np2\tother\txyz_d1\n")
    layout.mapping_page.write_text("of abc")
    take_out(layout, restricted=True)
    assert layout.mapping_table.read_text() == "group\tseries_description\texample\np2\tother\txyz_d1\n"
    assert not layout.mapping_page.exists()


def test_who_came_back_is_taken_out_again_by_the_same_table(layout: Layout, tmp_path: Path) -> None:
    table = tmp_path / "excluded.tsv"
    table.write_text("subject\nabc\n")
    gone = who_withdrew(layout, table)
    first = request(layout, table, gone, restricted=False)
    assert remaining(layout, gone) == [STAYS]
    take_out(layout, restricted=False)
    write_list(layout.withdrawn(first), [])
    assert request(layout, table, gone, restricted=False) == first
    stage_session(layout, GONE)  # by a run without the setting
    assert request(layout, table, gone, restricted=False) != first


def test_another_table_or_a_request_that_goes_further_is_another_request(layout: Layout, tmp_path: Path) -> None:
    table, other = tmp_path / "excluded.tsv", tmp_path / "other.tsv"
    table.write_text("subject\naaa\n")
    other.write_text("subject\nbbb\n")
    Key.load_or_make(layout.key)
    requests = {request(layout, path, (), restricted=far) for path in (table, other) for far in (True, False)}
    assert len(requests) == 4


def test_the_name_of_a_request_tells_nothing_of_its_table_to_whoever_has_no_key(layout: Layout, tmp_path: Path) -> None:
    table = tmp_path / "excluded.tsv"
    table.write_text("patient_id\n0004821\n")
    before = request(layout, table, (), restricted=False)
    assert before == request(layout, table, (), restricted=False)
    names = {before}
    for _ in range(2):
        layout.key.unlink(missing_ok=True)
        Key.load_or_make(layout.key)
        names.add(request(layout, table, (), restricted=False))
    assert len(names) == 3


def test_a_patient_is_found_under_every_label_that_was_ever_theirs(layout: Layout, tmp_path: Path) -> None:
    layout.linkage_past.write_text("subject\tpatient_id\nold\tMRN 7\nabcd\tMRN 8\n")
    table = tmp_path / "excluded.tsv"
    table.write_text("patient_id\nMRN 7\n")
    assert read_withdrawn(table, linked(layout)) == {"abc", "old"}


def test_subjects_are_named_by_label_or_by_patient_id(layout: Layout, tmp_path: Path) -> None:
    table = tmp_path / "excluded.tsv"
    table.write_text("subject\tpatient_id\nsub-xyz\t\n\tmrn  7 \n")
    assert read_withdrawn(table, linked(layout)) == {"xyz", "abc"}
    table.write_text('subject\tcomment\naaa\t"\nbbb\t\n')
    assert read_withdrawn(table, []) == {"aaa", "bbb"}


def test_rows_that_name_nobody_known_are_told_by_their_lines(layout: Layout, tmp_path: Path) -> None:
    table = tmp_path / "excluded.tsv"
    table.write_text("subject\tpatient_id\nsub-abc\t\nABCD\t\n\tMRN-8\n\tMRN 8\n")
    said = naming_nobody(table, linked(layout))
    assert "line 3, 4 names nobody" in said
    assert "MRN" not in said
    assert not naming_nobody(None, linked(layout))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\nDoe\n", "a column subject or patient_id is needed"),
        ("subject\tpatient_id\n\t\n", "line 2 names nobody"),
        ("subject\nabc\n..\n", "line 3: the subject must be letters and digits"),
        ("subject\n*\n", "line 2: the subject must be letters and digits"),
    ],
)
def test_a_table_that_names_nobody_is_refused_without_quoting_it(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "excluded.tsv").write_text(text)
    with pytest.raises(TableError, match=message) as caught:
        read_withdrawn(tmp_path / "excluded.tsv", [])
    assert "Doe" not in str(caught.value)
