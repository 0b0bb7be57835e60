"""What numerical libraries do depends on no number of cores."""

import subprocess
import sys

from unface.run.settings import PROJECT

MULTIPLIES = """
import os, sys
import unface

assert "numpy" not in sys.modules
import numpy as np
import scipy.linalg

square = np.ones((500, 500))
scipy.linalg.inv(square @ square + np.eye(500))
print(len(os.listdir("/proc/self/task")))
"""


def test_numerical_libraries_have_one_thread_whatever_the_environment_asks_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MULTIPLIES],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(PROJECT / "scripts"), "OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "3"},
    )
    assert done.stdout.split() == ["1"]
