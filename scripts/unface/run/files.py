"""Files in one way: writes that leave a whole file or the one before, and tables with tabs, ours and the user's."""

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

NOT_AVAILABLE = "n/a"
"""As BIDS writes a missing value."""


class TableError(ValueError):
    """A table that the user wrote is wrong; the message names columns and lines, never a value that may identify."""


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> bool:
    """Write a file by a rename, with permissions `mode` from its first byte on; folders are made.

    Parameters
    ----------
    path
        The file.
    content
        What it is to hold; text is written as UTF-8.
    mode
        Its permissions.

    Returns
    -------
    bool
        Whether anything was written: a file that holds the same bytes already stays untouched.
    """
    # File names need not be text: bytes that are none are shown as such.
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if path.is_file() and path.read_bytes() == data:
        path.chmod(mode)
        return False
    path.parent.mkdir(mode=0o700 if mode == 0o600 else 0o755, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    part.chmod(mode)
    part.replace(path)
    return True


def table_text(columns: Iterable[str], rows: Iterable[Mapping[str, object] | Sequence[object]]) -> str:
    """A table with tabs as BIDS has it, without quotes or escapes: tabs and line ends inside values become spaces.

    Parameters
    ----------
    columns
        The names in the first line.
    rows
        Cells in the order of the columns, or by their names.

    Returns
    -------
    str
        The lines, each with its end.
    """
    names = list(columns)
    cells = [names, *([row[name] for name in names] if isinstance(row, Mapping) else row for row in rows)]
    return "".join("\t".join(re.sub(r"[\t\r\n]", " ", str(cell)) for cell in row) + "\n" for row in cells)


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table that `table_text` wrote; none where there is no file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of dict
        The cells of each row, by column.
    """
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def read_users_table(
    path: Path, setting: str, needed: Sequence[str] = (), optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table that the user wrote, each with its line number; cells without padding, empty ones too.

    Parameters
    ----------
    path
        The file.
    setting
        The setting that names the file, for messages.
    needed, optional
        Columns that have to be there, and those that a message names besides. Others are read as well.

    Yields
    ------
    (int, dict)
        The number of the row's last line, from 1, and its cells by column.

    Raises
    ------
    TableError
        If the file is no UTF-8 text or no table, a column is missing or stands there twice, or a row has more cells
        than columns.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TableError(f"{setting}: the file is not UTF-8 text") from None
    reader = csv.DictReader(io.StringIO(text, newline=None), delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
    try:
        yield from _users_rows(reader, setting, needed, optional)
    except csv.Error:
        line = f"line {reader.line_num + 1}"
        raise TableError(f"{setting}: {line} has a cell longer than any table has: is the file a table?") from None


def _users_rows(
    reader: "csv.DictReader[str]", setting: str, needed: Sequence[str], optional: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    names = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in needed if name not in names]:
        others = f", perhaps {', '.join(optional)}" if optional else ""
        raise TableError(
            f"{setting}: the column {' and '.join(missing)} is missing; the file is tab-separated and begins with a "
            f"line of column names: {', '.join(needed)}{others}"
        )
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise TableError(f"{setting}: two columns have the same name: {', '.join(twice)}")
    reader.fieldnames = names
    for row in reader:
        if any(cell.strip() for cell in row.pop(None, ())):
            raise TableError(f"{setting}: line {reader.line_num} has more cells than there are columns")
        yield reader.line_num, {name: cell.strip() for name, cell in row.items() if name}


def sha256(path: Path) -> str:
    """The digest of a file's content.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
