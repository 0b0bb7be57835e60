"""Whether a result is the one that would be made today: its fingerprints and inputs against those of now."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from unface.run import outcome
from unface.run.files import sha256
from unface.run.layout import Layout
from unface.run.outcome import Outcome
from unface.run.sessions import SessionId
from unface.run.stages import EVERY_STAGE

Fingerprints = Mapping[str, Mapping[str, str]]
"""Digests of settings and code, by stage (`run.fingerprints.fingerprint`)."""
Conversions = Mapping[SessionId, Mapping[str, str]]
"""Those of the conversion of each session whose mapping is known (`fingerprints.of_conversions`)."""


def of_session(fingerprints: Fingerprints, conversions: Conversions | None, session: SessionId) -> Fingerprints:
    """Today's digests for one session: its conversion depends on what the mapping rules make of its own series.

    Parameters
    ----------
    fingerprints
        Today's digests by stage.
    conversions
        Those of the conversion of single sessions, where their mapping is known.
    session
        The session.

    Returns
    -------
    Fingerprints
        The digests by stage, those of its own conversion among them.
    """
    return {**fingerprints, "convert": (conversions or {}).get(session, fingerprints["convert"])}


STALE: Mapping[str, str] = {
    "owner": "holds the result of another session or stage",
    "settings": "was made with other settings than today's",
    "code": "was made with other code than today's",
    "inputs": "was made from other inputs than today's",
}
"""In what a result can differ from one that would be made today, each with how a sentence about it ends."""


def stale(
    layout: Layout,
    result: Outcome,
    stage: str,
    session: SessionId,
    fingerprint: Mapping[str, str],
    *,
    sessions: Sequence[str],
) -> list[str]:
    """In what of `STALE` a result differs from one that would be made today; nothing of one that is proven.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    result
        What the stage left.
    stage
        The stage that it has to be of.
    session
        The session that it has to be of.
    fingerprint
        Today's digests of settings and code for this stage and session.
    sessions
        The labels of all sessions of the subject, whose identifiers an audit searches for.

    Returns
    -------
    list of str
        Keys of `STALE`.
    """
    different = []
    if (result.stage, result.id) != (stage, session):
        different.append("owner")
    different += [part for part in ("settings", "code") if result.fingerprint.get(part) != fingerprint[part]]
    inputs = {name: layout.stage(name, session) / outcome.FILE for name in EVERY_STAGE[stage].sources}
    if stage == "deidentify":
        inputs[f"{session.name}.json"] = layout.record(session)
    if stage == "audit":
        for label in {session.session, *sessions}:
            other = SessionId(session.subject, label)
            inputs[f"{other.name}.json"] = layout.identifiers(other)
    if not all(is_same(path, result.inputs.get(name)) for name, path in inputs.items()):
        different.append("inputs")
    return different


def is_same(path: Path, digest: str | None) -> bool:
    """Whether a file has the digest that was noted of it; one that is not there has not.

    Parameters
    ----------
    path
        The file.
    digest
        Its SHA-256 as noted; None if it was not.

    Returns
    -------
    bool
        Whether they are equal.
    """
    try:
        return sha256(path) == digest
    except FileNotFoundError:
        return False
