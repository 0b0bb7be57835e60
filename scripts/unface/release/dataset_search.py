"""The search of the dataset's own files and of all names for the identifiers of every subject of the cohort."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from unface.audit import identifier_like
from unface.audit.identifier_search import IdentifierSearch, read_identifiers
from unface.audit.records import Released
from unface.identity.withdrawn import linked_names
from unface.release.cohort_search import CohortSearch, ordinary_words
from unface.release.dataset import Metadata, Person
from unface.release.problems import Problem
from unface.run.layout import Layout
from unface.run.outcome import Reason, WithheldError
from unface.run.sessions import SessionId

_COUNTER = re.compile(r"\d{1,3}(?:\.\d+)?")
"""Counts, ages and scores: such a number is somebody's ID by chance."""


class DatasetSearch:
    """Searches what the user, a header or a rule gave of a dataset; the rest are unface's own words.

    An identifier in a subject's row takes that subject out, one in the name of a file its session. One in the words of
    the whole dataset withholds everything: only its author can put that right.

    Parameters
    ----------
    layout
        Where the sessions' identifiers lie.
    sessions
        Every session of the cohort, also those that are withheld.
    people
        The rows of participants.tsv.
    ignore
        Words that identify nobody although a header holds them as an identifier.
    """

    def __init__(
        self, layout: Layout, sessions: Sequence[SessionId], people: Sequence[Person], ignore: Sequence[str]
    ) -> None:
        self._cohort = CohortSearch(ignore)
        self._found_of: dict[str, set[tuple[str, str]]] = {}
        """By subject: column (empty for the label) and kind of what of its own stands in its row."""
        self._short_ids: dict[str, set[str]] = {}
        """By subject its IDs that are small numbers."""
        rows = {person.subject: person for person in people}
        public = [*ignore, *ordinary_words()]
        patients = linked_names(layout)
        for session in sessions:
            try:
                identifiers = read_identifiers(layout.identifiers(session))
            except WithheldError:
                # Such a session is withheld already, and so is its row.
                continue
            self._cohort.add(identifiers, patients)
            if own := rows.get(session.subject):
                search = IdentifierSearch.of(identifiers, public)
                found = self._found_of.setdefault(session.subject, set())
                if not _COUNTER.fullmatch(own.subject):
                    found |= {("", kind) for kind in search.in_labels([own.subject])}
                cells = {column: cell for column, cell in own.values.items() if not _COUNTER.fullmatch(cell)}
                # One search for the whole row says nearly always that there is nothing.
                for column, cell in cells.items() if search.in_strings(cells.values()) else ():
                    found |= {(column, kind) for kind in search.in_strings([cell])}
                numbers = (value.strip().lstrip("0") for value in identifiers.get("id", ()))
                short = {number for number in numbers if _COUNTER.fullmatch(number)}
                self._short_ids.setdefault(session.subject, set()).update(short)

    def problems(
        self, people: Sequence[Person], metadata: Metadata, files: Mapping[SessionId, Sequence[Released]]
    ) -> list[Problem]:
        """What stands where it may not.

        Parameters
        ----------
        people
            The rows of participants.tsv, all of them among those that the search was made for.
        metadata
            What the dataset's own files say besides what its sessions hold.
        files
            Those of each session in the dataset.

        Returns
        -------
        list of Problem
            Of a session, a subject or the whole dataset, each once.
        """
        problems = [*self._in_dataset(metadata), *self._in_rows(people, metadata), *self._in_names(files)]
        return list(dict.fromkeys(problems))

    def _in_dataset(self, metadata: Metadata) -> Iterator[Problem]:
        for place, text in metadata.words():
            if kinds := self._cohort.in_text(text):
                yield Problem(_reason(kinds, place))
            if "a DICOM UID" in identifier_like.kinds(text, metadata.options):
                yield Problem(Reason("identifier_like", f"{place} holds a DICOM UID: leave it out", "release"))
        for number, author in enumerate(metadata.settings.authors, start=1):
            if kinds := self._cohort.in_author(author):
                yield Problem(_reason(kinds, f"entry {number} of release.authors"))

    def _in_rows(self, people: Sequence[Person], metadata: Metadata) -> Iterator[Problem]:
        # Cells that many subjects share are searched once.
        cells = {cell for person in people for cell in person.values.values() if not _COUNTER.fullmatch(cell)}
        found = {cell: kinds for cell in cells if (kinds := self._found_in(cell))}
        telling = self._telling_numbers(people)
        for person in people:
            own = self._found_of.get(person.subject, set())
            if kinds := {kind for column, kind in own if not column}:
                yield Problem(_reason(kinds, "the subject's label"), person.subject)
            elif person.subject in metadata.columns and (kinds := self._cohort.in_label(person.subject, least=4)):
                # Only labels that somebody gave: in others, which the key made, words stand by chance.
                yield Problem(_reason(kinds, "the subject's label"), person.subject)
            for column, cell in person.values.items():
                kinds = {kind for where, kind in own if where == column} | found.get(cell, set())
                kinds |= {"id"} if (person.subject, column) in telling else set()
                if kinds:
                    place = f"the subject's row of participants.tsv, column {column}"
                    yield Problem(_reason(kinds, place), person.subject)

    def _found_in(self, cell: str) -> set[str]:
        # A number by itself counts where its whole column tells.
        return set() if self._cohort.is_somebodys_number(cell) else self._cohort.in_text(cell)

    def _telling_numbers(self, people: Sequence[Person]) -> set[tuple[str, str]]:
        """Subjects and columns whose cell is an ID, where more than half of the column's cells are."""
        hits, filled = set(), Counter[str]()
        for person in people:
            short = self._short_ids.get(person.subject, set())
            for column, cell in person.values.items():
                filled[column] += bool(cell.strip("/na "))
                if cell.strip().lstrip("0") in short or self._cohort.is_somebodys_number(cell):
                    hits.add((person.subject, column))
        counts = Counter(column for _, column in hits)
        # Age comes from the headers.
        return {
            (subject, column) for subject, column in hits if column != "age" and 2 * counts[column] > filled[column]
        }

    def _in_names(self, files: Mapping[SessionId, Sequence[Released]]) -> Iterator[Problem]:
        """Labels in the names of files, each searched once; those of subject and session are no header's."""
        known: dict[str, set[str]] = {}
        for session, released in files.items():
            kinds: set[str] = set()
            for file in released:
                for part in file.path.rsplit("/", 1)[-1].split("_"):
                    key, _, label = part.partition("-")
                    if label and key not in ("sub", "ses"):
                        if label not in known:
                            known[label] = self._cohort.in_label(label)
                        kinds |= known[label]
            if kinds:
                place = "the name of a file: change the mapping rule that gives its label"
                yield Problem(_reason(kinds, place), session.subject, session.session)


def _reason(kinds: set[str], place: str) -> Reason:
    sentence = f"an identifier of somebody of the cohort (kind: {', '.join(sorted(kinds))}) stands in {place}"
    return Reason(
        "identifier_found", f"{sentence}; leave it out, or name the word in audit.ignore if it is no secret", "release"
    )
