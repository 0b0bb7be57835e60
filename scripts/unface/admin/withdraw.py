"""Taking subjects out who withdrew their consent: of all that was made of their files, and of Snakemake's records."""

import re
import shutil
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from unface.admin import workflow
from unface.inventory.records import SessionRecord
from unface.release.history import History
from unface.run.files import table_text, write_whole
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError
from unface.run.sessions import SessionId


def remove(layout: Layout, subjects: Collection[str], records: Path, *, restricted: bool) -> list[tuple[str, str]]:
    """Remove all of some subjects.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    subjects
        Their labels.
    records
        Snakemake's own folder, `.snakemake`.
    restricted
        Also what tells who they were: records, identifiers, linkage, notes of the scans, unpacked archives. The raw
        files themselves are never touched.

    Returns
    -------
    list of (subject, path)
        What was removed: a path below the results folder, or a table that a row was taken from.
    """
    removed: list[tuple[str, str]] = []
    for subject in sorted(subjects):
        for path in list(_of_subject(layout, subject, restricted=restricted)):
            _delete(path)
            removed.append((subject, path.relative_to(layout.results).as_posix()))
    if removed:
        # They name their neighbours in the list of review pages; the next run makes both anew.
        layout.review_index.unlink(missing_ok=True)
        shutil.rmtree(layout.review_turns, ignore_errors=True)
    if restricted and removed:
        for folder in (layout.scan_kept("").parent, layout.scan("").parent):
            shutil.rmtree(folder, ignore_errors=True)
        # It shows words of their headers; `unface map` writes it anew.
        layout.mapping_page.unlink(missing_ok=True)
    for table in _tables(layout, restricted=restricted):
        dropped = _drop_rows(table, subjects, restricted=table.is_relative_to(layout.restricted))
        removed += [(subject, table.relative_to(layout.results).as_posix()) for subject in dropped]
    if layout.history.exists():
        History.read(layout.history).without(frozenset(subjects)).write(layout.history)
    for folder in (records, layout.log(workflow.LOGS).parent):
        _clean_records(folder, subjects)
    return removed


def write_list(path: Path, removed: Collection[tuple[str, str]]) -> None:
    """Keep the list of what was removed, for its owner alone.

    Parameters
    ----------
    path
        The file (`Layout.withdrawn`).
    removed
        What `remove` gave.
    """
    write_whole(path, table_text(("subject", "removed"), removed), mode=0o600)


def _of_subject(layout: Layout, subject: str, *, restricted: bool) -> Iterator[Path]:
    """Every folder and file that is of one subject alone."""
    any_session = SessionId(subject, "*").name
    if restricted:
        yield from _unpacked(layout, subject)
    for dataset in (layout.release, *layout.old_releases.glob("*")):
        yield from dataset.glob(f"sub-{subject}")
    yield from layout.work.glob(subject)
    yield from layout.reviews.glob(f"{any_session}.*")
    yield from layout.tracebacks.glob(f"{any_session}.*")
    yield from (layout.results / "logs").glob(f"*/{any_session}.*")
    if restricted:
        yield from layout.records.glob(f"{any_session}.json")
        yield from layout.identifiers(SessionId(subject, "*")).parent.glob(f"{any_session}.json")


def _unpacked(layout: Layout, subject: str) -> Iterator[Path]:
    """The folders that archives with this subject's files were unpacked to."""
    root = layout.unpacked.resolve()
    folders: set[Path] = set()
    for record in layout.records.glob(f"{SessionId(subject, '*').name}.json"):
        try:
            session = SessionRecord.read(record)
        except JobFailedError:
            continue  # a damaged record goes, too
        files = (Path(file.path) for series in session.series for file in series.files)
        folders |= {file.parent for file in files if file.is_relative_to(root)}
    yield from (layout.unpacked / folder.relative_to(root) for folder in sorted(folders))


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _tables(layout: Layout, *, restricted: bool) -> Iterator[Path]:
    """Tables with a row for each session or subject: of the cohort, of reports and ratings, of each dataset."""
    yield from sorted(layout.results.glob("*.tsv"))
    yield from sorted(layout.report.rglob("*.tsv"))
    if not restricted:
        wanted = layout.ratings_wanted
        yield from sorted(wanted.parent.glob(f"{wanted.stem}*{wanted.suffix}"))
    yield from sorted(layout.reviews.glob("*.tsv"))
    for dataset in (layout.release, *sorted(layout.old_releases.glob("*"))):
        yield from dataset.glob("participants.tsv")
    if restricted:
        # It has no subjects, only paths, some of them theirs; the next inventory writes it anew.
        layout.files_unused.unlink(missing_ok=True)
        yield from sorted(layout.restricted.glob("*.tsv"))


def _drop_rows(table: Path, subjects: Collection[str], *, restricted: bool) -> list[str]:
    """Take the rows of some subjects out of a table, byte for byte.

    A group of series names one session as its example. The group stays, for it is of others, too, and names none until
    the next inventory; what the restricted table tells of the example goes with it.

    Returns
    -------
    list of str
        The subjects that it held.
    """
    # Persons fill in the table of ratings, in programs that write other line ends, or no UTF-8.
    text = table.read_bytes().decode("utf-8", "surrogateescape")
    lines = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    columns = lines[0].removeprefix("\ufeff").rstrip("\r\n").split("\t")
    known = ("subject", "participant_id", "image", "example")
    name = next((name for name in known if name in columns), None)
    if name is None:
        return []
    column = columns.index(name)
    kept, dropped = lines[:1], set()
    for line in lines[1:]:
        cells = line.rstrip("\n").split("\t")
        # An image is named by its BIDS path, an example by its session's label: both begin with the subject.
        subject = re.split("[_/]", cells[column].removeprefix("sub-"))[0]
        if subject not in subjects:
            kept.append(line)
            continue
        dropped.add(subject)
        if name == "example" and not restricted:
            kept.append("\t".join([*cells[:column], "", *cells[column + 1 :]]) + "\n")
    if dropped:
        write_whole(table, "".join(kept).encode("utf-8", "surrogateescape"), mode=table.stat().st_mode & 0o777)
    return sorted(dropped)


def _clean_records(folder: Path, subjects: Collection[str]) -> None:
    """Remove every file that holds what Snakemake said or noted down and that names a subject.

    The records of outputs (`metadata`) are named by the path of the output in base64. They are searched for paths and
    wildcards alone, since a label may be a word of its own, and a lost record is a job that is done again.
    """
    labels = "|".join(re.escape(subject) for subject in sorted(subjects))
    if not labels or not folder.is_dir():
        return
    path = rf"work/(?:{labels})/|(?:^|[/\"\s])(?:{labels})_|sub-(?:{labels})\b|subject=(?:{labels})\b"
    anywhere = re.compile(rf"(?<![A-Za-z0-9])(?:{labels})(?![A-Za-z0-9])".encode())
    in_paths = re.compile(path.encode())
    for file in [file for file in folder.rglob("*") if file.is_file()]:
        parts = file.relative_to(folder).parts
        if parts[0] in ("conda", "conda-archive", "locks"):
            continue
        pattern = in_paths if parts[0] in ("metadata", "incomplete") else anywhere
        if pattern.search(_decoded(parts) + b"\n" + file.read_bytes()):
            file.unlink(missing_ok=True)
    # Folders that are named after a session, such as those of Slurm's logs, or that are empty now: the deepest first.
    for below in sorted((below for below in folder.rglob("*") if below.is_dir()), reverse=True):
        if below.parent != folder:
            with suppress(OSError):
                below.rmdir()


def _decoded(parts: tuple[str, ...]) -> bytes:
    """The name of a file of Snakemake's, and what it says if it is base64 (cut into folders where it is long)."""
    coded = "".join(part.removeprefix("@") for part in parts[1:])
    try:
        return "/".join(parts).encode() + b"\n" + urlsafe_b64decode(coded)
    except (Base64Error, ValueError):
        return "/".join(parts).encode()
