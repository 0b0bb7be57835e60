"""The search for a subject's own identifiers, in every form in which they may be written, in text and in bytes.

A search for known values finds what recognisers of names miss (`DOE^JANE`, a record number). Its danger is the chance
hit, so how a form is searched depends on how much it says and on where it is searched:

=====================  ==========================================================================================
written strings        everything, also with separators left out; 2 characters, or 3 digits, only as the whole string
running text           3-4 characters as a word of their own, 5 and more anywhere (of Chinese, Japanese and Korean 2);
                       numbers as whole numbers, from 6 digits on
voxels, binary bytes   8 characters and more as 8-bit text, 10 and more as UTF-16: with voxels spread over 30 and more
                       values, a form is hit by chance in one of 6,000 files of 100 MB
=====================  ==========================================================================================

In a label a word also ends where letters meet digits, and small letters large ones: `JaneDoe2` has three. A single
character says nothing and is not searched.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unface.audit import forms
from unface.audit.forms import PLACEHOLDERS, SEPARATORS, Form, fold, squash
from unface.run.outcome import WithheldError

BINARY_LEAST = 8
UTF16_LEAST = 10

_SEPARATORS_BUT_LINES = re.compile(r"(?:[^\w\n]|_)+")
_EDGES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where a word ends in a label, which has no separators."""


def read_identifiers(path: Path) -> Mapping[str, list[str]]:
    """Read the identifiers of one session.

    Parameters
    ----------
    path
        As de-identification wrote it (`layout.identifiers`).

    Returns
    -------
    dict
        Values by kind: `name`, `id`, `date`, `uid`, `other`.

    Raises
    ------
    WithheldError
        `unaudited` if they are missing or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(kind): [str(value) for value in values] for kind, values in content.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        raise WithheldError("unaudited", "the file of the session's identifiers is missing or damaged") from None


@dataclass(frozen=True)
class SearchableText:
    """Strings that someone wrote, folded once and then searched for many forms.

    Attributes
    ----------
    whole : frozenset of str
        Each string, folded.
    folded, squashed, words : str
        All of them, a line each: folded; without separators; and its words alone, those of a label set apart.
    """

    whole: frozenset[str]
    folded: str
    squashed: str = ""
    words: str = ""

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        """Fold strings for the search.

        Parameters
        ----------
        strings
            In any order; one that is there twice counts once.

        Returns
        -------
        SearchableText
            For `IdentifierSearch.in_strings`.
        """
        ordered = sorted(set(strings))
        return cls(
            frozenset(fold(text).strip() for text in ordered),
            "\n".join(fold(text) for text in ordered),
            "\n".join(squash(text) for text in ordered),
            "\n".join(" ".join(SEPARATORS.split(fold(_EDGES.sub(" ", text)))) for text in ordered),
        )

    def holds(self, form: Form) -> bool:
        """Whether a form occurs; a very short one only as a whole string.

        Parameters
        ----------
        form
            Of two characters or more.

        Returns
        -------
        bool
            False also where it is a mere part of a longer word or number.
        """
        if len(form.text) < (4 if form.text.isdigit() else 3) and not form.without_spaces:
            return form.text in self.whole
        if form.squashed:
            return form.stands_in(self.squashed)
        return form.stands_in(self.folded) or (form.text.replace(" ", "").isalpha() and form.stands_in(self.words))


class _FormsByBeginning:
    """A session has thousands of UIDs, and few beginnings of them: most forms are ruled out at once."""

    LENGTH = 8

    def __init__(self, all_forms: Iterable[Form]) -> None:
        self._by_beginning: dict[tuple[str, bool], list[Form]] = {}
        for form in all_forms:
            self._by_beginning.setdefault((form.text[: self.LENGTH], form.squashed), []).append(form)

    def begun_in(self, text: SearchableText) -> Iterator[Form]:
        """The forms whose beginning occurs."""
        for (beginning, squashed), begun in self._by_beginning.items():
            if beginning in text.squashed if squashed else beginning in text.folded or beginning in text.words:
                yield from begun


@dataclass(frozen=True)
class IdentifierSearch:
    """The identifiers of one subject, expanded into forms and ready to search.

    Attributes
    ----------
    forms : tuple of Form
        Of every identifier.
    spelled : tuple of (str, str)
        Kind and words outside ASCII as they are spelled: folding would change their bytes.
    """

    forms: tuple[Form, ...]
    spelled: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, identifiers: Mapping[str, Sequence[str]], ignore: Iterable[str] = ()) -> Self:
        """Expand identifiers into forms.

        Parameters
        ----------
        identifiers
            Values by kind: `name`, `id`, `date`, `uid`, `other`, as they stand in the raw headers.
        ignore
            Words that identify nobody, in any case; a longer form that contains one is still searched.

        Returns
        -------
        IdentifierSearch
            Without forms where no identifier says enough to be searched.
        """
        public = PLACEHOLDERS | {fold(word) for word in ignore} | {squash(word) for word in ignore}
        chosen = {
            form
            for kind, values in identifiers.items()
            for value in values
            for form in forms.of_identifier(kind, value, public)
            if len(form.text) > 1 and form.text not in public
        }
        chosen |= set(forms.initials_with_year(identifiers.get("name", ()), identifiers.get("date", ()), public))
        spelled = {
            (kind, spelling)
            for kind, values in identifiers.items()
            for value in values
            for word in (value, *SEPARATORS.split(value))
            if not word.isascii() and fold(word) not in public
            for spelling in (word, word.lower(), word.upper(), word.title())
        }
        ordered = sorted(chosen, key=lambda form: (form.kind, form.text, form.squashed))
        return cls(tuple(ordered), tuple(sorted(spelled)))

    def in_strings(self, strings: Iterable[str] | SearchableText, least: int = 2) -> set[str]:
        """Search strings that someone wrote: values of JSON, cells, labels, header fields.

        Parameters
        ----------
        strings
            Folded before if they are searched for several subjects.
        least
            Characters of the shortest form that counts; more than 2 for strings that say nothing about the subject
            in particular.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        text = strings if isinstance(strings, SearchableText) else SearchableText.of(strings)
        return {form.kind for form in self._by_beginning.begun_in(text) if len(form.text) >= least and text.holds(form)}

    def in_labels(self, labels: Iterable[str]) -> set[str]:
        """Search labels of BIDS names: a number behind letters, `S4821`, tells there as well.

        Parameters
        ----------
        labels
            As they stand in a name.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        text = SearchableText.of(labels)
        numbers = (form for form in self._by_beginning.begun_in(text) if form.text.isdigit() and len(form.text) > 3)
        return self.in_strings(text) | {form.kind for form in numbers if form.stands_in(text.words)}

    def in_text(self, text: str) -> set[str]:
        """Search running text, which may be columns of numbers.

        Parameters
        ----------
        text
            As it stands in a file.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        folded = fold(text)
        begun = self._by_beginning.begun_in(SearchableText(frozenset(), folded))
        return {form.kind for form in begun if _tells(form) and form.stands_in(folded)}

    def in_binary(self, data: bytes) -> set[str]:
        """Search binary data for identifiers that are written as text somewhere in it.

        Parameters
        ----------
        data
            Voxels, or a file as it stands.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        readable = "\n".join(_readable(data)).lower()
        text = SearchableText(frozenset(), readable, _SEPARATORS_BUT_LINES.sub("", readable))
        long = (form for form in self._by_beginning.begun_in(text) if len(form.text) >= BINARY_LEAST)
        kinds = {form.kind for form in long if form.text in (text.squashed if form.squashed else readable)}
        return kinds | {kind for kind, literal in self._literals if literal in data}

    @cached_property
    def _by_beginning(self) -> _FormsByBeginning:
        return _FormsByBeginning(self.forms)

    @cached_property
    def _literals(self) -> list[tuple[str, bytes]]:
        """Words outside ASCII as bytes: in them no run of printable ASCII shows."""
        kinds_and_literals = []
        for kind, word in self.spelled:
            codes = ["utf-8"] + (["utf-16-le", "utf-16-be"] if len(word) >= UTF16_LEAST else [])
            # Of the name of a folder that is no UTF-8, half a character may be left.
            literals = {word.encode(code, "surrogatepass") for code in codes}
            literals.add(word.encode("latin-1") if max(word) < "\u0100" else b"")
            kinds_and_literals += [(kind, literal) for literal in sorted(literals) if len(literal) >= BINARY_LEAST]
        return kinds_and_literals


def _tells(form: Form) -> bool:
    """Whether a form says enough to be searched among columns of numbers."""
    if form.squashed or form.without_spaces:
        return form.without_spaces
    return len(form.text) >= (3 if any(char.isalpha() for char in form.text) else 6)


def _readable(data: bytes) -> list[str]:
    """The runs of printable ASCII in binary data, 8-bit and UTF-16 of either byte order, one a line."""
    if len(data) < BINARY_LEAST:
        return []
    units = [(np.frombuffer(data, np.uint8), BINARY_LEAST)]
    for order, offset in itertools.product(("<u2", ">u2"), (0, 1)):
        units.append((np.frombuffer(data, order, count=(len(data) - offset) // 2, offset=offset), UTF16_LEAST))
    return [_runs(unit, least) for unit, least in units]


def _runs(units: NDArray[np.unsignedinteger], least: int) -> str:
    printable = np.zeros(len(units) + 2, np.int8)
    printable[1:-1] = (units >= 0x20) & (units <= 0x7E)
    edges = np.flatnonzero(np.diff(printable))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= least
    # One unit more than each run, which becomes the line's end.
    change = np.zeros(len(units) + 2, np.int8)
    np.add.at(change, starts[long], 1)
    np.add.at(change, ends[long] + 1, -1)
    kept = np.cumsum(change[:-1], dtype=np.int8) > 0
    lines = np.where(printable[1:] > 0, np.append(units, 0), 10)[kept]
    return lines.astype(np.uint8).tobytes().decode("ascii")
