"""The list of all review pages, with those that wait for a person first, and the way from page to page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from unface.report import pages, results
from unface.report.wording import ADVICE
from unface.review.cards import Card
from unface.review.ratings import ASKING
from unface.run.files import write_whole
from unface.run.layout import Layout
from unface.run.outcome import REASONS
from unface.run.sessions import SessionId

TEMPLATE = Path(__file__).parent / "templates" / "index.html.j2"
WITH_PICTURES = 500
"""So many of the first rows show the head: more would make the page too large to open."""


@dataclass(frozen=True)
class Row:
    """One session in the list.

    Attributes
    ----------
    session : SessionId
        Whose page it leads to.
    card : Card
        What its page left for the list.
    verdict : str
        The gate's, or how far the session is.
    codes : tuple of str
        Of the reasons for which it is withheld.
    """

    session: SessionId
    card: Card
    verdict: str
    codes: tuple[str, ...]

    @property
    def waits(self) -> bool:
        """Whether a person's rating is all that it lacks."""
        return self.verdict == "review" or (bool(self.codes) and set(self.codes) <= set(ASKING))

    @property
    def concern(self) -> tuple[bool, float, SessionId]:
        """Its place in the list: who waits, then whose check is nearest to its limit."""
        return not self.waits, self.card.nearest.get("distance", float("inf")), self.session


def index(layout: Layout, sessions: Iterable[SessionId], page: Path, turns: Path, title: str) -> None:
    """Write the list of review pages, and where each page's *previous* and *next* lead to.

    A page knows no other, so that it stays as it is when sessions come or go: its links lead to small pages of their
    own, which lead on in the order of the list.

    Parameters
    ----------
    layout
        Where the pages and their cards lie.
    sessions
        Every session of the inventory.
    page
        The list (`layout.review_index`).
    turns
        The folder of the small pages (`layout.review_turns`).
    title
        The name of the cohort.
    """
    gate = results.read_gate(layout.verdicts)
    rows = sorted((_row(layout, session, gate.get(session)) for session in sessions), key=lambda row: row.concern)
    waiting = sum(row.waits for row in rows)
    text = pages.render(
        TEMPLATE,
        title=title,
        waiting=rows[:waiting],
        others=rows[waiting:],
        pictured={row.session for row in rows[:WITH_PICTURES]},
        all_pictured=len(rows) <= WITH_PICTURES,
        meanings=REASONS,
        advice=ADVICE,
    )
    write_whole(page, text, mode=0o600)
    turns.mkdir(mode=0o700, exist_ok=True)  # also where there is no session
    names = [page.name, *(layout.review(row.session).name for row in rows), page.name]
    for before, after in pairwise(names):
        if after != page.name:
            _turn(turns / f"previous-{after}", before)
        if before != page.name:
            _turn(turns / f"next-{before}", after)


def _row(layout: Layout, session: SessionId, verdict: Mapping[str, str] | None) -> Row:
    card = Card.read(layout.review_card(session))
    if verdict is None:
        return Row(session, card, card.standing, card.codes)
    return Row(session, card, verdict["verdict"], tuple(filter(None, verdict["codes"].split(";"))))


def _turn(path: Path, to: str) -> None:
    head = f'<meta charset="utf-8"><title>unface</title><meta http-equiv="refresh" content="0; url=../{to}">'
    write_whole(path, f'<!doctype html>{head}<a href="../{to}">Go on</a>\n', mode=0o600)
