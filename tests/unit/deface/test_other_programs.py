"""Defacing programs of a user's own: what they removed is found out, and goes through the same checks."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from unface.deface import head_template, other_programs
from unface.imaging.resampling import resampled
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Volume
from unface.run import outcome, settings

Outside = Callable[..., Any]

DEFACE = """
import sys, nibabel, numpy
image = nibabel.load(sys.argv[1])
data = numpy.asarray(image.dataobj).copy()
front = numpy.s_[:, data.shape[1] * 3 // 4 :]
if sys.argv[3] == "mask":
    data = numpy.ones(data.shape, numpy.uint8)
data[front] = 0
nibabel.save(nibabel.Nifti1Image(data, image.affine), sys.argv[2])
"""
"""A program that takes off the front quarter, and writes the image or a mask."""


@pytest.fixture
def outside(tmp_path: Path, mean_head: Volume, deface_settings: settings.Deface) -> Outside:
    """What a program keeps of the mean head; the script is a real program with arguments of its own."""
    volume = StoredImage(b"", mean_head.data, b"", mean_head.affine, 1.0, 0.0).volume()

    def run(script: str, *words: str, timeout_s: float = 60, **changed: Any) -> Any:
        (tmp_path / "program.py").write_text(script)
        command = (sys.executable, str(tmp_path / "program.py"), "{input}", "{output}", *words)
        own = {"engine": "command", "command": command, "command_timeout_s": timeout_s} | changed
        chosen = settings.Deface(**{**vars(deface_settings), **own})
        return other_programs.kept(chosen, volume, np.eye(4), tmp_path)

    return run


@pytest.mark.parametrize("writes", ["mask", "image"])
def test_a_command_may_write_a_mask_or_a_defaced_image(outside: Outside, mean_head: Volume, writes: str) -> None:
    keep = outside(DEFACE, writes)
    front = mean_head.data.shape[1] * 3 // 4
    assert keep[:, :front].all()
    assert not keep[:, front:][mean_head.data[:, front:] > 0].any()


@pytest.mark.slow
def test_the_programs_mask_is_held_to_the_same_checks(
    session: Callable[..., Any], mean_head: Volume, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(DEFACE.replace("3 // 4", "1 // 4"))
    command = (sys.executable, str(tmp_path / "program.py"), "{input}", "{output}", "mask")
    head = nib.Nifti1Image(mean_head.data, mean_head.affine).to_bytes()
    work = session({"T1w": head}, engine="command", command=command)
    assert "brain_cut" in {reason.code for reason in work.reasons}


WRONG = {
    "fails": ("import sys; sys.exit(3)", "ended with status 3"),
    "writes nothing": ("", "no output"),
    "writes no image": ("import sys; open(sys.argv[2], 'w').write('x')", "cannot be read"),
    "writes another grid": (
        "import sys, nibabel as n, numpy as p; n.save(n.Nifti1Image(p.ones((4, 4, 4)), p.eye(4)), sys.argv[2])",
        "own grid",
    ),
}


@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_a_command_that_does_not_deface_withholds(outside: Outside, wrong: str) -> None:
    script, message = WRONG[wrong]
    with pytest.raises(outcome.WithheldError, match=message) as caught:
        outside(script)
    assert caught.value.reason.code == "registration_failed"


def test_a_command_has_a_time_limit(outside: Outside) -> None:
    with pytest.raises(outcome.WithheldError) as caught:
        outside("import time; time.sleep(60)", timeout_s=1)
    assert caught.value.reason.code == "tool_timeout"


def test_a_command_that_is_not_installed_says_so(outside: Outside) -> None:
    with pytest.raises(outcome.WithheldError, match="not-a-program") as caught:
        outside("", command=("not-a-program", "{input}", "{output}"))
    assert caught.value.reason.code == "engine_missing"


def test_quickshear_takes_the_nose_and_leaves_the_brain(outside: Outside, mean_head: Volume) -> None:
    keep = outside("", engine="quickshear")
    brain = resampled(head_template.brain(), mean_head.grid) >= 0.5
    nose = np.round(np.linalg.inv(mean_head.affine) @ [-6, 105, -65, 1]).astype(int)[:3]
    assert mean_head.data[tuple(nose)] > 0
    assert not keep[tuple(nose)]
    assert keep[brain].all()


@pytest.mark.skipif(shutil.which("flirt") is not None, reason="FSL is installed")
def test_pydeface_without_fsl_says_what_is_missing(outside: Outside) -> None:
    with pytest.raises(outcome.WithheldError, match="flirt") as caught:
        outside("", engine="pydeface")
    assert caught.value.reason.code == "engine_missing"
