"""The verdict on every session: released, or withheld and why; as a table, and in a few lines for the end of a run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unface.run.files import table_text, write_whole
from unface.run.layout import Layout
from unface.run.outcome import REASONS, Reason
from unface.run.sessions import SessionId


@dataclass(frozen=True)
class Verdict:
    """Whether a session is released, and if not, why."""

    session: SessionId
    reasons: tuple[Reason, ...] = ()

    @property
    def released(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


@dataclass(frozen=True)
class Verdicts:
    """The verdict on every session of a cohort.

    Attributes
    ----------
    sessions : sequence of Verdict
        In the order of the sessions.
    layout : Layout
        Where the results lie.
    notes : tuple of str
        What the author of the release should know, such as small groups of alike subjects.
    """

    sessions: Sequence[Verdict]
    layout: Layout
    notes: tuple[str, ...] = ()


def write(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Write the verdict on every session as a table, whole or not at all.

    Parameters
    ----------
    path
        The table (`layout.verdicts`).
    verdicts
        A row each.
    """
    rows = []
    for verdict in verdicts:
        codes = ";".join(dict.fromkeys(reason.code for reason in verdict.reasons))
        sentences = "; ".join(dict.fromkeys(reason.sentence for reason in verdict.reasons))
        word = "released" if verdict.released else "withheld"
        rows.append((*verdict.session, word, codes, " ".join(sentences.split())))
    write_whole(path, table_text(("subject", "session", "verdict", "codes", "reasons"), rows))


def closing_words(verdicts: Verdicts) -> str:
    """What a run came to: sessions released, sessions withheld by reason, where to look.

    Parameters
    ----------
    verdicts
        On every session of the cohort.

    Returns
    -------
    str
        A few lines.
    """
    released = sum(verdict.released for verdict in verdicts.sessions)
    withheld = [verdict for verdict in verdicts.sessions if not verdict.released]
    lines = [f"unface: {released} of {len(verdicts.sessions)} sessions released, {len(withheld)} withheld"]
    firsts = Counter(verdict.reasons[0].code for verdict in withheld)
    for code, count in sorted(firsts.items(), key=lambda item: (-item[1], item[0])):
        names = [verdict.session.name for verdict in withheld if verdict.reasons[0].code == code]
        shown = ", ".join(names[:3]) + (f" and {count - 3} more" if count > 3 else "")
        lines.append(f"  {count:5d}  {code}: {REASONS[code]} ({shown})")
    lines += [f"  note: {note}" for note in verdicts.notes]
    where = [("the dataset", verdicts.layout.release)] if released else []
    where += [("every verdict and its reasons", verdicts.layout.verdicts), ("report", verdicts.layout.summary_page)]
    where += [("heads before and after", verdicts.layout.review_index)]
    return "\n".join(lines + [f"  {what}: {path}" for what, path in where]) + "\n"
