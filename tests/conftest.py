"""Fixtures for every test: real scanner sets, and the small cohort with planted identifiers."""

import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo import make_cohort
from tests.support.small_cohort import Cohort, made_once

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Where the real scanner sets lie, if they do: beside the project's root."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker waits for another at the end."""
    items.sort(key=lambda item: [name not in item.nodeid for name in ("test_slurm", "workflow/")])


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """A stage closes the umask of its process; the next test starts with the usual one."""
    yield
    os.umask(0o022)


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a real scanner set by its name; skip the test where the sets are not at hand."""
    unpacked: dict[str, Path] = {}

    def unpack(name: str) -> Path:
        if name not in unpacked:
            archive = SHARED / f"{name}.tar.xz"
            if not archive.exists():
                pytest.skip(f"the scanner set {name} is not at hand (../shared/data/{archive.name})")
            folder = tmp_path_factory.mktemp("shared")
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            unpacked[name] = folder / name if (folder / name).is_dir() else folder
        return unpacked[name]

    return unpack


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Cohort:
    """The small cohort: three sessions, one of them with trouble that withholds."""

    def make(folder: Path) -> None:
        assert make_cohort.main([str(folder / "dicom"), "--small"]) == 0

    return Cohort.read(made_once(tmp_path_factory, worker_id, "cohort", make))
