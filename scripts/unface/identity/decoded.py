"""Texts that say something else than what stands there: in hexadecimal, in base64, in an undeclared character set."""

import base64
import re
from collections.abc import Iterator
from contextlib import suppress

_CODED = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{8,200}(?![\w+/])")

UNDECLARED = "utf-8", "iso2022_jp", "shift_jis", "euc_jp", "gb18030", "euc_kr", "big5"
"""What text may be written in although the file names Latin-1 or no character set, in which any bytes are text."""


def readings(value: bytes, *, utf_8_alone: bool = False) -> set[str]:
    """Read bytes of text in each character set that they may be in.

    Parameters
    ----------
    value
        The bytes, of no declared character set or of one in which any bytes are text.
    utf_8_alone
        Whether the declared set would tell of all others.

    Returns
    -------
    set of str
        One reading of what is UTF-8: hardly anything else is.
    """
    found = set()
    for encoding in UNDECLARED[: 1 if utf_8_alone else None]:
        with suppress(UnicodeDecodeError):
            found.add(value.decode(encoding))
            if encoding == "utf-8":
                break
    return found


def decoded(text: str) -> Iterator[str]:
    """Read the words of a text that are letters in hexadecimal or in base64.

    Parameters
    ----------
    text
        A label or another text, as it stands.

    Yields
    ------
    str
        What such a word says, where it can be printed.
    """
    for word in _CODED.findall(text):
        for decode in (bytes.fromhex, _of_base64):
            with suppress(ValueError):
                hidden = decode(word).decode("utf-8")
                if hidden.isprintable():
                    yield hidden


def _of_base64(word: str) -> bytes:
    return base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
