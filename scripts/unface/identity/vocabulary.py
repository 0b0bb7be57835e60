"""Words that tell of sequences and of nobody: what may stay of text that a person typed."""

import re
from collections.abc import Callable
from functools import cache

from unface.identity.spellings import DATE_LIKE
from unface.run.settings import PROJECT

_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+(?:\.[0-9]+[A-Za-z]*)?")
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


_CODE = re.compile(
    rb"[a-z]{0,3}|[a-z]{1,6}[23]d[0-9a-z]{0,4}"
    rb"|(?=.*[0-9])(?=.{1,8}$)[a-z]{0,4}(?:[0-9]{1,4}[a-z]{1,4}){0,2}[0-9]{0,4}"
)
"""Up to three letters, up to eight letters and digits in turn, or a sequence's name such as `epfid2d1`."""
_WORD_OR_DECIMAL = re.compile(rb"(?<![0-9A-Za-z.])[0-9]{1,4}\.[0-9]+(?![0-9A-Za-z.])|[A-Za-z0-9\x80-\xff]+")
_FEW_DIGITS = re.compile(rb"^[0-9]{1,2}|(?<![0-9])[0-9]{1,2}$")
_ESCAPED = re.compile(rb"\x1b.*?(?:\x1b\([BJ]|\Z)", re.S)
"""Text in an extended character set, to where ASCII begins again (PS3.5 6.1.2.5): its bytes look like ASCII."""


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
        The text without words of more than three letters that no list names, long numbers, days, and identifiers.
    """

    def kept(match: re.Match[bytes]) -> bytes:
        word = match.group().lower()
        if b"." in word:
            return b"" if identifies(word) else word
        short = _CODE.fullmatch(word) or word in vocabulary() or _FEW_DIGITS.sub(b"", word) in technical_words()
        return match.group() if short and not identifies(word) else b""

    return _WORD_OR_DECIMAL.sub(kept, DATE_LIKE.sub(b"", _ESCAPED.sub(b"", value)))
