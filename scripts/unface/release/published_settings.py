"""What made a release and goes out with it, without anything that identifies: settings, mapping rules, code digests.

No digest of settings goes out: what `KEPT` stands for would be found by trying names and numbers until it fits.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from unface import __version__
from unface.run.files import write_whole
from unface.run.provenance import Fingerprints
from unface.run.settings import SHIPPED_RULES

FOLDER = "code/unface"
"""Where BIDS wants what made a dataset."""

KEPT = "(kept with the key)"
"""Stands for what the user wrote about values of headers, for paths and for commands: they may name somebody."""

RULES = "bids_rules.yaml"

_README = """\
What made this dataset: unface {version} with the settings and mapping rules beside this file; fingerprints.json
holds the digest of the code of each stage. Values that were written about single headers stand in the settings of the
project that made it, with the key. The same raw DICOM, key, settings and history of releases give the same bytes.
"""


def texts(config: Mapping[str, Any], fingerprints: Fingerprints, rules: Path) -> dict[str, str]:
    """Write the published files.

    Parameters
    ----------
    config
        The checked settings of the run.
    fingerprints
        Digests of settings and code by stage.
    rules
        The mapping rules.

    Returns
    -------
    dict
        Texts by path in the dataset.
    """
    code = {stage: {"code": fingerprint["code"]} for stage, fingerprint in fingerprints.items()}
    return {
        f"{FOLDER}/README": _README.format(version=__version__),
        f"{FOLDER}/config.yaml": yaml.safe_dump(_public_settings(config), sort_keys=True, allow_unicode=True),
        f"{FOLDER}/{RULES}": public_rules(rules),
        f"{FOLDER}/fingerprints.json": json.dumps({"unface": __version__, "stages": code}, indent=1, sort_keys=True)
        + "\n",
    }


def words(texts: Mapping[str, str]) -> list[str]:
    """What the user wrote of the published files: mapping rules that are not the shipped ones.

    Parameters
    ----------
    texts
        The published files by path.

    Returns
    -------
    list of str
        Line by line.
    """
    rules = texts.get(f"{FOLDER}/{RULES}", "")
    return [] if rules == SHIPPED_RULES.read_text(encoding="utf-8") else rules.splitlines()


def keep(config: Mapping[str, Any], rules: Path, path: Path) -> None:
    """Keep settings and mapping rules in full, in `restricted/`: for a second site, and to tell later what changed.

    Parameters
    ----------
    config
        The checked settings of the run.
    rules
        The mapping rules.
    path
        Of the settings; the rules get a name of their own beside them.
    """
    kept = {path: json.dumps(config, indent=1, sort_keys=True) + "\n", path.with_name(RULES): rules.read_text("utf-8")}
    for target, text in kept.items():
        write_whole(target, text, mode=0o600)


def _public_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide what is released, without paths, commands and words about single headers."""
    shown = copy.deepcopy({key: value for key, value in config.items() if key not in _ELSEWHERE})
    shown["select"] = [
        {"field": condition["field"], **{key: KEPT for key in condition if key != "field"}}
        for condition in shown["select"]
    ]
    for block, names in _OWN_WORDS.items():
        shown[block] |= {name: KEPT for name in names if shown[block][name]}
    deidentify = shown["deidentify"]
    deidentify["overrides"] = {
        name: {"replace": KEPT} if isinstance(action, Mapping) else action
        for name, action in deidentify["overrides"].items()
    }
    shown["convert"]["rules"] = RULES
    return shown


def public_rules(rules: Path) -> str:
    """The shipped mapping rules as they are; of the user's own what they make of a series, not what they ask of it.

    Keys that unface does not read, as a dcm2bids configuration has them for commands and comments, are left out.

    Parameters
    ----------
    rules
        YAML, or a dcm2bids configuration in JSON.

    Returns
    -------
    str
        YAML.
    """
    text = rules.read_text(encoding="utf-8-sig")
    if text == SHIPPED_RULES.read_text(encoding="utf-8"):
        return text
    # JSON is YAML but for its tabs.
    content = yaml.safe_load(text.replace("\t", " ") if rules.suffix == ".json" else text)
    return yaml.safe_dump(_of_file(content), sort_keys=False, allow_unicode=True)


def _of_file(content: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = _without_criteria({key: value for key, value in content.items() if key in _FILE_KEYS})
    for name in ("rules", "descriptions"):
        if name in content:
            shown[name] = [_of_rule(rule) for rule in content[name] or []]
    if "scanners" in content:
        shown["scanners"] = [
            {"name": scanner["name"], "when": KEPT, "rules": [_of_rule(rule) for rule in scanner["rules"] or []]}
            for scanner in content["scanners"] or []
        ]
    return shown


def _of_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = _without_criteria({key: value for key, value in rule.items() if key in _RULE_KEYS})
    return shown


def _without_criteria(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {key: KEPT if key in _OF_HEADERS else _without_criteria(value) for key, value in part.items()}
    return [_without_criteria(item) for item in part] if isinstance(part, list) else part


_ELSEWHERE = {"dicom_dir", "results_dir", "subjects", "ratings", "inventory", "withdrawal", "keep_work", "report"}
"""Settings of one machine, and of what is not released."""
_OWN_WORDS = {
    "convert": ["label_words"],
    "deidentify": ["folder_pattern"],
    "deface": ["command"],
    "measure": ["atlas", "atlas_labels", "results", "command"],
    "audit": ["ignore"],
    "release": ["data_dictionary"],
}
_FILE_KEYS = {
    *("extends", "search_method", "searchMethod", "case_sensitive", "caseSensitive", "extractors"),
}
_RULE_KEYS = {
    *("name", "criteria", "priority", "exclude", "datatype", "suffix", "entities", "parts", "sidecar", "intended_for"),
    *("id", "dataType", "modality_label", "modalityLabel", "sidecar_changes", "sidecarChanges"),
    *("intendedFor", "IntendedFor", "custom_entities", "customEntities", "customLabels"),
}
"""Keys of mapping rules and of dcm2bids' descriptions that unface reads."""
_OF_HEADERS = {"criteria", "when", "regex", "until", "extractors"}
"""Keys of mapping rules, dcm2bids' included, whose values are compared with headers."""
