"""Typed settings, one class per stage; their check; and the files that they name.

Defaults stand in `config.yaml` alone, the rules for values in `schemas/config.schema.yaml` alone.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Self

import jsonschema
import yaml

from unface.run.layout import Layout

CORE = Path(__file__).resolve().parents[1]
"""The folder of the core, which is the package `unface`."""

_INSTALLED = CORE / "workflow"
PROJECT = _INSTALLED if _INSTALLED.is_dir() else CORE.parents[1]
"""The root of the project: where Snakefile, scripts/ and resources/ stand. That of a clone holds the core, too; a wheel
has all the rest as a folder of the package (`tool.hatch` in pyproject.toml)."""

SHIPPED_RULES = PROJECT / "resources" / "bids_rules.yaml"
"""The mapping rules that come with unface. What they make of a session counts by its plan, not as code."""


FEW = 12
"""The number of valid words that a message lists at most."""


class SettingsError(ValueError):
    """A setting is unknown, missing or has a wrong value; the message names it and what would be right."""


@dataclass(frozen=True)
class Block:
    """A block of the settings as a typed object."""

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """Build from the block of a checked configuration; lists become tuples."""
        return cls(**{field.name: _frozen(block[field.name]) for field in fields(cls)})


@dataclass(frozen=True)
class Deidentify(Block):
    options: tuple[str, ...]
    overrides: Mapping[str, str | Mapping[str, str]]
    age_band_years: int
    folder_pattern: str | None


@dataclass(frozen=True)
class Convert(Block):
    rules: str
    unmapped: str
    repeats: str
    incomplete: str


@dataclass(frozen=True)
class Deface(Block):
    engine: str
    command: tuple[str, ...] | None
    command_timeout_s: float
    ears: bool
    second_engine_percent: float
    suffixes: tuple[str, ...]
    limits: Mapping[str, float]


@dataclass(frozen=True)
class Measure(Block):
    engine: str
    resolution_mm: float
    atlas: str | None
    atlas_labels: str | None
    results: str | None
    command: str | None


@dataclass(frozen=True)
class Compare(Block):
    brain_percent: float
    gm_percent: float
    wm_percent: float
    csf_percent: float
    region_percent: float
    dice_min: float


@dataclass(frozen=True)
class Release(Block):
    name: str
    license: str
    authors: tuple[str, ...]
    version: str
    date: str | None
    keep: int
    source_datasets: tuple[Mapping[str, str], ...]


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def load(file: Path | None) -> dict[str, Any]:
    """The settings that come with unface, with what a file changes in them, put together as Snakemake does.

    Parameters
    ----------
    file
        YAML or JSON with what differs; None changes nothing.

    Returns
    -------
    dict
        All settings, not checked yet.

    Raises
    ------
    SettingsError
        If the file cannot be read or holds no settings.
    """
    return _changed(read(PROJECT / "config.yaml"), read(file) if file else {})


def read(file: Path) -> dict[str, Any]:
    """What one file of settings says.

    Parameters
    ----------
    file
        YAML or JSON.

    Returns
    -------
    dict
        The settings that it holds, neither completed nor checked; empty if all of it is comments.

    Raises
    ------
    SettingsError
        If it cannot be read or holds no settings.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"config: {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"config: {file} is not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"config: {file}{where}: no YAML: {getattr(error, 'problem', None) or error}") from None
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise SettingsError(f"config: {file} holds no settings: each is a line `name: value`")
    return content


def _changed(settings: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in changes.items():
        before = settings.get(name)
        if isinstance(before, dict) and isinstance(value, Mapping):
            settings[name] = _changed(before, value)
        else:
            settings[name] = value
    return settings


def check(config: Mapping[str, Any]) -> None:
    """Hold a configuration against the schema.

    Raises
    ------
    SettingsError
        Names every wrong setting, with the nearest valid key for an unknown one.
    """
    schema = yaml.safe_load((PROJECT / "schemas" / "config.schema.yaml").read_text(encoding="utf-8"))
    kind = jsonschema.Draft202012Validator
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    errors = sorted(validator.iter_errors(config), key=lambda error: list(error.path))
    lines = [line for error in errors for line in _explain(error)] or list(_contradictions(config))
    if lines:
        raise SettingsError("config: " + "; ".join(lines))


def _contradictions(config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with settings that are right each by itself."""
    limits = config["deface"]["limits"]
    for low, high in (("scale_min", "scale_max"), ("removed_min_percent", "removed_max_percent")):
        if limits[low] >= limits[high]:
            yield f"deface.limits: {low} is not below {high}"
    measuring, pattern = config["measure"], config["deidentify"]["folder_pattern"]
    if measuring["engine"] == "external" and not (measuring["results"] or measuring["command"]):
        yield "measure.engine is external: set measure.results or measure.command"
    if bool(measuring["atlas"]) != bool(measuring["atlas_labels"]):
        yield "measure: atlas and atlas_labels go together"
    if pattern and not {"sex", "age"} & set(re.compile(pattern).groupindex):
        yield "deidentify.folder_pattern: it has no group (?P<sex>...) or (?P<age>...)"


def _explain(error: jsonschema.ValidationError) -> list[str]:
    where = ".".join(str(part) for part in error.absolute_path)
    schema: Any = error.schema
    value: Any = error.instance
    if error.validator == "additionalProperties" and "properties" in schema:
        valid = list(schema["properties"])
        unknown = [key for key in value if key not in valid]
        return [f"unknown setting {_dotted(where, key)}{nearest(key, valid)}" for key in unknown]
    if error.validator == "enum" and isinstance(value, str):
        valid = [str(value) for value in schema["enum"]]
        shown = valid if len(valid) <= FEW else [*valid[:FEW], "..."]
        return [f"{where}: {value!r} is not one of {', '.join(shown)}{nearest(value, valid)}"]
    if isinstance(value, date):
        return [f"{where}: put the date in quotes"]
    if value is None and "properties" in schema:
        return [f"{where}: this block is empty: fill it, or leave its line out"]
    return [f"{where or 'the file'}: {error.message}"]


def _dotted(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def nearest(word: str, valid: Iterable[str]) -> str:
    """A question that names the valid word most like a wrong one; empty if none is like it."""
    near = difflib.get_close_matches(word, list(valid), n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""


def dicom_folder(config: Mapping[str, Any]) -> Path:
    """The folder of raw DICOM.

    Raises
    ------
    SettingsError
        If the setting is missing or names no folder; the message does not repeat what it names.
    """
    if not config["dicom_dir"]:
        raise SettingsError("config: dicom_dir is not set: name the folder of raw DICOM")
    folder = Path(config["dicom_dir"])
    if not folder.is_dir():
        raise SettingsError("config: dicom_dir is not a folder that can be read")
    return folder


def named_file(config: Mapping[str, Any], setting: str) -> Path | None:
    """The file that an optional setting names, such as `subjects` or `release.data_dictionary`.

    It is looked for as given from the working folder, then from the root of the project.

    Raises
    ------
    SettingsError
        If it is in neither place.
    """
    path = look_up(config, setting)
    return located(path, setting) if path else None


def mapping_rules(config: Mapping[str, Any]) -> Path:
    """The file of mapping rules. Raises as `named_file` does."""
    return located(config["convert"]["rules"], "convert.rules")


def located(path: str, setting: str) -> Path:
    """A file that a setting names. Raises as `named_file` does."""
    for candidate in (Path(path), PROJECT / path):
        if candidate.is_file():
            return candidate
    raise SettingsError(f"config: {setting}: there is no file {path}")


def subjects_digest(table: Path | None) -> str:
    """Digest of the table of subjects, empty without one: the inventory looks anew when it differs from the last."""
    return hashlib.sha256(table.read_bytes()).hexdigest()[:16] if table else ""


def subjects_known(config: Mapping[str, Any], layout: Layout) -> bool:
    """Whether the last inventory read today's table of subjects."""
    seen = layout.subjects_digest
    return seen.exists() and seen.read_text(encoding="ascii") == subjects_digest(named_file(config, "subjects"))


def look_up(config: Mapping[str, Any], path: str) -> Any:
    value: Any = config
    for key in path.split("."):
        value = value[key]
    return value
