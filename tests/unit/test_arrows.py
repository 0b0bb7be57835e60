"""Who may know whom among the rooms, as pyproject.toml draws it."""

from importlinter.cli import lint_imports

from unface.run.settings import PROJECT


def test_a_room_knows_only_those_below_it_and_of_a_stage_only_its_records() -> None:
    assert lint_imports(config_filename=str(PROJECT / "pyproject.toml"), no_cache=True) == 0
