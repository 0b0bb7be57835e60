"""Mutants that Cosmic Ray does not make: most take something out, such as a condition, a statement or a result."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import parso
from cosmic_ray.operators.operator import Operator

Place = tuple[tuple[int, int], tuple[int, int]]


class _OwnOperator(Operator):  # type: ignore[misc]  # Cosmic Ray has no types
    """One of ours: `_parts` gives what of a node it changes, each with the text in its place."""

    @staticmethod
    @abstractmethod
    def _parts(node: Any) -> Iterator[tuple[int, int, str]]:
        """First and last child that go, and what comes instead."""

    def mutation_positions(self, node: Any) -> list[Place]:
        """Where a node can be changed; all at once, as Cosmic Ray asks on while it changes the node."""
        return [(node.children[first].start_pos, node.children[last].end_pos) for first, last, _ in self._parts(node)]

    def mutate(self, node: Any, index: int) -> Any:
        """The node with one change."""
        first, last, text = list(self._parts(node))[index]
        prefix = node.children[first].get_first_leaf().prefix
        node.children[first : last + 1] = [parso.parse(prefix + text)] if text else []
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """None: they are for Cosmic Ray's own tests."""
        return ()


class ConditionDropped(_OwnOperator):
    """One of several conditions, or of several sets, goes: `a or b` is `a`, or `b`."""

    @staticmethod
    def _parts(node: Any) -> Iterator[tuple[int, int, str]]:
        if node.type in ("or_test", "and_test", "expr"):
            for place in range(0, len(node.children), 2):
                # With the sign before it, the first with that behind it.
                yield (place - 1, place, "") if place else (0, 1, "")


class StatementDropped(_OwnOperator):
    """A statement is not carried out: a call, a result that is yielded, an exception, a change of what is there."""

    KINDS = ("atom_expr", "yield_expr", "power", "raise_stmt", "del_stmt")

    @classmethod
    def _parts(cls, node: Any) -> Iterator[tuple[int, int, str]]:
        if node.type == "simple_stmt":
            what = node.children[0]
            # A new name that is not there would only break what follows.
            changes = what.type == "expr_stmt" and (
                what.children[0].type == "atom_expr" or getattr(what.children[1], "value", "=") != "="
            )
            if what.type in cls.KINDS or changes:
                yield 0, 0, "pass"


class ResultDropped(_OwnOperator):
    """What a function would give back, or a part of it, is None."""

    @staticmethod
    def _parts(node: Any) -> Iterator[tuple[int, int, str]]:
        if node.type == "return_stmt" and len(node.children) > 1:
            yield 1, 1, "None"


class MembershipTurned(_OwnOperator):
    """`in` is `not in`, and the other way round."""

    @staticmethod
    def _parts(node: Any) -> Iterator[tuple[int, int, str]]:
        if node.type == "comparison":
            for place in range(1, len(node.children), 2):
                sign = " ".join(node.children[place].get_code().split())
                if sign in ("in", "not in"):
                    yield place, place, "not in" if sign == "in" else "in"


class ExceptionDropped(_OwnOperator):
    """An exception is not caught; Cosmic Ray's own operator knows no names with a dot."""

    @staticmethod
    def _parts(node: Any) -> Iterator[tuple[int, int, str]]:
        if node.type == "except_clause" and node.children[1].type != "atom":
            yield 1, 1, "()"
        elif node.type == "testlist_comp" and node.parent.parent.type == "except_clause":
            for place in range(0, len(node.children), 2):
                yield place, place, "()"


OWN = (ConditionDropped, StatementDropped, ResultDropped, MembershipTurned, ExceptionDropped)
