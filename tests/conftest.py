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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of the workflow as slow, and begin with what is slow on every worker.

    A worker gets one part of the list at first, and takes from the end of another's part when it has none left: quick
    tests, in small portions, so that no worker waits long for another at the end.
    """
    for item in items:
        if "tests/workflow/" in item.nodeid:
            item.add_marker("slow")
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    items[:] = dealt(items, workers)


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The tests in an order whose equal parts, one for each worker, all begin with slow modules."""
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("slow"):
            modules.setdefault(item.nodeid.split("::")[0], []).append(item)
    # The dearest first: that of Slurm, then others of the workflow.
    names = sorted(modules, key=lambda name: [word not in name for word in ("test_slurm", "workflow/")])
    hands = [[item for name in names[worker::workers] for item in modules[name]] for worker in range(workers)]
    quick = [item for item in items if not item.get_closest_marker("slow")]
    order: list[pytest.Item] = []
    for worker, hand in enumerate(hands):
        # As pytest-xdist does it: what is left is shared out evenly among the workers that have nothing yet.
        share = (len(items) - len(order)) // (workers - worker)
        filling = max(0, share - len(hand))
        order += [*hand, *quick[:filling]]
        del quick[:filling]
    return order + quick


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
