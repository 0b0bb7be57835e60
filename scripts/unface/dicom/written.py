"""How names, days and numbers are written: the ways in which people and scanners spell what identifies a patient."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from itertools import permutations

_SPELLED = {
    "ä": ("a", "ae"),
    "ö": ("o", "oe"),
    "ü": ("u", "ue"),
    "å": ("a", "aa"),
    "æ": ("ae", "ae"),
    "œ": ("oe", "oe"),
    "ø": ("o", "oe"),
    "ß": ("ss", "ss"),
    "ł": ("l", "l"),
    "đ": ("d", "dj"),
    "ð": ("d", "d"),
    "þ": ("th", "th"),
    "ħ": ("h", "h"),
    "ŧ": ("t", "t"),
    "ı": ("i", "i"),
    "ə": ("e", "a"),
}
"""Letters that Unicode does not split, or that are written as two: their plain and their long spelling."""
_STYLES = [{ord(letter): spelled[style] for letter, spelled in _SPELLED.items()} for style in (0, 1)]

MONTHS: tuple[tuple[str, ...], ...] = (
    *(("jan",), ("feb",), ("mar", "mär", "maer", "mrz"), ("apr",), ("may", "mai"), ("jun",), ("jul",), ("aug",)),
    *(("sep",), ("oct", "okt"), ("nov",), ("dec", "dez")),
)
"""How the names of months begin, in English and German."""


def _month_bytes(*names: str) -> bytes:
    """An alternative of these beginnings in the encodings that they may lie in."""
    return b"|".join(sorted({name.encode(code) for name in names for code in ("utf-8", "latin-1")}))


_REST = rb"[a-z\x80-\xff]{0,8}"
_MONTH = rb"(?:" + _month_bytes(*(name for names in MONTHS for name in names)) + rb")" + _REST
_APART, _BETWEEN, _YEAR = rb"[-./_ ]{0,2}", rb"[-./_, ]{0,2}", rb"(?:[0-9]{4}|[0-9]{2})"
DATE_LIKE = re.compile(
    rb"(?<![0-9.])(?:"
    rb"(?:19|20)[0-9]{2}([-./_ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12][0-9]|3[01])"
    rb"|(?:0?[1-9]|[12][0-9]|3[01])([-./_ ])(?:0?[1-9]|[12][0-9]|3[01])\2(?:19|20)[0-9]{2}"
    rb"|(?:0[1-9]|[12][0-9]|3[01])([-./ ])(?:0[1-9]|[12][0-9]|3[01])\3[0-9]{2}"
    rb"|[0-9]{1,2}" + _APART + _MONTH + _BETWEEN + _YEAR + rb"|(?:19|20)[0-9]{2}" + _APART + _MONTH + rb"[0-9]{1,2}"
    rb"|(?<![a-z])" + _MONTH + _APART + rb"[0-9]{1,2}[-./_, ]{1,2}" + _YEAR + rb")(?![0-9]|\.[0-9])",
    re.I,
)
"""Text that reads as a day, whosever: with a year of four digits, of two digits throughout, or with a month's name."""

SEPARATOR = rb"[-./_: ]?"
LEAST = 3
"""Letters of a word that is looked for by itself."""


def spellings(text: str) -> set[str]:
    """A text case-folded, and its ways of writing in ASCII: `Sørensen` is also `sorensen` and `soerensen`."""
    low = text.casefold()
    if low.isascii():
        return {low}
    composed = unicodedata.normalize("NFC", text.lower())
    plain = (unicodedata.normalize("NFKD", composed.translate(style)) for style in _STYLES)
    return {low, *(text.encode("ascii", "ignore").decode() for text in plain)} - {""}


def joined(name: str) -> set[str]:
    """The words of a person's name written as one, in any order, and an initial with a whole word: `janedoe`, `jdoe`.

    From three letters on: less is in many words by chance.
    """
    found: set[str] = set()
    for group in name.split("="):
        words = [word for word in re.split(r"[\W_]+", group.casefold()) if word.isalpha()][:6]
        for one, other in permutations(words, 2):
            found.add(one + other)
            if len(other) >= LEAST:
                found |= {one[0] + other, other + one[0]}
    return {word for word in found if len(word) >= LEAST or not word.isascii()}


def days(text: str) -> set[str]:
    """The days (YYYYMMDD) that a date or a time of DICOM may mean, with separators or without, the year first or last.

    `1985.03.17` of ACR-NEMA and `17.03.1985` mean one, `04/03/1985` two.
    """
    digits = re.sub(r"[-./: ]", "", text)[:8]
    if not re.fullmatch(r"[0-9]{8}", digits):
        return set()
    orders = [digits, f"{digits[4:]}{digits[2:4]}{digits[:2]}", f"{digits[4:]}{digits[:4]}"]
    found = [day for day in orders if _is_day(day)]
    # The year stands first as the standard says, if that can be.
    return set(found[:1] if found[:1] == [digits] else found)


def _is_day(digits: str) -> bool:
    try:
        return 1800 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2199
    except ValueError:
        return False


def numbers_of_day(day: str) -> set[str]:
    """A day (YYYYMMDD) as a number of eight digits, in the orders in use."""
    year, month, number = day[:4], day[4:6], day[6:]
    return {day, f"{number}{month}{year}", f"{month}{number}{year}"}


def short_numbers_of_day(day: str) -> set[str]:
    """The same with six digits."""
    year, month, number = day[2:4], day[4:6], day[6:]
    return {f"{year}{month}{number}", f"{number}{month}{year}", f"{month}{number}{year}"}


def patterns_of_day(day: str) -> Iterator[bytes]:
    """Patterns of lower-case bytes for a day with separators or a month's name; a zero may stand before each."""
    year, month, number = day[:4].encode(), day[4:6].encode(), day[6:].encode()
    yield year + rb"[-./_: ]0?" + month.lstrip(b"0") + rb"[-./_: ]0?" + number.lstrip(b"0")
    for first, second in {(number, month), (month, number)}:
        parts = first.lstrip(b"0") + rb"%b0?" + second.lstrip(b"0")
        # Without a century it takes a sign of dates between them to be one.
        yield parts % rb"[-./_: ]" + rb"[-./_: ]" + year
        yield parts % rb"[-./]" + rb"[-./]" + year[2:]
    name = rb"(?:" + _month_bytes(*MONTHS[int(month) - 1]) + rb")" + _REST
    years = rb"(?:" + year + rb"|" + year[2:] + rb")"
    yield number.lstrip(b"0") + _APART + name + _BETWEEN + years
    yield year + _APART + name + _BETWEEN + rb"0?" + number.lstrip(b"0")
    yield name + _APART + rb"0?" + number.lstrip(b"0") + rb"[-./_, ]{1,2}" + years


def patterns_of_number(value: str) -> Iterator[bytes]:
    """Patterns of lower-case bytes for an ID with other separators than its own, and for its digits from six on."""
    for spelled in spellings(value):
        if spelled.isascii():
            parts = re.findall(r"[0-9]+|[a-z]+", spelled)
            if len(parts) > 1 and len("".join(parts)) >= 5:
                yield SEPARATOR.join(part.encode() for part in parts)
    groups = re.findall(r"[0-9]+", value)
    if len("".join(groups).lstrip("0")) >= 6 and not value.isdigit():
        yield SEPARATOR.join(part.encode() for part in groups)
