"""Criteria of mapping rules: questions about header values, in dcm2bids' style.

A field's value is a pattern (glob, any case), a number, a list (as many values, each fitting its pattern), or a
mapping of tests: any, all, none (lists of patterns), regex, lt, le, gt, ge, btw (from, to), exists. A field with
several values fits a pattern or a test if one of them does. `any`, `all` and `none` may also stand in place of
a field; each then holds a list of criteria.
"""

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

Criterion = Callable[[Mapping[str, Any]], bool]
"""A question about the fields of one acquisition."""

Test = Callable[[list[Any]], bool]

GROUPS = ("any", "all", "none")
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "lt": lambda value, limit: value < limit,
    "le": lambda value, limit: value <= limit,
    "gt": lambda value, limit: value > limit,
    "ge": lambda value, limit: value >= limit,
}
TESTS = (*GROUPS, "regex", *COMPARISONS, "btw", "exists")


class CriteriaError(ValueError):
    """A criterion makes no sense; `where` is the path of keys to it."""

    def __init__(self, message: str, where: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.where = where


def compile_criteria(criteria: Mapping[str, Any], check_field: Callable[[str], None]) -> Criterion:
    """One question out of a mapping of criteria, all of which have to hold.

    Parameters
    ----------
    criteria
        Fields, or `any`, `all` and `none`, to what they have to hold.
    check_field
        Called with each field's name; raises CriteriaError if there is no such field.

    Returns
    -------
    Criterion
        Called with an acquisition's fields by DICOM keyword, it tells whether the criteria hold.

    Raises
    ------
    CriteriaError
        If a field or a test is unknown, or a test's value has the wrong form.
    """
    if not isinstance(criteria, Mapping) or not criteria:
        raise CriteriaError("criteria is a mapping of fields to what they have to hold")
    questions: list[Criterion] = []
    for name, expected in criteria.items():
        try:
            if name in GROUPS:
                questions.append(_group(name, expected, check_field))
            else:
                check_field(name)
                questions.append(partial(_asks, name, _test(expected)))
        except CriteriaError as error:
            raise CriteriaError(str(error), (name, *error.where)) from None
    return lambda fields: all(question(fields) for question in questions)


def _group(name: str, members: Any, check_field: Callable[[str], None]) -> Criterion:
    if not isinstance(members, list) or not members:
        raise CriteriaError(f"{name} holds a list of criteria")
    questions: list[Criterion] = []
    for index, member in enumerate(members):
        try:
            questions.append(compile_criteria(member, check_field))
        except CriteriaError as error:
            raise CriteriaError(str(error), (index, *error.where)) from None
    if name == "any":
        return lambda fields: any(question(fields) for question in questions)
    if name == "all":
        return lambda fields: all(question(fields) for question in questions)
    return lambda fields: not any(question(fields) for question in questions)


def _asks(name: str, test: Test, fields: Mapping[str, Any]) -> bool:
    return test(values_of(fields.get(name)))


def values_of(value: Any) -> list[Any]:
    """A field's value as a list.

    Parameters
    ----------
    value
        As a record has it: one value, a list of several, or None.

    Returns
    -------
    list
        Empty where the header has no value.
    """
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _test(expected: Any) -> Test:
    if isinstance(expected, Mapping):
        tests = [_named_test(name, argument) for name, argument in expected.items()]
        return lambda values: all(test(values) for test in tests)
    if isinstance(expected, list):
        patterns = [_pattern(pattern) for pattern in expected]
        return lambda values: (
            len(values) == len(patterns)
            and all(pattern(value) for pattern, value in zip(patterns, values, strict=True))
        )
    pattern = _pattern(expected)
    return lambda values: any(pattern(value) for value in values)


def _named_test(name: str, argument: Any) -> Test:
    if name in GROUPS:
        return _patterns_test(name, argument)
    if name in COMPARISONS:
        return _within([(COMPARISONS[name], _limit(name, argument))])
    if name == "btw":
        if not isinstance(argument, Sequence) or isinstance(argument, str) or len(argument) != 2:
            raise CriteriaError("btw holds two numbers, from and to", (name,))
        low, high = (_limit(name, limit) for limit in argument)
        return _within([(COMPARISONS["ge"], low), (COMPARISONS["le"], high)])
    if name == "regex":
        return _regex_test(argument)
    if name == "exists":
        return lambda values: bool(values) == bool(argument)
    raise CriteriaError(f"unknown test {name}; there are {', '.join(TESTS)}", (name,))


def _patterns_test(name: str, argument: Any) -> Test:
    if not isinstance(argument, list) or not argument:
        raise CriteriaError(f"{name} holds a list of patterns", (name,))
    patterns = [_pattern(pattern) for pattern in argument]
    if name == "all":
        return lambda values: all(any(pattern(value) for value in values) for pattern in patterns)
    wanted = name == "any"
    return lambda values: any(pattern(value) for pattern in patterns for value in values) == wanted


def _regex_test(argument: Any) -> Test:
    try:
        expression = re.compile(str(argument), re.IGNORECASE)
    except re.error as error:
        raise CriteriaError(f"{argument!r} is no regular expression: {error}", ("regex",)) from None
    return lambda values: any(expression.search(str(value)) for value in values)


def _within(limits: list[tuple[Callable[[float, float], bool], float]]) -> Test:
    def test(values: list[Any]) -> bool:
        numbers = [number for number in map(_as_number, values) if number is not None]
        return any(all(compare(number, limit) for compare, limit in limits) for number in numbers)

    return test


def _limit(name: str, value: Any) -> float:
    number = None if isinstance(value, bool) else _as_number(value)
    if number is None:
        raise CriteriaError(f"{name} compares with a number, not with {value!r}", (name,))
    return number


def _as_number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _pattern(expected: Any) -> Callable[[Any], bool]:
    if expected is None or isinstance(expected, bool | Mapping | list):
        raise CriteriaError(f"{expected!r} is neither text nor a number")
    if isinstance(expected, int | float):
        wanted = _limit("a field", expected)
        return lambda value: (number := _as_number(value)) is not None and abs(number - wanted) < 1e-6
    expression = re.compile(fnmatch.translate(str(expected)), re.IGNORECASE)
    return lambda value: expression.match(str(value)) is not None
