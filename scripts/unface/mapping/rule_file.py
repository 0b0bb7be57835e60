"""Reading a file of mapping rules: its own rules, the shipped ones it builds on, and those of single scanners.

The file is YAML; a dcm2bids configuration (JSON) is read as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from unface.mapping import dcm2bids
from unface.mapping.label_words import words_of
from unface.mapping.rule import EntityFrom, Rule, RulesError
from unface.mapping.rule_check import Reader
from unface.run.settings import SHIPPED_RULES
from unface.run.yaml_text import YamlError, read_yaml

OVERLAY_PRIORITY = 60
"""Of a scanner's rules that state none: before the other rules (50)."""


def read_rules(path: Path) -> tuple[list[Rule], dict[str, str]]:
    """The rules of a file and of what it extends, and the words that a person wrote there.

    A rule replaces the rule of the same name that it builds on; one of a scanner does so for that scanner alone.

    Parameters
    ----------
    path
        The file: YAML of unface's own form, or a dcm2bids configuration.

    Returns
    -------
    rules : list of Rule
        Checked, in the order of the file, after those that it extends.
    words : dict
        What may stand in labels that come from headers, by `label_words.words_of`: labels that the user's own rules
        give, words among which their expressions choose, and those that the file lists.

    Raises
    ------
    RulesError
        If anything in it is wrong: all that is wrong is named, each with its line.
    """
    node, content = _parsed(path)
    reader = Reader(path, node)
    if dcm2bids.is_configuration(content):
        rules = reader.rules(("descriptions",), _of_dcm2bids(path.name, content))
        reader.finish(rules)
        return rules, _words(rules)
    if not isinstance(content, dict) or not set(content) & {"rules", "scanners"}:
        raise RulesError(f"{path.name}: a file of mapping rules holds `rules:` and a list of them")
    for key in content:
        if key not in ("extends", "rules", "scanners", "words"):
            reader.wrong((key,), f"unknown key {key}; there are extends, rules, scanners and words")
    if content.get("extends", "shipped") != "shipped":
        reader.wrong(("extends",), "extends can only be `shipped`: the rules that come with unface")
    rules = reader.rules(("rules",), content.get("rules") or [])
    scanners = content.get("scanners") or []
    if not isinstance(scanners, list):
        reader.wrong(("scanners",), "a list of scanners stands here")
        scanners = []
    for index, scanner in enumerate(scanners):
        rules += _overlay(reader, ("scanners", index), scanner)
    listed = reader.words(("words",), content.get("words") or [])
    reader.finish(rules)
    base = read_rules(SHIPPED_RULES)[0] if content.get("extends") == "shipped" else []
    return _combined(base, rules), _words(rules, listed)


def _of_dcm2bids(name: str, content: Any) -> list[Any]:
    try:
        return dcm2bids.as_rules(content)
    except (TypeError, ValueError, AttributeError, OverflowError, IndexError):
        raise RulesError(
            f"{name}: a value is of another kind than dcm2bids takes: a mapping, a list or a text has to stand there"
        ) from None


def _words(rules: Sequence[Rule], listed: Sequence[str] = ()) -> dict[str, str]:
    # Those that come with unface say nothing that the list of words for labels does not hold.
    entities = [entity for rule in rules if not rule.shipped for entity in rule.entities.values()]
    from_headers = [entity for entity in entities if isinstance(entity, EntityFrom)]
    given = [entity for entity in entities if isinstance(entity, str)]
    given += [label for entity in from_headers for label in (entity.default, entity.value)]
    taking = [entity.expression.pattern for entity in from_headers if not entity.value]
    return words_of([*listed, *given], taking)


def _parsed(path: Path) -> tuple[yaml.Node, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            # JSON is YAML but for tabs between its tokens; within its strings there are none.
            text = text.replace("\t", " ")
        node, content = read_yaml(text)
    except UnicodeDecodeError:
        raise RulesError(f"{path.name}: the file is not UTF-8 text") from None
    except YamlError as error:
        raise RulesError(f"{path.name}{error}") from None
    if node is None:
        raise RulesError(f"{path.name}: the file is empty; it holds `rules:` and a list of them")
    return node, content


def _overlay(reader: Reader, at: tuple[Any, ...], scanner: Any) -> list[Rule]:
    """The rules that hold on one scanner alone."""
    if not isinstance(scanner, dict) or set(scanner) != {"name", "when", "rules"}:
        reader.wrong(at, "a scanner has a name, `when` (criteria by which it is known) and rules")
        return []
    when = reader.criteria((*at, "when"), scanner["when"])
    rules = reader.rules((*at, "rules"), scanner["rules"] or [], OVERLAY_PRIORITY)
    return [rule.only(str(scanner["name"]), when) for rule in rules] if when else []


def _combined(base: list[Rule], rules: list[Rule]) -> list[Rule]:
    own = {rule.name for rule in rules if rule.scanner is None}
    general = [rule for rule in base if rule.name not in own] + [rule for rule in rules if rule.scanner is None]
    special = [rule for rule in rules if rule.scanner is not None]
    combined = []
    for rule in general:
        replaced = [other.when for other in special if other.name == rule.name and other.when is not None]
        combined.append(replace(rule, unless=(*rule.unless, *replaced)))
    return combined + special
