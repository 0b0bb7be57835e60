"""The protocol that goes out with a release: settings, mapping rules and digests, without anything that identifies."""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from unface import __version__

FOLDER = "code/unface"
"""Where BIDS wants what made a dataset."""

KEPT = "(kept with the key)"
"""Stands for what the user wrote about values of headers: it may name somebody."""

_README = """\
What made this dataset: unface {version} with the settings and mapping rules beside this file; protocol.json holds the
digests of settings and code by stage. Values that were written about single headers stand in the settings of the
project that made it, with the key. The same raw DICOM, key, settings and history of releases give the same bytes.
"""


def texts(config: Mapping[str, Any], protocols: Mapping[str, Mapping[str, str]], rules: Path) -> dict[str, str]:
    """The files of the protocol by their path in the dataset.

    Parameters
    ----------
    config
        The checked settings of the run.
    protocols
        Digests of settings and code by stage.
    rules
        The mapping rules.
    """
    digests = {stage: dict(protocol) for stage, protocol in protocols.items()}
    return {
        f"{FOLDER}/README": _README.format(version=__version__),
        f"{FOLDER}/config.yaml": yaml.safe_dump(public(config), sort_keys=True, allow_unicode=True),
        f"{FOLDER}/bids_rules.yaml": rules.read_text(encoding="utf-8"),
        f"{FOLDER}/protocol.json": json.dumps({"unface": __version__, "stages": digests}, indent=1, sort_keys=True)
        + "\n",
    }


def words(texts: Mapping[str, str], shipped: Path) -> list[str]:
    """What the user wrote of the files of the protocol, line by line: mapping rules that are not the shipped ones."""
    rules = texts.get(f"{FOLDER}/bids_rules.yaml", "")
    return [] if rules == shipped.read_text(encoding="utf-8") else rules.splitlines()


def keep(config: Mapping[str, Any], path: Path) -> None:
    """Keep the settings in full, in `restricted/`: for a second site, and to tell later what changed."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.chmod(0o600)
    part.replace(path)


def public(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide what is released, without paths and without words about single headers."""
    shown = copy.deepcopy({key: value for key, value in config.items() if key not in _ELSEWHERE})
    shown["select"] = [
        {"field": one["field"], **{key: KEPT for key in one if key != "field"}} for one in shown["select"]
    ]
    deidentify, audit, convert = shown["deidentify"], shown["audit"], shown["convert"]
    deidentify["overrides"] = {
        name: {"replace": KEPT} if isinstance(action, Mapping) else action
        for name, action in deidentify["overrides"].items()
    }
    deidentify["folder_pattern"] = KEPT if deidentify["folder_pattern"] else None
    audit["ignore"] = [KEPT] * len(audit["ignore"])
    convert["rules"] = "bids_rules.yaml"
    return shown


_ELSEWHERE = {"dicom_dir", "results_dir", "subjects", "inventory", "withdrawal", "keep_work", "report"}
"""Settings of one machine, and of what is not released."""
