"""Another workflow takes unface in as a module; and what `snakemake --report` shows of a run."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support.small_cohort import QUICK, Cohort, Run, jobs_in
from unface.run.layout import Layout
from unface.run.settings import PROJECT

HOST = """\
configfile: "host.yaml"


rule all:
    input:
        "counted.txt",


rule count:
    input:
        "unfaced/sessions.tsv",
    output:
        "counted.txt",
    shell:
        "wc -l < {{input}} > {{output}}"


module unface:
    snakefile:
        {snakefile!r}
    config:
        config["unface"]


use rule * from unface as unface_*


onstart:
    unface.onstart()


onsuccess:
    unface.onsuccess()
"""

Call = Callable[..., str]


@pytest.fixture
def host(cohort: Cohort, tmp_path: Path) -> Call:
    """Run Snakemake on the Snakefile of a workflow with rules of its own; gives what it says."""
    (tmp_path / "Snakefile").write_text(HOST.format(snakefile=str(PROJECT / "Snakefile")))
    given = {"dicom_dir": str(cohort.dicom), "results_dir": "unfaced", **QUICK}
    (tmp_path / "host.yaml").write_text(yaml.safe_dump({"unface": given}))

    def run(*arguments: str, fails: bool = False) -> str:
        command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "2", "--nocolor"]
        finished = subprocess.run(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert bool(finished.returncode) == fails, finished.stdout
        return finished.stdout

    return run


def test_another_workflow_runs_unface_as_a_module(host: Call, tmp_path: Path) -> None:
    said = host("unface_all", fails=True)
    assert "run the inventory first" in said

    said = host("unface_inventory")
    assert "3 subjects, 3 sessions" in said  # the closing words, by its onsuccess
    assert (tmp_path / "unfaced" / ".lock").exists()  # by its onstart
    sessions = Layout(tmp_path / "unfaced").read_sessions()
    assert len(sessions) == 3

    assert jobs_in(host("--dry-run")) == {"count": 1}  # the default target is still the host's own
    planned = jobs_in(host("--dry-run", "unface_all"))
    assert {rule.removeprefix("unface_") for rule in planned} >= {"deidentify", "convert", "deface", "audit", "release"}
    assert all(rule.startswith("unface_") for rule in planned)

    host("unface_each_session", "--until", "unface_deidentify")
    for session in sessions:
        outcome = Layout(tmp_path / "unfaced").stage("deidentify", session) / "outcome.json"
        assert yaml.safe_load(outcome.read_text())["stage"] == "deidentify"


def test_the_report_of_snakemake_shows_what_may_be_published_and_nothing_else(small_run: Run, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    finished = small_run.snakemake("--report", str(page))
    assert finished.returncode == 0, finished.stdout
    text = page.read_text()
    layout = Layout(small_run.results)
    for shown in (layout.verdicts, layout.summary_page, layout.header_survey):
        assert f"{shown.relative_to(small_run.folder)}" in text
    assert not [planted for planted in small_run.cohort.planted if planted in text]
    assert str(small_run.cohort.dicom) not in text
    # Of what is restricted no path of anybody: of rules it has the patterns.
    for session in layout.read_sessions():
        assert f"{session.subject}/{session.session}" not in text
        assert session.name not in text
    # No digest of settings: what a user wrote of headers could be guessed until it fits.
    assert not re.search(r"'settings': '[0-9a-f]{16}'", text)
