"""What is restricted is closed to all but its owner, whatever the umask, and holds all temporary files."""

import os
import re
import subprocess

import pytest

from tests.support.small_cohort import Run
from tests.support.watch import MADE_IN_TMP

NOBODY = 65534


@pytest.mark.parametrize("which", ["small_run", "second_run"], ids=["umask 077", "umask 000"])
def test_nobody_else_can_look_into_the_restricted_folder(which: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(which)
    restricted = run.results / "restricted"
    assert restricted.stat().st_mode & 0o777 == 0o700
    for name in ("key", "linkage.tsv"):
        assert (restricted / name).stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_another_user_cannot_list_it_under_umask_000(second_run: Run) -> None:
    # By a descriptor: what lies above is closed, too.
    outside = os.open(second_run.results, os.O_RDONLY)
    try:
        listed = {
            name: subprocess.run(
                ["ls", f"/proc/self/fd/{outside}/{name}"],
                user=NOBODY,
                pass_fds=[outside],
                check=False,
                capture_output=True,
            ).returncode
            for name in ("report", "restricted")
        }
    finally:
        os.close(outside)
    assert listed["report"] == 0
    assert listed["restricted"] != 0


def test_a_release_can_be_read_by_all_under_umask_077(small_run: Run) -> None:
    release = small_run.results / "release"
    assert all(path.stat().st_mode & 0o004 for path in [release, *release.rglob("*")])


def test_no_temporary_file_is_made_where_others_could_look(second_run: Run) -> None:
    names = (second_run.folder / MADE_IN_TMP).read_text().split()
    # The controller's own: a folder for its sources, and Python's look whether the place can be written.
    assert [name for name in names if not re.fullmatch("snakemake.*|[a-z0-9_]{8}", name)] == []
