"""The BIDS validator on a whole dataset: in which sessions it finds errors, and which in the dataset's own files."""

import json
import re
from pathlib import Path

from unface.release.problems import Problem
from unface.run import tools
from unface.run.outcome import JobFailedError, Reason

PROGRAM = "bids-validator-deno"
_SESSION = re.compile(r"^/sub-([A-Za-z0-9]+)/(?:ses-([A-Za-z0-9]+)/)?")


def validate(dataset: Path, report: Path) -> list[Problem]:
    """Run the validator on a BIDS dataset; it reads the files, needs no network and changes nothing.

    Parameters
    ----------
    dataset
        The folder of the dataset.
    report
        Where the validator puts its findings, outside the dataset.

    Returns
    -------
    list of Problem
        `bids_invalid` for each of its errors; one that lies in no session names the file.

    Raises
    ------
    JobFailedError
        If it could not do its work.
    """
    files = sum(1 for path in dataset.rglob("*"))
    arguments: list[str | Path] = [
        tools.find(PROGRAM),
        dataset,
        "--ignoreWarnings",
        "--format",
        "json",
        "--outfile",
        report,
    ]
    # Measured: 1,000 files a second.
    finished = tools.run(arguments, timeout_s=600 + files / 20, environment={"NO_COLOR": "1"})
    try:
        issues = json.loads(report.read_text(encoding="utf-8"))["issues"]["issues"]
        errors = sorted({_located(issue) for issue in issues if issue["severity"] == "error"})
    except (OSError, ValueError, KeyError, TypeError):
        raise JobFailedError(f"{PROGRAM} ended with status {finished.status} and without a report") from None
    return [
        Problem(
            Reason("bids_invalid", f"the BIDS validator says {code}" + (f" of {file}" if file else ""), "release"),
            subject or None,
            session or None,
        )
        for subject, session, code, file in errors
    ]


def _located(issue: dict[str, str]) -> tuple[str, str, str, str]:
    """Labels of subject and session that an error lies in, its code, and its file if it lies in no session."""
    location = issue.get("location", "")
    code = " ".join(filter(None, (issue["code"], issue.get("subCode"))))
    match = _SESSION.match(location)
    if match and match[2]:
        return match[1], match[2], code, ""
    return match[1] if match else "", "", code, Path(location).name
