"""The command `deidentify_dicom.py`: one file or a whole tree, by the engine of the workflow."""

import argparse
import sys
from pathlib import Path

import yaml

from unface.deidentify import overrides, selection
from unface.deidentify.explain import profile_table
from unface.deidentify.profile import Profile
from unface.deidentify.tree import TreeJob, deidentify_tree, find_files
from unface.identity.pseudonyms import BadKeyError, Key
from unface.run.settings import Deidentify, SettingsError, check, read_file


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit status: 0 when every file is clean, 1 when some were refused, 2 on misuse."""
    options = _parser().parse_args(arguments)
    if options.profile:
        return _print_profile(options.config)
    problem = _problem(options.source, options.target)
    if problem:
        return _misuse(problem)
    source, target = options.source.resolve(), options.target.resolve()
    try:
        settings, select = _settings(options.config)
    except (OSError, SettingsError, yaml.YAMLError) as error:
        return _misuse(f"--config: {error}")
    try:
        key = Key.load_or_make(options.key or Path("unface.key"))
    except (OSError, BadKeyError) as error:
        return _misuse(f"--key: {error}")
    job = TreeJob(source if source.is_dir() else source.parent, target, key, settings, select)
    files, not_opened = find_files(source)
    refused = deidentify_tree(job, files, options.processes, sys.stderr)
    for name, reason in [*not_opened, *refused]:
        print(f"refused: {name!r}: {reason}", file=sys.stderr)
    print(f"{len(files) - len(refused)} files written, {len(refused) + len(not_opened)} refused", file=sys.stderr)
    return 1 if refused or not_opened else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deidentify_dicom.py", description="De-identify DICOM by PS3.15 Annex E.")
    parser.add_argument("source", metavar="IN", type=Path, nargs="?", help="a file or a folder tree; read only")
    parser.add_argument("target", metavar="OUT", type=Path, nargs="?", help="folder for the clean files; not inside IN")
    parser.add_argument(
        "--config", type=Path, help="a config.yaml of unface; its blocks `deidentify` and `select` count"
    )
    parser.add_argument("--profile", action="store_true", help="print what happens to each attribute and why, and end")
    parser.add_argument("--key", type=Path, help="the key file (default: unface.key here); made if there is none")
    parser.add_argument("--processes", type=int, default=1, help="how many processes (default: 1)")
    return parser


def _problem(source: Path | None, target: Path | None) -> str:
    """What is wrong with IN and OUT; nothing if they will do."""
    if source is None or target is None:
        return "IN and OUT are needed"
    if not source.exists():
        return "IN does not exist"
    inside = target.resolve() == source.resolve() or source.resolve() in target.resolve().parents
    return "OUT may not be inside IN" if inside else ""


def _print_profile(config: Path | None) -> int:
    try:
        settings, _ = _settings(config)
        print(profile_table(Profile(settings)), end="")
    except (OSError, SettingsError, yaml.YAMLError) as error:
        return _misuse(f"--config: {error}")
    return 0


def _misuse(sentence: str) -> int:
    print(f"deidentify_dicom.py: {sentence}", file=sys.stderr)
    return 2


def _settings(config: Path | None) -> tuple[Deidentify, tuple[selection.Condition, ...]]:
    content = read_file(config)
    check(content)
    overrides.read(content["deidentify"]["overrides"])
    selection.check(content["select"])
    return Deidentify.of(content["deidentify"]), tuple(content["select"])
