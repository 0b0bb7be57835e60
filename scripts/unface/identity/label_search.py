"""Identifiers in labels and other short texts."""

import re
from collections.abc import Iterable, Mapping
from itertools import combinations

from unface.identity.identifiers import SHORT_ID, words_of_names
from unface.identity.spellings import spellings, words_of_day

LEAST_NUMBER = 6
"""Digits of an ID that are looked for without its letters."""
LEAST_PART = 5
"""Characters of a word that is looked for as a part of a label."""


class LabelSearch:
    """Tells of labels and other short texts whether they hold a word of a name, an ID or a date of someone's.

    In a label, which has no spaces, a word ends where letters meet digits and small letters large ones; from 5
    characters on it is found anywhere.
    """

    def __init__(self, answers: Mapping[str, Iterable[str]], common: Iterable[bytes]) -> None:
        """`common`: words that stand in every protocol and identify nobody."""
        ids = {re.sub(r"[\W_]+", "", value) for value in answers.get("id", ()) if len(value) > SHORT_ID}
        self._common = {word.decode() for word in common}
        self._words = words_of_names(answers, self._common)
        self._words |= {spelled for number in ids if len(number) > SHORT_ID for spelled in spellings(number)}
        digits = {re.sub(r"\D", "", number).lstrip("0") for number in ids}
        self._words |= {number for number in digits if len(number) >= LEAST_NUMBER}
        self._words |= {word for day in answers.get("date", ()) for word in words_of_day(day)}
        self._words -= self._common

    def found(self, text: str) -> bool:
        """Whether the text holds one of the words."""
        whole = [word for word in re.findall(r"[^\W_]+", text) if word.casefold() not in self._common]
        pieces = [piece.casefold() for word in whole for piece in _PIECES.findall(word)]
        ends = range(1, len(pieces) + 1)
        runs = {"".join(pieces[start:end]) for end in ends for start in range(max(0, end - LONGEST_RUN), end)}
        lower = [word.casefold() for word in whole]
        parts = {word[at:end] for word in lower for at, end in combinations(range(len(word) + 1), 2)}
        return not self._words.isdisjoint(runs | {part for part in parts if len(part) >= LEAST_PART})


_PIECES = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
LONGEST_RUN = 6
"""So many neighbouring pieces of a text may be one word: `23Feb1963` is of three."""
