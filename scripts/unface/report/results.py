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


@dataclass(frozen=True)
class Standing:
    """How far a session has come.

    Attributes
    ----------
    word : str
        `released`, `withheld`, `review` (every stage ok, but a person has to rate an image), `ready` (every stage ok,
        no release yet) or `unfinished`.
    reasons : tuple of Reason
        Why it is withheld.
    """

    word: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Session:
    """One session as the report sees it.

    Attributes
    ----------
    id : SessionId
        Whose it is.
    outcomes : mapping
        By stage; one that did not run is not among them. Without digests of files.
    standing : Standing
        How far it has come.
    """

    id: SessionId
    outcomes: Mapping[str, Outcome]
    standing: Standing

    @property
    def name(self) -> str:
        """`sub-<label>_ses-<label>`."""
        return self.id.bids_prefix

    def state(self, stage: str) -> str:
        """How a stage ended.

        Parameters
        ----------
        stage
            One of `run.stages.STAGES`.

        Returns
        -------
        str
            `ok`, `review`, `withheld` by this stage itself, `skipped` because of an earlier one, or `missing`.
        """
        result = self.outcomes.get(stage)
        if result is None:
            return "missing"
        if result.ok:
            return "review" if stage == "deface" and "review" in self.faces() else "ok"
        return "withheld" if any(reason.stage == stage for reason in result.reasons) else "skipped"

    def faces(self) -> list[str]:
        """How the defacing of each head image ended: `pass`, `review` or `fail`."""
        return [str(image.get("state", "")) for image in self.heads().values()]

    def heads(self) -> Mapping[str, Any]:
        """What the defacing measured of each head image, by path in BIDS."""
        defaced = self.outcomes.get("deface")
        images: Mapping[str, Any] = defaced.measurements.get("images", {}) if defaced else {}
        return images


def read_session(layout: Layout, session: SessionId, gate: Mapping[str, str] | None = None) -> Session:
    """Read what the stages left of one session.

    Parameters
    ----------
    layout
        Where it lies.
    session
        Which one.
    gate
        Its row of `release.tsv`: the gate's verdict is the last word if given.

    Returns
    -------
    Session
        With whatever there is.
    """
    outcomes = {}
    for stage in STAGES:
        try:
            result = outcome.read(layout.stage(stage, session))
            # Digests of files are for the gate; ten thousand sessions of them would fill the memory.
            outcomes[stage] = replace(result, inputs={}, outputs={})
        except outcome.JobFailedError:
            continue
    reasons = list(dict.fromkeys(reason for result in outcomes.values() for reason in result.reasons))
    word = "withheld" if reasons else "ready" if len(outcomes) == len(STAGES) else "unfinished"
    so_far = Session(session, outcomes, Standing(word))
    if word == "ready" and "review" in so_far.faces():
        word = "review"
    if gate:
        word = gate["verdict"]
        # The gate's sentences begin with those of the stages; what it adds follows.
        known = "; ".join(dict.fromkeys(reason.sentence for reason in reasons))
        added = gate["reasons"].removeprefix(known).removeprefix("; ")
        codes = [code for code in gate["codes"].split(";") if code not in {"", *(reason.code for reason in reasons)}]
        reasons += [Reason(code, added, "release") for code in codes]
    return replace(so_far, standing=Standing(word, tuple(reasons)))


def read_gate(path: Path) -> dict[SessionId, dict[str, str]]:
    """Read the gate's verdicts.

    Parameters
    ----------
    path
        Of `release.tsv` (`layout.verdicts`).

    Returns
    -------
    dict
        Its row for each session; none where the release has not run.
    """
    return {SessionId(row["subject"], row["session"]): row for row in read_table(path)}


def read_series(layout: Layout, session: SessionId) -> list[dict[str, Any]]:
    """Read the states of a session's series: as conversion left them, or de-identification where it ended there.

    Parameters
    ----------
    layout
        Where they lie.
    session
        Which one.

    Returns
    -------
    list of dict
        A series each, with `series`, `state` and more; none where neither stage has run.
    """
    for stage in ("convert", "deidentify"):
        path = layout.stage(stage, session) / "series.json"
        if path.is_file():
            rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
            return [{**row, "state": "not converted"} if row["state"] == "ok" else row for row in rows]
    return []


def number(text: Any) -> float | None:
    """A table's field as a number.

    Parameters
    ----------
    text
        As it stands in the table.

    Returns
    -------
    float or None
        None where it holds none, or an infinite one.
    """
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if abs(value) < float("inf") else None
