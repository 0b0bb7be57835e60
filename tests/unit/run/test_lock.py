"""One controller on one results folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from unface.run import lock

HOLD = """
import sys, time
from pathlib import Path
from unface.run import lock
lock.hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_ends_even_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "results" / ".lock"
    scripts = str(Path(lock.__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], env={"PYTHONPATH": scripts}, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout
        first.stdout.readline()
        with pytest.raises(lock.LockError, match=f"process {first.pid} on "):
            lock.hold(path)
        first.kill()
    lock.hold(path)


def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(lock.LockError, match="cannot be written"):
        lock.hold(tmp_path / "results" / ".lock")
