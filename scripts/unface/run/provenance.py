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


def of_session(fingerprints: Fingerprints, conversions: Conversions | None, names: SessionId) -> Fingerprints:
    """Today's digests for one session: its conversion depends on what the mapping rules make of its own series."""
    return {**fingerprints, "convert": (conversions or {}).get(names, fingerprints["convert"])}


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
    names: SessionId,
    fingerprint: Mapping[str, str],
    *,
    sessions: Sequence[str],
) -> list[str]:
    """In what of `STALE` a result differs from one that would be made today; nothing of one that is proven.

    Parameters
    ----------
    fingerprint
        Today's digests of settings and code for this stage and session.
    sessions
        The labels of all sessions of the subject, whose identifiers an audit searches for.
    """
    found = []
    if (result.stage, result.id) != (stage, names):
        found.append("owner")
    found += [part for part in ("settings", "code") if result.fingerprint.get(part) != fingerprint[part]]
    inputs = {name: layout.stage(name, names) / outcome.FILE for name in EVERY_STAGE[stage].sources}
    if stage == "deidentify":
        inputs[f"{names.name}.json"] = layout.record(names)
    if stage == "audit":
        for label in {names.session, *sessions}:
            other = SessionId(names.subject, label)
            inputs[f"{other.name}.json"] = layout.identifiers(other)
    if not all(is_same(path, result.inputs.get(name)) for name, path in inputs.items()):
        found.append("inputs")
    return found


def is_same(path: Path, digest: str | None) -> bool:
    try:
        return sha256(path) == digest
    except FileNotFoundError:
        return False
