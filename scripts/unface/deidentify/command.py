"""De-identifying without the workflow: one file or a whole tree, by the workflow's engine, as a command."""

import argparse
import sys
from pathlib import Path

from unface.deidentify import overrides, selection
from unface.deidentify.explain import profile_table
from unface.deidentify.profile import Profile
from unface.deidentify.tree import TreeJob, deidentify_tree, find_files
from unface.identity.pseudonyms import BadKeyError, Key
from unface.run.settings import Deidentify, SettingsError, check, read_file

SCRIPT = "deidentify_dicom.py"


def main(arguments: list[str], *, program: str = SCRIPT, settings: Path | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments
        The words after its name.
    program
        Its name.
    settings
        The file of settings that counts where the arguments name none; None for those that come with unface.

    Returns
    -------
    int
        The exit status: 0 when every file is clean, 1 when some were refused, 2 on misuse.
    """
    options = _parser(program, settings).parse_args(arguments)
    try:
        return _print_profile(options.settings) if options.profile else _deidentify(options)
    except _MisuseError as misuse:
        print(f"{program}: {misuse}", file=sys.stderr)
        return 2


class _MisuseError(Exception):
    """The arguments cannot be followed; the message says why."""


def _deidentify(options: argparse.Namespace) -> int:
    _check_places(options.source, options.target)
    source, target = options.source.resolve(), options.target.resolve()
    settings, select = _settings(options.settings)
    try:
        key = Key.load_or_make(options.key or Path("unface.key"))
    except OSError as error:
        raise _MisuseError(f"--key: it cannot be read or made: {error.strerror}") from None
    except BadKeyError as error:
        raise _MisuseError(f"--key: {error}") from None
    job = TreeJob(source if source.is_dir() else source.parent, target, key, settings, select)
    files, not_opened = find_files(source)
    refused = deidentify_tree(job, files, options.processes, sys.stderr)
    for name, reason in [*not_opened, *refused]:
        print(f"refused: {name!r}: {reason}", file=sys.stderr)
    print(f"{len(files) - len(refused)} files written, {len(refused) + len(not_opened)} refused", file=sys.stderr)
    return 1 if refused or not_opened else 0


def _parser(program: str, settings: Path | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="De-identify DICOM by PS3.15 Annex E.",
        epilog=f"Example: {program} /data/raw /data/clean --key study.key --processes 4",
    )
    parser.add_argument("source", metavar="IN", type=Path, nargs="?", help="a file or a folder tree; read only")
    parser.add_argument("target", metavar="OUT", type=Path, nargs="?", help="folder for the clean files; not inside IN")
    parser.add_argument(
        "--settings",
        "--config",
        type=Path,
        default=settings,
        help="a settings file of unface; its blocks `deidentify` and `select` count",
    )
    parser.add_argument("--profile", action="store_true", help="print what happens to each attribute and why, and end")
    parser.add_argument("--key", type=Path, help="the key file (default: unface.key here); made if there is none")
    parser.add_argument("--processes", type=_positive, default=1, help="how many processes (default: 1)")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _check_places(source: Path | None, target: Path | None) -> None:
    if source is None or target is None:
        raise _MisuseError("IN and OUT are needed")
    if not source.exists():
        raise _MisuseError("IN does not exist")
    if target.resolve() == source.resolve() or source.resolve() in target.resolve().parents:
        raise _MisuseError("OUT may not be inside IN")
    if target.exists() and not target.is_dir():
        raise _MisuseError("OUT is not a folder")


def _print_profile(file: Path | None) -> int:
    settings, _ = _settings(file)
    print(profile_table(Profile(settings)), end="")
    return 0


def _settings(file: Path | None) -> tuple[Deidentify, tuple[selection.Condition, ...]]:
    try:
        content = read_file(file)
        check(content)
        overrides.read(content["deidentify"]["overrides"])
        selection.check(content["select"])
    except SettingsError as error:
        raise _MisuseError(f"--settings: {str(error).removeprefix('config: ')}") from None
    return Deidentify.of(content["deidentify"]), tuple(content["select"])
