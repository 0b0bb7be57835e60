"""Identifiers in labels and other short texts."""

import re
from collections.abc import Iterable, Mapping

from unface.identity.identifiers import SHORT_ID, forms_of_names
from unface.identity.spellings import LEAST_DIGITS, spellings, words_of_day

LEAST_PART = 5
"""Characters of a form that is looked for inside a word."""
LONGEST_RUN = 6
"""So many neighbouring pieces of a text may be one form: `23Feb1963` is of three."""
_PIECES = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")


class LabelSearch:
    """Tells of labels and other short texts whether they hold a word of a name, an ID or a date of someone's.

    In a label, which has no spaces, a word ends where letters meet digits and small letters large ones; from 5
    characters on it is found anywhere. A header, which is long and binary, would hold such parts by chance:
    `HeaderSearch` asks for words and numbers that stand alone.
    """

    def __init__(self, identifiers: Mapping[str, Iterable[str]], common: Iterable[bytes]) -> None:
        """Make the forms of someone's identifiers ready to search.

        Parameters
        ----------
        identifiers
            Values by kind.
        common
            Words that stand in every protocol and identify nobody.
        """
        ids = {re.sub(r"[\W_]+", "", value) for value in identifiers.get("id", ()) if len(value) > SHORT_ID}
        self._common = {word.decode() for word in common}
        self._forms = forms_of_names(identifiers, self._common)
        self._forms |= {form for number in ids if len(number) > SHORT_ID for form in spellings(number)}
        digits = {re.sub(r"\D", "", number).lstrip("0") for number in ids}
        self._forms |= {number for number in digits if len(number) >= LEAST_DIGITS}
        self._forms |= {form for day in identifiers.get("date", ()) for form in words_of_day(day)}
        self._forms -= self._common
        # Parts of other sizes are none of the forms: there would be as many as the square of a text's length.
        self._sizes = sorted({len(form) for form in self._forms if len(form) >= LEAST_PART})

    def found_in(self, text: str) -> bool:
        """Whether a text holds an identifier.

        Parameters
        ----------
        text
            A label or another short text.

        Returns
        -------
        bool
            True if one of the forms stands in it.
        """
        words = [word for word in re.findall(r"[^\W_]+", text) if word.casefold() not in self._common]
        pieces = [piece.casefold() for word in words for piece in _PIECES.findall(word)]
        ends = range(1, len(pieces) + 1)
        runs = {"".join(pieces[start:end]) for end in ends for start in range(max(0, end - LONGEST_RUN), end)}
        lower = [word.casefold() for word in words]
        if not self._forms.isdisjoint(runs):
            return True
        parts = (word[at : at + size] for word in lower for size in self._sizes for at in range(len(word) - size + 1))
        return not self._forms.isdisjoint(parts)
