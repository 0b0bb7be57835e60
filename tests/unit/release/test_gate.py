"""The gate lets through what is proven and nothing else."""

import json
from pathlib import Path

import pytest

from staged_sessions import run, session
from unface.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


def test_a_session_that_passed_every_stage_is_released(layout: Layout) -> None:
    result = session(layout)
    assert result.ok, result.reasons
    verdicts = run(layout, [("abc", "s1")])
    assert verdicts.sessions[0].released, verdicts.sessions[0].reasons
    assert (layout.release / "sub-abc/ses-s1/anat/sub-abc_ses-s1_T1w.nii.gz").stat().st_mode & 0o777 == 0o644
    description = json.loads((layout.release / "dataset_description.json").read_text())
    assert description["GeneratedBy"][1] == {"Name": "dcm2niix", "Version": "1.0"}
