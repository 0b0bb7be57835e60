"""What a killed Snakemake leaves behind that names somebody."""

from contextlib import suppress
from pathlib import Path


def empty_scripts(records: Path) -> None:
    """Empty the scripts of jobs that a killed run has left: each holds all settings, raw paths included.

    They are emptied and not removed: a job of the killed run may still be at work. It has read its script long ago, and
    at its end it removes the file, or fails for want of it and takes its result away.

    Parameters
    ----------
    records
        Snakemake's own folder, `.snakemake`.
    """
    for script in (records / "scripts").glob("tmp*"):
        with suppress(FileNotFoundError), script.open("r+b") as file:
            file.truncate(0)
