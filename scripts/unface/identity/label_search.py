"""Identifiers in labels and other short texts."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations, permutations

from unface.identity.identifiers import SHORT_ID, forms_of_names
from unface.identity.romanised import romanised
from unface.identity.spellings import LEAST_DIGITS, digits_of_id, short_numbers_of_day, spellings, words_of_day
from unface.identity.vocabulary import technical_words, vocabulary

LEAST_PART = 5
"""Characters of a form that is looked for inside a word."""
LEAST_JOINED = 8
"""Characters of neighbouring words of a longer text, such as a hospital's name."""
LONGEST_RUN = 7
"""So many neighbouring pieces of a text may be one form: `23Feb1963` is of three, a Japanese date of seven."""
_PIECES = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


def pieces_of(text: str) -> list[str]:
    """The words of a text without spaces.

    Parameters
    ----------
    text
        A label or another short text.

    Returns
    -------
    list of str
        As they are written: `T1Jane2` has `T`, `1`, `Jane` and `2`.
    """
    return _PIECES.findall(text)


class LabelSearch:
    """Tells of labels and other short texts whether they hold a word of a name, an ID or a date of someone's.

    In a label, which has no spaces, a word ends where letters meet digits and small letters large ones; from 5
    characters on it is found anywhere. A header, which is long and binary, would hold such parts by chance:
    `HeaderSearch` asks for words and numbers that stand alone.
    """

    def __init__(
        self,
        identifiers: Mapping[str, Iterable[str]],
        common: Iterable[bytes],
        others: Iterable[Mapping[str, Iterable[str]]] = (),
    ) -> None:
        """Make the forms of someone's identifiers ready to search.

        Parameters
        ----------
        identifiers
            Values by kind.
        common
            Words that stand in every protocol and identify nobody.
        others
            Those of further people.
        """
        self._common = {word.decode() for word in common}
        self._forms, self._short = set[str](), set[str]()
        for person in (identifiers, *others):
            self._forms |= forms_of_names(person, self._common)
            self._forms |= _initials_with_year(person, self._common)
            for value in person.get("id", ()):
                number = re.sub(r"[\W_]+", "", value)
                if len(number) > SHORT_ID:
                    self._forms |= spellings(number)
                if digits := digits_of_id(value):
                    self._short |= {digits, re.sub(r"[^0-9]", "", value)}
            self._forms |= {form for value in person.get("other", ()) for form in _joined(value)}
            for day in person.get("date", ()):
                self._forms |= words_of_day(day)
                self._short |= short_numbers_of_day(day)
        self._forms -= self._common
        self._forms |= {number for number in self._short if len(number) >= LEAST_DIGITS}
        # A part of a number is another number, but for a day with a time behind it.
        self._parts = {form for form in self._forms if len(form) >= (8 if form.isdigit() else LEAST_PART)}
        self._parts |= {form[::-1] for form in self._parts if form.isalpha() and form.isascii()}
        # Parts of other sizes are none of the forms: there would be as many as the square of a text's length.
        self._sizes = sorted({len(form) for form in self._parts})

    def found_in(self, text: str) -> bool:
        """Whether a text holds an identifier.

        Parameters
        ----------
        text
            A label or another short text.

        Returns
        -------
        bool
            True if one of the forms stands in it.
        """
        words = [word for word in re.findall(r"[^\W_]+", text) if word.casefold() not in self._common]
        pieces = [piece.casefold() for word in words for piece in pieces_of(word)]
        ends = range(1, len(pieces) + 1)
        runs = {"".join(pieces[start:end]) for end in ends for start in range(max(0, end - LONGEST_RUN), end)}
        lower = [word.casefold() for word in words]
        if not self._forms.isdisjoint(runs) or not self._short.isdisjoint(pieces):
            return True
        parts = (word[at : at + size] for word in lower for size in self._sizes for at in range(len(word) - size + 1))
        return not self._parts.isdisjoint(parts)


def _joined(value: str) -> Iterator[str]:
    """A text as one word, and neighbouring words of it; none that tells of scanners alone: `SaintElsewhere`."""
    words = [word for word in re.split(r"[\W_]+", value) if word][:12]
    technical = {word.decode() for word in vocabulary() | technical_words()}
    for start, end in combinations(range(len(words) + 1), 2):
        form = "".join(words[start:end])
        whole = end - start == len(words)
        if end - start == 1 and not whole:
            continue
        tells = not {word.casefold() for word in words[start:end]} <= technical
        if tells and len(form) >= (LEAST_PART if whole else LEAST_JOINED):
            yield from spellings(form)


def _initials_with_year(identifiers: Mapping[str, Iterable[str]], common: Collection[str]) -> set[str]:
    """Initials in any order with the year of birth, of two digits or four: `jd63`, `dj1963`."""
    # The earliest day is the birth date, where any header has it.
    day = min(identifiers.get("date", ()), default="")
    if not day:
        return set()
    years = (day[:4], day[2:4])
    letters = _initials(identifiers.get("name", ())) - set(common)
    return {form for both in letters for year in years for form in (both + year, year + both)}


def _initials(names: Iterable[str]) -> set[str]:
    """Two initials or three of each name, in any order."""
    initials = set()
    for name in (latin for written in names for latin in (written, *romanised(written))):
        for group in name.casefold().split("="):
            firsts = [word[0] for word in re.split(r"[\W\d_]+", group) if word][:4]
            initials |= {"".join(letters) for size in (2, 3) for letters in permutations(firsts, size)}
    return {form for letters in initials for form in spellings(letters)}
