"""A figure held to a limit, and what comes of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

State = Literal["pass", "review", "fail"]
Relation = Literal["at least", "at most", "within", "exactly"]


@dataclass(frozen=True)
class Check:
    """A figure, the limit it is held to, what comes of it, and the code that anything but `pass` withholds for.

    Attributes
    ----------
    value : float or None
        None where there was nothing to measure; `remark` may say why.
    relation : Relation
        What `value` has to be of `limits`.
    limits : tuple of float
        One number; two of `within`.
    state : State
        `review`: undecided, a person has to look. `fail`: the image is not released, whoever looks.
    code : str
        One of `run.outcome.REASONS`.
    unit : str
        Of the value and the limits.
    remark : str
        For readers.
    """

    value: float | None
    relation: Relation
    limits: tuple[float, ...]
    state: State
    code: str
    unit: str = ""
    remark: str = ""

    @property
    def ok(self) -> bool:
        """Whether it passed."""
        return self.state == "pass"

    def undecided(self, code: str) -> "Check":
        """The same with a failure left to a person.

        Parameters
        ----------
        code
            What the person has to decide.

        Returns
        -------
        Check
            Itself if it passed.
        """
        return self if self.ok else replace(self, state="review", code=code)

    def record(self) -> dict[str, Any]:
        """What `outcome.json` and the pages tell of it."""
        return {
            "value": self.value,
            "relation": self.relation,
            "limits": list(self.limits),
            "unit": self.unit,
            "remark": self.remark,
            "state": self.state,
        }


def at_least(value: float, limit: float, code: str, *, else_: State = "fail", unit: str = "") -> Check:
    """A check that passes from its limit on.

    Parameters
    ----------
    value, limit, code, unit
        As in `Check`.
    else_
        The state below the limit.

    Returns
    -------
    Check
        With the value rounded to three decimals.
    """
    return Check(round(value, 3), "at least", (limit,), "pass" if value >= limit else else_, code, unit)


def at_most(value: float, limit: float, code: str, *, else_: State = "fail", unit: str = "") -> Check:
    """A check that passes up to its limit.

    Parameters
    ----------
    value, limit, code, unit
        As in `Check`.
    else_
        The state above the limit.

    Returns
    -------
    Check
        With the value rounded to three decimals.
    """
    return Check(round(value, 3), "at most", (limit,), "pass" if value <= limit else else_, code, unit)


def within(value: float, low: float, high: float, code: str) -> Check:
    """A check that passes from one limit to another, both included.

    Parameters
    ----------
    value, code
        As in `Check`.
    low, high
        The limits.

    Returns
    -------
    Check
        With the value rounded to three decimals.
    """
    return Check(round(value, 3), "within", (low, high), "pass" if low <= value <= high else "fail", code)


def worst(checks: Iterable[Check]) -> State:
    """What comes of several checks together.

    Parameters
    ----------
    checks
        Of one image.

    Returns
    -------
    State
        `fail` if one check fails, else `review` if one is undecided, else `pass`.
    """
    states = {check.state for check in checks}
    return "fail" if "fail" in states else "review" if "review" in states else "pass"
