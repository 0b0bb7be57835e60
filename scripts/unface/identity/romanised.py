"""Names of other scripts in Latin letters: how people, passports and projects write them.

Letters have their tables, frequent surnames their usual spellings. Chinese characters are read as Chinese; of scripts
that leave vowels out, such as Arabic, the consonants are found alone.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from unface.run.settings import PROJECT

_LATIN = "\u036f"
"""Up to here Unicode has Latin letters and their marks."""
_KANA = re.compile(r"[\u3040-\u30ff]")
_WITHOUT_SPACES = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]{2,4}")
"""A Chinese or Korean name of which no sign tells the surname."""


@cache
def _rows(table: str) -> list[list[str]]:
    lines = (PROJECT / "resources" / table).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@cache
def _styles() -> list[dict[int, str]]:
    """The tables of letters: one for each way to write Cyrillic, and all of them alike for the others."""
    letters = {ord(letter): latin for latin, of_latin in _rows("romanised.tsv")[1:] for letter in of_latin}
    cyrillic = list(zip(*_rows("cyrillic.tsv"), strict=True))
    styles = [dict(zip(map(ord, cyrillic[0][1:]), style[1:], strict=True)) for style in cyrillic[1:]]
    return [letters | style for style in styles]


@cache
def _surnames() -> dict[str, list[str]]:
    return {name: spellings.split() for name, spellings in _rows("surname_spellings.tsv")[1:]}


def romanised(name: str) -> set[str]:
    """How a name of another script is written in Latin letters.

    Parameters
    ----------
    name
        As DICOM writes it; what is Latin in it stays.

    Returns
    -------
    set of str
        In small letters with the signs between its words; empty for a name in Latin letters.
    """
    return {latin for group in name.casefold().split("=") if max(group, default="") > _LATIN for latin in _group(group)}


def _group(group: str) -> Iterator[str]:
    words = [word for word in re.split(r"[\W_]+", group) if word]
    # 山田太郎 is a name, too: the surname has one character or two.
    starts = (1, 2) if len(words) == 1 and _WITHOUT_SPACES.fullmatch(group.strip("^ ")) else ()
    for parts in [words, *([words[0][:start], words[0][start:]] for start in starts)]:
        rests = {tuple(filter(None, spelled)) for spelled in zip(*map(_spelled, parts), strict=True)}
        for rest in rests:
            yield "^".join(rest)
            for surname in _surnames().get(parts[0], ()):
                yield "^".join((surname, *rest[1:]))


def _spelled(word: str) -> list[str]:
    """A word in each style."""
    text = re.sub("[っッ]", "\0", unicodedata.normalize("NFC", word)).replace("ー", "")
    latin = [_decomposed(text.translate(style)) for style in _styles()]
    if _KANA.search(text):
        latin = [re.sub("\0(.)", r"\1\1", re.sub("([sc]h|j)iy|([kgnhbpmr]i)y", _digraph, form)) for form in latin]
        # Long vowels are written or not.
        latin[1:2] = [re.sub("ou|oo", "o", latin[0]).replace("uu", "u")]
    return [*latin, re.sub("i[yij]$", "y", re.sub("(?<=[oe])v$", "ff", latin[0]))]


def _digraph(match: re.Match[str]) -> str:
    return match[1] or f"{match[2][0]}y"


def _decomposed(text: str) -> str:
    """The letters of syllables and those with marks, in Latin letters."""
    parts = unicodedata.normalize("NFKD", text).translate(_styles()[0])
    return unicodedata.normalize("NFKD", parts).encode("ascii", "ignore").decode()
