"""Progress on a terminal: sessions by stage; plain lines elsewhere."""

import io
import logging

import pytest

from unface.cohort.progress import Progress, show


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
    assert total.startswith("  2 of 4 jobs, 1 failed; 0:00, about 0:00 to go")


def test_what_else_is_said_stands_above_and_jobs_are_not_named(logger: logging.Logger) -> None:
    said = logger.handlers[0]
    terminal = Terminal()
    show(logger, terminal, jobs)
    run(logger)
    assert isinstance(said, logging.StreamHandler)
    assert said.stream.getvalue() == "Something else\nError in rule deface\n"
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


def test_nothing_changes_where_there_is_no_terminal(logger: logging.Logger) -> None:
    before = list(logger.handlers)
    show(logger, io.StringIO(), jobs)
    assert logger.handlers == before
