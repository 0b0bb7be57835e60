"""What can be done to an attribute, and the reason that is given for it."""

from dataclasses import dataclass
from typing import Literal

Action = Literal[
    "keep",  # as it is
    "check",  # as it is, less any word that identifies the subject
    "remove",
    "empty",
    "dummy",  # a value that says nothing
    "uid",  # a new UID from the key
    "date",  # shifted by the subject's days
    "time",  # moved by what hides the session's time of day; empty where no session is known
    "band",  # an age as the upper bound of its band
    "text",  # the words of the allow-list
    "code",  # a machine's short codes, and the words of the allow-list
    "term",  # the code of a coded term, else as `code`
    "csa",  # a Siemens CSA header, cleaned
    "phoenix",  # a Siemens protocol, cleaned
    "ge_protocol",  # a GE protocol block, cleaned
    "hash",  # a pseudonym of the value, from the key
    "replace",  # by a value of the curator's
    "random",  # digits and letters by others, from the key
    "recurse",  # a sequence: its items by the same rules
]


@dataclass(frozen=True)
class Rule:
    """What happens to an attribute, and why: the standard's code, an option, an override, or a rule of unface."""

    action: Action
    why: str
    value: str = ""
    """What stands there afterwards, if the action is `replace`."""
