"""Identifiers: a subject's own identifiers, in every form in which they may turn up, searched in text and in bytes.

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
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

BINARY_LEAST = 8
UTF16_LEAST = 10

_NO_SECRET = (
    "anon anonym anonymous anonymized anonymised deidentified deidentification removed unknown unnamed none null na "
    "nil no yes not n/a test patient subject phantom mr mri ct pet male female other day year month"
)
NO_SECRET = frozenset(_NO_SECRET.split(" "))
"""What stands in identifying elements without identifying anyone."""

_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
)
_SEPARATORS = re.compile(r"[\W_]+")
_SEPARATORS_BUT_LINES = re.compile(r"(?:[^\w\n]|_)+")
_SEPARATED = ("-", ".", "/", "_", ":", " ")
_EDGES = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where a word ends in a label, which has no separators."""
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t", "ı": "i", "ə": "e"}
)
"""Letters that Unicode does not split into one of ASCII and a mark."""
_LONG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "đ": "dj", "ə": "a"})
"""Letters that people also write as two, or as another."""
_WITHOUT_SPACES = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Chinese, Japanese and Korean: two characters are a name, and no space says where it ends."""


def fold(text: str) -> str:
    """Text in small letters without accents, so that one form stands for `DÜRER`, `Dürer` and `durer`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold().translate(_PLAIN)


def squash(text: str) -> str:
    """Folded text without separators: `Doe, Jane` and `DOE^JANE` are one."""
    return _SEPARATORS.sub("", fold(text))


@dataclass(frozen=True)
class Form:
    """One way to write an identifier: folded; `squashed` if separators are left out on both sides."""

    kind: str
    text: str
    squashed: bool = False

    def stands_in(self, haystack: str) -> bool:
        """Whether it occurs, not as a mere part of a longer word or number."""
        start = haystack.find(self.text)
        while start >= 0:
            if self._is_apart(haystack[max(0, start - 2) : start], haystack[start + len(self.text) :][:2]):
                return True
            start = haystack.find(self.text, start + 1)
        return False

    @cached_property
    def without_spaces(self) -> bool:
        """Whether it is of a script that sets no spaces, and long enough to be found anywhere."""
        return (
            not self.text.isascii()
            and _WITHOUT_SPACES.fullmatch(self.text) is not None
            and len(unicodedata.normalize("NFC", self.text)) > 1
        )

    def _is_apart(self, before: str, after: str) -> bool:
        if self.squashed or self.without_spaces:
            return True
        if self.text[0].isdigit() and re.search(r"\d\.?$", before):
            return False
        if self.text[-1].isdigit() and after and (after[0].isdigit() or re.match(r"\.\d", after)):
            return False
        short = len(self.text.replace(" ", "") if self.kind == "name" else self.text) < 5
        return not short or not (before[-1:].isalnum() or after[:1].isalnum())


@dataclass(frozen=True)
class Written:
    """Strings made ready for many searches."""

    whole: frozenset[str]
    folded: str
    squashed: str = ""
    words: str = ""
    """Words alone, those of a label set apart."""

    @classmethod
    def of(cls, strings: Iterable[str]) -> Self:
        written = sorted(set(strings))
        return cls(
            frozenset(fold(text).strip() for text in written),
            "\n".join(fold(text) for text in written),
            "\n".join(squash(text) for text in written),
            "\n".join(" ".join(_SEPARATORS.split(fold(_EDGES.sub(" ", text)))) for text in written),
        )

    def holds(self, form: Form) -> bool:
        if len(form.text) < (4 if form.text.isdigit() else 3) and not form.without_spaces:
            return form.text in self.whole
        if form.squashed:
            return form.stands_in(self.squashed)
        return form.stands_in(self.folded) or (form.text.replace(" ", "").isalpha() and form.stands_in(self.words))


class Index:
    """Forms by how they begin. A session has thousands of UIDs, and few beginnings: most are ruled out at once."""

    LENGTH = 8

    def __init__(self, forms: Iterable[Form]) -> None:
        self._by_start: dict[tuple[str, bool], list[Form]] = {}
        for form in forms:
            self._by_start.setdefault((form.text[: self.LENGTH], form.squashed), []).append(form)

    def near(self, written: Written) -> Iterator[Form]:
        """The forms whose beginning occurs."""
        for (start, squashed), forms in self._by_start.items():
            if start in written.squashed if squashed else start in written.folded or start in written.words:
                yield from forms


@dataclass(frozen=True)
class IdentifierSearch:
    """The identifiers of one subject, expanded into forms and ready to search."""

    forms: tuple[Form, ...]
    spelled: tuple[tuple[str, str], ...] = ()
    """Kind and words outside ASCII as they are spelled: folding would change their bytes."""

    @classmethod
    def of(cls, identifiers: Mapping[str, Sequence[str]], ignore: Iterable[str] = ()) -> Self:
        """Expand identifiers into forms.

        Parameters
        ----------
        identifiers
            Values by kind: `name`, `id`, `date`, `uid`, `other`, as they stand in the raw headers.
        ignore
            Words that are no secret, in any case; a longer form that contains one is still searched.
        """
        public = NO_SECRET | {fold(word) for word in ignore} | {squash(word) for word in ignore}
        forms = {
            form
            for kind, values in identifiers.items()
            for value in values
            for form in _expand(kind, value, public)
            if len(form.text) > 1 and form.text not in public
        }
        spelled = {
            (kind, spelling)
            for kind, values in identifiers.items()
            for value in values
            for word in (value, *_SEPARATORS.split(value))
            if not word.isascii() and fold(word) not in public
            for spelling in (word, word.lower(), word.upper(), word.title())
        }
        return cls(tuple(sorted(forms, key=lambda form: (form.kind, form.text, form.squashed))), tuple(sorted(spelled)))

    def in_strings(self, strings: "Iterable[str] | Written", least: int = 2) -> set[str]:
        """Kinds of identifiers in strings that someone wrote: values of JSON, cells, labels, header fields.

        `least` leaves out shorter forms, for strings that say nothing about the subject in particular.
        """
        written = strings if isinstance(strings, Written) else Written.of(strings)
        return {form.kind for form in self._index.near(written) if len(form.text) >= least and written.holds(form)}

    def in_text(self, text: str) -> set[str]:
        """Kinds of identifiers in running text, which may be columns of numbers."""
        folded = fold(text)
        near = self._index.near(Written(frozenset(), folded))
        return {form.kind for form in near if _tells(form) and form.stands_in(folded)}

    def in_binary(self, data: bytes) -> set[str]:
        """Kinds of identifiers written as text somewhere in binary data."""
        text = "\n".join(_readable(data)).lower()
        written = Written(frozenset(), text, _SEPARATORS_BUT_LINES.sub("", text))
        long = (form for form in self._index.near(written) if len(form.text) >= BINARY_LEAST)
        found = {form.kind for form in long if form.text in (written.squashed if form.squashed else text)}
        return found | {kind for kind, literal in self._literals if literal in data}

    @cached_property
    def _index(self) -> "Index":
        return Index(self.forms)

    @cached_property
    def _literals(self) -> list[tuple[str, bytes]]:
        """Words outside ASCII as bytes: in them no run of printable ASCII shows."""
        found = []
        for kind, word in self.spelled:
            codes = ["utf-8"] + (["utf-16-le", "utf-16-be"] if len(word) >= UTF16_LEAST else [])
            literals = {word.encode(code) for code in codes}
            literals.add(word.encode("latin-1", "ignore") if word.isprintable() and max(word) < "\u0100" else b"")
            found += [(kind, literal) for literal in sorted(literals) if len(literal) >= BINARY_LEAST]
        return found


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


def _tells(form: Form) -> bool:
    """Whether a form says enough to be searched among columns of numbers."""
    if form.squashed or form.without_spaces:
        return form.without_spaces
    return len(form.text) >= (3 if any(char.isalpha() for char in form.text) else 6)


def _expand(kind: str, value: str, public: Collection[str]) -> Iterator[Form]:
    value = value.replace("\0", " ").strip()
    if kind == "name":
        texts = _names(value, public)
    elif kind == "date":
        texts = _dates(value)
    elif kind == "uid":
        texts = iter([(value, False)] if len(value) >= 10 else [])
    else:
        texts = _words_and_numbers(value)
    return (Form(kind, text, squashed) for text, squashed in texts)


def _names(value: str, public: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Each component of a person's name, two or more of them joined in any order, an initial with another, and numbers.

    What is joined is searched anywhere from 5 characters on, and below that as a word, with a space and without.
    """
    numbers = [word for word in _SEPARATORS.split(value) if word.isdigit()]
    # One digit or three beside words count something; alone they are all there is to know the person by.
    if not any(char.isalpha() for char in value):
        yield from _words_and_numbers(value)
    for number in numbers:
        if len(number) > 3:
            yield from _words_and_numbers(number)
    long = unicodedata.normalize("NFC", value).casefold().translate(_LONG)
    for spelling in {fold(value), fold(long)}:
        for group in spelling.split("="):
            words = [word for word in _SEPARATORS.split(group) if word]
            yield from ((word, False) for word in words if len(word) > 1 and not word.isdigit())
            components = [squash(part) for part in group.split("^") if squash(part)]
            for parts in {tuple(words[:6]), tuple(components[:4])}:
                joined = [pair for size in (2, 3) for pair in itertools.permutations(parts, size)]
                yield from (("".join(pair), True) for pair in joined if len("".join(pair)) >= 5)
            for one, other in itertools.permutations([word for word in words[:6] if word.isalpha()], 2):
                if len(one + other) < 5 and (len(one + other) > 2 or not one.isascii()):
                    yield from (((one + other), False), (f"{one} {other}", False))
                # `test` with a letter is `tests`, and nobody's name.
                if 3 <= len(other) < 5 and other not in public:
                    yield from ((one[0] + other, False), (other + one[0], False))


def _words_and_numbers(value: str) -> Iterator[tuple[str, bool]]:
    """An ID or another text as it stands, without separators, and its numbers without leading zeros."""
    folded = " ".join(fold(value).split())
    for text in (folded, re.sub(r"(?<!\d)0+(?=\d)", "", folded)):
        yield text, False
        yield squash(text), False
        if len(squash(text)) >= 6:
            yield squash(text), True
    if len(re.findall(r"\d+", folded)) == 1 and (number := re.search(r"\d{6,}", folded)):
        yield number[0], False
        yield number[0].lstrip("0"), False


def _dates(value: str) -> Iterator[tuple[str, bool]]:
    """A date (DICOM DA or DT, or ISO 8601) in the orders and separators in use."""
    match = re.match(r"(\d{4})[-.:/]?(\d{2})[-.:/]?(\d{2})", value)
    if not match or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        return
    year, month, day = match.groups()
    orders = ((year, month, day), (day, month, year), (month, day, year))
    for order in orders:
        yield "".join(order), True
        yield "".join(order), False
        yield "".join(part[-2:] for part in order), False
        for separator in _SEPARATED:
            yield separator.join(order), False
            yield separator.join(part.lstrip("0") for part in order), False
            # 19:04:17 is a time of day, 10 11 12 a row of numbers.
            if separator not in ": ":
                yield separator.join(part[-2:] for part in order), False
    ordinal = day.lstrip("0") + {"1": "st", "2": "nd", "3": "rd"}.get(day[1] if day[0] != "1" else "", "th")
    for names in _MONTHS:
        name = fold(names.split(" ")[int(month) - 1])
        for word in {name, name[:3]}:
            for number in {day, day.lstrip("0"), ordinal}:
                for separator in ("", " ", "-", "/", "_", ".", ". "):
                    yield f"{number}{separator}{word}{separator.strip('. ') or separator[-1:]}{year}", False
                    yield f"{number}{separator}{word}{separator.strip('. ') or separator[-1:]}{year[2:]}", False
                for between in (" ", ", ", "-", "/"):
                    yield f"{word}{between.strip(', ') or ' '}{number}{between}{year}", False
            for separator in ("", " ", "-", "/"):
                yield separator.join((year, word, day)), False
