"""Progress on a terminal: sessions by stage; plain lines elsewhere."""

import io
import logging
import os
import pty
import re
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.small_cohort import jobs_in
from unface.admin import progress as progress_module
from unface.admin.effort import clock
from unface.admin.progress import SCREEN, Progress, show
from unface.run.settings import PROJECT

WORKFLOW = f"""
import sys
sys.path.insert(0, {str(PROJECT / "scripts")!r})
from unface.admin import progress

rule all:
    input: expand("{{name}}.txt", name=("a", "b", "c"))

rule write_it:
    output: "{{name}}.txt"
    shell: "echo x > {{output}}"

onstart:
    progress.show(logger, sys.stderr, lambda: workflow.dag.stats()[1])
"""
JOB_LINES = re.compile(r"jobid: \d|rule write_it:|steps \(\d+%\) done|Finished jobid")


class Clock:
    """What time it is."""

    seconds = 0.0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def logger() -> logging.Logger:
    """A logger as Snakemake sets it up, with what its handler said in `said`."""
    logger = logging.Logger("snakemake")
    handler = logging.StreamHandler(io.StringIO())
    handler.name = "DefaultStreamHandler"
    logger.addHandler(handler)
    return logger


def jobs() -> dict[str, int]:
    return {"convert": 2, "deface": 2, "all": 1, "total": 5}


def run(logger: logging.Logger) -> None:
    """Four jobs of two stages: two finish, one fails, one runs."""
    logger.info("Select jobs to execute...")
    logger.info("Something else")
    for number, rule in enumerate(["convert", "convert", "deface", "deface"]):
        logger.info("job", extra={"event": "job_info", "jobid": number, "rule_name": rule})
    for number in (0, 1):
        logger.info("finished", extra={"event": "job_finished", "job_id": number})
    logger.error("Error in rule deface", extra={"event": "job_error", "jobid": 2})


def test_a_terminal_shows_the_sessions_of_each_stage(logger: logging.Logger) -> None:
    show(logger, Terminal(), jobs)
    run(logger)
    progress = logger.handlers[0]
    assert isinstance(progress, Progress)
    convert, deface, total = progress.lines()
    assert convert == f"  convert  {'#' * 24}  2 of 2"
    assert deface == f"  deface   {'.' * 24}  0 of 2  1 running"
    assert total.startswith("  2 of 4 jobs, 1 failed; 0 s, about 0 s to go")


def begin(progress: Progress, number: int, rule: str) -> None:
    progress.emit(logging.makeLogRecord({"msg": "job", "event": "job_info", "jobid": number, "rule_name": rule}))


def finish(progress: Progress, number: int) -> None:
    progress.emit(logging.makeLogRecord({"msg": "finished", "event": "job_finished", "job_id": number}))


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time that the progress is told."""
    hands = Clock()
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: hands.seconds)
    return hands


def total_line(progress: Progress) -> str:
    return progress.lines()[-1].partition("; ")[2]


def test_the_time_to_go_is_never_less_than_what_a_running_job_took(at: Clock) -> None:
    progress = Progress(logging.NullHandler(), Terminal(), {"convert": 2, "measure": 15})
    for number in (0, 1):
        begin(progress, number, "convert")
        at.seconds += 1
        finish(progress, number)
    begin(progress, 2, "measure")
    at.seconds += 237
    elapsed, to_go = total_line(progress).split(", ")
    assert elapsed == "3 min 59 s"
    # Fifteen jobs wait, and the only one that began took four minutes so far.
    assert to_go == "about 55 min 18 s to go"
    for number in range(2, 17):
        begin(progress, number, "measure") if number > 2 else None
        at.seconds += 240 if number < 16 else 900
        if number < 16:
            finish(progress, number)
    assert total_line(progress).endswith("about 15 min 00 s to go")


def test_jobs_at_once_share_the_time_to_go(at: Clock) -> None:
    progress = Progress(logging.NullHandler(), Terminal(), {"measure": 8})
    for number in range(4):
        begin(progress, number, "measure")
    at.seconds += 100
    for number in range(4):
        finish(progress, number)
    for number in range(4, 8):
        begin(progress, number, "measure")
    at.seconds += 10
    assert total_line(progress) == "1 min 50 s, about 1 min 30 s to go"


def test_the_clock_goes_on_while_no_job_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "EVERY_S", 0.02)
    terminal = Terminal()
    progress = Progress(logging.NullHandler(), terminal, {"measure": 2})
    begin(progress, 0, "measure")
    drawn = "measure  " + "." * 24 + "  0 of 2  1 running"
    for _ in range(200):
        if terminal.getvalue().count(drawn) > 2:
            break
        time.sleep(0.02)
    assert terminal.getvalue().count(drawn) > 2
    progress.close()
    after = terminal.getvalue()
    time.sleep(0.1)
    assert terminal.getvalue() == after, "it goes on after its end"


@pytest.mark.parametrize("columns", [20, 40, 57, 58, 80, 200])
def test_lines_fit_the_terminal(logger: logging.Logger, columns: int) -> None:
    names = {"deidentify": 10_000, "measure": 20_000, "release": 1}
    show(logger, Terminal(), lambda: names)
    progress = logger.handlers[0]
    assert isinstance(progress, Progress)
    for number in range(3):
        begin(progress, number, "measure")
    rows = progress.lines(columns)
    assert max(map(len, rows)) < columns
    if columns >= 30:
        assert " ".join(rows[3:]).endswith("time to go unknown")
    if columns >= 40:
        assert rows[1].endswith("0 of 20,000  3 running")
    if columns >= 58:
        assert "...." in rows[1]


@pytest.mark.parametrize("columns", [30, 57, 100])
def test_a_terminal_of_any_size_shows_each_line_once(columns: int) -> None:
    here, there = pty.openpty()
    rows = 4
    termios.tcsetwinsize(there, (rows, columns))
    with os.fdopen(there, "w") as stream:
        progress = Progress(logging.NullHandler(), stream, {f"rule{number}": 2 for number in range(6)})
        for number in range(6):
            begin(progress, number, f"rule{number}")
            progress.emit(logging.makeLogRecord({"msg": "something else"}))
        progress.close()
        said = os.read(here, 1 << 16).decode()
    os.close(here)
    assert all(up == "3" for up in re.findall(r"\x1b\[(\d+)A", said)), "more lines than the terminal has"
    assert all(len(line) < columns for line in re.sub(r"\x1b\[\d*[AJ]", "", said).splitlines())


def test_what_else_is_said_stands_above_and_jobs_are_not_named(logger: logging.Logger) -> None:
    said = logger.handlers[0]
    terminal = Terminal()
    show(logger, terminal, jobs)
    run(logger)
    assert isinstance(said, logging.StreamHandler)
    assert said.stream.getvalue() == "Something else\nError in rule deface\n"
    assert terminal.getvalue().count("jobs, 1 failed") == 1
    assert "\x1b[3A\x1b[J" in terminal.getvalue()


def test_what_is_printed_after_the_last_job_stays(logger: logging.Logger) -> None:
    terminal = Terminal()
    show(logger, terminal, lambda: {"convert": 1})
    logger.info("job", extra={"event": "job_info", "jobid": 0, "rule_name": "convert"})
    logger.info("finished", extra={"event": "job_finished", "job_id": 0})
    before = terminal.getvalue()
    logger.info("Complete log")
    logger.handlers[0].close()
    assert terminal.getvalue() == before


@pytest.mark.parametrize(("seconds", "words"), [(12.4, "12 s"), (245, "4 min 05 s"), (7501, "2 h 05 min")])
def test_a_time_reads_well(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def test_the_lines_have_a_terminal_to_themselves_where_the_words_go_elsewhere(
    logger: logging.Logger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = logger.handlers[0]
    with (tmp_path / "terminal").open("w+") as terminal:
        monkeypatch.setenv(SCREEN, str(terminal.fileno()))
        show(logger, io.StringIO(), jobs)
        assert SCREEN not in os.environ, "a job would draw, too"
        run(logger)
        logger.handlers[0].close()
        terminal.seek(0)
        drawn = terminal.read()
    assert isinstance(said, logging.StreamHandler)
    assert said.stream.getvalue().count("job\n") == 4
    assert "Error in rule deface" in said.stream.getvalue()
    assert "Error" not in drawn
    assert f"convert  {'#' * 24}  2 of 2" in drawn


def test_nothing_changes_where_there_is_no_terminal(logger: logging.Logger) -> None:
    before = list(logger.handlers)
    show(logger, io.StringIO(), jobs)
    assert logger.handlers == before


def snakemake(folder: Path, **streams: int) -> subprocess.Popen[bytes]:
    """Snakemake itself, on a workflow of three jobs."""
    (folder / "Snakefile").write_text(WORKFLOW)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", str(folder)]
    return subprocess.Popen([*command, "--snakefile", str(folder / "Snakefile")], stdin=subprocess.DEVNULL, **streams)


def test_snakemake_on_a_terminal_shows_a_bar_and_no_line_for_a_job(tmp_path: Path) -> None:
    here, there = pty.openpty()
    said = b""
    with snakemake(tmp_path, stdout=there, stderr=there) as process:
        os.close(there)
        with suppress(OSError):  # the end of a terminal: nobody has it open any more
            while piece := os.read(here, 4096):
                said += piece
    os.close(here)
    text = said.decode()
    assert process.returncode == 0, text
    assert f"write_it  {'#' * 24}  3 of 3" in text
    assert "3 of 3 jobs" in text
    assert not JOB_LINES.search(text)


@pytest.mark.slow
def test_snakemake_without_a_terminal_names_its_jobs_and_has_no_bar(tmp_path: Path) -> None:
    with snakemake(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        text = process.communicate()[0].decode()
    assert process.returncode == 0, text
    assert len(JOB_LINES.findall(text)) > 3
    assert "####" not in text
    assert jobs_in(text) == {"write_it": 3}
    with snakemake(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert jobs_in(process.communicate()[0].decode()) == {}
