"""A cohort of `benchmarks/hostile.py` in small: made-up people with their identifiers in every place, and damage."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from unface.run.settings import PROJECT

# Some ten seconds of CPU: every stage but morphometry, and the search of every byte.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["hostile0", "harmless0"])
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What became of six sessions."""
    folder = tmp_path_factory.mktemp("people") / request.param
    path = os.pathsep.join([str(PROJECT / "scripts"), str(PROJECT)])
    command = [sys.executable, "-m", "benchmarks.hostile", "--one", request.param, "--cohort", "6"]
    # A process of its own, as its jobs bound the time and the memory of theirs.
    subprocess.run([*command, "--folder", str(folder)], check=True, env={**os.environ, "PYTHONPATH": path})
    read: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return read


def test_nothing_of_hostile_or_harmless_people_leaks_is_lost_or_stays_in_vain(result: dict[str, Any]) -> None:
    assert result["leaks"] == []
    assert [result[name] for name in ("untold", "fewer", "crashed", "hung")] == [[], [], [], []]
    assert result["released"] >= (6 if result["kind"] == "harmless" else 1)
