"""The forms of names, days and numbers: how people and scanners write what identifies a patient."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
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

_MONTHS: tuple[tuple[str, ...], ...] = (
    *(("jan",), ("feb",), ("mar", "mär", "maer", "mrz"), ("apr",), ("may", "mai"), ("jun",), ("jul",), ("aug",)),
    *(("sep",), ("oct", "okt"), ("nov",), ("dec", "dez")),
)
"""How the names of months begin, in English and German."""


def _encoded(names: Iterable[str]) -> list[bytes]:
    """Names of months in the encodings that they may lie in."""
    return sorted({name.encode(code) for name in names for code in ("utf-8", "latin-1")})


_REST = rb"[a-z\x80-\xff]{0,8}"
_MONTH = rb"(?:" + b"|".join(_encoded(name for names in _MONTHS for name in names)) + rb")" + _REST
_APART, _BETWEEN, _YEAR = rb"[-./_ ]{0,2}", rb"[-./_, ]{0,2}", rb"(?:[0-9]{4}|[0-9]{2})"


def _dates(sign: bytes) -> Iterator[bytes]:
    """Patterns of dates of digits with one sign between them."""
    day, month, two = rb"(?:0?[1-9]|[12][0-9]|3[01])", rb"(?:0?[1-9]|1[0-2])", rb"[0-9]{2}"
    parts = rb"(?:" + day + sign + month + rb"|" + month + sign + day + rb")"
    yield rb"(?:19|20)" + two + sign + parts
    yield parts + sign + rb"(?:19|20)" + two
    # Three small numbers with spaces between them are settings.
    if sign not in b" _":
        two_throughout = rb"(?=" + sign.join([two] * 3) + rb"(?![0-9]))"
        yield two_throughout + rb"(?:" + two + sign + parts + rb"|" + parts + sign + two + rb")"


DATE_LIKE = re.compile(
    rb"(?<![0-9.])(?:"
    + b"|".join(pattern for sign in (b"-", rb"\.", b"/", b"_", b" ") for pattern in _dates(sign))
    + b"|".join(
        [
            b"",
            rb"[0-9]{1,2}" + _APART + _MONTH + _BETWEEN + _YEAR,
            rb"(?:19|20)[0-9]{2}" + _APART + _MONTH + rb"[0-9]{1,2}",
            rb"(?<![a-z])" + _MONTH + _APART + rb"[0-9]{1,2}[-./_, ]{1,2}" + _YEAR,
        ]
    )
    + rb")(?![0-9]|\.[0-9])",
    re.I,
)
"""Text that reads as a day, whosever it is: with a year of four digits, a month's name, or two digits throughout."""

_SEPARATOR = rb"[-./_: ]?"
LEAST_LETTERS = 3
"""A word of fewer letters is in many texts by chance: it is not looked for by itself."""
LEAST_DIGITS = 6
"""A number of fewer digits is in many texts by chance: `HeaderSearch` looks for it in values of text alone, and an ID's
digits are not looked for without its letters."""


def spellings(text: str) -> set[str]:
    """Forms of a text in lower case.

    Parameters
    ----------
    text
        A word, or any other text.

    Returns
    -------
    set of str
        The text case-folded, and in ASCII: `sørensen`, `sorensen`, `soerensen`.
    """
    low = text.casefold()
    if low.isascii():
        return {low}
    composed = unicodedata.normalize("NFC", text.lower())
    plain = (unicodedata.normalize("NFKD", composed.translate(style)) for style in _STYLES)
    return {low, *(text.encode("ascii", "ignore").decode() for text in plain)} - {""}


def joined_words(name: str, common: Collection[str] = ()) -> set[str]:
    """Two words of a person's name written as one, in any order, and an initial with a whole word.

    Parameters
    ----------
    name
        As DICOM writes it (PS3.5 6.2.1.1), with `^` or other signs between words and `=` between component groups.
    common
        Words that identify nobody. None is made of these alone: `tests` and `sasl` are no names of the person whom a
        header calls `SPIRAL_ASL_TEST`.

    Returns
    -------
    set of str
        `janedoe`, `doejane`, `jdoe`, ...: case-folded, of three letters or more, for fewer are in many words by chance.
    """
    forms: set[str] = set()
    for group in name.split("="):
        words = [word for word in re.split(r"[\W_]+", group.casefold()) if word.isalpha()][:6]
        for first, second in permutations(words, 2):
            if first not in common or second not in common:
                forms.add(first + second)
            if len(second) >= LEAST_LETTERS and second not in common:
                forms |= {first[0] + second, second + first[0]}
    return {word for word in forms if len(word) >= LEAST_LETTERS or not word.isascii()}


def days(text: str) -> set[str]:
    """The days that a date or a date with time may mean.

    Parameters
    ----------
    text
        A value of VR DA or DT, with separators or without, the year first or last.

    Returns
    -------
    set of str
        Days (YYYYMMDD): `1985.03.17` of ACR-NEMA and `17.03.1985` mean one, `04/03/1985` two, other texts none.
    """
    digits = re.sub(r"[-./: ]", "", text)[:8]
    if not re.fullmatch(r"[0-9]{8}", digits):
        return set()
    orders = [digits, f"{digits[4:]}{digits[2:4]}{digits[:2]}", f"{digits[4:]}{digits[:4]}"]
    possible = [day for day in orders if _is_day(day)]
    # The year stands first as the standard says, if that can be.
    return set(possible[:1] if possible[:1] == [digits] else possible)


def _is_day(digits: str) -> bool:
    try:
        return 1800 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2199
    except ValueError:
        return False


def numbers_of_day(day: str) -> set[str]:
    """Forms of a day of eight digits, in the orders in use.

    Parameters
    ----------
    day
        YYYYMMDD.

    Returns
    -------
    set of str
        `19850317`, `17031985`, `03171985`.
    """
    year, month, number = day[:4], day[4:6], day[6:]
    return {day, f"{number}{month}{year}", f"{month}{number}{year}"}


def words_of_day(day: str) -> set[str]:
    """Forms of a day without separators, as a label holds it.

    Parameters
    ----------
    day
        YYYYMMDD.

    Returns
    -------
    set of str
        Those of eight digits, of six, and with a month's name: `19850317`, `170385`, `17mar1985`.
    """
    year, month, number = day[:4], day[4:6], day[6:]
    short = {f"{year[2:]}{month}{number}", f"{number}{month}{year[2:]}", f"{month}{number}{year[2:]}"}
    names = {form for name in _MONTHS[int(month) - 1] for form in spellings(name)}
    named = {
        f"{first}{name}{last}" for name in names for first in (number, number.lstrip("0")) for last in (year, year[2:])
    }
    return numbers_of_day(day) | short | named | {f"{year}{name}{number}" for name in names}


def patterns_of_day(day: str) -> Iterator[bytes]:
    """Patterns of the forms of a day with separators or a month's name.

    Parameters
    ----------
    day
        YYYYMMDD.

    Yields
    ------
    bytes
        Regular expression for lower-case bytes; what it matches may have a zero before it. There are few, and each
        begins with a letter or digit: then one search for all of them is quick.
    """
    year = day[:4].encode()
    month, number = day[4:6].lstrip("0").encode(), day[6:].lstrip("0").encode()
    names = _encoded(_MONTHS[int(month) - 1])
    name = rb"(?:" + b"|".join(names) + rb")" + _REST
    years = rb"(?:" + year + rb"|" + year[2:] + rb")"
    # Numbers without a century are a date only with one of the signs of dates between them.
    last = rb"(?:[-./_: ]" + year + rb"|[-./]" + year[2:] + rb")"
    yield year + rb"(?:[-./_: ]0?%b[-./_: ]|%b%b)0?%b" % (month, _APART, name, number)
    yield number + rb"(?:[-./_: ]0?%b%b|%b%b%b%b)" % (month, last, _APART, name, _BETWEEN, years)
    yield month + rb"[-./_: ]0?" + number + last
    yield from (beginning + _REST + _APART + rb"0?" + number + rb"[-./_, ]{1,2}" + years for beginning in names)


def patterns_of_number(value: str) -> Iterator[bytes]:
    """Patterns of the forms of an ID with other separators than its own, and of its digits alone.

    Parameters
    ----------
    value
        The ID.

    Yields
    ------
    bytes
        Regular expression for lower-case bytes; that of the digits from six on.
    """
    for form in spellings(value):
        if form.isascii():
            parts = re.findall(r"[0-9]+|[a-z]+", form)
            if len(parts) > 1 and len("".join(parts)) >= 5:
                yield _SEPARATOR.join(part.encode() for part in parts)
    groups = re.findall(r"[0-9]+", value)
    if len("".join(groups).lstrip("0")) >= LEAST_DIGITS and not value.isdigit():
        yield _SEPARATOR.join(part.encode() for part in groups)
