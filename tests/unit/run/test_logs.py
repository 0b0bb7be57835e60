"""What ends a job is said in words that hold no identifier; a cause of the machine is said in its own."""

import errno
import os
import tarfile
from pathlib import Path

import pytest

from unface.run.logs import name_places, sentence_of
from unface.run.outcome import JobFailedError

SECRET = "/raw/DOE_JANE/1.dcm"


@pytest.fixture(autouse=True)
def _no_places() -> None:
    name_places({})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.ESTALE, errno.EDQUOT])
def test_an_error_of_the_machine_is_said_without_its_path(number: int) -> None:
    said = sentence_of(OSError(number, "of DOE", SECRET))
    assert os.strerror(number) in said
    assert "DOE" not in said


@pytest.mark.parametrize(
    "error",
    [ValueError(SECRET), OSError(SECRET), OSError(-2, SECRET), OSError(99999, SECRET), tarfile.TarError(SECRET)],
)
def test_what_is_no_error_of_the_machine_is_named_by_its_kind_alone(error: Exception) -> None:
    assert sentence_of(error) == f"{type(error).__name__} (its message is not shown: it may hold an identifier)"


def test_lack_of_memory_and_own_words_are_said() -> None:
    assert "not enough memory" in sentence_of(MemoryError(SECRET))
    assert sentence_of(JobFailedError("a disk is full")) == "JobFailedError: a disk is full"


def test_the_setting_is_named_below_whose_folder_it_happened(tmp_path: Path) -> None:
    raw, results = tmp_path / "DOE", tmp_path / "DOE_results"
    name_places({"dicom_dir": str(raw), "results_dir": str(results)})
    for folder, setting in ((raw, "dicom_dir"), (results, "results_dir")):
        said = sentence_of(PermissionError(errno.EACCES, "x", str(folder / "JANE" / "1.dcm")))
        assert said == f"PermissionError: Permission denied, in the folder that `{setting}` names"
    assert sentence_of(PermissionError(errno.EACCES, "x", SECRET)) == "PermissionError: Permission denied"
