"""What ruff cannot ask of docstrings: that a public function tells every parameter and what it returns."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from unface.run.settings import PROJECT

ROOMS = sorted(path for path in (PROJECT / "scripts" / "unface").iterdir() if (path / "__init__.py").is_file())
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, Function]]:
    """Public functions and methods, also of public classes; what a decorator makes an attribute is none."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node.body, f"{within}{node.name}.")
        elif isinstance(node, Function) and not node.name.startswith("_"):
            decorators = {ast.unparse(decorator).split(".")[-1] for decorator in node.decorator_list}
            if not decorators & {"property", "cached_property", "overload"}:
                yield f"{within}{node.name}", node


def untold(function: Function) -> list[str]:
    """What a function's docstring does not tell; a function without parameters may have one line."""
    text = ast.get_docstring(function) or ""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = [argument.arg for argument in arguments if argument.arg not in ("self", "cls")]
    if not names:
        return [] if text else ["anything"]
    section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\S|\Z)", text, re.M | re.S)
    told = set(re.findall(r"\w+", " ".join(re.findall(r"^\S.*$", section[1], re.M)))) if section else set()
    missing = [name for name in names if name not in told]
    returns = ast.unparse(function.returns) if function.returns else "None"
    if returns not in ("None", "NoReturn") and not re.search(r"^(Returns|Yields)\n-+\n", text, re.M):
        missing.append("Returns")
    return missing


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_public_functions_tell_their_parameters_and_what_they_return(room: Path) -> None:
    found = {
        f"{path.relative_to(room.parent)}:{name}": missing
        for path in sorted(room.rglob("*.py"))
        for name, function in public(ast.parse(path.read_text(encoding="utf-8")).body)
        if (missing := untold(function))
    }
    assert not found
