"""What of the raw files could not be read: subjects may be missing for it, and every run says so."""

from collections import Counter
from collections.abc import Mapping

from unface.run.files import read_table
from unface.run.folders import A_FOLDER, UNREADABLE
from unface.run.layout import Layout

AN_ARCHIVE = "an archive "
"""How every reason begins for which not all of an archive was read (`inventory.archives`)."""
ENCRYPTED = "an encrypted member of an archive"


def kept_a_file(reason: str) -> bool:
    """Whether a file was left out because it could not be read, which may be mended without its size or time changing.

    Parameters
    ----------
    reason
        Why it was left out.

    Returns
    -------
    bool
        True also of a folder.
    """
    return f"{UNREADABLE}: " in reason


def note(unused: Mapping[str, int]) -> str:
    """A sentence on folders, files and archives that could not be read; empty if all could.

    Parameters
    ----------
    unused
        How many places of the raw tree were left out for each reason.

    Returns
    -------
    str
        Counts and what the operating system said; no name.
    """
    counts: Counter[str] = Counter()
    causes: set[str] = set()
    for reason, count in unused.items():
        head, found, cause = reason.rpartition(f"{UNREADABLE}: ")
        if found:
            counts["folder" if head.strip() == A_FOLDER else "file"] += count
            causes.add(cause)
        elif reason.startswith(AN_ARCHIVE):
            counts["archive"] += count
            causes.add(reason.removeprefix(AN_ARCHIVE).removeprefix("that "))
        elif reason == ENCRYPTED:
            counts["encrypted file in an archive"] += count
    if not counts:
        return ""
    what = " and ".join(_counted(counts[kind], kind) for kind in sorted(counts))
    why = f" ({', '.join(sorted(causes))})" if causes else ""
    return (
        f"{what} cannot be read{why}: what lies there is not in the inventory, and whole subjects may be missing. "
        "restricted/files_unused.tsv names them; make them readable, then make the inventory again"
    )


def _counted(number: int, kind: str) -> str:
    if number == 1:
        return f"1 {kind}"
    return f"{number} " + (kind.replace("file", "files") if "file" in kind else f"{kind}s")


def of_last_inventory(layout: Layout) -> str:
    """The same of the last inventory.

    Parameters
    ----------
    layout
        Where everything of the run lies.

    Returns
    -------
    str
        As `note` gives it.
    """
    return note(Counter(row["reason"] for row in read_table(layout.files_unused)))
