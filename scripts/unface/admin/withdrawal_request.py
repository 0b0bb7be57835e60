"""Requests to take out those who withdrew: each removes once, and again where somebody has come back since."""

from collections.abc import Collection
from pathlib import Path

from unface.run.fingerprints import keyed_digest, secret_of
from unface.run.layout import Layout


def request(layout: Layout, table: Path | None, withdrawn: Collection[str], *, restricted: bool) -> str:
    """Name what is asked for: the table, how far it goes, and how often somebody in it has come back since.

    Somebody comes back where a run was made without the table in between.

    Parameters
    ----------
    layout
        Where the lists of what was removed lie.
    table
        The user's table of those who withdrew, if there is one.
    withdrawn
        Their labels.
    restricted
        Whether also what tells who they were is removed.

    Returns
    -------
    str
        Name of the list of what this request removes (`Layout.withdrawn`).
    """
    name = _digest(layout, table, restricted)
    done = 0
    while layout.withdrawn(f"{name}-{done + 1}").exists():
        done += 1
    return f"{name}-{done + 1 if _is_there(layout, withdrawn) else max(done, 1)}"


def _is_there(layout: Layout, subjects: Collection[str]) -> bool:
    """Whether results of one of these subjects stand anywhere; few files are looked at, for every job asks."""
    if not subjects:
        return False
    listed = {session.subject for session in layout.read_sessions()}
    datasets = [layout.release, *layout.old_releases.glob("*")]
    return any(
        subject in listed
        or (layout.work / subject).exists()
        or any((dataset / f"sub-{subject}").exists() for dataset in datasets)
        for subject in subjects
    )


def _digest(layout: Layout, path: Path | None, restricted: bool) -> str:
    """Names a table and how far it goes; keyed, for it stands in paths and a table of one patient ID can be guessed."""
    if not layout.key.exists():
        # Nobody is known yet. Each process would make up another name.
        return "before-inventory"
    return keyed_digest(secret_of(layout), (path.read_bytes() if path else b"") + bytes([restricted]))
