"""What lies outside `restricted/` after a run holds none of the planted identifiers, in no byte."""

import gzip
from base64 import urlsafe_b64encode
from pathlib import Path

from demo import leaks
from demo import run as demo
from tests.support.small_cohort import Cohort, Run


def test_no_planted_identifier_stands_outside_the_restricted_folder(small_run: Run) -> None:
    files, found = leaks.search(small_run.cohort.planted, [small_run.folder])
    assert found == []
    searched = {path.relative_to(small_run.folder).parts[:2] for path in small_run.folder.rglob("*")}
    for part in ("logs", "report", "release"):
        assert ("results", part) in searched
    assert (".snakemake", "metadata") in searched
    assert files > 90


def test_every_session_ends_as_planted(small_run: Run) -> None:
    for outcome in small_run.cohort.expected:
        labels, verdict = demo.ending(small_run.results, outcome)
        assert demo.mismatch(small_run.results, outcome, labels, verdict) == ""


def test_the_search_finds_what_was_planted_in_the_source(cohort: Cohort) -> None:
    _, found = leaks.search(cohort.planted, [cohort.dicom])
    assert len({string for _, string in found}) > 0.95 * len(cohort.planted)


def test_the_search_looks_into_gzip_and_coded_names(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(b"xx Quillfeather xx"))
    coded = urlsafe_b64encode(b"results/oglethwaite.txt").decode()
    (tmp_path / f"@{coded[:12]}").mkdir()
    (tmp_path / f"@{coded[:12]}" / coded[12:]).write_text("{}")
    (tmp_path / "restricted").mkdir()
    (tmp_path / "restricted" / "linkage.tsv").write_text("Quillfeather")
    files, found = leaks.search(["QUILLFEATHER", "Oglethwaite"], [tmp_path])
    assert files == 2
    assert sorted(string for _, string in found) == ["Oglethwaite", "QUILLFEATHER"]
