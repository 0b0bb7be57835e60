from collections.abc import Callable

import pytest

from unface import cli


@pytest.fixture
def unface(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Give the command; returns its exit status, and what it says on stdout and on stderr."""

    def give(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return give
