"""Words that tell of sequences and of nobody: what may stay of text that a person typed."""

import re
from collections.abc import Callable, Mapping
from functools import cache

from unface.identity.spellings import DATE_LIKE
from unface.run.settings import PROJECT

_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+(?:\.[0-9]+[A-Za-z]*)?")
_CODE_WORD = re.compile(rb"[a-z0-9]{3,}|[a-z][0-9]|[0-9][a-z]")
_TECHNICAL = re.compile(
    rb"[0-9]{1,3}(?:\.[0-9]{1,3})?(?:x[0-9]{1,3})*"
    rb"|[0-9]{1,4}(?:\.[0-9]{1,3})?(?:mm|cm|ms|s|sec|min|ch|deg|dir|vol|iso|x|k|t|hz|kg|g|ml|d)"
    rb"|(?:p|x|b|te|tr|ti|e|sms|mb|fa|t|bw|r|v|run|dir|rep|acc|fov|sl|tp|ep|iso|nav)[0-9]{1,4}"
)


@cache
def vocabulary() -> frozenset[bytes]:
    """The words that may stay in descriptions, in lower case."""
    return _words("descriptor_words.txt")


@cache
def technical_words() -> frozenset[bytes]:
    """The words that may stay in technical text besides, in lower case."""
    return _words("technical_words.txt")


@cache
def listed_codes() -> Mapping[int, tuple[bool, frozenset[bytes]]]:
    """What attributes of VR CS may say (`closed_values.tsv`), by tag: whether nothing else, and the terms."""
    lines = (PROJECT / "resources" / "closed_values.tsv").read_text(encoding="ascii").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")][1:]
    return {int(tag, 16): (closed == "yes", frozenset(terms.encode().split(b"\\"))) for tag, _, closed, terms in rows}


@cache
def code_words() -> frozenset[bytes]:
    """The words of DICOM's own terms, in lower case."""
    return frozenset(
        word for _, terms in listed_codes().values() for term in terms for word in _CODE_WORD.findall(term.lower())
    )


def _words(name: str) -> frozenset[bytes]:
    lines = (PROJECT / "resources" / name).read_text(encoding="ascii").splitlines()
    return frozenset(word.encode() for line in lines if not line.startswith("#") for word in line.split())


def keep_words(value: bytes, identifies: Callable[[bytes], bool]) -> bytes:
    """Keep words of the vocabulary and technical numbers that do not identify the subject.

    Parameters
    ----------
    value
        Text that a person typed.
    identifies
        Tells of a lower-case word whether it identifies the subject.

    Returns
    -------
    bytes
        The words in order, joined by a space where the source had one and by `_` elsewhere.
    """
    kept: list[bytes] = []
    words = vocabulary()
    value = DATE_LIKE.sub(b" ", value)
    for match in _WORD.finditer(value):
        word = match.group()
        low = word.lower()
        if (low in words or _TECHNICAL.fullmatch(low)) and not identifies(low):
            gap = value[match.start() - 1 : match.start()]
            kept.append((b" " if gap == b" " else b"_") + word if kept else word)
    return b"".join(kept)


_WORD_OR_DECIMAL = re.compile(
    rb"(?<![0-9A-Za-z.])(?:[0-9]{1,4}\.[0-9]+|[0-9]{1,2}(?:\.[0-9]{1,2}){2}\.[0-9]{5})(?![0-9A-Za-z.])"
    rb"|[A-Za-z0-9\x80-\xff]+"
)
_GROUPS = re.compile(rb"[a-z]+|[0-9]+")
_FEW_DIGITS = re.compile(rb"^[0-9]{1,2}|(?<![0-9])[0-9]{1,2}$")
_ESCAPED = re.compile(rb"\x1b.*?(?:\x1b\([BJ]|\Z)", re.S)
"""Text in an extended character set, to where ASCII begins again (PS3.5 6.1.2.5): its bytes look like ASCII."""
_ADDRESS = re.compile(
    rb"\S*@\S*|(?<![0-9.])[0-9]+(?:\.[0-9]+){3,}(?![0-9.])|(?<![0-9A-Za-z.])(?:19|20)[0-9]{2}(?![0-9A-Za-z.])"
)
"""Addresses of mails and computers, and years: versions and settings, unless they stand beside what no list knows."""
LONGEST_CODE, LONGEST_NUMBER = 10, 4
"""Characters of a word of letters and digits in turn, and of its numbers."""


def is_machine_word(word: bytes) -> bool:
    """Whether a word is one of makers: of a vendor, a model, a part, a sequence, with two digits before or behind.

    Parameters
    ----------
    word
        In lower case.

    Returns
    -------
    bool
        False for a number.
    """
    return word in technical_words() or _FEW_DIGITS.sub(b"", word) in technical_words()


def is_code(word: bytes) -> bool:
    """Whether a word is known, a short number, or made of letters and numbers that are too short to tell of anybody.

    Parameters
    ----------
    word
        In lower case.

    Returns
    -------
    bool
        True for `gre`, `216`, `hc1` and `x`; false for `li`, which no list names, and for `hansen`.
    """
    if word in vocabulary() or word in code_words() or is_machine_word(word) or not word.strip(b"x"):
        return True
    groups = _GROUPS.findall(word)
    return (
        word.isascii()
        and len(word) <= LONGEST_CODE
        and all(
            len(group) <= LONGEST_NUMBER
            if group.isdigit()
            else len(group) <= (2 if len(groups) > 1 else 1) or group in vocabulary() or group in technical_words()
            for group in groups
        )
    )


def keep_codes(value: bytes, identifies: Callable[[bytes], bool]) -> bytes:
    """Keep the codes of technical text.

    Scanners write `HC1-7;NC1`, `FoV 216*216` or `*epfid2d1_64`; a person who can type there writes words. Signs stay,
    but for those that stand for letters of another character set.

    Parameters
    ----------
    value
        Text that a machine or a person wrote.
    identifies
        Tells of a lower-case word whether it identifies the subject.

    Returns
    -------
    bytes
        The text without words that no list names, long numbers, days, and identifiers; where there were any, also
        without addresses and years.
    """

    def kept(match: re.Match[bytes]) -> bytes:
        word = match.group().lower()
        return match.group() if (b"." in word or is_code(word)) and not identifies(word) else b""

    text = DATE_LIKE.sub(b"", _ESCAPED.sub(b"", value))
    clean = _WORD_OR_DECIMAL.sub(kept, text)
    return clean if clean == value else _WORD_OR_DECIMAL.sub(kept, _ADDRESS.sub(b"", text))
