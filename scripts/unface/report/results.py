"""Reading what the stages left: outcomes and tables, whatever of them exists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unface.run import outcome
from unface.run.files import read_table
from unface.run.layout import Layout
from unface.run.outcome import Outcome, Reason
from unface.run.sessions import SessionId
from unface.run.stages import STAGES

STAGE_WORDS: Mapping[str, str] = {
    "deidentify": "Headers de-identified",
    "convert": "Converted to BIDS",
    "deface": "Faces removed",
    "measure-original": "Brain measured, original",
    "measure-defaced": "Brain measured, defaced",
    "compare": "Measures compared",
    "audit": "Release audited",
}
"""The stages as headings for readers."""

STAGE_COLUMNS: Mapping[str, str] = {
    "deidentify": "Headers",
    "convert": "BIDS",
    "deface": "Face",
    "measure-original": "Brain before",
    "measure-defaced": "Brain after",
    "compare": "Agreement",
    "audit": "Audit",
}
"""The same for the columns of a table."""


@dataclass(frozen=True)
class Verdict:
    """How a session stands.

    `released`, `withheld`, `review` (every stage ok, but a person has to rate an image), `ready` (every stage ok, no
    release yet) or `unfinished`.
    """

    word: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Session:
    """One session as the report sees it; a stage that did not run is not in `outcomes`."""

    id: SessionId
    outcomes: Mapping[str, Outcome]
    verdict: Verdict

    @property
    def name(self) -> str:
        return self.id.bids_prefix

    def state(self, stage: str) -> str:
        """`ok`, `review`, `withheld` by this stage itself, `skipped` because of an earlier one, or `missing`."""
        found = self.outcomes.get(stage)
        if found is None:
            return "missing"
        if found.ok:
            return "review" if stage == "deface" and "review" in self.faces() else "ok"
        return "withheld" if any(reason.stage == stage for reason in found.reasons) else "skipped"

    def faces(self) -> list[str]:
        """How the defacing of each head image ended: `pass`, `review` or `fail`."""
        return [str(image.get("state", "")) for image in self.heads().values()]

    def heads(self) -> Mapping[str, Any]:
        """What the defacing measured of each head image."""
        found = self.outcomes.get("deface")
        images: Mapping[str, Any] = found.measurements.get("images", {}) if found else {}
        return images


def read_session(layout: Layout, session: SessionId, gate: Mapping[str, str] | None = None) -> Session:
    """A session's outcomes and verdict; the gate's verdict, a row of `release.tsv`, is the last word if given."""
    outcomes = {}
    for stage in STAGES:
        try:
            found = outcome.read(layout.stage(stage, session))
            # Digests of files are for the gate; ten thousand sessions of them would fill the memory.
            outcomes[stage] = replace(found, inputs={}, outputs={})
        except outcome.JobFailedError:
            continue
    reasons = list(dict.fromkeys(reason for found in outcomes.values() for reason in found.reasons))
    word = "withheld" if reasons else "ready" if len(outcomes) == len(STAGES) else "unfinished"
    so_far = Session(session, outcomes, Verdict(word))
    if word == "ready" and "review" in so_far.faces():
        word = "review"
    if gate:
        word = gate["verdict"]
        # The gate's sentences begin with those of the stages; what it adds follows.
        known = "; ".join(dict.fromkeys(reason.sentence for reason in reasons))
        added = gate["reasons"].removeprefix(known).removeprefix("; ")
        codes = [code for code in gate["codes"].split(";") if code not in {"", *(reason.code for reason in reasons)}]
        reasons += [Reason(code, added, "release") for code in codes]
    return replace(so_far, verdict=Verdict(word, tuple(reasons)))


def read_gate(path: Path) -> dict[SessionId, dict[str, str]]:
    """The rows of `release.tsv` by subject and session; none where the release has not run."""
    return {SessionId(row["subject"], row["session"]): row for row in read_table(path)}


def read_series(layout: Layout, session: SessionId) -> list[dict[str, Any]]:
    """The states of a session's series: as conversion left them, or de-identification where it ended there."""
    for stage in ("convert", "deidentify"):
        path = layout.stage(stage, session) / "series.json"
        if path.is_file():
            rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
            return [{**row, "state": "not converted"} if row["state"] == "ok" else row for row in rows]
    return []


def number(text: Any) -> float | None:
    """A table's field as a number; None where it holds none."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if abs(value) < float("inf") else None
