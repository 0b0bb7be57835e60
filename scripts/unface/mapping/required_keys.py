"""Which sidecar keys BIDS requires of an image: the rules of the schema, with the part of its language that they use.

The language: https://bids-specification.readthedocs.io, BIDS schema, *expressions*. What a selector asks beyond the
image and its sidecar, such as the dataset, is not known here and does not hold: the validator judges it at the release.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from bidsschematools.expressions import Array, BinOp, Function, Property, RightOp, expression
from bidsschematools.schema import load_schema

GROUPS = ("mri", "anat", "func", "dwi", "fmap", "asl", "qmri", "pet", "mrs")
"""Groups of the schema's rules on sidecars of images that a scanner writes."""


def required_keys(datatype: str, suffix: str, sidecar: Mapping[str, Any]) -> list[str]:
    """The keys that BIDS requires of an image.

    Parameters
    ----------
    datatype, suffix
        Those of its BIDS name.
    sidecar
        What its sidecar says so far: some keys are required where others have a certain value.

    Returns
    -------
    list of str
        The keys in the order of the schema, whether the sidecar has them or not.
    """
    known = {
        "datatype": datatype,
        "suffix": suffix,
        "modality": "pet" if datatype == "pet" else "mri",
        "extension": ".nii.gz",
        "sidecar": sidecar,
    }
    keys = [key for selectors, keys in _rules() if all(_value(test, known) for test in selectors) for key in keys]
    return list(dict.fromkeys(keys))


@cache
def _rules() -> tuple[tuple[tuple[Any, ...], tuple[str, ...]], ...]:
    """Selectors, parsed, and the keys that are required where all of them hold."""
    rules = []
    for group in GROUPS:
        for rule in load_schema().rules.sidecars.get(group, {}).values():
            levels = {
                key: level if isinstance(level, str) else level.get("level") for key, level in rule.fields.items()
            }
            # Some keys have a number of meanings, of which the schema tells one from another behind two underscores.
            keys = tuple(key.split("__")[0] for key, level in levels.items() if level == "required")
            if keys:
                parsed = tuple(expression.parse_string(text, parse_all=True)[0] for text in rule.selectors)
                rules.append((parsed, keys))
    return tuple(rules)


def _value(node: Any, known: Mapping[str, Any]) -> Any:
    """What an expression comes to; None for what is not known."""
    match node:
        case BinOp():
            value = _joined(node.op, node.lh, node.rh, known)
        case RightOp():
            value = not _value(node.rh, known)
        case Function():
            value = _called(node.name, [_value(argument, known) for argument in node.args])
        case Property():
            owner = _value(node.name, known)
            value = owner.get(node.field) if isinstance(owner, Mapping) else None
        case Array():
            value = [_value(element, known) for element in node.elements]
        case str() if node[0] in "'\"":
            value = node[1:-1]
        case _:
            value = {"true": True, "false": False}.get(str(node), known.get(str(node)))
    return value


def _joined(operator: str, left: Any, right: Any, known: Mapping[str, Any]) -> Any:
    first = _value(left, known)
    if operator == "&&":
        return first and _value(right, known)
    if operator == "||":
        return first or _value(right, known)
    second = _value(right, known)
    if operator == "in":
        return second is not None and first in second
    return {"==": first == second, "!=": first != second}.get(operator)


def _called(name: str, arguments: list[Any]) -> Any:
    if name == "match" and all(isinstance(argument, str) for argument in arguments):
        return re.search(arguments[1], arguments[0]) is not None
    if name == "intersects":
        first, second = ([value] if isinstance(value, str) else value or [] for value in arguments)
        return any(value in second for value in first if value is not None)
    return None
