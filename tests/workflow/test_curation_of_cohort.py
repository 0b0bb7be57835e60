"""What is done with a cohort as a whole: a plan of a change, subjects taken out, no more kept than needed."""

import re
import shutil
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from tests.support.small_cohort import LENIENT, Run, planned
from unface.run import outcome
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.sessions import SessionId


@pytest.fixture
def run(small_run: Run, tmp_path: Path) -> Run:
    """A copy of the small run, to change."""
    shutil.copytree(small_run.folder, tmp_path / "run", symlinks=True)
    return Run(tmp_path / "run", small_run.cohort)


def released(run: Run) -> list[SessionId]:
    rows = read_table(run.results / "report" / "release.tsv")
    return [SessionId(row["subject"], row["session"]) for row in rows if row["verdict"] == "released"]


def naming(folder: Path, label: str) -> list[str]:
    """Every file that holds a word in its content or name, also where Snakemake codes the name in base64."""
    word = re.compile(rf"(?<![A-Za-z0-9]){label}(?![A-Za-z0-9])".encode())
    found = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if ".snakemake/metadata/" in f"{name}/" and path.is_file():
            name += urlsafe_b64decode("".join(part.removeprefix("@") for part in Path(name).parts[2:])).decode()
        if word.search(name.encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")):
            found.append(name)
    return found


def test_the_plan_tells_what_a_changed_limit_redoes_and_does_nothing(run: Run) -> None:
    limits = LENIENT | {"gm_percent": 11}
    before = {path: path.stat().st_mtime_ns for path in run.results.rglob("outcome.json")}
    finished = run.snakemake("plan", compare=limits)
    assert finished.returncode == 0, finished.stdout
    said = re.findall(r"^  ([a-z-]+) +(\d+) +[\d.]+  (.*)$", finished.stdout, re.M)
    assert said == [("compare", str(len(run.cohort.expected)), "settings changed: compare.gm_percent")]
    assert before == {path: path.stat().st_mtime_ns for path in run.results.rglob("outcome.json")}
    assert "no more than the release" in run.snakemake("plan").stdout


def test_who_withdrew_is_gone_after_the_next_run_and_after_the_next_inventory(run: Run) -> None:
    subject, session = released(run)[0]
    assert naming(run.folder, subject) != []
    table = run.folder.parent / "excluded.tsv"
    table.write_text(f"subject\n{subject}\n")
    withdrawal = {"subjects": str(table), "restricted": True}
    for targets in ([], ["inventory"], []):
        finished = run.snakemake(*targets, withdrawal=withdrawal)
        assert finished.returncode == 0, finished.stdout
        lists = [str(path.relative_to(run.folder)) for path in Layout(run.results).withdrawn("x").parent.iterdir()]
        assert len(lists) == 1
        # The scans know the raw files by their own names; the list of what was removed names the subject.
        assert [name for name in naming(run.folder, subject) if name not in lists] == []
    assert f"{subject}\trelease/sub-{subject}\n" in (run.folder / lists[0]).read_text()
    assert len(released(run)) == 1
    assert planned(run, withdrawal=withdrawal) == {}
    assert subject not in (run.results / "sessions.tsv").read_text()
    assert session not in (run.results / "report" / "release.tsv").read_text()


def test_clean_dicom_goes_once_it_is_converted_and_is_made_again_when_it_is_needed(run: Run) -> None:
    assert planned(run, keep_work="needed") == {}
    session = released(run)[0]
    layout = Layout(Path("results"))
    target = str(layout.stage("convert", session))
    finished = run.snakemake(target, "--forcerun", "deidentify", keep_work="needed")
    assert finished.returncode == 0, finished.stdout
    assert not (run.folder / layout.clean_dicom(session)).exists()
    assert outcome.read(run.folder / layout.stage("deidentify", session)).ok
    assert outcome.read(run.folder / target).ok
    finished = run.snakemake("--dry-run", target, keep_work="needed", convert="{repeats: last}")
    assert re.search(r"^deidentify +1$", finished.stdout, re.M), finished.stdout
