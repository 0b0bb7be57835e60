"""What a header says as a BIDS label: made of known words alone, or none.

A header holds whatever somebody typed: names, days of birth, hospitals. No list of a subject's own words finds all of
it, so that labels go the other way: a word stands in a label if it is known to be none of that.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from unface.identity.vocabulary import technical_words, vocabulary
from unface.run.settings import LABEL_WORDS

LONGEST_LABEL = 64
"""Characters: what is longer is no label, for some of them have to fit into a file's name."""
NOT_IN_LABELS = frozenset({"lin", "max", "study", "sub"})
"""Words of descriptions that are common names, or make a number that of a person."""

_ATOM = re.compile(r"[0-9]+|[A-Z]+(?=[A-Z][a-z])|[A-Z](?=[a-z])|[A-Z]+|[a-z]+|[^\W_]")
"""A label falls into words at these places: where letters meet digits, small letters large ones, and at signs."""
_SIGN_BETWEEN_DIGITS = re.compile(r"[0-9][\W_]+[0-9]")
"""Where the sign goes, digits that say two things would become one number."""

# Two letters and a number from 41 to 99 may be initials and a year of birth, four digits a year, six and more a day.
_SMALL = "(?:0?[0-9]|[1-3][0-9]|40)"
_SIZE = f"(?:{_SMALL}|[0-9]p[0-9]{{1,3}}|[1-9][0-9]{{2}})"
_TIME = f"(?:{_SIZE}|[1-9][0-9]00)"
_SIDE = "(?:[1-9]|64|72|80|96|[1-9][0-9]{2})"
_TECHNICAL = re.compile(
    rf"0?[0-9]|[0-9]p[0-9]{{1,3}}|{_SIZE}(?:mm|cm|um)|{_TIME}ms|(?:{_SMALL}|48|64)ch|[1-9]x|{_SIDE}(?:x{_SIDE}){{1,2}}"
    r"|(?:[1-9]|1p5|11p7)t|[0-9]{1,3}(?:dirs?|deg|vols?|sec|min|iso|back|shot|chan)|(?:dirs?|vols?|iso|chan)[0-9]{1,3}"
    rf"|(?:te|tr|ti|pld|ld){_TIME}|(?:fa|fov|bw|tm){_SIZE}|(?:mb|sms)(?:0?[1-9]|1[0-6])|(?:p|x|r|v|e|s|pe|pat|acc)[1-9]"
    r"|b(?:0|5|50|[1-9][0-9]{2}|[1-9][0-9]00)"
)
"""A digit, and numbers with what they measure: `2mm`, `0p8mm`, `mb4`, `te30`, `64dir`, `b1000`."""
_NUMBERED = re.compile(r"([a-z]{3,})?(?:[1-3][0-9]|40)([a-z]{3,})?")
"""Two digits beside words that are longer than initials."""
_ALTERNATIVE = re.compile(r"(?<=[(|:>])[A-Za-z0-9]+(?=[|)])")


class HeaderText(str):
    """Text of a header: no label yet."""

    __slots__ = ()


def folded(text: str) -> str:
    """What two spellings of one label have in common.

    Parameters
    ----------
    text
        A label, or what a header holds.

    Returns
    -------
    str
        Its letters and digits, in lower case.
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


@cache
def known_words() -> Mapping[str, str]:
    """The words that may stand in a label, each as it is written there, by their folded form."""
    lines = LABEL_WORDS.read_text(encoding="ascii").splitlines()
    listed = {word for line in lines if not line.startswith("#") for word in line.split()}
    # A single letter is an initial as well.
    described = {
        word.decode() for word in vocabulary() | technical_words() if len(word) > 1 and word.isalnum()
    } - NOT_IN_LABELS
    return {word: word for word in described} | {folded(word): word for word in listed}


def words_of(labels: Iterable[str], expressions: Iterable[str]) -> dict[str, str]:
    """The words that a person wrote in mapping rules.

    Parameters
    ----------
    labels
        Labels that the rules give.
    expressions
        Regular expressions that take labels from headers: of `_(faces|houses)` the words are `faces` and `houses`.

    Returns
    -------
    dict
        Each word as it is written, by its folded form.
    """
    alternatives = (word for expression in expressions for word in _ALTERNATIVE.findall(expression))
    return {folded(word): word for word in (*alternatives, *labels) if word}


def label_of(text: str, own: Mapping[str, str]) -> str:
    """The label that a text makes.

    Parameters
    ----------
    text
        What a header holds.
    own
        Words of the user's rules (`words_of`), which may stand in labels too.

    Returns
    -------
    str
        Letters and digits, in lower case but where a large letter begins a word; empty if the text is not made of
        known words and technical numbers alone.
    """
    if len(text) > LONGEST_LABEL:
        return ""
    whole = folded(text)
    if whole in own:
        return own[whole]
    if not _is_made_of_words(text, own):
        return ""
    written = known_words().get(whole, "")
    if written != written.lower():
        return written
    pairs = zip(f" {text}", text, strict=False)
    return "".join(letter if before.islower() else letter.lower() for before, letter in pairs if letter.isalnum())


def _is_made_of_words(text: str, own: Mapping[str, str]) -> bool:
    if not text.isascii() or _SIGN_BETWEEN_DIGITS.search(text):
        return False
    atoms = [atom.lower() for atom in _ATOM.findall(text)]
    # Whether words and numbers lead from the beginning to each place between atoms.
    reached = [True]
    for end in range(1, len(atoms) + 1):
        reached.append(any(reached[at] and _is_word("".join(atoms[at:end]), own) for at in range(end)))
    return bool(atoms) and reached[-1]


def _is_word(part: str, own: Mapping[str, str]) -> bool:
    if len(part) > 1 and (part in known_words() or part in own):
        return True
    if numbered := _NUMBERED.fullmatch(part):
        words = [word for word in numbered.groups() if word]
        return bool(words) and all(word in known_words() or word in own for word in words)
    return _TECHNICAL.fullmatch(part) is not None
