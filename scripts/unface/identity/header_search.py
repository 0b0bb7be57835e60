"""Identifiers in headers: one search for all of a subject's, in bytes."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from pydicom.charset import python_encoding

from unface.identity.spellings import LEAST, joined, numbers_of_day, patterns_of_day, patterns_of_number, spellings

CHARACTER_SETS = sorted({"utf-8", *python_encoding.values()})


class HeaderSearch:
    """Searches text and headers for the identifiers of one subject."""

    def __init__(self, answers: Mapping[str, Iterable[str]], vocabulary: Iterable[bytes]) -> None:
        common = set(vocabulary)
        common_words = {word.decode() for word in common}
        words: set[bytes] = set()
        phrases: set[bytes] = set()
        patterns: set[bytes] = set()
        for value in answers.get("name", ()):
            parts = [part for part in re.split(r"[\^=\s,.;_]+", value) if part]
            alone = {form for part in parts for form in _forms(part) if len(form) >= LEAST and form not in common}
            words |= alone.union(*(_forms(word) - common for word in joined(value, common_words)))
            # What holds a word that is searched for by itself is found with it.
            signs = " " if alone else " _-."
            for whole in (value, *(sign.join(order) for sign in signs for order in (parts, parts[::-1]))):
                phrases |= _forms(whole)
        for kind in ("id", "other"):
            for value in answers.get(kind, ()):
                phrases |= _forms(value)
        for value in answers.get("id", ()):
            patterns |= set(patterns_of_number(value))
        for value in answers.get("date", ()):
            phrases |= {number.encode() for number in numbers_of_day(value)}
            patterns |= set(patterns_of_day(value))
        for value in answers.get("uid", ()):
            words.add(value.encode())
        uids = {value.encode() for value in answers.get("uid", ())}
        roots = {b".".join(uid.split(b".")[:6]) + b"." for uid in uids if uid.count(b".") >= 6}
        self._uids = uids
        self._roots = sorted(roots)
        literals = _fewest({text for text in words - uids | phrases if len(text) >= LEAST and text not in common})
        self._weak = sorted(text for text in literals if _weak(text))
        self._literals = sorted(literals - set(self._weak))
        self._numbers = [text for text in self._literals if not text.strip(b"0123456789.+-e")]
        # Nearly always there is nothing to find: one pattern says so faster than one search for each literal.
        self._written = sorted(patterns)
        self._any = _any_of([*self._literals, *self._roots], self._written)
        self._any_in_text = _any_of([*self._literals, *self._roots, *self._weak], self._written)
        self._any_in_number = _any_of(self._numbers)

    @cached_property
    def _patterns(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(map(_apart, self._written)) or rb"(?!)", re.I)

    def found(self, header: bytes) -> bool:
        """Whether lower-case bytes hold one of the answers, as a word of its own."""
        if not self._any.search(header):
            return False
        if any(literal in header and _alone(literal, header) for literal in self._literals):
            return True
        if self._patterns.search(header):
            return True
        return any(root in header and self._has_uid(root, header) for root in self._roots)

    def found_in_number(self, text: bytes) -> bool:
        """The same for a number as text, which only numbers can stand in."""
        if not self._any_in_number.search(text):
            return False
        return any(literal in text and _alone(literal, text) for literal in self._numbers)

    def found_in_text(self, text: bytes) -> bool:
        """The same for one value of text, where even a short number identifies."""
        if not self._any_in_text.search(text):
            return False
        return self.found(text) or any(literal in text and _alone(literal, text) for literal in self._weak)

    def without_written(self, text: bytes) -> bytes:
        """The text without dates and IDs of several groups: what is left of their digits would look like settings."""
        return self._patterns.sub(b" ", text)

    def _has_uid(self, root: bytes, text: bytes) -> bool:
        return any(match.group() in self._uids for match in re.finditer(re.escape(root) + rb"[0-9.]+", text))


def _fewest(literals: set[bytes]) -> set[bytes]:
    """The literals that suffice: one that holds another as a word is found with it."""
    fewest: set[bytes] = set()
    for literal in sorted(literals, key=lambda text: (len(text), text)):
        if not any(_alone(shorter, literal) for shorter in fewest if shorter in literal and not _weak(shorter)):
            fewest.add(literal)
    return fewest


def _any_of(literals: Iterable[bytes], patterns: Iterable[bytes] = ()) -> re.Pattern[bytes]:
    """A pattern for any of the literals and patterns, each of which begins with a sign of its own.

    Sorted by that sign, which most bytes of a header are not: three times as fast as one alternative for each. Without
    any it finds nothing.
    """
    by_first: dict[bytes, list[bytes]] = {}
    for literal in literals:
        by_first.setdefault(re.escape(literal[:1]), []).append(re.escape(literal[1:]))
    for pattern in patterns:
        by_first.setdefault(pattern[:1], []).append(pattern[1:])
    return re.compile(
        b"|".join(first + b"(?:" + b"|".join(rest) + b")" for first, rest in by_first.items()) or rb"(?!)"
    )


def _weak(literal: bytes) -> bool:
    """A short number is everywhere in a header: it is looked for in text alone."""
    return literal.isdigit() and len(literal) < 6


def _alone(literal: bytes, text: bytes) -> bool:
    """Whether a literal stands in a text with no letter (after a letter) or digit (after a digit) beside it."""
    before = rb"(?<![0-9.])" if literal[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![0-9]|\.[0-9])" if literal[-1:].isdigit() else rb"(?![a-z])"
    return re.search(before + re.escape(literal) + after, text) is not None


def _apart(pattern: bytes) -> bytes:
    """A pattern for where no letter (beside a letter) or digit (beside a digit) stands before or after it."""
    before = rb"(?<![0-9.])0?" if pattern[:1].isdigit() else rb"(?<![a-z])"
    after = rb"(?![a-z])" if pattern[-1:].isalpha() else rb"(?![0-9]|\.[0-9])"
    return before + rb"(?:" + pattern + rb")" + after


def _forms(value: str) -> set[bytes]:
    """A text in every character set of DICOM, and in ASCII, as it lies in a header whose bytes are lower-case.

    Bytes know the case of ASCII letters alone: any other stays as it was written, so each way of writing it is a form.
    """
    value = value.strip()
    if value.isascii():
        return {value.lower().encode()} - {b""}
    forms = {spelled.encode() for spelled in spellings(value) if spelled.isascii()}
    for written in {value, value.lower(), value.upper(), value.title()}:
        for encoding in CHARACTER_SETS:
            try:
                forms.add(written.encode(encoding).lower())
            except UnicodeEncodeError:
                continue
    return {form for form in forms if form}
