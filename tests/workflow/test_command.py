"""The command `unface` as a user gives it: in a folder of their own, with unface on a file system that is read-only."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support.small_cohort import QUICK, Cohort
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.settings import PROJECT

Unface = Callable[..., subprocess.CompletedProcess[str]]

READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
"""In a mount namespace of its own: the permissions of files do not hold root back."""
UNSHARED = ["unshare", "--mount", "sh", "-c", READ_ONLY, str(PROJECT)]


@pytest.fixture(scope="module")
def read_only() -> list[str]:
    """Words before a command that make the project's folder read-only for it; skip where that cannot be done."""
    trial = PROJECT / ".read_only_trial"
    try:
        finished = subprocess.run([*UNSHARED, "touch", str(trial)], check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a read-only file system needs `unshare`")
    trial.unlink(missing_ok=True)
    if "Read-only file system" not in finished.stderr:
        pytest.skip(f"a read-only file system needs the right to mount: {finished.stderr.strip()}")
    return UNSHARED


@pytest.fixture
def unface(tmp_path: Path, read_only: list[str]) -> Unface:
    """Give the command in the folder of the test, with nothing to be written below the project."""

    def give(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*read_only, sys.executable, "-m", "unface.cli", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT / "scripts")},
            check=False,
            capture_output=True,
            text=True,
        )

    return give


@pytest.mark.slow
def test_a_cohort_from_init_to_its_plan(cohort: Cohort, tmp_path: Path, unface: Unface) -> None:
    assert unface("init").returncode == 0
    file = tmp_path / "unface.yaml"
    own = {**yaml.safe_load(file.read_text()), **QUICK, "dicom_dir": str(cohort.dicom)}
    file.write_text(yaml.safe_dump(own))

    checked = unface("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Next: `unface inventory`" in checked.stdout
    assert not (tmp_path / "results").exists()

    listed = unface("inventory", "--cores", "2")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "3 subjects, 3 sessions" in listed.stdout
    assert "Next: look at results/protocols.tsv, then `unface run`" in listed.stdout
    layout = Layout(tmp_path / "results")
    assert len(read_table(layout.sessions)) == 3

    planned = unface("plan", "--", "--quiet", "host")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "Of 3 sessions, a run would do:" in planned.stdout
    assert "Next: `unface run`" in planned.stdout

    dry = unface("run", "--", "--dry-run")
    assert "This was a dry-run" in dry.stdout, "what is asked for behind the dashes is shown"

    told = unface("status")
    assert "3 sessions; no run is going on" in told.stdout
    for finished in (checked, listed, planned, told):
        assert finished.stderr == ""
        assert not {"SNAKEMAKE", "Building DAG", "jobid"} & set(finished.stdout.split())
    log = layout.log("unface", "inventory").read_text()
    assert "Building DAG of jobs..." in log
    assert not [string for string in cohort.planted if string in log]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".snakemake", "results", "unface.yaml"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "command", "sentence"),
    [
        ({"dicom_dir": "nowhere"}, "inventory", "dicom_dir is not a folder that can be read"),
        ({"keepwork": "all"}, "run", "unknown setting keepwork (did you mean keep_work?)"),
        ({"subjects": "noise.tsv"}, "inventory", "subjects: the file is not UTF-8 text"),
        ({"convert": {"rules": "noise.tsv"}}, "inventory", "noise.tsv"),
        ({"results_dir": "noise.tsv"}, "inventory", "cannot be written"),
        ({}, "inventory", "no DICOM image was found"),
    ],
)
def test_a_mistake_is_told_in_a_line_or_two(
    own: dict[str, object], command: str, sentence: str, tmp_path: Path, unface: Unface
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "letter.txt").write_text("no image")
    (tmp_path / "noise.tsv").write_bytes(bytes(range(128, 256)))
    settings = {"dicom_dir": "raw", "inventory": {"jobs": 1}, **own}
    (tmp_path / "unface.yaml").write_text(yaml.safe_dump(settings))
    finished = unface(command)
    assert finished.returncode == 1
    assert sentence in finished.stderr
    assert all(line.startswith("unface: ") for line in finished.stderr.splitlines())
    assert len(finished.stderr.splitlines()) <= 2
    assert "Traceback" not in finished.stdout + finished.stderr
