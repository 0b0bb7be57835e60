"""What can be done to an attribute, and the decision for one of these actions with its reason."""

from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "keep",  # as it is
    "check",  # codes that a list knows; numbers, times and UIDs as text; what is none or identifies the subject goes
    "remove",
    "empty",
    "dummy",  # a value that says nothing
    "uid",  # a new UID from the key
    "date",  # shifted by the subject's days; a time beside it is moved
    "time",  # moved by what hides the session's time of day; empty where no time of the session is known
    "band",  # an age as the upper bound of its band
    "text",  # the words of the allow-list
    "code",  # a machine's short codes, and the words of the allow-list
    "term",  # the code of a coded term, else as `code`
    "binary",  # bytes of the same length, without readable words that no list knows, days, times and long numbers
    "slice_times",  # counted from the volume's first slice
    "csa",  # a Siemens CSA header, cleaned
    "phoenix",  # a Siemens protocol, cleaned
    "ge_protocol",  # a GE protocol block, cleaned
    "hash",  # a pseudonym of the value, from the key
    "replace",  # by a value of the curator's
    "random",  # digits and letters by others, from the key
    "recurse",  # a sequence: its items by the same rules
]


@dataclass(frozen=True)
class Decision:
    """What happens to an attribute, and why.

    Attributes
    ----------
    action : str
        What happens to it.
    why : str
        The code of PS3.15 Table E.1-1, an option, an override, or a rule of unface.
    value : str
        What stands there afterwards, if the action is `replace`.
    """

    action: Action
    why: str
    value: str = ""
