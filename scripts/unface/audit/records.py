"""What the audit leaves of one session: a list of the files that would be released, each with its stage and digest."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from unface.run.files import read_table, table_text, write_whole

FILE = "contents.tsv"


@dataclass(frozen=True)
class Released:
    """One file that may be released.

    Attributes
    ----------
    path : str
        Its path in the dataset.
    source : str
        The stage that it comes from, `convert` or `deface`.
    sha256 : str
        Its digest.
    bytes : int
        Its size.
    """

    path: str
    source: str
    sha256: str
    bytes: int

    def lies_in(self, stage_folder: Path) -> Path:
        """Where the stage that made the file keeps it.

        Parameters
        ----------
        stage_folder
            The folder of `source` for the session.

        Returns
        -------
        Path
            Below `bids/` in that folder.
        """
        return stage_folder / "bids" / self.path


def write(path: Path, files: Sequence[Released]) -> None:
    """Write the list as a table that its owner alone may read.

    Parameters
    ----------
    path
        `FILE` in the folder of the audit.
    files
        By path.
    """
    write_whole(path, table_text([field.name for field in fields(Released)], map(astuple, files)), mode=0o600)


def read(path: Path) -> Iterator[Released]:
    """Read the list.

    Parameters
    ----------
    path
        As `write` left it.

    Yields
    ------
    Released
        By path; none where there is no table.
    """
    for row in read_table(path):
        yield Released(row["path"], row["source"], row["sha256"], int(row["bytes"]))
