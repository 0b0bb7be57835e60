"""The command `unface`, as far as it starts no Snakemake: what it writes, checks and refuses."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from unface import cli
from unface.admin import check as checks
from unface.run import settings
from unface.run.settings import PROJECT

Unface = Callable[..., tuple[int, str, str]]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the command is given in, with a folder `raw` of one file beside it."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "1.dcm").write_bytes(b"x" * 1000)
    folder = tmp_path / "study"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def programs_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the programs that every run needs for there: to start them takes a second. FSL is not there."""
    monkeypatch.delenv("FSLDIR", raising=False)
    monkeypatch.setattr(checks, "_starts", lambda program, question: checks.Finding(checks.OK, program, "starts"))


def write(folder: Path, **own: object) -> None:
    (folder / cli.FILE).write_text(yaml.safe_dump({"dicom_dir": "../raw", **own}))


def line_of(said: str, about: str) -> str:
    return next(line for line in said.splitlines() if re.match(rf"\w+ +{re.escape(about)}: ", line))


def test_every_command_has_a_help_with_an_example(unface: Unface) -> None:
    registered = cli.app.registered_commands
    commands = [command.name or command.callback.__name__ for command in registered if command.callback]
    assert len(commands) == 10
    for command in commands:
        status, said, _ = unface(command, "--help")
        assert status == 0
        assert f"Example: unface {command}" in said


def test_init_writes_settings_that_are_valid_and_say_nothing_but_the_defaults(study: Path, unface: Unface) -> None:
    status, said, _ = unface("init")
    assert status == 0
    assert "Next: fill in dicom_dir, then `unface check`" in said
    file = study / cli.FILE
    assert len(file.read_text().splitlines()) < 20
    settings.check(settings.read_file(file))
    assert settings.read_file(file) == settings.read_file()


def test_init_makes_the_folder_and_the_next_command_names_it(study: Path, unface: Unface) -> None:
    _, said, _ = unface("init", "of/cohort")
    assert (study / "of" / "cohort" / cli.FILE).is_file()
    assert "`unface check --settings of/cohort/unface.yaml`" in said


def test_init_leaves_settings_that_are_there(study: Path, unface: Unface) -> None:
    write(study, results_dir="mine")
    before = (study / cli.FILE).read_bytes()
    status, _, said = unface("init")
    assert status == 1
    assert said == "unface: unface.yaml is there already and stays as it is\n"
    assert (study / cli.FILE).read_bytes() == before


def test_check_finds_nothing_wrong_with_what_is_right_and_names_what_nobody_has_decided(
    study: Path, unface: Unface
) -> None:
    write(study)
    status, said, errors = unface("check")
    assert (status, errors) == (0, "")
    assert "No problem, 3 notes.\nNext: `unface inventory`" in said
    assert {line.split()[1] for line in said.splitlines() if line.startswith("note")} == {
        "release.name:",
        "release.license:",
        "release.authors:",
    }
    assert "\x1b" not in said
    assert not (study / "results").exists()


@pytest.mark.usefixtures("programs_start")
def test_a_licence_that_was_chosen_is_no_placeholder_although_it_is_the_default(study: Path, unface: Unface) -> None:
    write(study, release={"license": "CC0", "name": "Heads", "authors": ["A. Example"]})
    assert "No problem.\n" in unface("check")[1]


@pytest.mark.usefixtures("programs_start", "study")
def test_check_asks_for_the_raw_folder_of_settings_that_nobody_filled_in(unface: Unface) -> None:
    unface("init")
    status, said, _ = unface("check")
    assert status == 1
    assert line_of(said, "dicom_dir") == "problem dicom_dir: is not set: name the folder of raw DICOM"
    assert "Next: put that right, then `unface check`" in said


@pytest.mark.usefixtures("programs_start")
def test_check_tells_of_folders_that_cannot_be_read(
    study: Path, unface: Unface, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(study)
    (study.parent / "raw" / "closed").mkdir()
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(checks.os, "scandir", refuse)
    status, said, _ = unface("check")
    assert status == 0
    assert "note    dicom_dir: 1 folder in it cannot be read: make them readable" in said


@pytest.mark.parametrize(
    ("own", "about", "sentence"),
    [
        ({"dicom_dir": "nowhere"}, "dicom_dir", "not a folder"),
        ({"results_dir": "../raw/results"}, "results_dir", "only ever read"),
        ({"results_dir": "/proc/results"}, "results_dir", "cannot be written"),
        ({"subjects": "nowhere.tsv"}, "subjects", "there is no file nowhere.tsv"),
        ({"subjects": "table.tsv"}, "subjects", "patient_id"),
        ({"subjects": "noise.tsv"}, "subjects", "not UTF-8"),
        ({"ratings": "table.tsv"}, "ratings", "image_sha256"),
        ({"withdrawal": {"subjects": "table.tsv"}}, "withdrawal.subjects", "subject or patient_id"),
        ({"release": {"data_dictionary": "noise.tsv"}}, "release.data_dictionary", "UTF-8"),
        ({"convert": {"rules": "table.tsv"}}, "convert.rules", "rules"),
        ({"convert": {"label_words": "table.tsv"}}, "convert.label_words", "word and entity and label"),
        ({"deidentify": {"overrides": {"PatientNme": "keep"}}}, "deidentify.overrides", "PatientNme"),
        ({"select": [{"field": "Modalty", "in": ["MR"]}]}, "select", "did you mean Modality?"),
        ({"deface": {"engine": "command", "command": ["no_such_program"]}}, "deface.command", "not installed"),
        ({"deface": {"engine": "pydeface"}}, "deface.engine", "FSL"),
        ({"measure": {"engine": "external", "command": "no_such --i {input}"}}, "measure.command", "not installed"),
        ({"measure": {"engine": "external", "results": "/x/{person}"}}, "measure.engine", "placeholder"),
        ({"measure": {"engine": "external", "results": "/nowhere/{subject}"}}, "measure.engine", "no folder /nowhere"),
        ({"measure": {"atlas": "a.nii.gz", "atlas_labels": "table.tsv"}}, "measure.atlas", "no file a.nii.gz"),
    ],
)
@pytest.mark.usefixtures("programs_start")
def test_check_says_in_a_line_what_would_fail_later(
    own: dict[str, object], about: str, sentence: str, study: Path, unface: Unface
) -> None:
    (study / "table.tsv").write_text("name\tage\nA\t30\n")
    (study / "noise.tsv").write_bytes(bytes(range(128, 256)))
    write(study, **own)
    status, said, errors = unface("check")
    assert (status, errors) == (1, "")
    lines = [line for line in said.splitlines() if line.startswith(f"problem {about}: ")]
    assert len(lines) == 1
    assert sentence in lines[0]


@pytest.mark.usefixtures("programs_start")
def test_check_is_about_the_folder_of_the_settings_wherever_it_is_given(
    study: Path, unface: Unface, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(study)
    monkeypatch.chdir(tmp_path)
    for named in ("study", "study/unface.yaml"):
        status, said, _ = unface("check", "--settings", named)
        assert status == 0
        assert "Next: `unface inventory --settings study/unface.yaml`" in said
    assert Path.cwd() == tmp_path


@pytest.mark.usefixtures("programs_start")
def test_too_little_room_is_told_in_sizes(study: Path, unface: Unface, monkeypatch: pytest.MonkeyPatch) -> None:
    write(study)
    for free, level in ((100, "problem"), (1500, "note"), (3000, "ok")):
        usage = type("Usage", (), {"free": free})
        monkeypatch.setattr(checks.shutil, "disk_usage", lambda place, usage=usage: usage)
        line = line_of(unface("check")[1], "space")
        assert line.startswith(level)
        assert "the raw files have 1.0 kB" in line


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"keepwork: all\n", "unknown setting keepwork (did you mean keep_work?)"),
        (b"dicom_dir: [a\n", "unface.yaml, line 2: no YAML"),
        (b"hello\n", "has no names of settings at its top"),
        (b"\xff\xfe\n", "is not UTF-8 text"),
        (b"deface:\n", "deface: this block is empty"),
    ],
)
@pytest.mark.parametrize("command", ["inventory", "run", "plan", "status", "retry", "withdraw"])
def test_wrong_settings_are_a_line_before_anything_starts(
    command: str, content: bytes, sentence: str, study: Path, unface: Unface
) -> None:
    (study / cli.FILE).write_bytes(content)
    status, _, said = unface(command)
    assert status == 1
    assert said.startswith("unface: unface.yaml")
    assert sentence in said
    assert said.count("\n") == 1
    assert [path.name for path in study.iterdir()] == [cli.FILE]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["run"], 1, "there is no settings file unface.yaml: `unface init` writes one"),
        (["run", "--settings", "other.yaml"], 1, "there is no settings file other.yaml"),
        (["run", "--coers", "2"], 2, "No such option: --coers"),
        (["run", "--cores", "two"], 2, "see `unface run --help`"),
        (["run", "inventory"], 2, "unexpected extra argument"),
        (["rnu"], 2, "No such command 'rnu'. Did you mean 'run'?"),
        (["check", "--", "--dry-run"], 1, "takes nothing behind --"),
    ],
)
def test_misuse_is_a_line(words: list[str], status: int, sentence: str, study: Path, unface: Unface) -> None:
    ended, _, said = unface(*words)
    assert ended == status
    assert said.startswith("unface: ")
    assert sentence in said
    assert list(study.iterdir()) == []


def test_without_an_inventory_there_is_nothing_to_plan_or_tell_of(study: Path, unface: Unface) -> None:
    write(study)
    for command in ("plan", "status", "retry"):
        status, _, said = unface(command)
        assert status == 1
        assert "`unface inventory` makes it" in said


def test_nobody_is_taken_out_without_a_table_of_those_who_withdrew(study: Path, unface: Unface) -> None:
    write(study)
    status, _, said = unface("withdraw")
    assert status == 1
    assert "withdrawal.subjects is not set" in said


def test_what_unface_sets_itself_is_not_taken_behind_the_dashes(study: Path, unface: Unface) -> None:
    write(study)
    for word in ("--config", "--configfile=x.yaml", "-s", "--directory", "-d/tmp"):
        status, _, said = unface("run", "--", word, "x")
        assert status == 1
        assert "settings belong in unface.yaml" in said


def test_results_among_the_raw_files_are_refused(study: Path, unface: Unface, tmp_path: Path) -> None:
    write(study, results_dir="../raw/results")
    for command in ("inventory", "run"):
        status, _, said = unface(command)
        assert status == 1
        assert "only ever read" in said
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["1.dcm"]


def test_a_program_that_does_not_start_is_a_problem(
    study: Path, unface: Unface, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(study)
    (study / "niimath").write_text("#!/bin/sh\nexit 127\n")
    (study / "niimath").chmod(0o755)
    found = checks.tools.find
    monkeypatch.setattr(checks.tools, "find", lambda name: str(study / name) if name == "niimath" else found(name))
    said = unface("check")[1]
    assert line_of(said, "niimath") == "problem niimath: is there and does not start: `niimath --version` shows why"
    assert line_of(said, "dcm2niix").startswith("ok")


def test_deidentify_takes_the_settings_of_the_folder(study: Path, unface: Unface, tmp_path: Path) -> None:
    write(study, deidentify={"overrides": {"PatientName": {"replace": "Nobody"}}})
    status, said, _ = unface("deidentify", "--profile")
    assert status == 0
    assert any("PatientName" in line and "override" in line for line in said.splitlines())
    status, _, said = unface("deidentify", "../raw", "../raw/clean")
    assert status == 2
    assert said == "unface deidentify: OUT may not be inside IN\n"
    assert list((tmp_path / "raw").iterdir()) == [tmp_path / "raw" / "1.dcm"]


def test_the_script_still_says_its_own_name() -> None:
    script = [sys.executable, str(PROJECT / "scripts" / "deidentify_dicom.py"), "/nowhere", "/tmp/clean"]
    finished = subprocess.run(script, check=False, capture_output=True, text=True)
    assert finished.returncode == 2
    assert finished.stderr == "deidentify_dicom.py: IN does not exist\n"
