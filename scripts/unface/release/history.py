"""The releases of a cohort, one after another: what each was made with, and what changed; CHANGES tells it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from unface import __version__
from unface.run.files import write_whole
from unface.run.provenance import Fingerprints
from unface.run.sessions import SessionId
from unface.run.settings import Release

Sessions = tuple[SessionId, ...]


@dataclass(frozen=True)
class Entry:
    """One release: version and date as the user gave them, a digest of what made it, its sessions, what is new.

    The digest is of settings that may name somebody: it is compared and never written out.
    """

    version: str
    date: str | None
    fingerprint: str
    released: Sessions
    withheld: Sessions
    lines: tuple[str, ...] = ()
    released_withdrawn: int = 0
    withheld_withdrawn: int = 0
    """Of its sessions those that are no longer named, since their subjects withdrew."""

    def without(self, subjects: frozenset[str]) -> Self:
        """The entry without some subjects: their sessions are counted; what was written of numbers stays.

        Parameters
        ----------
        subjects
            Labels.

        Returns
        -------
        Entry
            That names none of them.
        """
        released = tuple(session for session in self.released if session.subject not in subjects)
        withheld = tuple(session for session in self.withheld if session.subject not in subjects)
        return replace(
            self,
            released=released,
            withheld=withheld,
            released_withdrawn=self.released_withdrawn + len(self.released) - len(released),
            withheld_withdrawn=self.withheld_withdrawn + len(self.withheld) - len(withheld),
        )


@dataclass(frozen=True)
class History:
    """Every release so far, the oldest first."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` left.

        Parameters
        ----------
        path
            Of the history (`layout.history`).

        Returns
        -------
        History
            Empty where nothing was released yet.
        """
        if not path.exists():
            return cls()
        return cls(tuple(_entry(content) for content in json.loads(path.read_text(encoding="utf-8"))))

    def write(self, path: Path) -> None:
        """Keep the history, whole or not at all; it stands in `restricted/`, for it names sessions that have left.

        Parameters
        ----------
        path
            Of the history (`layout.history`).
        """
        write_whole(path, json.dumps([asdict(entry) for entry in self.entries], indent=1) + "\n", mode=0o600)

    def with_release(
        self,
        settings: Release,
        fingerprints: Fingerprints,
        released: Sequence[SessionId],
        withheld: Sequence[SessionId],
    ) -> Self:
        """The history with one more release; another one of the same version takes its place.

        Parameters
        ----------
        settings
            With version and date.
        fingerprints
            Digests of settings and code by stage; those of the release itself, which hold its version, do not count.
        released, withheld
            In any order.

        Returns
        -------
        History
            With what changed since the release before.
        """
        earlier = tuple(entry for entry in self.entries if entry.version != settings.version)
        made = {stage: dict(fingerprint) for stage, fingerprint in fingerprints.items() if stage != "release"}
        digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]
        now = Entry(settings.version, settings.date, digest, tuple(sorted(released)), tuple(sorted(withheld)))
        lines = tuple(_lines(now, earlier[-1] if earlier else None))
        return type(self)((*earlier, replace(now, lines=lines)))

    def without(self, subjects: frozenset[str]) -> Self:
        """The history without some subjects.

        Parameters
        ----------
        subjects
            Labels.

        Returns
        -------
        History
            That names none of them.
        """
        return type(self)(tuple(entry.without(subjects) for entry in self.entries))

    def changes(self) -> str:
        """The text of CHANGES, in the form that BIDS asks for: the newest first."""
        blocks = [
            "\n".join([f"{entry.version} {entry.date or ''}".strip(), *(f"  - {line}" for line in entry.lines)])
            for entry in reversed(self.entries)
        ]
        return "\n\n".join(blocks) + "\n"


def _lines(now: Entry, before: Entry | None) -> list[str]:
    subjects = len({subject for subject, _ in now.released})
    first = f"Released by unface {__version__} (see code/unface)"
    if before is None:
        return [first, f"{len(now.released)} sessions of {subjects} subjects; {len(now.withheld)} sessions withheld"]
    same = "the same settings and code as" if now.fingerprint == before.fingerprint else "other settings or code than"
    released = _change(now.released, before.released, before.released_withdrawn)
    withheld = _change(now.withheld, before.withheld, before.withheld_withdrawn)
    return [
        f"{first}: {same} {before.version}",
        f"{len(now.released)} sessions of {subjects} subjects: {released}",
        f"{len(now.withheld)} sessions withheld: {withheld}",
    ]


def _change(now: Sessions, before: Sessions, withdrawn: int) -> str:
    """What came and went; `withdrawn`: of those before, the sessions of subjects who have withdrawn since."""
    change = f"{len({*now} - {*before})} more, {len({*before} - {*now}) + withdrawn} fewer"
    return f"{change}, of these {withdrawn} withdrawn" if withdrawn else change


def _entry(content: dict[str, Any]) -> Entry:
    sessions = {
        name: tuple(SessionId(subject, session) for subject, session in content[name])
        for name in ("released", "withheld")
    }
    return Entry(**{**content, **sessions, "lines": tuple(content["lines"])})
