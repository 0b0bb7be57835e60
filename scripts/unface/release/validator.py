"""The BIDS validator on a whole dataset: in which sessions it finds errors, and which in the dataset's own files."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from unface.run import tools
from unface.run.outcome import JobFailedError

PROGRAM = "bids-validator-deno"
_SESSION = re.compile(r"^/sub-([A-Za-z0-9]+)/(?:ses-([A-Za-z0-9]+)/)?")


@dataclass(frozen=True)
class Error:
    """One error: the validator's code and the session it lies in.

    No subject if it lies in the dataset's own files, no session if it lies in a file of the subject; `file` names it
    in these cases.
    """

    code: str
    file: str = ""
    subject: str | None = None
    session: str | None = None


def validate(dataset: Path, report: Path) -> list[Error]:
    """Errors that the validator finds in a BIDS dataset; it reads the files, needs no network and changes nothing.

    Parameters
    ----------
    report
        Where the validator puts its findings, outside the dataset.

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
        errors = {_error(issue) for issue in issues if issue["severity"] == "error"}
    except (OSError, ValueError, KeyError, TypeError):
        raise JobFailedError(f"{PROGRAM} ended with status {finished.status} and without a report") from None
    return sorted(errors, key=lambda error: (error.subject or "", error.session or "", error.code, error.file))


def _error(issue: dict[str, str]) -> Error:
    location = issue.get("location", "")
    code = " ".join(filter(None, (issue["code"], issue.get("subCode"))))
    match = _SESSION.match(location)
    if match and match[2]:
        return Error(code, subject=match[1], session=match[2])
    return Error(code, Path(location).name, subject=match[1] if match else None)
