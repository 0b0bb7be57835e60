"""What an installed package holds, and what it needs."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from unface.run import fingerprints, settings
from unface.run.settings import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
DEVELOPMENT = "# development"


def test_a_wheel_holds_every_part_of_the_workflow() -> None:
    included = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all(place == f"unface/workflow/{name}" for name, place in included.items())
    scripts = {f"scripts/{path.name}" for path in (PROJECT / "scripts").glob("*.py")}
    assert {name for name in included if name.startswith("scripts/")} == scripts
    assert {"Snakefile", "config.yaml", "envs", "profiles", "resources", "rules", "schemas"} <= included.keys()


def test_a_package_needs_what_the_lock_was_made_from_but_for_development() -> None:
    asked = (PROJECT / "envs" / "requirements.in").read_text().split(DEVELOPMENT)[0]
    names = {match[0] for line in asked.splitlines() if (match := re.match(r"[A-Za-z0-9._-]+", line))}
    needed = {re.match(r"[A-Za-z0-9._-]+", line)[0] for line in PYPROJECT["project"]["dependencies"]}
    assert names == needed


def test_a_stage_has_the_same_code_in_a_clone_and_in_an_installed_package(tmp_path, monkeypatch) -> None:
    """As a wheel lays it out: the core as a package, all the rest as a folder in it."""
    stages = ("deface", "review")
    fingerprints.code_digest.cache_clear()
    before = [fingerprints.code_digest(stage) for stage in stages]
    core = tmp_path / "unface"
    core.symlink_to(settings.CORE)
    rest = tmp_path / "workflow"
    rest.mkdir()
    for name in ("scripts", "resources"):
        (rest / name).mkdir()
        for path in (PROJECT / name).iterdir():
            if path.name != "unface":
                (rest / name / path.name).symlink_to(path)
    monkeypatch.setattr(fingerprints, "CORE", core)
    monkeypatch.setattr(fingerprints, "PROJECT", rest)
    monkeypatch.setattr(fingerprints, "_TABLE_OF_STAGES", core / "run" / "stages.py")
    fingerprints.code_digest.cache_clear()
    fingerprints._imported_by.cache_clear()
    after = [fingerprints.code_digest(stage) for stage in stages]
    fingerprints.code_digest.cache_clear()
    fingerprints._imported_by.cache_clear()
    assert after == before


@pytest.mark.parametrize("is_job", [True, False])
def test_a_job_runs_the_code_of_its_own_workflow_although_another_unface_is_installed(
    is_job: bool, tmp_path: Path
) -> None:
    clone = tmp_path / "clone" / "scripts"
    shutil.copytree(settings.CORE, clone / "unface")
    script = tmp_path / (".snakemake" if is_job else "of_mine") / "scripts" / "tmp1.plan.py"
    script.parent.mkdir(parents=True)
    script.write_text(
        f"import sys; sys.path.extend([{str(clone)!r}])\nfrom unface.run import settings; print(settings.CORE)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(settings.CORE.parent)}
    said = subprocess.run(
        [sys.executable, str(script)], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert said == f"{clone / 'unface' if is_job else settings.CORE}\n"
