"""One key, one cohort, one protocol: one release, whatever the number of cores."""

from tests.support.small_cohort import Run, contents


def test_two_runs_with_one_key_give_the_same_bytes_on_one_core_and_on_two(small_run: Run, second_run: Run) -> None:
    first, second = contents(small_run.results / "release"), contents(second_run.results / "release")
    assert len(first) > 10
    assert first == second
    assert contents(small_run.results / "report") == contents(second_run.results / "report")
