"""What the results of a stage depend on, as digests: its settings, its code, the mapping rules.

Digests of code are no secret. Settings and rules may hold words about single people, and digests of them stand in
Snakemake's records: they are keyed, or the words would be found by trying.
"""

import ast
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from unface.run import stages
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import CORE, LABEL_WORDS, PROJECT, SHIPPED_RULES, look_up, mapping_rules, named_file
from unface.run.stages import EVERY_STAGE

_TABLE_OF_STAGES = Path(stages.__file__).resolve()
_CORE = Path("scripts") / "unface"
"""Where a clone has the core."""


def secret_of(layout: Layout) -> bytes:
    """What keys the digests of a run.

    Parameters
    ----------
    layout
        Where the key lies.

    Returns
    -------
    bytes
        Those of the cohort's key; before there is one, others that nobody knows.
    """
    try:
        return bytes.fromhex(layout.key.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        # Every job that needs a key that is damaged or not theirs says so.
        return secrets.token_bytes(32)


def keyed_digest(secret: bytes, content: bytes) -> str:
    """A digest that nobody without the key can try guesses on.

    Parameters
    ----------
    secret
        Of `secret_of`.
    content
        What it stands for.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return hmac.digest(secret, b"digest\0" + content, "sha256").hex()[:16]


def fingerprint(config: Mapping[str, Any], stage: str, secret: bytes, mapping: str | None = None) -> dict[str, str]:
    """Digests of the settings and of the code that a stage's results depend on.

    Snakemake reruns a stage when its `params` change, but it looks neither into a configuration nor at imported
    modules; a rule that holds this as a param is rerun when either changes, and the gate compares it with what every
    outcome was made with.

    Parameters
    ----------
    config
        The checked settings.
    stage
        One of `stages.EVERY_STAGE`.
    secret
        What keys the digest of the settings (`secret_of`).
    mapping
        For the conversion of one session: the digest of what today's mapping rules make of its series
        (`Layout.read_mappings`), so that a changed rule concerns only the sessions that it changes. Without it, all
        the rules count.

    Returns
    -------
    dict
        `settings` and `code`, 16 hexadecimal digits each.
    """
    known = EVERY_STAGE[stage]
    chosen = {path: look_up(config, path) for path in known.settings}
    chosen |= {setting: _content_digest(named_file(config, setting)) for setting in known.files}
    if stage == "convert":
        chosen["convert.rules"] = mapping or _rules_digest(config, secret)
    settings = keyed_digest(secret, json.dumps(chosen, sort_keys=True).encode())
    return {"settings": settings, "code": code_digest(stage)}


def of_conversions(config: Mapping[str, Any], layout: Layout) -> dict[SessionId, dict[str, str]]:
    """The fingerprint of the conversion of each session whose mapping was made with today's rules.

    Parameters
    ----------
    config
        The checked settings.
    layout
        Where everything of the run lies.

    Returns
    -------
    dict
        Digests as `fingerprint` gives them, by session.
    """
    secret = secret_of(layout)
    mappings = layout.read_mappings(_rules_digest(config, secret))
    known = {mapping: fingerprint(config, "convert", secret, mapping) for mapping in set(mappings.values())}
    return {session: known[mapping] for session, mapping in mappings.items()}


def _rules_digest(config: Mapping[str, Any], secret: bytes) -> str:
    return rules_digest(mapping_rules(config), named_file(config, "convert.label_words"), secret)


def rules_digest(rules: Path, confirmed: Path | None, secret: bytes) -> str:
    """Digest of all that names series: a file of mapping rules, those that come with unface, and words for labels.

    Parameters
    ----------
    rules
        The file.
    confirmed
        The table of labels that a person confirmed.
    secret
        What keys it (`secret_of`).

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    files = [rules, SHIPPED_RULES, LABEL_WORDS, *([confirmed] if confirmed else [])]
    return keyed_digest(secret, b"\0".join(file.read_bytes() for file in files))


def _content_digest(path: Path | None) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else None


@cache
def code_digest(stage: str) -> str:
    """Digest of a stage's script, of every module of the core that it imports, and of its resources.

    Parameters
    ----------
    stage
        One of `stages.EVERY_STAGE`.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256(repr(EVERY_STAGE[stage]).encode())
    for name, path in sorted((_name(path), path) for path in files_of(stage)):
        digest.update(f"{name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _name(path: Path) -> Path:
    """A file's path in a clone, wherever an installed package has it."""
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else _CORE / path.relative_to(CORE)


def _in_project(name: str) -> Path:
    """The reverse of `_name`."""
    return CORE / Path(name).relative_to(_CORE) if Path(name).is_relative_to(_CORE) else PROJECT / name


def files_of(stage: str) -> set[Path]:
    """A stage's code and the resources that it names.

    Parameters
    ----------
    stage
        One of `stages.EVERY_STAGE`.

    Returns
    -------
    set of Path
        Absolute paths.
    """
    return code_of(stages.rule_of(stage)) | {_in_project(name) for name in EVERY_STAGE[stage].resources}


def code_of(rule: str) -> set[Path]:
    """The script of a rule, and every module of the core that it imports, however far.

    Parameters
    ----------
    rule
        The name of the rule, which its script has, too.

    Returns
    -------
    set of Path
        Absolute paths.
    """
    waiting, seen = [PROJECT / "scripts" / f"{rule}.py"], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported_by(path))
    return seen


@cache
def _imported_by(path: Path) -> tuple[Path, ...]:
    """The modules of the core that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    candidates = [CORE.parent / Path(*name.split(".")) for name in names if name.split(".")[0] == "unface"]
    modules = [candidate.with_suffix(".py") for candidate in candidates]
    packages = [candidate / "__init__.py" for candidate in candidates]
    # Of the table of stages each stage's own entry counts: another stage's does not concern it.
    return tuple(path for path in modules + packages if path.is_file() and path != _TABLE_OF_STAGES)
