"""What is read from what Snakemake said, and how it is started."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unface.admin import workflow
from unface.admin.workflow import Ended, problems
from unface.run.layout import Layout
from unface.run.settings import PROJECT

FRAMED = """Building DAG of jobs...
WorkflowError in file "/opt/unface/rules/common.smk", line 120:
config: dicom_dir is not a folder that can be read
  File "/opt/unface/Snakefile", line 84, in __onstart
"""
PLAN = """Building DAG of jobs...
MissingRuleException:
No rule to produce nosuch (if you use input functions make sure that they don't raise).
"""
MISUSE = """usage: __main__.py [-h] [--dry-run] [--profile PROFILE]
__main__.py: error: unrecognized arguments: --foo
"""
JOB = """
[Sat Nov 28 13:49:53 2026]
Error in rule {rule}:
    message: None
    jobid: {jobid}
    input: results/restricted/work/A/one/convert
    log: results/logs/{rule}/{name}.log (check log file(s) for error details)
"""
END = """Exiting because a job execution failed. Look above for error messages
WorkflowError:
At least one job did not complete successfully.
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (FRAMED, "config: dicom_dir is not a folder that can be read"),
        (
            PLAN,
            "No rule to produce nosuch (if you use input functions make sure that they don't raise).",
        ),
        (
            "Error: profile directory given (x), but none found.\n",
            "snakemake: profile directory given (x), but none found.",
        ),
        (MISUSE, "snakemake: unrecognized arguments: --foo"),
        ("Building DAG of jobs...\n", None),
    ],
)
def test_an_error_before_the_first_job_is_one_line_without_its_frame(
    said: str, sentence: str | None, layout: Layout
) -> None:
    assert problems(said, layout.results.parent, layout) == ([sentence] if sentence else [])


def test_a_failed_rule_is_told_with_its_sessions_and_the_last_words_of_the_first(layout: Layout) -> None:
    log = layout.log("deface", "A_one")
    log.parent.mkdir(parents=True)
    log.write_text("registered\nMachineError: niimath found the disk full\nCPU 1.00 s, memory 100 MB\n")
    jobs = [JOB.format(rule="deface", jobid=number, name=f"{name}_one") for number, name in enumerate("ABCDE")]
    said = "".join([*jobs, JOB.format(rule="release", jobid=9, name="cohort"), END])
    assert problems(said, layout.results.parent, layout) == [
        f"deface of A_one, B_one, C_one, 2 more failed: niimath found the disk full; see {layout.log('deface').parent}",
        f"release failed; see {layout.log('release').parent}",
    ]


def test_a_failed_rule_is_told_with_what_its_job_said_where_the_log_is_empty(layout: Layout) -> None:
    log = layout.log("scan", "0")
    log.parent.mkdir(parents=True)
    log.write_text("")
    words = "OSError: No space left on device\nRuleException:\nCalledProcessError in file inventory.smk, line 25:\n"
    said = (words + JOB.format(rule="scan", jobid=1, name="0")) * 2 + END
    assert problems(said, layout.results.parent, layout) == [
        f"scan of 0 failed: No space left on device; see {log.parent}"
    ]


def test_a_job_whose_second_try_went_well_did_not_fail(layout: Layout) -> None:
    first = JOB.format(rule="deface", jobid=3, name="A_one")
    said = first * 2 + "Finished jobid: 3 (Rule: deface)\n" + JOB.format(rule="measure", jobid=4, name="A_one") + END
    assert problems(said, layout.results.parent, layout) == [
        f"measure of A_one failed; see {layout.log('measure').parent}"
    ]


def test_the_rules_of_a_plan_are_read_from_its_table() -> None:
    ended = Ended(
        0, False, "Job stats:\njob          count\n---------  -------\nscan             8\ninventory        1\n"
    )
    assert ended.made("inventory")
    assert not ended.made("convert")
    assert not ended.had_nothing_to_do
    assert not ended.ran


@pytest.mark.parametrize("name", ["slurm", "slurm-noacct"])
def test_a_profile_that_comes_with_unface_is_known_by_its_name(name: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert workflow._with_profile(name) == [f"--workflow-profile={PROJECT / 'profiles' / name}"]
    (tmp_path / name).mkdir()
    assert workflow._with_profile(name) == [f"--workflow-profile={tmp_path / name}"], "one's own goes first"


def test_a_profile_that_snakemake_has_to_find_takes_the_place_of_the_one_for_a_single_machine() -> None:
    assert workflow._with_profile("elsewhere") == ["--profile=elsewhere", "--workflow-profile=none"]


WAITING = f'''
import signal, sys
sys.path.insert(0, {str(PROJECT / "scripts")!r})
from unface.admin.workflow import _followed
child = """
import time
print("begun", flush=True)
try:
    time.sleep(60)
finally:
    print("cleaned up", flush=True)
"""
# A shell that starts this in the background has it ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)
with open(sys.argv[1], "w+") as log:
    print(*_followed([sys.executable, "-c", child], log))
'''


def test_ctrl_c_ends_the_command_first_which_has_time_to_clean_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(log)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not (log.exists() and "begun" in log.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    status, stopped = said.split()
    assert (int(status) != 0, stopped) == (True, "True")
    assert "cleaned up" in log.read_text()
