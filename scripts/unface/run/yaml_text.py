"""YAML that a user wrote, read within bounds: damage, depth and references that multiply end in one error."""

from typing import Any

import yaml

DEEPEST = 100
"""Blocks within blocks; the parser in C goes down by recursion, and would end the process."""
MOST_NODES = 1_000_000
"""Nodes of a text with each alias counted as what it stands for: ten of ten of ten ... fill any memory."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader in C, where PyYAML has it, is ten times as fast: every job reads settings and rules."""


class YamlError(ValueError):
    """A text is no YAML that can be read; the message says what is wrong, after the line where that is known."""


def read_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """Read a text.

    Parameters
    ----------
    text
        YAML, of which JSON is a part.

    Returns
    -------
    yaml.Node or None
        What it holds with the lines where it stands; None if all of it is comments.
    any
        The same as values.

    Raises
    ------
    YamlError
        If it cannot be read.
    """
    try:
        _check_depth(text)
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None, None
            _count(node, {})
            return node, loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        line = _line(getattr(error, "problem_mark", None))
        raise YamlError(f"{line}: no YAML: {getattr(error, 'problem', None) or error}") from None
    except YamlError:
        raise
    except Exception as error:
        # PyYAML meets dates and numbers that are none with errors of every kind.
        raise YamlError(f": a value is none of its kind: put dates and numbers in quotes ({error})") from None


def _line(mark: Any) -> str:
    return f", line {mark.line + 1}" if mark else ""


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise YamlError(f"{_line(event.start_mark)}: it is nested deeper than {DEEPEST} blocks")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _count(node: yaml.Node, counted: dict[int, int]) -> int:
    """How many nodes a node stands for; `YamlError` where they are too many, or where it holds itself."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    known = counted.get(id(node))
    if known is None:
        counted[id(node)] = MOST_NODES
        inner = (part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,)))
        known = counted[id(node)] = 1 + sum(_count(part, counted) for part in inner)
    if known >= MOST_NODES:
        raise YamlError(f"{_line(node.start_mark)}: its references multiply to more than any file holds")
    return known
