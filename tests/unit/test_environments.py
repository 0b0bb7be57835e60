"""The conda files beside the lock name the lock's own versions."""

import re

import pytest
import yaml

from unface.settings import PROJECT

ENVIRONMENTS = sorted((PROJECT / "envs").glob("*.yaml"))


def locked():
    lock = (PROJECT / "envs" / "requirements.lock").read_text()
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ \\]+)", lock, re.M))


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_a_conda_file_is_in_step_with_the_lock(path):
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    plain = [entry for entry in dependencies if isinstance(entry, str)]
    from_pip = [entry for group in dependencies if isinstance(group, dict) for entry in group["pip"]]
    pins = dict(re.fullmatch(r"([a-z0-9-]+) ?==?(\S+)", entry).groups() for entry in plain + from_pip if "=" in entry)
    assert pins.pop("python") == "3.11"
    versions = locked()
    assert pins == {name: versions[name] for name in pins}


def test_every_rule_names_a_conda_file_and_every_conda_file_has_a_rule():
    rules = "\n".join(path.read_text() for path in (PROJECT / "rules").glob("*.smk"))
    assert set(re.findall(r'"\.\./envs/(\w+)\.yaml"', rules)) == {path.stem for path in ENVIRONMENTS}


def test_the_lock_names_no_place_to_fetch_from():
    assert "://" not in (PROJECT / "envs" / "requirements.lock").read_text()
