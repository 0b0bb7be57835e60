"""What an installed package holds, and what it needs."""

import re
import tomllib

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
