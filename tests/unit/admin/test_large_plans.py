"""What is changed in Snakemake for large cohorts changes nothing that it does."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import snakemake

from tests.support.small_cohort import jobs_in
from unface.admin import large_plans
from unface.run.settings import PROJECT

AS_IT_IS = "from snakemake.cli import main; main()"
THRIFTY = f"from unface.admin.large_plans import make_thrifty; make_thrifty(); {AS_IT_IS}"
RULES = """
rule all:
    input: expand("last/{n}", n=range(3)), "marked"

rule first:
    input: "source/{n}"
    output: temp("once/{n}"), kept="kept/{n}"
    shell: "cp {input} {output[0]}; cp {input} {output.kept}"

rule last:
    input: once="once/{n}", kept="kept/{n}"
    output: protected("last/{n}")
    log: "log/{n}"
    benchmark: "benchmark/{n}"
    shell: "cat {input} > {output} 2> {log}"

rule mark:
    input: "kept/1"
    output: touch("marked")
"""


def test_the_changes_are_for_the_locked_snakemake() -> None:
    assert snakemake.__version__ == large_plans.KNOWN


@pytest.mark.slow
def test_a_thrifty_snakemake_plans_and_runs_the_same(tmp_path: Path) -> None:
    as_it_is, thrifty = (
        worked_through(tmp_path / name, program) for name, program in (("as_it_is", AS_IT_IS), ("thrifty", THRIFTY))
    )
    assert thrifty == as_it_is
    jobs, files = thrifty
    assert jobs == [{"first": 3, "last": 3, "mark": 1}, {}, {"first": 1, "last": 1}, {"first": 2, "last": 2, "mark": 1}]
    assert files == {"kept": "644", "last": "444", "marked": "644"}


COUNTED = """
import atexit, snakemake.cli
from snakemake.scheduling.job_scheduler import JobScheduler
looks, look = [], JobScheduler.job_selector
JobScheduler.job_selector = lambda self, jobs: looks.append(len(jobs)) or look(self, jobs)
atexit.register(lambda: print("looks:", *looks))
"""


def test_jobs_to_start_are_looked_for_when_one_has_ended_and_not_in_between(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text("""
rule all:
    input: expand("quick/{n}", n=range(3)), "slow"

rule quick:
    output: touch("quick/{n}")

rule slow:
    output: touch("slow")
    shell: "sleep 4"
""")
    said = snakemake_in(tmp_path, f"{COUNTED}{THRIFTY}")
    (looks,) = re.findall(r"^looks: (.*)$", said, re.M)
    assert len(looks.split()) <= 5, "as many as there are jobs"


@pytest.mark.parametrize(
    ("inner", "refused"), [("folder/deep/file", True), ("folder-and-more/file", False), ("folder.file", False)]
)
def test_an_output_inside_another_jobs_folder_is_refused(tmp_path: Path, inner: str, refused: bool) -> None:
    (tmp_path / "Snakefile").write_text(f"""
rule all:
    input: "folder", "{inner}"

rule one:
    output: directory("folder")
    shell: "mkdir {{output}}"

rule other:
    output: "{inner}"
    shell: "touch {{output}}"
""")
    status, said = run_in(tmp_path, THRIFTY, "--dry-run")
    assert (status != 0) == refused, said
    assert ("ChildIOException" in said) == refused


def snakemake_in(folder: Path, program: str, *arguments: str) -> str:
    """What a Snakemake that `program` starts says of the work in a folder."""
    status, said = run_in(folder, program, *arguments)
    assert status == 0, said
    return said


def run_in(folder: Path, program: str, *arguments: str) -> tuple[int, str]:
    """How a Snakemake that `program` starts ends, and what it says."""
    done = subprocess.run(
        [sys.executable, "-c", program, "--cores", "1", "--nocolor", *arguments],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "scripts")},
    )
    return done.returncode, done.stdout


def worked_through(folder: Path, program: str) -> tuple[list[dict[str, int]], dict[str, str]]:
    """The jobs of a first run, of another, and of those after a source, and after a source and an output changed; and
    the rights of what stands in the end.
    """
    (folder / "source").mkdir(parents=True)
    (folder / "Snakefile").write_text(RULES)
    for number in range(3):
        (folder / "source" / str(number)).write_text(str(number))

    def jobs(*arguments: str) -> dict[str, int]:
        return jobs_in(snakemake_in(folder, program, *arguments))

    found = [jobs(), jobs("--dry-run")]
    (folder / "source" / "2").write_text("changed")
    found.append(jobs("--dry-run"))
    os.utime(folder / "kept" / "1", (1, 1))
    (folder / "source" / "1").write_text("changed, too")
    found.append(jobs("--dry-run"))
    rights = {name: (folder / name) for name in ("kept", "last", "marked")}
    return found, {
        name: f"{(path / '0' if path.is_dir() else path).stat().st_mode & 0o777:o}" for name, path in rights.items()
    }
