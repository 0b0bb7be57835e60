"""The page that a curator judges one session by. It shows the face, so it lies in `restricted/review/`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unface.compare.records import AGREEMENT
from unface.report import pages, pictures, results
from unface.report.results import Session
from unface.report.wording import CHECKS, ENGINES, STAGE_HEADINGS, STANDINGS, in_order
from unface.review import heads, ratings
from unface.review.cards import Card, nearest
from unface.review.ratings import RATING_COLUMNS
from unface.run import outcome
from unface.run.files import read_table, write_whole
from unface.run.layout import Layout
from unface.run.outcome import REASONS
from unface.run.sessions import SessionId
from unface.run.stages import STAGES

TEMPLATE = Path(__file__).parent / "templates" / "review.html.j2"
WORST_REGIONS = 8


def review_session(layout: Layout, session: SessionId, output: Path, card: Path, title: str) -> None:
    """Write the page of one session, with whatever its stages left, and its card for the list of pages.

    Parameters
    ----------
    layout
        Where the stages left it.
    session
        Which one.
    output
        The page (`layout.review`): one file, mode 0600, that loads nothing; it links to the list and its neighbours.
    card
        The card (`layout.review_card`).
    title
        The name of the cohort.
    """
    result = results.read_session(layout, session)
    # Where a stage withholds the session, a rating decides nothing.
    lines = {} if result.standing.reasons else _rating_lines(layout, session)
    agreement = read_table(layout.stage("compare", session) / AGREEMENT)
    shown = {name: _head(layout, result, name, agreement) for name in heads.names(layout, result)}
    page = pages.render(
        TEMPLATE,
        title=title,
        session=result,
        page=output.name,
        index=f"{layout.review_index.name}#{session.name}",
        turns=layout.review_turns.name,
        standings=STANDINGS,
        meanings=REASONS,
        stages=_stages(result),
        series=results.read_series(layout, session),
        heads=[{**head, "rating": lines.get(name, "")} for name, head in shown.items()],
        rating_columns="\t".join(RATING_COLUMNS),
        tissues=heads.TISSUES.values(),
        cut=heads.CUT,
        check_meanings=CHECKS,
    )
    write_whole(output, page, mode=0o600)
    _card(result, shown).write(card)


def _card(session: Session, shown: Mapping[str, Mapping[str, Any]]) -> Card:
    check = nearest(session.heads())
    head = shown.get(check.get("image", ""), next(iter(shown.values()), {"surfaces": []}))
    faces = [picture for picture in head["surfaces"] if picture.caption.startswith(heads.VIEWS["front"])]
    small = tuple(pictures.data_uri(pictures.small(picture.pixels)) for picture in faces)
    codes = dict.fromkeys(reason.code for reason in session.standing.reasons)
    return Card(session.standing.word, tuple(codes), check, small)


def _stages(session: Session) -> list[dict[str, Any]]:
    """Each stage with how it ended; reasons that an earlier stage passed on are not told again."""
    rows = []
    for stage in STAGES:
        result = session.outcomes.get(stage)
        rows.append(
            {
                "name": STAGE_HEADINGS[stage],
                "state": session.state(stage),
                "reasons": [reason for reason in result.reasons if reason.stage == stage] if result else [],
                "notes": result.notes if result else (),
                "tools": sorted(result.tools.items()) if result else [],
            }
        )
    return rows


def _rating_lines(layout: Layout, session: SessionId) -> Mapping[str, str]:
    """For each image that there is to rate the line of the table of ratings by which a person passes it."""
    try:
        defaced = outcome.read(layout.stage("deface", session))
    except outcome.JobFailedError:
        return {}
    return {path: "\t".join(image.row("pass")) for path, image in ratings.shown_images(defaced).items()}


def _head(layout: Layout, session: Session, name: str, agreement: list[dict[str, str]]) -> dict[str, Any]:
    """What the page shows of one head image."""
    head = heads.read(layout, session, name)
    measured = session.heads().get(name, {})
    rows = [row for row in agreement if row["image"] == name]
    volumes = [row for row in rows if results.number(row["original"]) is not None]
    overlaps = [row for row in rows if results.number(row["original"]) is None]
    regions = [row for row in volumes if row["region"]]
    return {
        "name": head.stem,
        "state": measured.get("state", ""),
        "engine": ENGINES.get(measured.get("engine", ""), measured.get("engine", "")),
        "registered": measured.get("registered", ""),
        "checks": {check: measured["checks"][check] for check in in_order(measured.get("checks", {}))},
        "slices": heads.slices(head),
        "surfaces": heads.surfaces(head),
        "tissues": heads.tissues(layout, session, head),
        "measures": [row for row in volumes if not row["region"]],
        "overlaps": [row for row in overlaps if not row["region"]],
        "region_overlaps": [row for row in overlaps if row["region"]],
        "regions": regions,
        "worst": sorted(regions, key=_change, reverse=True)[:WORST_REGIONS],
    }


def _change(row: Mapping[str, str]) -> float:
    return abs(results.number(row["percent"]) or 0)
