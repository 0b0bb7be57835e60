"""The search of the dataset's own files for the identifiers of every subject of the cohort."""

from collections.abc import Sequence

from unface.audit.identifier_search import IdentifierSearch, SearchableText, read_identifiers
from unface.release.dataset import Person
from unface.release.problems import Problem
from unface.run.layout import Layout
from unface.run.outcome import Reason, WithheldError
from unface.run.sessions import SessionId

LEAST = 6
"""Characters of a form that is searched in what is not about the subject: a shorter one is found there by chance."""


def identified(
    layout: Layout, sessions: Sequence[SessionId], people: Sequence[Person], words: Sequence[str], ignore: Sequence[str]
) -> list[Problem]:
    """Search every word of the dataset's own files that the user or a header gave; the rest are unface's own words.

    An identifier in a subject's row takes that subject out. One in the words of the whole dataset withholds
    everything: only its author can put that right.

    Parameters
    ----------
    layout
        Where the sessions' identifiers lie.
    sessions
        Every session of the cohort, also those that are withheld.
    people
        The rows of participants.tsv.
    words
        Of the whole dataset (`dataset.Metadata.words`).
    ignore
        Words that identify nobody although a header holds them as an identifier.

    Returns
    -------
    list of Problem
        Of a subject or of the whole dataset, each once.
    """
    # Columns and cells that many subjects share are folded and searched once.
    columns = list(people[0].values) if people else []
    of_dataset = SearchableText.of([*words, *columns])
    cells = SearchableText.of({cell for person in people for cell in person.values.values()})
    rows = {person.subject: person.values for person in people}
    problems: list[Problem] = []
    for session in sessions:
        try:
            search = IdentifierSearch.of(read_identifiers(layout.identifiers(session)), ignore)
        except WithheldError:
            # Such a session is withheld already, and so is its row.
            continue
        if kinds := search.in_strings(of_dataset, LEAST):
            place = "the dataset's name, license, authors, mapping rules or columns of subjects"
            problems.append(Problem(_reason(kinds, place)))
        own = rows.get(session.subject)
        if own is not None and (kinds := search.in_strings([session.subject, *own.values()])):
            place = "the subject's label or row of participants.tsv"
            problems.append(Problem(_reason(kinds, place), session.subject))
        if kinds := search.in_strings(cells, LEAST):
            problems += [
                Problem(_reason(kinds, "the subject's row of participants.tsv"), subject)
                for subject, row in rows.items()
                if search.in_strings(row.values(), LEAST)
            ]
    return list(dict.fromkeys(problems))


def _reason(kinds: set[str], place: str) -> Reason:
    return Reason("identifier_found", f"an identifier (kind: {', '.join(sorted(kinds))}) stands in {place}", "release")
