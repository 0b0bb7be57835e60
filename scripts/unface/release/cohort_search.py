"""One search for the identifiers of every subject of a cohort, in what a release says of all: words looked up in sets.

It knows what is somebody's and not whose it is. So it takes time by the text alone, and is made once, in time and
memory that grow with the cohort. What stands in texts by chance is no hit: words of the language, of scans and of BIDS,
numbers of fewer than six digits, two letters that are not written as a name.
"""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache

from unface.audit.forms import PLACEHOLDERS, SEPARATORS, fold, month_of, spelled, squash
from unface.audit.public_words import public_words
from unface.identity.decoded import decoded
from unface.identity.vocabulary import technical_words, vocabulary
from unface.mapping.label_words import known_words
from unface.run.settings import PROJECT

LEAST = 6
"""Characters of what is searched without the spaces between its words, and digits of a number."""
CERTAIN = 8
"""Digits of a number that is an ID by chance in no table: a shorter one among many numbers may be one of them."""
LONGEST_RUN = 8
"""So many neighbouring words may be one name of an institution or a folder."""

_EDGES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_NUMBERS = re.compile(r"(?<![\d.])(\d{1,4})(?:([-./_ ])|[年년] ?)(\d{1,2})(?:([-./_ ])|[月월] ?)(\d{1,4})(?!\d|\.\d)")
_EIGHT = re.compile(r"(?<!\d)(\d{8})(?:\d{4}|\d{6})?(?!\d)")
_APART, _MONTH, _DAY, _YEAR = r"[-./_, ]{0,2}", r"([^\W\d_]{3,9})", r"(\d{1,2})(?:st|nd|rd|th)?", r"(\d{4}|\d{2})"
_NAMED = (
    (re.compile(rf"(?<!\d){_DAY}{_APART}{_MONTH}{_APART}{_YEAR}(?!\d)"), (3, 2, 1)),
    (re.compile(rf"(?<![^\W\d_]){_MONTH}{_APART}{_DAY}[-./_, ]{{1,2}}{_YEAR}(?!\d)"), (3, 1, 2)),
    (re.compile(rf"(?<!\d)(\d{{4}}){_APART}{_MONTH}{_APART}{_DAY}(?!\d)"), (1, 2, 3)),
)
"""Dates with a month's name, and which groups are the year, the month and the day."""
_OF_ERA = re.compile(r"(令和|平成|昭和|大正)(\d{1,2})年(\d{1,2})月(\d{1,2})日")
_BEFORE_ERA = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911}


@cache
def ordinary_words() -> frozenset[str]:
    """Words of the language, of scans, and of BIDS, which tell of nobody by themselves."""
    lines = (PROJECT / "resources" / "ordinary_words.txt").read_text(encoding="ascii").splitlines()
    words = {word for line in lines if not line.startswith("#") for word in line.split()}
    words |= {word.decode() for word in vocabulary() | technical_words()} | set(known_words())
    return frozenset(words | PLACEHOLDERS | {fold(word) for word in public_words()})


class CohortSearch:
    """Tells of texts whether they hold an identifier of anybody of a cohort.

    Parameters
    ----------
    ignore
        Words that identify nobody although a header holds them as an identifier.
    """

    def __init__(self, ignore: Iterable[str]) -> None:
        ignored = set(ignore)
        self._ordinary = ordinary_words() | {fold(word) for word in ignored} | {squash(word) for word in ignored}
        self._names: dict[str, set[str]] = {}
        self._patients: dict[str, set[str]] = {}
        self._joined: dict[str, str] = {}
        self._numbers: set[str] = set()
        self._grouped: set[str] = set()
        self._days: set[str] = set()

    def add(self, identifiers: Mapping[str, Sequence[str]], patients: Collection[str] | None = None) -> None:
        """Take in what the headers of one session say.

        Parameters
        ----------
        identifiers
            Values by kind.
        patients
            The names among them that are patients' own; None: all may be.
        """
        for name in identifiers.get("name", ()):
            self._add_name(name, is_patient=patients is None or name in patients)
        for value in identifiers.get("id", ()):
            groups = re.findall(r"\d+", fold(value))
            digits = "".join(groups)
            self._numbers |= {number for number in (digits, digits.lstrip("0")) if len(number) >= LEAST}
            if len(groups) > 1 and len(digits) >= LEAST:
                self._grouped.add(digits)
            self._add_joined("id", value)
        for value in identifiers.get("other", ()):
            self._add_joined("other", value)
            # Of a device or a telephone; shorter ones stand in long lists of numbers by chance.
            number = "".join(filter(str.isdigit, value))
            if len(number) >= CERTAIN and not re.search("[a-z]", value, re.I):
                self._numbers |= {number, number.lstrip("0")}
        self._days.update(day for day in identifiers.get("date", ()) if re.fullmatch(r"\d{8}", day))

    def _add_name(self, name: str, *, is_patient: bool) -> None:
        for spelling in spelled(name):
            for group in spelling.split("="):
                words = [word for word in SEPARATORS.split(group) if word and not word.isdigit()][:6]
                # Ji-woo is Jiwoo, too.
                for word in {*words, *(squash(part) for part in group.split("^"))} - {""}:
                    others = {other for other in words if other != word}
                    self._names.setdefault(word, set()).update(others)
                    if is_patient:
                        self._patients.setdefault(word, set()).update(others)
                for size in (2, 3):
                    for chosen in itertools.permutations(words[:4], size):
                        if not self._ordinary.issuperset(chosen):
                            self._joined.setdefault("".join(chosen), "name")
        for group in unicodedata.normalize("NFC", name).split("="):
            words = _ASIAN.findall(group)
            for word in {*words, "".join(SEPARATORS.split(group))}:
                if _ASIAN.fullmatch(word):
                    self._joined.setdefault(word, "name")

    def _add_joined(self, kind: str, value: str) -> None:
        """An ID or another text without its separators, and without zeros before its numbers."""
        words = [word for word in SEPARATORS.split(fold(value)) if word]
        for text in {"".join(words), "".join(re.sub(r"(?<!\d)0+(?=\d)", "", word) for word in words)}:
            if len(text) >= LEAST and not text.isdigit() and not self._ordinary.issuperset(words):
                self._joined.setdefault(text, kind)

    def in_text(self, text: str, least: int = 2) -> set[str]:
        """Search a text that somebody wrote.

        Parameters
        ----------
        text
            A cell, a sentence, a name.
        least
            Letters of a name's word that is searched by itself: two only where it is written as a name, `Li`.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        words = [word for word in SEPARATORS.split(_EDGES.sub(" ", unicodedata.normalize("NFC", text))) if word]
        folded = [fold(word) for word in words]
        kinds = {"name" for word, low in zip(words, folded, strict=True) if self._is_name(word, low, least)}
        kinds |= {"id" for low in folded if low.isdigit() and not self._numbers.isdisjoint((low, low.lstrip("0")))}
        kinds |= {"date"} if not self._days.isdisjoint(_days_in(fold(text))) else set()
        kinds |= {self._joined[form] for form in _asian_forms(text) if form in self._joined}
        kinds |= {"name"} if any(self._is_disguised(word) for word in folded) else set()
        kinds |= {kind for hidden in decoded(text) for kind in self.in_text(hidden, least)}
        return kinds | set(self._runs(folded))

    def _is_disguised(self, low: str) -> bool:
        """Whether a word is a patient's name from its end to its beginning."""
        name = low[::-1]
        return len(low) >= LEAST and low not in self._ordinary and name in self._patients and name not in self._ordinary

    def _is_name(self, word: str, low: str, least: int) -> bool:
        if len(low) < max(least, 2) or low in self._ordinary or low.isdigit():
            return False
        # Codes of two letters are written otherwise: `MA`, `hc`.
        return low in self._names and (len(low) > 2 or word.istitle())

    def _runs(self, folded: Sequence[str]) -> Iterator[str]:
        """The kinds of what is written as several words, or as one in the place of several."""
        for start in range(len(folded)):
            for end in range(start + 1, min(start + LONGEST_RUN, len(folded)) + 1):
                form = "".join(folded[start:end])
                enough = len(form) >= (LEAST if end - start == 1 else 4)
                if enough and form in self._joined and not self._ordinary.issuperset(folded[start:end]):
                    yield self._joined[form]
                if form in self._grouped:
                    yield "id"

    def in_author(self, author: str) -> set[str]:
        """Search an author's name: people share surnames, so a patient's counts with no other name beside it.

        Parameters
        ----------
        author
            As it stands in the dataset's description.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        words = [fold(word) for word in SEPARATORS.split(_EDGES.sub(" ", author)) if word]
        words = [word for word in words if word not in self._ordinary]
        for at, word in enumerate(words):
            beside = words[:at] + words[at + 1 :]
            if len(word) > 1 and word in self._patients and (not beside or self._are_of(word, beside)):
                return {"name"}
        # Whose name it is beside that, such as a physician's, is the author's own affair.
        return self.in_text(author) - {"name"}

    def _are_of(self, surname: str, beside: Iterable[str]) -> bool:
        """Whether one of some words is another name, or its initial, of a patient who has this name."""
        others = self._patients[surname]
        return any(word in others or (len(word) == 1 and any(other[0] == word for other in others)) for word in beside)

    def in_label(self, label: str, least: int = 3) -> set[str]:
        """Search a label of a BIDS name.

        Parameters
        ----------
        label
            Without its key.
        least
            Letters of a name's word that is searched by itself.

        Returns
        -------
        set of str
            The kinds of the identifiers that occur.
        """
        return self.in_text(label, least=max(least, 3))

    def is_somebodys_number(self, cell: str) -> bool:
        """Whether a cell is nothing but a number that may be somebody's ID by chance.

        Parameters
        ----------
        cell
            Of a table.

        Returns
        -------
        bool
            True for an ID of six or seven digits.
        """
        number = cell.strip().lstrip("0")
        return number.isdigit() and len(number) < CERTAIN and number in self._numbers


def _asian_forms(text: str) -> Iterator[str]:
    """What may be a name in a text that sets no spaces: two to six neighbouring signs."""
    for match in _ASIAN.finditer(unicodedata.normalize("NFC", text)):
        signs = match[0][:200]
        yield from (signs[at : at + size] for size in range(2, 7) for at in range(len(signs) - size + 1))


def _days_in(text: str) -> Iterator[str]:
    """The days (YYYYMMDD) that the dates of a folded text may mean."""
    for match in _EIGHT.finditer(text):
        number = match[1]
        yield from _possible((number[:4], number[4:6], number[6:]))
        yield from _possible((number[4:], number[2:4], number[:2]))
        yield from _possible((number[4:], number[:2], number[2:4]))
    for match in _NUMBERS.finditer(unicodedata.normalize("NFC", text)):
        first, sign, second, sign_after, third = match.groups()
        # Three small numbers with other signs between them are settings.
        if sign != sign_after or (max(len(first), len(third)) < 3 and sign in (" ", "_", None)):
            continue
        yield from _possible((first, second, third))
        yield from _possible((third, second, first))
        yield from _possible((third, first, second))
    for pattern, groups in _NAMED:
        for match in pattern.finditer(text):
            year, month, day = (match[group] for group in groups)
            yield from _possible((year, str(month_of(month)), day))
    for match in _OF_ERA.finditer(text):
        yield from _possible((str(_BEFORE_ERA[match[1]] + int(match[2])), match[3], match[4]))


def _possible(parts: tuple[str, str, str]) -> Iterator[str]:
    """A day, where the numbers are one; of a year in two digits either century."""
    year, month, day = parts
    for whole in [year] if len(year) == 4 else [f"19{year}", f"20{year}"] if len(year) == 2 else []:
        try:
            yield date(int(whole), int(month), int(day)).strftime("%Y%m%d")
        except ValueError:
            continue
