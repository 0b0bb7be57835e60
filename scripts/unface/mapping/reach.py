"""Rules that can never be reached: another one always decides before them.

Only what can be proven from the criteria as they stand is said: a rule is out of reach where a rule of higher priority
asks the same or less.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from unface.mapping.rule import Rule


def unreachable(rules: Sequence[Rule]) -> list[tuple[Rule, Rule]]:
    """Each rule that is out of reach, with the one that decides before it.

    Two rules of one priority with the same criteria and different names count too: whatever they match is ambiguous.
    """
    found = []
    for rule in rules:
        for other in rules:
            if other is rule or other.scanner not in (None, rule.scanner):
                continue
            before = other.priority > rule.priority and asks_no_more(other.criteria, rule.criteria)
            clash = (
                other.priority == rule.priority
                and other.line < rule.line
                and _same(other.criteria, rule.criteria)
                and _names(other) != _names(rule)
                and other.scanner == rule.scanner
            )
            if before or clash:
                found.append((rule, other))
                break
    return found


def asks_no_more(loose: Mapping[str, Any], strict: Mapping[str, Any]) -> bool:
    """Whether all that `strict` matches is matched by `loose`, as far as their form tells."""
    asked = _conjuncts(strict)
    return all(
        any(field == name and _implied(test, other) for name, other in asked) for field, test in _conjuncts(loose)
    )


def _conjuncts(criteria: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Fields and their tests, all of which have to hold; what stands under `all` beside the others."""
    found: list[tuple[str, Any]] = []
    for field, test in criteria.items():
        if field == "all":
            found += [pair for member in test for pair in _conjuncts(member)]
        else:
            found.append((field, test))
    return found


def _implied(loose: Any, strict: Any) -> bool:
    """Whether a field that passes the test `strict` surely passes the test `loose`."""
    if _same(loose, strict):
        return True
    if isinstance(loose, str) and isinstance(strict, str):
        return _covers(loose, strict)
    if isinstance(loose, Mapping) and isinstance(strict, Mapping) and set(loose) == set(strict) == {"any"}:
        return all(any(_covers_value(wide, narrow) for wide in loose["any"]) for narrow in strict["any"])
    if isinstance(loose, Mapping) and set(loose) == {"any"} and not isinstance(strict, Mapping | list):
        return any(_covers_value(wide, strict) for wide in loose["any"])
    if isinstance(loose, Mapping) and isinstance(strict, Mapping) and len(loose) == len(strict) == 1:
        return _range_implied(loose, strict)
    return False


def _covers_value(wide: Any, narrow: Any) -> bool:
    if isinstance(wide, Mapping) or isinstance(narrow, Mapping):
        return _same(wide, narrow)
    return _covers(str(wide), str(narrow))


def _covers(wide: str, narrow: str) -> bool:
    """Whether a pattern matches all that another matches: the other's stars stand for themselves in the comparison."""
    if any(mark in wide for mark in "?["):
        return wide.lower() == narrow.lower()
    pieces = wide.lower().split("*")
    text = narrow.lower()
    if len(pieces) == 1:
        return text == pieces[0]
    if not (text.startswith(pieces[0]) and text.endswith(pieces[-1])) or len(text) < len(pieces[0]) + len(pieces[-1]):
        return False
    place, end = len(pieces[0]), len(text) - len(pieces[-1])
    for piece in pieces[1:-1]:
        place = text.find(piece, place, end)
        if place < 0:
            return False
        place += len(piece)
    return True


def _range_implied(loose: Mapping[str, Any], strict: Mapping[str, Any]) -> bool:
    wide, narrow = _range(loose), _range(strict)
    return wide is not None and narrow is not None and wide[0] <= narrow[0] and narrow[1] <= wide[1]


def _range(test: Mapping[str, Any]) -> tuple[tuple[float, bool], tuple[float, bool]] | None:
    """A test's limits, each with whether it is itself left out: a lower one that is counts as higher."""
    ((name, argument),) = test.items()
    everything = ((float("-inf"), False), (float("inf"), False))
    if name == "btw":
        return ((float(argument[0]), False), (float(argument[1]), True))
    if name in ("ge", "gt"):
        return ((float(argument), name == "gt"), everything[1])
    if name in ("le", "lt"):
        return (everything[0], (float(argument), name == "le"))
    return None


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)


def _names(rule: Rule) -> tuple[Any, ...]:
    return (rule.exclude, rule.datatype, rule.suffix, json.dumps(dict(rule.entities), sort_keys=True, default=str))
