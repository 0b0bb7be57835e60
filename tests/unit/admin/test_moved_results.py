"""Results of which Snakemake has no record say themselves what they were made with."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.staged_sessions import FINGERPRINTS, ONE, stage_session
from unface.admin.moved_results import differs
from unface.run import outcome
from unface.run.layout import Layout


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    layout = Layout(tmp_path / "results")
    stage_session(layout)
    return layout.stage("convert", ONE)


def job(*outputs: Path, **params: Any) -> Any:
    return SimpleNamespace(output=[str(output) for output in outputs], params=params)


def test_a_stage_made_with_todays_settings_and_code_stays(converted: Path) -> None:
    assert not differs(job(converted.with_name("clean_dicom"), converted, fingerprint=FINGERPRINTS["convert"]))


@pytest.mark.parametrize("part", ["settings", "code"])
def test_a_stage_made_with_others_is_made_anew(converted: Path, part: str) -> None:
    assert differs(job(converted, fingerprint={**FINGERPRINTS["convert"], part: "another"}))


def test_a_damaged_outcome_is_made_anew(converted: Path) -> None:
    (converted / outcome.FILE).write_text("{")
    assert differs(job(converted, fingerprint=FINGERPRINTS["convert"]))


def test_a_release_without_a_record_is_made_anew_and_a_page_is_not(tmp_path: Path) -> None:
    release = tmp_path / "release.tsv"
    assert not differs(job(release, fingerprints=FINGERPRINTS))
    release.touch()
    assert differs(job(release, fingerprints=FINGERPRINTS))
    assert not differs(job(tmp_path / "index.html", fingerprint=FINGERPRINTS["convert"]))
    assert not differs(job(tmp_path / "sessions.tsv"))
