"""A session, by the labels that it and its subject have everywhere; and choices among many."""

import hashlib
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple


class SessionId(NamedTuple):
    """The labels of one session and of its subject, without `sub-` and `ses-`; labels hold no underscore."""

    subject: str
    session: str

    @property
    def name(self) -> str:
        """`<subject>_<session>`: the session in names of files."""
        return f"{self.subject}_{self.session}"

    @property
    def bids_prefix(self) -> str:
        """How every BIDS file name of the session begins."""
        return f"sub-{self.subject}_ses-{self.session}"

    @property
    def bids_folder(self) -> Path:
        """The session's folder inside a BIDS dataset."""
        return Path(f"sub-{self.subject}") / f"ses-{self.session}"


EVERY = SessionId("{subject}", "{session}")
"""Any session: a pattern with Snakemake's wildcards."""


def by_subject(sessions: Iterable[SessionId]) -> dict[str, list[str]]:
    """The labels of each subject's sessions, in order.

    Parameters
    ----------
    sessions
        Sessions in any order.

    Returns
    -------
    dict
        Labels of sessions, sorted, by the label of their subject.
    """
    labels: dict[str, list[str]] = {}
    for subject, session in sorted(sessions):
        labels.setdefault(subject, []).append(session)
    return labels


def sampled(
    sessions: Iterable[SessionId], count: int, usable: Callable[[SessionId], bool] = lambda session: True
) -> list[SessionId]:
    """At most `count` of the sessions: those whose names have the smallest digests.

    The choice is the same on every machine, and a session that is added moves at most one other out.

    Parameters
    ----------
    sessions
        Sessions in any order.
    count
        The size of the sample.
    usable
        Whether a session may be drawn; asked of no more than are needed.

    Returns
    -------
    list of SessionId
        In the order of their digests.
    """
    drawn = sorted(sessions, key=lambda session: hashlib.sha256(session.name.encode()).digest())
    return list(islice(filter(usable, drawn), count))
