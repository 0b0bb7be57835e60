"""The search of the dataset's own files for the identifiers of every subject of the cohort."""

from collections.abc import Sequence

from unface.audit.audit import read_identifiers
from unface.audit.identifier_search import IdentifierSearch, Written
from unface.release.dataset import Person
from unface.run.layout import Layout
from unface.run.outcome import Reason, WithheldError
from unface.run.sessions import SessionId
from unface.run.settings import Release

LEAST = 6
"""Characters of a form that is searched in what is not about the subject: a shorter one is found there by chance."""


def identified(
    layout: Layout,
    sessions: Sequence[SessionId],
    rows: Sequence[Person],
    settings: Release,
    *,
    ignore: Sequence[str],
    further: Sequence[str],
) -> list[tuple[tuple[str | None, str | None], Reason]]:
    """Whom identifiers in the dataset's own files concern, and the reason to withhold them.

    Every word that the user or a header gave is searched; the rest are unface's own words. A hit in a subject's row
    takes that subject out. A hit in the words of the whole dataset withholds everything: only its author can put
    that right.

    Parameters
    ----------
    further
        Words of the whole dataset that the user gave beside its name, license and authors.
    """
    # Columns and cells that many subjects share are searched once.
    columns = list(rows[0].values) if rows else []
    words = Written.of([settings.name, settings.license, *settings.authors, *columns, *further])
    cells = Written.of({cell for row in rows for cell in row.values.values()})
    by_subject = {row.subject: row for row in rows}
    found: list[tuple[tuple[str | None, str | None], Reason]] = []
    for session in sessions:
        try:
            answers = IdentifierSearch.of(read_identifiers(layout.identifiers(session)), ignore)
        except WithheldError:
            # Such a session is withheld already, and so is its row.
            continue
        if kinds := answers.in_strings(words, LEAST):
            found.append(
                (
                    (None, None),
                    _reason(kinds, "the dataset's name, license, authors, mapping rules or columns of subjects"),
                )
            )
        own = by_subject.get(session.subject)
        if own and (kinds := answers.in_strings([session.subject, *own.values.values()])):
            found.append(((session.subject, None), _reason(kinds, "the subject's label or row of participants.tsv")))
        if kinds := answers.in_strings(cells, LEAST):
            found += [
                ((row.subject, None), _reason(kinds, "the subject's row of participants.tsv"))
                for row in rows
                if answers.in_strings(row.values.values(), LEAST)
            ]
    return list(dict.fromkeys(found))


def _reason(kinds: set[str], where: str) -> Reason:
    return Reason("identifier_found", f"an identifier (kind: {', '.join(sorted(kinds))}) stands in {where}", "release")
