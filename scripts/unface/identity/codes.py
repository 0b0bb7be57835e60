"""What attributes of VR CS may say: the standard's terms and the makers', and makers' names of sequences and models.

Such values tell of no person, so they stay whatever somebody is called: without them a person called Row, Tse or Norm
would take the phase encoding direction or the image type of every header along. What no list knows goes.
"""

import re
from functools import cache, lru_cache

from unface.identity.vocabulary import is_code, is_machine_word, listed_codes

_SEQUENCE_NAME = re.compile(
    rb"\*?(?:ep|epfid|epse|mbep|se|tse|tser|tseb|tgse|hseg|h|fl|fm|tfl|tfi|fi|gre|qfl|swi|spc|spcr|spcir|tir|tirb|ir|irb"
    rb"|de|ci)_?[23]d[0-9]{0,4}(?:_[0-9]{1,5}){0,2}(?:_?ns)?|\*?(?:ep|re)_b[0-9]{1,5}(?:_[0-9]{1,5})?(?:t|[#t][0-9]{1,4})?"
    rb"|(?:T[12])?(?:FFE|TFE)|GraSE|DwiSE|FEEPI|SEEPI|epi|epiRT|epi2|epi_pepolar|efgre3d|fgre|fse|fse-xl|memp|3dfse",
    re.I,
)
"""As Siemens writes them, `*tse2d1_15` or `ep_b1000#12`: a sequence, its dimensions, and numbers; and others' names."""
SEQUENCE_NAMES = 0x00180024, 0x00189005
"""(0018,0024) Sequence Name, (0018,9005) Pulse Sequence Name."""
MACHINES = 0x00080070, 0x00081090, 0x00181020
"""(0008,0070) Manufacturer, (0008,1090) Manufacturer's Model Name, (0018,1020) Software Versions."""
_VERSION = re.compile(
    rb"(?:[a-z]|d[vx]|hd|lx|m[prs]|px|r[sx]|s[pw]|v[a-h]|x[a-e])?[0-9]{1,2}[a-z]{0,2}|mr[0-9]{3}w?|[0-9]{3,4}|[a-z]"
)
"""A part of a model's or a version's name: `3T`, `XA60`, `VE11C`, `MR750w`. Other two letters with a number may be
initials and a year."""
_INITIALS = re.compile(rb"(?<![A-Za-z0-9])[A-Za-z]{2}[4-9][0-9](?![A-Za-z0-9])")
_MAY_BE_A_DAY = re.compile(rb"(?<![0-9.])[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{2,4}(?![0-9]|\.[0-9])")
"""Three numbers: whether they are somebody's day of birth, the search for it has to say."""
_CODE = re.compile(rb"(?!.*(?<![0-9])(?:19|20)[0-9]{2}(?![0-9]))(?!.*[0-9]+[-/][0-9]+[-/])[A-Za-z0-9 _/+-]*\0?")
"""Letters, digits and few signs (PS3.5 6.2), without a year or a day."""
_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+")
_PADDING = b" \0"


@cache
def listed() -> frozenset[int]:
    """Attributes whose values may be of a list: those of VR CS, and names of sequences, models and versions."""
    return frozenset({*listed_codes(), *SEQUENCE_NAMES, *MACHINES})


def is_closed(tag: int, value: bytes) -> bool:
    """Whether one value is of the list of its attribute.

    Parameters
    ----------
    tag
        The attribute.
    value
        One of its values, padded or not.

    Returns
    -------
    bool
        False for an attribute without a list.
    """
    value = value.strip(_PADDING)
    if tag in SEQUENCE_NAMES:
        return _SEQUENCE_NAME.fullmatch(value) is not None
    if tag in MACHINES:
        if _MAY_BE_A_DAY.search(value):
            return False
        words = _WORD.findall(value.lower())
        named = any(len(word) > 1 and is_machine_word(word) for word in words)
        return named and all(is_machine_word(word) or _VERSION.fullmatch(word) for word in words)
    return tag in listed_codes() and value.upper() in listed_codes()[tag][1]


def without_initials(tag: int, value: bytes) -> bytes:
    """Take what may be initials and a year of birth out of the name of a machine.

    Parameters
    ----------
    tag
        The attribute: of any but `MACHINES` the value stays as it is.
    value
        One of its values.

    Returns
    -------
    bytes
        The value without such words; those that makers' versions begin with stay.
    """
    if tag not in MACHINES:
        return value
    return _INITIALS.sub(lambda match: match[0] if _VERSION.fullmatch(match[0].lower()) else b"", value).strip()


@lru_cache(maxsize=4096)
def may_be_code(tag: int, value: bytes) -> bool:
    """Whether one value may stand in an attribute of VR CS: one of its terms, or made of words of codes.

    Parameters
    ----------
    tag
        The attribute; any other number for a private one.
    value
        One of its values, padded or not.

    Returns
    -------
    bool
        False for what the standard's closed list of the attribute lacks, and for any word that no list knows.
    """
    if is_closed(tag, value):
        return True
    if listed_codes().get(tag, (False,))[0]:
        return not value.strip(_PADDING)
    return _CODE.fullmatch(value) is not None and all(map(is_code, _WORD.findall(value.lower())))
