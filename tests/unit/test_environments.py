"""The conda files beside the lock name the lock's own versions."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest
import yaml

from unface.run.fingerprints import code_of
from unface.run.settings import PROJECT

ENVIRONMENTS = sorted((PROJECT / "envs").glob("*.yaml"))
RULES = "\n".join(path.read_text() for path in [*(PROJECT / "rules").glob("*.smk"), PROJECT / "Snakefile"])
RULE = re.compile(r'conda:\s+"(?:\.\./)?envs/(\w+)\.yaml".*?script:\s+"(?:\.\./)?scripts/(\w+)\.py"', re.S)


def locked():
    lock = (PROJECT / "envs" / "requirements.lock").read_text()
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ \\]+)", lock, re.M))


def pinned(path):
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    plain = [entry for entry in dependencies if isinstance(entry, str)]
    from_pip = [entry for group in dependencies if isinstance(group, dict) for entry in group["pip"]]
    return dict(re.fullmatch(r"([a-z0-9-]+) ?==?(\S+)", entry).groups() for entry in plain + from_pip if "=" in entry)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_a_conda_file_is_in_step_with_the_lock(path):
    pins = pinned(path)
    assert pins.pop("python") == "3.11"
    versions = locked()
    assert pins == {name: versions[name] for name in pins}


@pytest.mark.parametrize(("environment", "script"), RULE.findall(RULES))
def test_the_conda_file_of_a_rule_holds_what_its_script_imports(environment, script):
    imported = set()
    for path in code_of(script):
        for node in ast.walk(ast.parse(path.read_text())) if path.suffix == ".py" else ():
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    packages = packages_distributions()
    needed = {packages[name][0].lower() for name in imported - sys.stdlib_module_names - {"unface", "snakemake"}}
    assert needed <= set(pinned(PROJECT / "envs" / f"{environment}.yaml"))


def test_every_rule_names_a_conda_file_and_every_conda_file_has_a_rule():
    rules = "\n".join(path.read_text() for path in (PROJECT / "rules").glob("*.smk"))
    assert set(re.findall(r'"\.\./envs/(\w+)\.yaml"', rules)) == {path.stem for path in ENVIRONMENTS}


def test_the_lock_names_no_place_to_fetch_from():
    assert "://" not in (PROJECT / "envs" / "requirements.lock").read_text()
