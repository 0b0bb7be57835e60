"""What the results of a stage depend on, as digests: its settings, its code, the mapping rules."""

import ast
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from unface.layout import Layout
from unface.settings import PROJECT, SHIPPED_RULES, look_up, mapping_rules, named_file
from unface.stages import EVERY_STAGE


def protocol(config: Mapping[str, Any], stage: str, plan: str | None = None) -> dict[str, str]:
    """Digests of the settings and of the code that a stage's results depend on.

    Snakemake reruns a stage when its `params` change, but it looks neither into a configuration nor at imported
    modules; a rule that holds this as a param is rerun when either changes, and the gate compares it with what every
    outcome was made with.

    Parameters
    ----------
    plan
        For the conversion of one session: the digest of what today's mapping rules make of its series
        (`Layout.read_plans`), so that a changed rule concerns only the sessions that it changes. Without it, all the
        rules count.
    """
    known = EVERY_STAGE[stage]
    chosen = {path: look_up(config, path) for path in known.settings}
    chosen |= {setting: _content_digest(named_file(config, setting)) for setting in known.files}
    if stage == "converted":
        chosen["convert.rules"] = plan or rules_digest(mapping_rules(config))
    settings = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]
    return {"settings": settings, "code": code_digest(f"{known.rule}.py")}


def conversions(config: Mapping[str, Any], layout: Layout) -> dict[tuple[str, str], dict[str, str]]:
    """The protocol of the conversion of each session whose plan was made with today's mapping rules."""
    plans = layout.read_plans(rules_digest(mapping_rules(config)))
    protocols = {plan: protocol(config, "converted", plan) for plan in set(plans.values())}
    return {names: protocols[plan] for names, plan in plans.items()}


def rules_digest(rules: Path) -> str:
    """Digest of a file of mapping rules, and of those that come with unface, which it may build on."""
    content = rules.read_bytes() + b"\0" + SHIPPED_RULES.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _content_digest(path: Path | None) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else None


@cache
def code_digest(script: str) -> str:
    """Digest of a script, of every module of the core that it imports, however far, and of the resources they name."""
    digest = hashlib.sha256()
    for path in sorted(code_of(script)):
        digest.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def code_of(script: str) -> set[Path]:
    """A script, every module of the core that it imports, however far, and the resources they name."""
    waiting, seen = [PROJECT / "scripts" / script], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            if path.suffix == ".py":
                waiting.extend(_built_on(path))
    return seen


@cache
def _built_on(path: Path) -> tuple[Path, ...]:
    """The modules of the core that a module imports, and the files in resources/ or beside it that it names."""
    scripts = PROJECT / "scripts"
    names: set[str] = set()
    resources: list[Path] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value[:80]:
            resources += [PROJECT / "resources" / node.value[:80], path.parent / node.value[:80]]
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    candidates = [scripts / Path(*name.split(".")) for name in names if name.split(".")[0] == "unface"]
    modules = [candidate.with_suffix(".py") for candidate in candidates]
    packages = [candidate / "__init__.py" for candidate in candidates]
    return tuple(found for found in modules + packages + resources if found.is_file() and found != SHIPPED_RULES)
