"""Typed settings, one class a block; their defaults and check; and the files that they name.

Meaning, defaults and the rules for values stand in `schemas/config.schema.yaml` alone: `config.yaml` and the table of
`docs/settings.md` are made from it.
"""

import copy
import difflib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Self

import jsonschema

from unface.run.layout import Layout
from unface.run.yaml_text import YamlError, read_yaml

CORE = Path(__file__).resolve().parents[1]
"""The folder of the core, which is the package `unface`."""

_INSTALLED = CORE / "workflow"
PROJECT = _INSTALLED if _INSTALLED.is_dir() else CORE.parents[1]
"""The root of the project: where Snakefile, scripts/ and resources/ stand. That of a clone holds the core, too; a wheel
has all the rest as a folder of the package (`tool.hatch` in pyproject.toml)."""

SHIPPED_RULES = PROJECT / "resources" / "bids_rules.yaml"
"""The mapping rules that come with unface. What they make of a session counts by its mapping, not as code."""

LABEL_WORDS = PROJECT / "resources" / "label_words.txt"
"""The words that a label may be made of when it comes from a header."""

FEW = 12
"""The number of valid words that a message lists at most."""


class SettingsError(ValueError):
    """A setting is unknown, missing or has a wrong value; the message names it and what would be right."""


@dataclass(frozen=True)
class Block:
    """A block of the settings as a typed object: its fields are the settings, which the schema describes."""

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """Build from the block of a checked configuration; lists become tuples, blocks within it objects.

        Parameters
        ----------
        block
            The values by name; every field of the class has to be there.

        Returns
        -------
        Block
            The same as an object of this class.
        """
        return cls(**{field.name: _typed(field.type, block[field.name]) for field in fields(cls)})


def _typed(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Block):
        return kind.of(value)
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Inventory(Block):
    """Settings of the inventory."""

    jobs: int


@dataclass(frozen=True)
class Deidentify(Block):
    """Settings of the de-identification of headers."""

    options: tuple[str, ...]
    clock_times: str
    overrides: Mapping[str, str | Mapping[str, str]]
    age_band_years: int
    folder_pattern: str | None


@dataclass(frozen=True)
class Convert(Block):
    """Settings of the conversion to BIDS."""

    rules: str
    label_words: str | None
    unmapped: str
    repeats: str
    incomplete: str


@dataclass(frozen=True)
class DefaceLimits(Block):
    """When a defacing counts as failed."""

    ngf_min: float
    scale_min: float
    scale_max: float
    brain_margin_mm: float
    removed_min_percent: float
    removed_max_percent: float


@dataclass(frozen=True)
class Deface(Block):
    """Settings of defacing."""

    engine: str
    command: tuple[str, ...] | None
    command_timeout_s: float
    ears: bool
    second_engine_percent: float
    suffixes: tuple[str, ...]
    limits: DefaceLimits


@dataclass(frozen=True)
class Measure(Block):
    """Settings of the measurement of brain volumes."""

    engine: str
    resolution_mm: float
    atlas: str | None
    atlas_labels: str | None
    results: str | None
    command: str | None
    noise_sessions: int


@dataclass(frozen=True)
class Compare(Block):
    """The largest change that defacing may cause."""

    brain_percent: float
    gm_percent: float
    wm_percent: float
    csf_percent: float
    region_percent: float
    dice_min: float


@dataclass(frozen=True)
class Audit(Block):
    """Settings of the audit."""

    ignore: tuple[str, ...]
    faceless: tuple[str, ...]


@dataclass(frozen=True)
class Release(Block):
    """Settings of the release."""

    name: str
    license: str
    authors: tuple[str, ...]
    version: str
    date: str | None
    keep: int
    source_datasets: tuple[Mapping[str, str], ...]
    data_dictionary: str | None


@dataclass(frozen=True)
class Withdrawal(Block):
    """Settings of the withdrawal of consent."""

    subjects: str | None
    restricted: bool


@dataclass(frozen=True)
class Report(Block):
    """Settings of the pages."""

    title: str


@dataclass(frozen=True)
class Settings(Block):
    """All settings."""

    dicom_dir: str | None
    results_dir: str
    subjects: str | None
    ratings: str | None
    keep_work: str
    inventory: Inventory
    select: tuple[Mapping[str, Any], ...]
    deidentify: Deidentify
    convert: Convert
    deface: Deface
    measure: Measure
    compare: Compare
    audit: Audit
    release: Release
    withdrawal: Withdrawal
    report: Report


@cache
def schema() -> dict[str, Any]:
    """The schema of the settings (`schemas/config.schema.yaml`), read once."""
    content: dict[str, Any] = read_yaml((PROJECT / "schemas" / "config.schema.yaml").read_text("utf-8"))[1]
    return content


def described(block: Mapping[str, Any] | None = None, within: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every setting with what the schema says of it, a block before the settings in it.

    Parameters
    ----------
    block
        A block of the schema; all of it if not given.
    within
        The dotted name of the block, with a dot at its end.

    Yields
    ------
    str
        The dotted name of a setting or block, such as `deface.limits.ngf_min`.
    Mapping
        Its part of the schema.
    """
    for name, part in (schema() if block is None else block)["properties"].items():
        yield f"{within}{name}", part
        if "properties" in part:
            yield from described(part, f"{within}{name}.")


def read_file(path: Path | None = None) -> dict[str, Any]:
    """The settings of `config.yaml` with those of a file over them, as Snakemake reads them; not checked.

    Parameters
    ----------
    path
        A file of settings, which holds what differs.

    Returns
    -------
    dict
        All settings.

    Raises
    ------
    SettingsError
        As `read_own`.
    """
    shipped = read_own(PROJECT / "config.yaml")
    return completed(_over(shipped, read_own(path)) if path else shipped)


def read_own(file: Path) -> dict[str, Any]:
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
        _, content = read_yaml(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"config: {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"config: {file} is not UTF-8 text") from None
    except YamlError as error:
        raise SettingsError(f"config: {file}{error}") from None
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise SettingsError(f"config: {file} has no names of settings at its top")
    return content


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One set of values over another; blocks are put together."""
    both = dict(below)
    for name, value in above.items():
        old = both.get(name)
        both[name] = _over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def completed(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with the default of each one that is not given.

    Parameters
    ----------
    config
        The settings as given; blocks may lack settings or be missing. It is left as it is.

    Returns
    -------
    dict
        All settings. What is unknown or wrong stays, for `check` to name it.
    """
    return _completed(config, schema())


def _completed(given: Mapping[str, Any], block: Mapping[str, Any]) -> dict[str, Any]:
    full = dict(given)
    for name, part in block["properties"].items():
        if "properties" not in part:
            full[name] = _read(given[name], part) if name in given else copy.deepcopy(part["default"])
        elif isinstance(full.get(name, {}), Mapping):
            full[name] = _completed(full.get(name, {}), part)
    return full


def _read(given: Any, part: Mapping[str, Any]) -> Any:
    """A value that is no text although its setting may be none: of what --config nests, Snakemake makes text."""
    if not isinstance(given, str) or "enum" in part:
        return given
    kinds = kinds_of(part)
    if "string" in kinds:
        return None if given == "null" and "null" in kinds else given
    try:
        return read_yaml(given)[1]
    except YamlError:
        return given


def kinds_of(part: Mapping[str, Any]) -> list[str]:
    """The types that the schema allows a setting.

    Parameters
    ----------
    part
        What the schema says of the setting.

    Returns
    -------
    list of str
        As JSON Schema names them, such as `number`; empty for one that lists its values.
    """
    kinds = resolved(part).get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def resolved(part: Mapping[str, Any]) -> dict[str, Any]:
    """What the schema says of a setting, with what it says of its kind of values (`$defs`).

    Parameters
    ----------
    part
        The setting's own part of the schema.

    Returns
    -------
    dict
        The same without a reference.
    """
    shared = look_up(schema(), part["$ref"].removeprefix("#/").replace("/", ".")) if "$ref" in part else {}
    return {**shared, **part}


def check(config: Mapping[str, Any]) -> None:
    """Hold a configuration against the schema.

    Parameters
    ----------
    config
        All settings (`completed`).

    Raises
    ------
    SettingsError
        Names every wrong setting, with the nearest valid key for an unknown one and the new name of a renamed one.
    """
    kind = jsonschema.Draft202012Validator
    validator = kind(schema(), format_checker=kind.FORMAT_CHECKER)
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
    rule: Any = error.schema
    value: Any = error.instance
    if error.validator == "additionalProperties" and "properties" in rule:
        valid = list(rule["properties"])
        return [line for key in value if key not in valid for line in _unknown(where, key, value[key], valid)]
    if error.validator == "enum" and isinstance(value, str):
        valid = [str(value) for value in rule["enum"]]
        shown = valid if len(valid) <= FEW else [*valid[:FEW], "..."]
        return [f"{where}: {value!r} is not one of {', '.join(shown)}{nearest(value, valid)}"]
    if isinstance(value, date):
        return [f"{where}: put the date in quotes"]
    if value is None and "properties" in rule:
        return [f"{where}: this block is empty: fill it, or leave its line out"]
    return [f"{where or 'the file'}: {error.message}"]


def _unknown(where: str, key: str, value: Any, valid: Sequence[str]) -> Iterator[str]:
    """What to say of an unknown setting: its name of today, where it belongs, or the one that is most like it."""
    name = f"{where}.{key}" if where else str(key)
    names = dict(described())
    of_today = {part["x-was"]: path for path, part in names.items() if "x-was" in part}
    if name in of_today:
        yield f"unknown setting {name}: its name is {of_today[name]} now"
    elif isinstance(value, Mapping) and any(old.startswith(f"{name}.") for old in of_today):
        for inner in value:
            yield from _unknown(name, inner, value[inner], ())
    elif name in names:
        *blocks, last = name.split(".")
        inline = "".join(f"{block}={{" if not number else f"{block}: {{" for number, block in enumerate(blocks))
        yield (
            f"unknown setting {name}: a setting inside a block goes into a file, `--configfile mine.yaml`, or is "
            f"written --config '{inline}{last}: ...{'}' * len(blocks)}'"
        )
    else:
        elsewhere = [path for path in names if path.endswith(f".{key}")]
        hint = f" (did you mean {elsewhere[0]}?)" if len(elsewhere) == 1 else nearest(str(key), valid)
        yield f"unknown setting {name}{hint}"


def nearest(word: str, valid: Iterable[str]) -> str:
    """A question that names the valid word most like a wrong one; empty if none is like it.

    Parameters
    ----------
    word
        What was written.
    valid
        What could be.

    Returns
    -------
    str
        Such as ` (did you mean T1w?)`.
    """
    near = difflib.get_close_matches(word, list(valid), n=1, cutoff=0.5)
    return f" (did you mean {near[0]}?)" if near else ""


def dicom_folder(config: Mapping[str, Any]) -> Path:
    """The folder of raw DICOM.

    Parameters
    ----------
    config
        The checked settings.

    Returns
    -------
    Path
        A folder that exists and can be read.

    Raises
    ------
    SettingsError
        If the setting is missing, or names no folder that can be read; the message does not repeat what it names.
    """
    if not config["dicom_dir"]:
        raise SettingsError("config: dicom_dir is not set: name the folder of raw DICOM")
    folder = Path(config["dicom_dir"])
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except OSError as error:
        # Its own message names the folder.
        said = os.strerror(error.errno or 0)
        raise SettingsError(f"config: dicom_dir is not a folder that can be read: {said}") from None
    return folder


def keep_apart(config: Mapping[str, Any], start: Path = Path()) -> None:
    """Refuse folders of which one lies in the other: the raw folder is only ever read, and results are no raw files.

    Parameters
    ----------
    config
        The checked settings.
    start
        The folder that relative paths begin at; the working folder if not given.

    Raises
    ------
    SettingsError
        If results_dir lies inside dicom_dir, or the other way round. The message repeats neither.
    """
    if not config["dicom_dir"]:
        return
    results, raw = start / config["results_dir"], start / config["dicom_dir"]
    if _inside(results, raw):
        raise SettingsError("config: results_dir lies inside dicom_dir, which is only ever read: name another folder")
    if _inside(raw, results):
        raise SettingsError("config: results_dir holds dicom_dir, and what lies there is no input: name another folder")


def _inside(folder: Path, other: Path) -> bool:
    """Whether a folder is another one or lies in it, by what links and mounts lead to; neither need exist."""
    folder, other = Path(os.path.realpath(folder)), Path(os.path.realpath(other))
    if folder.is_relative_to(other):
        return True
    try:
        place = other.stat()
    except OSError:
        return False
    for parent in (folder, *folder.parents):
        with suppress(OSError):
            if os.path.samestat(parent.stat(), place):
                return True
    return False


def named_file(config: Mapping[str, Any], setting: str) -> Path | None:
    """The file that an optional setting names, such as `subjects` or `release.data_dictionary`.

    It is looked for as given from the working folder, then from the root of the project.

    Parameters
    ----------
    config
        The checked settings.
    setting
        The dotted name of the setting.

    Returns
    -------
    Path or None
        None if the setting is null.

    Raises
    ------
    SettingsError
        If it is in neither place.
    """
    path = look_up(config, setting)
    return located(path, setting) if path else None


def mapping_rules(config: Mapping[str, Any]) -> Path:
    """The file of mapping rules.

    Parameters
    ----------
    config
        The checked settings.

    Returns
    -------
    Path
        A file that exists.

    Raises
    ------
    SettingsError
        As `named_file` does.
    """
    return located(config["convert"]["rules"], "convert.rules")


def located(path: str, setting: str) -> Path:
    """A file that a setting names.

    Parameters
    ----------
    path
        As the setting has it.
    setting
        The dotted name of the setting, for the message.

    Returns
    -------
    Path
        A file that exists.

    Raises
    ------
    SettingsError
        As `named_file` does.
    """
    for candidate in (Path(path), PROJECT / path):
        if candidate.is_file():
            return candidate
    raise SettingsError(f"config: {setting}: there is no file {path}")


def subjects_digest(table: Path | None) -> str:
    """Digest of the table of subjects, empty without one: the inventory looks anew when it differs from the last.

    Parameters
    ----------
    table
        The file; None without one.

    Returns
    -------
    str
        16 hexadecimal digits, or nothing.
    """
    return hashlib.sha256(table.read_bytes()).hexdigest()[:16] if table else ""


def subjects_known(config: Mapping[str, Any], layout: Layout) -> bool:
    """Whether the last inventory read today's table of subjects.

    Parameters
    ----------
    config
        The checked settings.
    layout
        Where everything of the run lies.

    Returns
    -------
    bool
        False also before the first inventory.
    """
    seen = layout.subjects_digest
    return seen.exists() and seen.read_text(encoding="ascii") == subjects_digest(named_file(config, "subjects"))


def look_up(config: Mapping[str, Any], path: str) -> Any:
    """A value of nested mappings by its dotted name.

    Parameters
    ----------
    config
        The settings, or any other mapping of mappings.
    path
        Such as `deface.limits.ngf_min`.

    Returns
    -------
    any
        The value.
    """
    value: Any = config
    for key in path.split("."):
        value = value[key]
    return value
