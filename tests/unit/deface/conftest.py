"""Heads for the tests: pydeface's mean head at 2 mm, as a session of BIDS."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from unface.deface import head_template
from unface.deface.deface import deface_session
from unface.imaging.resampling import coarsened
from unface.imaging.volume import Volume
from unface.run import outcome, settings
from unface.run.sessions import SessionId


@pytest.fixture(scope="session")
def mean_head() -> Volume:
    """The mean head at 2 mm, in whole numbers."""
    coarse = coarsened(head_template.head(), 2.0)
    return Volume(np.round(coarse.data).astype(np.int16), coarse.affine)


@pytest.fixture
def deface_settings() -> settings.Deface:
    config = yaml.safe_load((settings.PROJECT / "config.yaml").read_text())
    return settings.Deface.of(config["deface"])


@pytest.fixture
def session(tmp_path: Path, deface_settings: settings.Deface) -> Callable[..., outcome.Work]:
    """Deface files given by the end of their BIDS names; what comes out stands in the returned work."""

    def run(sources: dict[str, bytes], **changed: Any) -> outcome.Work:
        folder = tmp_path / "convert" / "bids" / "sub-p1" / "ses-s1" / "anat"
        folder.mkdir(parents=True)
        for name, content in sources.items():
            (folder / f"sub-p1_ses-s1_{name}.nii.gz").write_bytes(gzip.compress(content, 1))
        work = outcome.Work("deface", SessionId("p1", "s1"), tmp_path / "deface")
        work.scratch.mkdir(parents=True)
        chosen = settings.Deface(**{**vars(deface_settings), **changed})
        deface_session(work, tmp_path / "convert", chosen)
        return work

    return run
