"""The command `unface`: what the rules and scripts do, by one settings file, with words for people."""

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from unface import __version__
from unface.run import settings, unread
from unface.run.layout import Layout
from unface.run.settings import PROJECT, SettingsError

FILE = "unface.yaml"
RULES = "mapping_rules.yaml"
"""Mapping rules that `unface map` writes, beside the settings."""
TEMPLATE = f"""\
# Settings of unface for one cohort. Paths are relative to the folder of this file.
# Every setting that is not named here has its default, as in {PROJECT / "config.yaml"};
# {PROJECT / "docs" / "settings.md"} explains them all.

dicom_dir: null         # folder of raw DICOM, such as /data/raw; it is only ever read
results_dir: results    # where everything goes; never share what is in its folder restricted/
subjects: null          # TSV of your own labels, if you have one: patient_id, subject, session, sex, age, ...

release:                # what dataset_description.json will say; take the # away and fill it in
#  name: A cohort of heads
#  license: CC0
  authors: []           # such as [Ada Example, Ben Example]
"""
_STYLES = {"ok": "green", "note": "yellow", "problem": "bold red"}
_OWN = re.compile(r"(?:--configfiles?|--config|-C|--snakefile|-s|--directory|-d)(?:=.*)?$|-[Csd].+")
"""Arguments of Snakemake that unface gives itself."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Raw DICOM of a cohort in, a BIDS dataset that may be published out.",
    epilog="Begin with: unface init, unface check, unface inventory, unface run. "
    "Each command has its own --help with an example.",
)

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help=f"The settings file, or its folder (default: ./{FILE})."),
]
CoresOption = Annotated[int | None, typer.Option("--cores", metavar="N", min=1, help="How many cores (default: all).")]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="A profile of Snakemake: slurm, slurm-noacct, or one of your own."),
]
NO_WORKFLOW = ("init", "check", "map", "status")
"""Commands that start no Snakemake, for which something behind `--` could be meant."""

STOPPED = 130
"""The exit status after Ctrl-C, as shells have it."""


class MistakeError(Exception):
    """Something that the user has to put right; the message says what."""


@dataclass(frozen=True)
class Study:
    """A settings file with what it says.

    Attributes
    ----------
    file : Path
        As it was given.
    own : dict
        What it says itself.
    config : dict
        All settings, checked.
    """

    file: Path
    own: dict[str, Any]
    config: dict[str, Any]

    @property
    def layout(self) -> Layout:
        """Where everything lies, for paths from the working folder."""
        return Layout(self.file.parent / self.config["results_dir"])

    def again(self, command: str) -> str:
        """The words of a further command for the same settings.

        Parameters
        ----------
        command
            Its name.

        Returns
        -------
        str
            With `--settings` where the file would not be found.
        """
        return f"unface {command}" + ("" if self.file == Path(FILE) else f" --settings {shlex.quote(str(self.file))}")


def open_study(file: Path | None, *, check: bool = True) -> Study:
    """Read a settings file.

    Parameters
    ----------
    file
        The file or its folder; None for the one in the working folder.
    check
        Whether a wrong setting is an error.

    Returns
    -------
    Study
        The settings, with defaults where the file says nothing.

    Raises
    ------
    MistakeError
        If there is no such file, or it is wrong.
    """
    path = file or Path(FILE)
    path = path / FILE if path.is_dir() else path
    if not path.exists():
        hint = "`unface init` writes one, --settings names another" if file is None else "`unface init` writes one"
        raise MistakeError(f"there is no settings file {path}: {hint}")
    try:
        own, config = settings.read_own(path), settings.read_file(path)
        if check:
            settings.check(config)
    except SettingsError as error:
        raise MistakeError(_of_file(error, path)) from None
    return Study(path, own, config)


def _of_file(error: SettingsError, path: Path) -> str:
    sentence = str(error).removeprefix("config: ")
    return sentence if str(path) in sentence else f"{path}: {sentence}"


@app.command(epilog="Example: unface init /data/study")
def init(folder: Annotated[Path, typer.Argument(help="The folder of the study.")] = Path()) -> None:
    """Write a short settings file to fill in."""
    file = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(TEMPLATE)
    except FileExistsError:
        raise MistakeError(f"{file if folder.is_dir() else folder} is there already and stays as it is") from None
    except OSError as error:
        raise MistakeError(f"{file} cannot be written: {error.strerror}") from None
    print(f"{file} is written.")
    _next(f"fill in dicom_dir, then `{Study(file, {}, {}).again('check')}`")


@app.command(epilog="Example: unface check --settings /data/study/unface.yaml")
def check(file: SettingsOption = None) -> None:
    """Look before the first job at what would fail later."""
    from unface.admin.check import NOTE, PROBLEM, Finding, findings

    study = open_study(file, check=False)
    counts = {NOTE: 0, PROBLEM: 0}
    try:
        settings.check(study.config)
        looked: Iterator[Finding] = findings(study.config, study.own)
    except SettingsError as error:
        sentences = str(error).removeprefix("config: ").split("; ")
        looked = iter([Finding(PROBLEM, str(study.file), sentence) for sentence in sentences])
    console = Console(highlight=False, soft_wrap=True)
    with contextlib.chdir(study.file.parent):
        for finding in looked:
            counts[finding.level] = counts.get(finding.level, 0) + 1
            level = (f"{finding.level:8}", _STYLES[finding.level])
            console.print(Text.assemble(level, f"{finding.about}: {finding.sentence}"))
    noted = f", {_counted(counts[NOTE], 'note')}" if counts[NOTE] else ""
    if counts[PROBLEM]:
        print(f"\n{_counted(counts[PROBLEM], 'problem')}{noted}.")
        _next(f"put that right, then `{study.again('check')}`")
        raise typer.Exit(1)
    print(f"\nNo problem{noted}.")
    _next(f"`{study.again('plan' if study.layout.sessions.exists() else 'inventory')}`")


@app.command(epilog="Example: unface inventory --cores 4")
def inventory(
    context: typer.Context, file: SettingsOption = None, cores: CoresOption = None, profile: ProfileOption = None
) -> None:
    """Read all headers: list sessions and kinds of images."""
    study = open_study(file)
    try:
        with contextlib.chdir(study.file.parent):
            settings.dicom_folder(study.config)
    except SettingsError as error:
        raise MistakeError(_of_file(error, study.file)) from None
    _run("inventory", study, context, cores, profile)
    _next(f"look at {study.layout.protocol_groups}, then `{study.again('run')}`")


@app.command(name="map", epilog="Example: unface map   (then, filled in: unface map results/restricted/mapping.tsv)")
def map_(
    table: Annotated[
        Path | None, typer.Argument(metavar="[TABLE]", help="The table, filled in; without one it is written.")
    ] = None,
    file: SettingsOption = None,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FILE", help=f"Where the rules go (default: {RULES} beside the settings)."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write the rules also over a file that somebody edited.")
    ] = False,
) -> None:
    """Name kinds of images in a table, and make mapping rules of it."""
    from unface.identity.pseudonyms import BadKeyError
    from unface.inventory.table_rules import Cohort, is_made_of_a_table
    from unface.mapping.rules import RulesError
    from unface.run.files import TableError
    from unface.run.outcome import JobFailedError

    study = open_study(file)
    _inventoried(study)
    target = rules or study.file.parent / RULES
    try:
        with contextlib.chdir(study.file.parent):
            in_use = settings.mapping_rules(study.config).resolve()
            confirmed = settings.named_file(study.config, "convert.label_words")
            confirmed = confirmed.resolve() if confirmed else None
        cohort = Cohort.of(study.layout, in_use, confirmed)
        if table is None:
            _write_table(study, cohort, next(filter(is_made_of_a_table, (target, in_use)), None))
        elif not table.is_file():
            raise MistakeError(f"there is no table {table}: `{study.again('map')}` writes one")
        elif target.exists() and not (overwrite or is_made_of_a_table(target)):
            raise MistakeError(
                f"{target} is not as `unface map` wrote it, and stays as it is: --rules FILE writes to another file, "
                "--overwrite writes over it"
            )
        else:
            _take_table_back(study, cohort, table, target, in_use)
    except SettingsError as error:
        raise MistakeError(_of_file(error, study.file)) from None
    except (TableError, RulesError, JobFailedError, BadKeyError) as error:
        raise MistakeError(str(error)) from None
    except OSError as error:
        raise MistakeError(f"{error.filename}: {error.strerror}") from None


def _write_table(study: Study, cohort: Any, earlier: Path | None) -> None:
    from unface.inventory.mapping_table import answers_in, table
    from unface.review.mapping_page import mapping_page
    from unface.run.files import write_whole

    path, groups = study.layout.mapping_table, cohort.groups()
    answered = answers_in(path)
    write_whole(path, table(groups, earlier, answered), mode=0o600)
    mapping_page(path, study.layout.mapping_page, study.config["report"]["title"])
    print(f"{path} lists {_counted(len(groups), 'protocol group')}; {study.layout.mapping_page} is the same as a page.")
    if lost := sorted(set(answered) - {group.group for group in groups}):
        print(f"Of {', '.join(lost)} the name fell away: the cohort has no such group any more.")
    _next(f"fill in the table, or open the page and take the table from it; then `{study.again('map')} {path}`")


def _take_table_back(study: Study, cohort: Any, table: Path, target: Path, in_use: Path) -> None:
    from unface.inventory import table_rules
    from unface.inventory.mapping_table import read_answers
    from unface.run.files import write_whole

    groups = cohort.groups()
    answers = read_answers(table, groups)
    text = table_rules.rules_text(cohort, groups, answers, table.name)
    if besides := table_rules.changed_besides(cohort, groups, answers, text, study.layout):
        print(f"With these names, labels of further groups change: {', '.join(besides)}. See protocols.tsv afterwards.")
    if not (answers or target.exists()):
        print("Every row is as the rules give it: there is no rule to write.")
        return
    write_whole(target, text, mode=0o600)
    print(f"{target} holds {_counted(len(answers), 'rule')}, one for each group with a name of its own.")
    setting = f"convert: {{rules: {os.path.relpath(target.resolve(), study.file.parent.resolve())}}}"
    if target.resolve() == in_use:
        _next(f"`{study.again('inventory')}`")
    elif in_use == settings.SHIPPED_RULES.resolve() or table_rules.is_made_of_a_table(in_use):
        _next(f"set `{setting}` in {study.file}, then `{study.again('inventory')}`")
    else:
        print(f"convert.rules names {in_use}, whose rules end where another file is named.")
        _next(f"add the rules of {target} to it, or set `{setting}`; then `{study.again('inventory')}`")


@app.command(epilog="Example: unface run --profile slurm -- --jobs 50")
def run(
    context: typer.Context, file: SettingsOption = None, cores: CoresOption = None, profile: ProfileOption = None
) -> None:
    """Do all that is not done yet, and make the release."""
    study = open_study(file)
    ended = _run("", study, context, cores, profile)
    if ended.made("inventory"):
        # Its settings, rules or tables were not those of the last one: the plan is shown before anything is converted.
        _next(f"look at {study.layout.protocol_groups}, then `{study.again('run')}` again")
    else:
        _next(f"open {study.layout.summary_page}; how each session fared: `{study.again('status')}`")


@app.command(epilog="Example: unface plan --settings changed.yaml")
def plan(
    context: typer.Context, file: SettingsOption = None, cores: CoresOption = None, profile: ProfileOption = None
) -> None:
    """Say what a run would do, and why; do nothing else."""
    study = open_study(file)
    _inventoried(study)
    _run("plan", study, context, cores, profile)
    _next(f"`{study.again('run')}`")


@app.command(epilog="Example: unface status")
def status(file: SettingsOption = None) -> None:
    """Tell how far a run is, at any time."""
    from unface.admin.status import lines
    from unface.admin.status import status as look

    study = open_study(file)
    _inventoried(study)
    state = look(study.layout)
    print("\n".join(lines(state)))
    if any(stage.failed for stage in state.stages) or (state.to_go_s != 0 and not state.alive):
        _next(f"`{study.again('run')}`")


@app.command(epilog="Example: unface retry && unface run")
def retry(
    context: typer.Context, file: SettingsOption = None, cores: CoresOption = None, profile: ProfileOption = None
) -> None:
    """Let the next run try again what a machine or tool stopped."""
    study = open_study(file)
    _inventoried(study)
    _run("retry", study, context, cores, profile)
    _next(f"`{study.again('run')}`")


@app.command(epilog="Example: unface withdraw   (with withdrawal.subjects: excluded.tsv in the settings)")
def withdraw(
    context: typer.Context, file: SettingsOption = None, cores: CoresOption = None, profile: ProfileOption = None
) -> None:
    """Take those who withdrew consent out of all but raw files."""
    study = open_study(file)
    if not study.config["withdrawal"]["subjects"]:
        raise MistakeError(f"{study.file}: withdrawal.subjects is not set: name the table of those who withdrew")
    _run("withdraw", study, context, cores, profile)
    print(f"What was removed is listed in {study.layout.withdrawn('').parent}/.")
    _next(f"`{study.again('run')}`, which makes the release without them")


@app.command(
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    options_metavar="",
)
def deidentify(context: typer.Context) -> None:
    """De-identify DICOM, IN to OUT, without the workflow."""
    from unface.deidentify import command

    settings = Path(FILE) if Path(FILE).is_file() else None
    try:
        status = command.main([*context.args, *context.obj], program="unface deidentify", settings=settings)
    except SystemExit as end:  # after its help, or of arguments that are none
        status = int(end.code or 0)
    raise typer.Exit(status)


def _inventoried(study: Study) -> None:
    if not study.layout.sessions.exists():
        raise MistakeError(
            f"there is no inventory in {study.layout.results} yet: `{study.again('inventory')}` makes it"
        )


def _run(target: str, study: Study, context: typer.Context, cores: int | None, profile: str | None) -> Any:
    """Run the workflow and tell how it ended; ends the program where it failed."""
    from unface.admin import workflow

    more: Sequence[str] = context.obj
    if own := next((word for word in more if _OWN.fullmatch(word)), None):
        raise MistakeError(f"{own} behind -- is set by unface itself: settings belong in {study.file}")
    try:
        settings.keep_apart(study.config, study.file.parent)
    except settings.SettingsError as error:
        raise MistakeError(f"{study.file}: {str(error).removeprefix('config: ')}") from None
    name = context.info_name or "run"
    log, words = study.layout.log(workflow.LOGS, name), study.layout.closing_words
    before = _changed_at(words)
    print(f"At work; {log} keeps all that Snakemake says.", flush=True)
    try:
        ended = workflow.run(target, study.file, log, cores=cores, profile=profile, more=more)
    except OSError as error:
        raise MistakeError(f"the results folder {study.layout.results} cannot be written: {error.strerror}") from None
    if ended.status and ended.stopped:
        print(f"unface: stopped: what is finished stays, and `{study.again(name)}` goes on from here", file=sys.stderr)
        raise typer.Exit(STOPPED)
    if ended.status:
        for problem in workflow.problems(ended.said, study.file.parent, study.layout):
            print(f"unface: {problem}", file=sys.stderr)
        raise MistakeError(
            f"{name} did not finish: see {log}. When that is put right, `{study.again(name)}` goes on from here"
        )
    if more and not (ended.ran or ended.had_nothing_to_do):
        print(ended.said)  # it was asked for words, such as those of --dry-run
        raise typer.Exit
    said = words.read_text(encoding="utf-8") if _changed_at(words) != before else ""
    if said:
        print(said, end="")
    elif ended.had_nothing_to_do:
        print("Nothing to do: everything is as today's settings, code and files make it.")
    # Whole subjects may be missing for it: said at the end of every run.
    if (missing := unread.of_last_inventory(study.layout)) not in said:
        print(missing)
    return ended


def _changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _next(sentence: str) -> None:
    print(f"Next: {sentence}")


def _version(value: bool) -> None:
    if value:
        print(f"unface {__version__}")
        raise typer.Exit


@app.callback()
def _all(
    context: typer.Context,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    if context.obj and context.invoked_subcommand in NO_WORKFLOW:
        raise MistakeError(f"{context.invoked_subcommand} starts no Snakemake: it takes nothing behind --")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments
        Those of this process if not given. What stands behind `--` goes to Snakemake.

    Returns
    -------
    int
        The exit status: 1 when something failed or was found wrong, 2 on misuse, 130 when it was stopped.
    """
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    at = words.index("--") if "--" in words else len(words)
    try:
        status = app(words[:at], prog_name="unface", standalone_mode=False, obj=words[at + 1 :])
    except MistakeError as mistake:
        print(f"unface: {mistake}", file=sys.stderr)
        return 1
    except typer.TyperException as misuse:
        path = getattr(getattr(misuse, "ctx", None), "command_path", "unface")
        print(f"unface: {misuse.format_message().removesuffix('.')}; see `{path} --help`", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return STOPPED
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(main())
