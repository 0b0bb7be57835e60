"""Words that are letters in hexadecimal or in base64: nobody reads a name in them, and every program does."""

import base64
import re
from collections.abc import Iterator
from contextlib import suppress

_CODED = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{8,200}(?![\w+/])")


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
