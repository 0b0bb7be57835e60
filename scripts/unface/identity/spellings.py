"""The forms of names, days and numbers: how people and scanners write what identifies a patient."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from itertools import permutations, product

from pydicom.charset import python_encoding

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

_MONTHS: tuple[tuple[str, ...], ...] = (
    *(("jan",), ("feb", "fév", "fev"), ("mar", "mär", "maer", "mrz"), ("apr", "avr"), ("may", "mai")),
    *(("jun", "juin", "jui"), ("jul", "juil", "jui"), ("aug", "aoû", "aou"), ("sep",), ("oct", "okt"), ("nov",)),
    ("dec", "dez", "déc"),
)
"""How the names of months begin, in English, German and French."""
_WHOLE_MONTHS = tuple(
    words.split()
    for words in (
        *("january januar janvier", "february februar février", "march märz mars", "april avril", "may mai"),
        *("june juni juin", "july juli juillet", "august août", "september septembre", "october oktober octobre"),
        *("november novembre", "december dezember décembre"),
    )
)
_ERAS = (
    *(("r", "令和", date(2019, 5, 1)), ("h", "平成", date(1989, 1, 8)), ("s", "昭和", date(1926, 12, 25))),
    *(("t", "大正", date(1912, 7, 30)), ("m", "明治", date(1868, 1, 25))),
)
"""Eras of Japan, the last first: letter, name, first day."""

CHARACTER_SETS = sorted({"utf-8", *python_encoding.values()})
"""Every character set of DICOM, by the names that Python has for them."""


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
"""A number of fewer digits is in many texts by chance: `HeaderSearch` looks for it in values of text alone."""


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
    # Åström is written Astrom, Aastroem and Astroem: each letter by itself, as long as there are few.
    letters = [letter for letter in _SPELLED if letter in composed]
    styles = product((0, 1), repeat=len(letters)) if len(letters) < 4 else zip(*[(0, 1)] * len(letters), strict=True)
    tables = [
        {ord(letter): _SPELLED[letter][style] for letter, style in zip(letters, each, strict=True)} for each in styles
    ]
    plain = (unicodedata.normalize("NFKD", composed.translate(table)) for table in tables)
    return {low, *(text.encode("ascii", "ignore").decode() for text in plain)} - {""}


def says_enough(word: str) -> bool:
    """Whether a word of a name is no part of other texts by chance.

    Parameters
    ----------
    word
        In any script.

    Returns
    -------
    bool
        From three letters on, of Chinese, Japanese and Korean from two.
    """
    return len(word) >= LEAST_LETTERS or (len(word) > 1 and max(word) >= "\u1100")


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
    return {word for word in forms if says_enough(word)}


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
    """Forms of a day that are one long number.

    Parameters
    ----------
    day
        YYYYMMDD.

    Returns
    -------
    set of str
        In the orders in use, by the day of the year, and the seconds since 1970: `19850317`, `17031985`, `03171985`,
        `1985076`, `479865600`.
    """
    year, month, number = day[:4], day[4:6], day[6:]
    return {day, f"{number}{month}{year}", f"{month}{number}{year}", f"{year}{_day_of_year(day)}", str(_seconds(day))}


def _day_of_year(day: str) -> str:
    return f"{_date(day).timetuple().tm_yday:03d}"


def _seconds(day: str) -> int:
    """Between the day's first moment and that of 1970, in Greenwich; before 1970, too."""
    return abs(int(datetime.combine(_date(day), datetime.min.time(), UTC).timestamp()))


def _date(day: str) -> date:
    return date(int(day[:4]), int(day[4:6]), int(day[6:]))


def _era(day: str) -> tuple[str, str, int]:
    """The Japanese year of a day: the era's letter, its name, the year in it."""
    that_day = _date(day)
    letter, name, first = next((era for era in _ERAS if era[2] <= that_day), _ERAS[-1])
    return letter, name, that_day.year - first.year + 1


@lru_cache(maxsize=4096)
def words_of_day(day: str) -> frozenset[str]:
    """Forms of a day without separators, as a label holds it.

    Parameters
    ----------
    day
        YYYYMMDD.

    Returns
    -------
    frozenset of str
        Those of `numbers_of_day`, numbers of six digits, with a month's name, and as in Japan: `19850317`, `170385`,
        `17mar1985`, `mar1985`, `1985年3月17日`, `s600317`.
    """
    year, month, number = day[:4], day[4:6], day[6:]
    bare_month, bare_number = month.lstrip("0"), number.lstrip("0")
    forms = {f"{year[2:]}{month}{number}", f"{number}{month}{year[2:]}", f"{month}{number}{year[2:]}"}
    at = int(month) - 1
    for name in {form for word in (*_MONTHS[at], *_WHOLE_MONTHS[at]) for form in spellings(word)}:
        for first in (number, bare_number):
            forms |= {
                f"{first}{name}{year}",
                f"{first}{name}{year[2:]}",
                f"{name}{first}{year}",
                f"{year}{name}{first}",
            }
        forms |= {f"{name}{year}", f"{year}{name}"}
    letter, era, year_of_era = _era(day)
    for month_of_year, day_of_month in ((month, number), (bare_month, bare_number)):
        forms |= {f"{years}年{month_of_year}月{day_of_month}日" for years in (year, f"{era}{year_of_era}")}
        forms |= {
            f"{year}년{month_of_year}월{day_of_month}일",
            f"{letter}{year_of_era:02d}{month_of_year}{day_of_month}",
        }
    return frozenset(numbers_of_day(day) | forms)


def short_numbers_of_day(day: str) -> set[str]:
    """Forms of a day that are a short number: they tell where such a number stands by itself.

    Parameters
    ----------
    day
        YYYYMMDD.

    Returns
    -------
    set of str
        Without zeros, and by the day of the year: `85317`, `17385`, `31785`, `85076`.
    """
    year, month, number = day[:4], day[4:6].lstrip("0"), day[6:].lstrip("0")
    orders = {f"{number}{month}", f"{month}{number}"}
    years = (year, year[2:])
    first = {f"{short}{month}{number}" for short in years}
    return {f"{order}{short}" for order in orders for short in years} | first | {f"{year[2:]}{_day_of_year(day)}"}


def patterns_of_day(day: str) -> Iterator[bytes]:
    """Patterns of the forms of a day with separators or a month's name, and with a time of day.

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
    in_japan = rb"%b0?%b%b" % (_signs("年년"), month, _signs("月월"))
    yield year + rb"(?:[-./_: ]0?%b[-./_: ]|%b%b|%b)0?%b" % (month, _APART, name, in_japan, number)
    yield year[2:] + rb"[-./]0?%b[-./]0?%b" % (month, number)
    yield number + rb"(?:[-./_: ]0?%b%b|%b%b%b%b)" % (month, last, _APART, name, _BETWEEN, years)
    yield month + rb"[-./_: ]0?" + number + last
    yield from (beginning + _REST + _APART + rb"0?" + number + rb"[-./_, ]{1,2}" + years for beginning in names)
    yield day.encode() + rb"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-6][0-9])?(?:\.[0-9]{1,6})?"
    yield rb"%d%b0?%b" % (_era(day)[2], in_japan, number)


@cache
def _signs(signs: str) -> bytes:
    """A pattern for one of some signs in any character set of DICOM, in lower case as far as it is ASCII."""
    encoded = set()
    for sign, code in product(signs, CHARACTER_SETS):
        try:
            encoded.add(sign.encode(code).lower())
        except UnicodeEncodeError:
            continue
    return rb"(?:" + b"|".join(map(re.escape, sorted(encoded))) + rb")"


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
    if len("".join(groups)) >= LEAST_DIGITS and digits_of_id(value) and not value.isdigit():
        yield _SEPARATOR.join(part.encode() for part in groups)


def digits_of_id(value: str) -> str:
    """The digits of an ID without leading zeros, which people write for it.

    Parameters
    ----------
    value
        The ID.

    Returns
    -------
    str
        `48213` of `MRN-0048213`; empty where there are fewer than four, which are in many texts by chance.
    """
    digits = re.sub("[^0-9]", "", value).lstrip("0")
    return digits if len(digits) >= 4 else ""
