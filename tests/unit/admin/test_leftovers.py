"""What a killed run leaves names nobody once the next one has begun."""

from pathlib import Path

from unface.admin.leftovers import empty_scripts


def test_the_script_of_a_job_that_was_left_is_empty_and_its_job_can_still_remove_it(tmp_path: Path) -> None:
    script = tmp_path / "scripts" / "tmpab12.convert.py"
    script.parent.mkdir()
    script.write_text("config = {'dicom_dir': '/data/DOE_JANE'}\n")
    empty_scripts(tmp_path)
    assert script.read_bytes() == b""
    script.unlink()


def test_a_folder_that_snakemake_never_ran_in_has_none(tmp_path: Path) -> None:
    empty_scripts(tmp_path / ".snakemake")
    assert list(tmp_path.iterdir()) == []
