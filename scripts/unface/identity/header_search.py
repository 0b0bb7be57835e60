"""Identifiers in headers: one search for all of a subject's, in bytes."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property

from unface.identity.romanised import romanised
from unface.identity.spellings import (
    CHARACTER_SETS,
    LEAST_DIGITS,
    LEAST_LETTERS,
    digits_of_id,
    joined_words,
    numbers_of_day,
    patterns_of_day,
    patterns_of_number,
    spellings,
)

WRITTEN_IN = sorted({"euc_jp", "big5", "cp1252", "cp1251", *CHARACTER_SETS})
"""Character sets of DICOM, and others that files hold without saying so."""
MOST_WORDS = 8
"""Of a name are joined; more are no name."""
SHORT_NUMBER = 3
"""Digits in a name that count something."""
_READABLE = re.compile(rb"[\t\n\r -~]{8,}")
LONGEST_WORD = 32
"""Characters of a literal that is looked for in longer ones; a few literals too many do no harm."""


class HeaderSearch:
    """Searches text and headers for the identifiers of one subject.

    All that is searched is in lower case: of bytes, the letters of ASCII.
    """

    def __init__(self, identifiers: Mapping[str, Iterable[str]], common: Iterable[bytes]) -> None:
        """Make the forms of a subject's identifiers ready to search.

        Parameters
        ----------
        identifiers
            Values by kind.
        common
            Words that stand in every header and identify nobody.
        """
        common = frozenset(common)
        forms = _forms_of_names(identifiers.get("name", ()), common)
        for kind in ("id", "other"):
            for value in identifiers.get(kind, ()):
                forms |= _forms(value)
        forms |= {digits_of_id(value).encode() for value in identifiers.get("id", ())} - {b""}
        patterns = {pattern for value in identifiers.get("id", ()) for pattern in patterns_of_number(value)}
        for day in identifiers.get("date", ()):
            forms |= {number.encode() for number in numbers_of_day(day)}
            patterns |= set(patterns_of_day(day))
        self._uids = {value.encode() for value in identifiers.get("uid", ())}
        # A subject has thousands of UIDs, and few ways in which they begin.
        self._roots = sorted({b".".join(uid.split(b".")[:6]) + b"." for uid in self._uids if uid.count(b".") >= 6})
        literals = _fewest({form for form in forms if len(form) >= LEAST_LETTERS and form not in common})
        self._weak = sorted(literal for literal in literals if _weak(literal))
        self._literals = sorted(literals - set(self._weak))
        self._numbers = [literal for literal in self._literals if not literal.strip(b"0123456789.+-e")]
        self._written = sorted(patterns)
        # Nearly always there is nothing to find: one pattern says so faster than one search for each literal.
        self._any = _any_of([*self._literals, *self._roots], self._written)
        self._any_in_text = _any_of([*self._literals, *self._roots, *self._weak], self._written)
        self._any_in_number = _any_of(self._numbers)

    @cached_property
    def _patterns(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(_apart, self._written)) or rb"(?!)", re.I)

    def found_in_header(self, header: bytes) -> bool:
        """Whether a header holds an identifier, as a word of its own.

        Parameters
        ----------
        header
            Any bytes of it, in lower case. A short number is in all of them: it is not looked for.

        Returns
        -------
        bool
            True if one of the forms stands in it.
        """
        if not self._any.search(header):
            return False
        if any(literal in header and _alone(literal, header) for literal in self._literals):
            return True
        if self._patterns.search(header):
            return True
        return any(root in header and self._has_uid(root, header) for root in self._roots)

    def found_in_number(self, text: bytes) -> bool:
        """Whether a number as text (VR DS or IS) holds an identifier; only numbers can stand in it.

        Parameters
        ----------
        text
            The value, in lower case.

        Returns
        -------
        bool
            True if one of the forms that are numbers stands in it.
        """
        if not self._any_in_number.search(text):
            return False
        return any(literal in text and _alone(literal, text) for literal in self._numbers)

    def found_in_bytes(self, data: bytes, least: int = LEAST_LETTERS) -> bool:
        """Whether bytes that are no text hold an identifier as text; three letters stand in them by chance.

        Parameters
        ----------
        data
            The value, in lower case.
        least
            Characters of the shortest form that counts.

        Returns
        -------
        bool
            True if one of the forms stands in a stretch of readable characters, or one of another script anywhere.
        """
        if not self._any.search(data):
            return False
        readable = b"\n".join(_READABLE.findall(data))
        return (
            any(len(form) >= least and form in readable and _alone(form, readable) for form in self._literals)
            or any(len(form) > LEAST_LETTERS and not form.isascii() and form in data for form in self._literals)
            or self._patterns.search(readable) is not None
            or any(root in readable and self._has_uid(root, readable) for root in self._roots)
        )

    def found_in_text(self, text: bytes) -> bool:
        """Whether one value of text holds an identifier; here even a short number identifies.

        Parameters
        ----------
        text
            The value, in lower case.

        Returns
        -------
        bool
            True if one of the forms stands in it.
        """
        if not self._any_in_text.search(text):
            return False
        return self.found_in_header(text) or any(literal in text and _alone(literal, text) for literal in self._weak)

    def without_dates_and_ids(self, text: bytes) -> bytes:
        """Blank dates and IDs of several groups: what is left of their digits would look like settings.

        Parameters
        ----------
        text
            A value, in any case.

        Returns
        -------
        bytes
            The text with a space for each.
        """
        return self._patterns.sub(b" ", text)

    def _has_uid(self, root: bytes, text: bytes) -> bool:
        return any(match.group() in self._uids for match in re.finditer(re.escape(root) + rb"[0-9.]+", text))


def _forms_of_names(names: Iterable[str], common: Set[bytes]) -> set[bytes]:
    """Forms of a person's names: every word alone, runs of neighbours joined, and the whole in either order."""
    common_words = {word.decode() for word in common}
    forms: set[bytes] = set()
    for name in {latin for written in names for latin in (written, *romanised(written))}:
        words = [word for word in re.split(r"[\W_]+", name) if word]
        telling = [word for word in words if not word.isdigit() or len(word) > SHORT_NUMBER]
        alone = {form for word in telling for form in _forms(word) if len(form) >= LEAST_LETTERS and form not in common}
        joined = {*joined_words(name, common_words), *_runs(words[:MOST_WORDS], common_words)}
        forms |= alone.union(*(_forms(word) - common for word in joined))
        # What holds a word that is searched for by itself is found with it.
        signs = " " if alone else " _-."
        for whole in (name, *(sign.join(order) for sign in signs for order in (words, words[::-1]))):
            forms |= _forms(whole)
    return forms


def _runs(words: list[str], common: Set[str]) -> Iterator[str]:
    """Neighbouring words of a name as one, to all of them, with any of them first: `vanderberg`, `janvanderberg`."""
    turns = {tuple(words[start:] + words[:start]) for start in range(len(words))}
    for turned in turns:
        for size in range(2, len(turned) + 1):
            run = turned[:size]
            if any(word.casefold() not in common and not word.isdigit() for word in run):
                yield "".join(run)


def _fewest(literals: set[bytes]) -> set[bytes]:
    """The literals that suffice: one that holds another as a word is found with it."""
    fewest: set[bytes] = set()
    # Looked up by size: to look for each shorter one in each longer one would take the square of how many there are.
    words: dict[int, set[bytes]] = {}
    for literal in sorted(literals, key=lambda text: (len(text), text)):
        size_and_words = ((size, known) for size, known in words.items() if size < len(literal))
        parts = (
            {literal[at : at + size] for at in range(len(literal) - size + 1)} & known for size, known in size_and_words
        )
        if not any(_alone(word, literal) for found in parts for word in found):
            fewest.add(literal)
            if len(literal) <= LONGEST_WORD and not _weak(literal):
                words.setdefault(len(literal), set()).add(literal)
    return fewest


def _any_of(literals: Iterable[bytes], patterns: Iterable[bytes] = ()) -> re.Pattern[bytes]:
    """A pattern for any of the literals and patterns, whose first bytes are literal; it finds nothing without any."""
    # Grouped by their first two bytes, which few bytes of a header are: many times faster than one after the other.
    groups: dict[bytes, dict[bytes, list[bytes]]] = {}
    for literal in literals:
        groups.setdefault(re.escape(literal[:1]), {}).setdefault(re.escape(literal[1:2]), []).append(
            re.escape(literal[2:])
        )
    for pattern in patterns:
        second = pattern[1:2] if pattern[1:2].isalnum() and pattern[2:3] not in b"?*{" else b""
        groups.setdefault(pattern[:1], {}).setdefault(second, []).append(pattern[1 + len(second) :])
    grouped = {
        first: b"|".join(second + b"(?:" + b"|".join(rest) + b")" for second, rest in group.items())
        for first, group in groups.items()
    }
    return re.compile(b"|".join(first + b"(?:" + rest + b")" for first, rest in grouped.items()) or rb"(?!)")


def _weak(literal: bytes) -> bool:
    """A short number is everywhere in a header: it is looked for in text alone."""
    return literal.isdigit() and len(literal) < LEAST_DIGITS


def _alone(literal: bytes, text: bytes) -> bool:
    """Whether a literal stands in a text with no letter (after a letter) or digit (after a digit) beside it."""
    # Before a letter of another script may stand half of one that looks like a letter of ASCII.
    before = rb"(?<![0-9.])" if literal[:1].isdigit() else rb"(?<![a-z])" if literal[:1].isascii() else b""
    after = rb"(?![0-9]|\.[0-9])" if literal[-1:].isdigit() else rb"(?![a-z])"
    return re.search(before + re.escape(literal) + after, text) is not None


def _apart(pattern: bytes) -> bytes:
    """A pattern for where no letter (beside a letter) or digit (beside a digit) stands before or after it."""
    # Not as `_alone` does it: a zero may stand before a number, and a pattern's last byte is not one of the text.
    before = rb"(?<![0-9.])0?" if pattern[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![a-z])" if pattern[-1:].isalpha() else rb"(?![0-9]|\.[0-9])"
    return before + rb"(?:" + pattern + rb")" + after


def _forms(value: str) -> set[bytes]:
    """Forms of a text in every character set of DICOM, and in ASCII, as a header in lower case holds them."""
    value = value.strip()
    if value.isascii():
        return {value.lower().encode()} - {b""}
    forms = {form.encode() for form in spellings(value) if form.isascii()}
    # Of bytes only ASCII letters have a case: any other letter stays as it was written.
    for written in {value, value.lower(), value.upper(), value.title()}:
        for encoding in WRITTEN_IN:
            try:
                forms.add(written.encode(encoding).lower())
            except UnicodeEncodeError:
                continue
    return {form for form in forms if form}
