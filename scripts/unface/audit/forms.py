"""Forms: how one identifier of a subject may be written.

A name, a number or a date turns up in another order, with other separators, without accents or leading zeros. Every
form that is searched for is made here; `identifier_search` looks for them.
"""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

from unface.run.settings import PROJECT

_PLACEHOLDERS = (
    "anon anonym anonymous anonymized anonymised deidentified deidentification removed unknown unnamed none null na "
    "nil no yes not n/a test patient subject phantom mr mri ct pet male female other day year month"
)
PLACEHOLDERS = frozenset(_PLACEHOLDERS.split(" "))
"""What stands in identifying elements of headers without identifying anyone."""

_MONTHS = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
_ERAS = (("r", "令和", 20190501), ("h", "平成", 19890108), ("s", "昭和", 19261225), ("t", "大正", 19120730))
"""Eras of Japan: letter, name, first day."""
SEPARATORS = re.compile(r"[\W_]+")
_SEPARATED = ("-", ".", "/", "_", ":", " ")
_PLAIN = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t", "ı": "i", "ə": "e"}
)
"""Letters that Unicode does not split into one of ASCII and a mark."""
_LONG = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "đ": "dj", "ə": "a"}
"""Letters that people also write as two, or as another."""
_WITHOUT_SPACES = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Chinese, Japanese and Korean: two characters are a name, and no space says where it ends."""


def fold(text: str) -> str:
    """Text in small letters without accents, so that one form stands for `DÜRER`, `Dürer` and `durer`.

    Parameters
    ----------
    text
        In any script. What Unicode does not split into a letter of ASCII and a mark is replaced (`ø` by `o`).

    Returns
    -------
    str
        Perhaps longer than the text: `æ` becomes `ae`.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold().translate(_PLAIN)


def squash(text: str) -> str:
    """Folded text without separators: `Doe, Jane` and `DOE^JANE` are one.

    Parameters
    ----------
    text
        In any script.

    Returns
    -------
    str
        Its letters and digits, folded.
    """
    return SEPARATORS.sub("", fold(text))


@dataclass(frozen=True)
class Form:
    """One way to write an identifier.

    Attributes
    ----------
    kind : str
        Of the identifier: `name`, `id`, `date`, `uid` or `other`.
    text : str
        Folded.
    squashed : bool
        Whether separators are left out: of the form, and of the text that it is searched in.
    """

    kind: str
    text: str
    squashed: bool = False

    def stands_in(self, folded: str) -> bool:
        """Whether it occurs, not as a mere part of a longer word or number.

        Parameters
        ----------
        folded
            A folded text, squashed if the form is.

        Returns
        -------
        bool
            False also where it occurs within longer words or numbers only.
        """
        start = folded.find(self.text)
        while start >= 0:
            if self._is_apart(folded[max(0, start - 2) : start], folded[start + len(self.text) :][:2]):
                return True
            start = folded.find(self.text, start + 1)
        return False

    @cached_property
    def without_spaces(self) -> bool:
        """Whether it is of a script that sets no spaces between words, and long enough to be found anywhere."""
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


def of_identifier(kind: str, value: str, public: Collection[str]) -> Iterator[Form]:
    """The forms of one identifier.

    Parameters
    ----------
    kind
        `name`, `id`, `date`, `uid` or `other`.
    value
        As it stands in a raw header.
    public
        Folded words that identify nobody.

    Returns
    -------
    iterator of Form
        Some more than once; also single characters and public words, which the caller leaves out.
    """
    value = value.replace("\0", " ").strip()
    if kind == "name":
        texts = _of_name(value, public)
    elif kind == "date":
        texts = _of_date(value)
    elif kind == "uid":
        texts = iter([(value, False)] if len(value) >= 10 else [])
    else:
        texts = _of_words_and_numbers(value)
    return (Form(kind, text, squashed) for text, squashed in texts)


def _of_name(value: str, public: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Each component of a person's name, two or three joined in any order, an initial with another, and numbers."""
    # What is joined is searched anywhere from 5 characters on, and below that as a word, with a space and without.
    numbers = [word for word in SEPARATORS.split(value) if word.isdigit()]
    # One digit or three beside words count something; alone they are all there is to know the person by.
    if not any(char.isalpha() for char in value):
        yield from _of_words_and_numbers(value)
    for number in numbers:
        if len(number) > 3:
            yield from _of_words_and_numbers(number)
    for spelling in spelled(value):
        for group in spelling.split("="):
            words = [word for word in SEPARATORS.split(group) if word]
            yield from ((word, False) for word in words if len(word) > 1 and not word.isdigit())
            yield from ((word[::-1], False) for word in words if len(word) > 4 and word.isalpha() and word.isascii())
            components = [squash(part) for part in group.split("^") if squash(part)]
            for parts in {tuple(words[:6]), tuple(components[:4])}:
                joined = [pair for size in (2, 3) for pair in itertools.permutations(parts, size)]
                yield from (("".join(pair), True) for pair in joined if len("".join(pair)) >= 5)
            for first, second in itertools.permutations([word for word in words[:6] if word.isalpha()], 2):
                if len(first + second) < 5 and (len(first + second) > 2 or not first.isascii()):
                    yield from (((first + second), False), (f"{first} {second}", False))
                # `test` with a letter is `tests`, and nobody's name.
                if 3 <= len(second) < 5 and second not in public:
                    yield from ((first[0] + second, False), (second + first[0], False))


def spelled(name: str) -> set[str]:
    """How a name is written in letters of ASCII, as far as there are such.

    Parameters
    ----------
    name
        As DICOM writes it.

    Returns
    -------
    set of str
        Folded, with the signs between its words: without accents, written out, in Latin letters; and as it stands.
    """
    return {*_spellings(name), *_romanised(name)}


def _spellings(name: str) -> set[str]:
    """A name without accents, each of its letters as one or as people write it out: Åström is Astroem, too."""
    composed = unicodedata.normalize("NFC", name).casefold()
    letters = [letter for letter in _LONG if letter in composed][:4]
    chosen = [itertools.combinations(letters, size) for size in range(len(letters) + 1)]
    return {
        fold(composed.translate({ord(letter): _LONG[letter] for letter in some}))
        for some in itertools.chain.from_iterable(chosen)
    }


@cache
def _rows(table: str) -> list[list[str]]:
    lines = (PROJECT / "resources" / table).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


@cache
def _letters(style: int) -> dict[int, str]:
    """Letters of other scripts in Latin ones; the style says how Cyrillic is written."""
    plain = {ord(letter): latin for latin, letters in _rows("romanised.tsv") for letter in letters}
    return plain | {ord(row[0]): row[style] for row in _rows("cyrillic.tsv")}


def _romanised(name: str) -> Iterator[str]:
    """How a name of another script is written in Latin letters, its surname also as people write it."""
    for group in name.casefold().split("="):
        if max(group, default="") <= "\u036f":
            continue
        words = [word for word in SEPARATORS.split(unicodedata.normalize("NFC", group)) if word]
        splits = [words] if words else []
        if len(words) == 1 and 2 <= len(words[0]) <= 4 and min(words[0]) >= "\u3400":
            splits += [[words[0][:at], words[0][at:]] for at in (1, 2)]
        for parts in splits:
            for style in range(1, 6):
                latin = [_in_latin(part, style) for part in parts]
                yield "^".join(latin)
                yield "^".join(_ENDING.sub(lambda match: "y" if match[1] else "ff", word) for word in latin)
                yield "^".join(re.sub("ou|oo", "o", word) for word in latin)
                usual = next((row[1].split() for row in _rows("surname_spellings.tsv") if row[0] == parts[0]), ())
                yield from ("^".join([surname, *latin[1:]]) for surname in usual)


_ENDING = re.compile("(i[yij])$|(?<=[oe])v$")


def _in_latin(word: str, style: int) -> str:
    parts = unicodedata.normalize(
        "NFKD", word.replace("ー", "").translate(_letters(style) | {0x3063: "\0", 0x30C3: "\0"})
    )
    latin = unicodedata.normalize("NFKD", parts.translate(_letters(style))).encode("ascii", "ignore").decode()
    if re.search(r"[\u3040-\u30ff]", word):
        latin = re.sub(r"([sc]h|j)iy(?=[auo])", r"\1", re.sub(r"([kgnhbpmr])iy(?=[auo])", r"\1y", latin))
        latin = re.sub("\0(.)", r"\1\1", latin)
    return latin


def _of_words_and_numbers(value: str) -> Iterator[tuple[str, bool]]:
    """An ID or another text as it stands, without separators, and its numbers without leading zeros."""
    folded = " ".join(fold(value).split())
    for text in (folded, re.sub(r"(?<!\d)0+(?=\d)", "", folded)):
        yield text, False
        yield squash(text), False
        if len(squash(text)) >= 6:
            yield squash(text), True
    groups = re.findall(r"\d+", folded)
    if len("".join(groups)) >= 6 and len("".join(groups).lstrip("0")) >= 4:
        for separator in ("", *_SEPARATED):
            yield separator.join(groups), False
        yield "".join(groups).lstrip("0"), False


def initials_with_year(names: Iterable[str], dates: Iterable[str], public: Collection[str]) -> Iterator[Form]:
    """Two or three initials in any order with the year of birth: `jd63`, `dj1963`.

    Parameters
    ----------
    names, dates
        As they stand in raw headers. The earliest date is that of birth, where a header has it.
    public
        Folded words that identify nobody.

    Yields
    ------
    Form
        Of the kind `name`.
    """
    year = min((date[:4] for date in dates if re.match(r"\d{4}", date)), default="")
    for name in names if year else ():
        for spelling in spelled(name):
            for group in spelling.split("="):
                firsts = [word[0] for word in SEPARATORS.split(group) if word.isalpha()][:4]
                for letters in itertools.chain(*(itertools.permutations(firsts, size) for size in (2, 3))):
                    if (initials := "".join(letters)) not in public:
                        yield from (Form("name", initials + end) for end in (year, year[2:]))
                        yield from (Form("name", start + initials) for start in (year, year[2:]))


def _of_date(value: str) -> Iterator[tuple[str, bool]]:
    """A date (DICOM DA or DT, or ISO 8601) in the orders and separators in use."""
    match = re.match(r"(\d{4})[-.:/]?(\d{2})[-.:/]?(\d{2})", value)
    if not match or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        return
    year, month, day = match.groups()
    bare_month, bare_day = month.lstrip("0"), day.lstrip("0")
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
    for short in (year, year[2:]):
        for order in ((short, bare_month, bare_day), (bare_day, bare_month, short), (bare_month, bare_day, short)):
            for separator in ("", "-", ".", "/"):
                yield separator.join(order), False
    yield from ((text, False) for text in _counted(year, month, day))
    yield from ((fold(text), False) for text in _in_asia(year, month, day))
    yield from ((text, False) for text in _with_month_names(year, month, day))


def _with_month_names(year: str, month: str, day: str) -> Iterator[str]:
    """The month by its name, the day also as an ordinal number; month and year alone, too."""
    bare_day = day.lstrip("0")
    ordinal = bare_day + {"1": "st", "2": "nd", "3": "rd"}.get(day[1] if day[0] != "1" else "", "th")
    for names in _MONTHS:
        name = fold(names.split(" ")[int(month) - 1])
        for word in {name, name[:3]}:
            for number in {day, bare_day, ordinal}:
                for separator in ("", " ", "-", "/", "_", ".", ". "):
                    yield f"{number}{separator}{word}{separator.strip('. ') or separator[-1:]}{year}"
                    yield f"{number}{separator}{word}{separator.strip('. ') or separator[-1:]}{year[2:]}"
                for between in (" ", ", ", "-", "/"):
                    yield f"{word}{between.strip(', ') or ' '}{number}{between}{year}"
                yield f"{word}{number}{year}"
            for separator in ("", " ", "-", "/"):
                yield separator.join((year, word, day))
                yield separator.join((word, year))


def month_of(word: str) -> int:
    """The month that a word names, in English, German or French, whole or by its first letters.

    Parameters
    ----------
    word
        Folded.

    Returns
    -------
    int
        From 1 on; 0 for another word.
    """
    return _months().get(word, 0)


@cache
def _months() -> dict[str, int]:
    names = [(fold(name), number) for line in _MONTHS for number, name in enumerate(line.split(), start=1)]
    return {form: number for name, number in names for form in (name, name[:3], name[:4])} | {"mrz": 3}


def _counted(year: str, month: str, day: str) -> Iterator[str]:
    """The day of the year, and the seconds since 1970 at midnight in every time zone."""
    try:
        midnight = datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        return
    number = f"{midnight.timetuple().tm_yday:03d}"
    yield from (f"{year}{number}", f"{year}-{number}", f"{year[2:]}{number}")
    for hours in range(-14, 13):
        yield str(abs(int((midnight - datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hours)).total_seconds())))


def _in_asia(year: str, month: str, day: str) -> Iterator[str]:
    """A date as in Japan, China and Korea, also by Japan's eras."""
    letter, era, first = next((era for era in _ERAS if era[2] <= int(year + month + day)), ("m", "明治", 18680125))
    in_era = int(year) - first // 10_000 + 1
    for this_month, this_day in ((month, day), (month.lstrip("0"), day.lstrip("0"))):
        yield from (f"{years}年{this_month}月{this_day}日" for years in (year, f"{era}{in_era}"))
        yield f"{year}년 {this_month}월 {this_day}일"
        for separator in ("", "-", ".", "/"):
            yield f"{letter}{in_era:02d}{separator}{this_month}{separator}{this_day}"
