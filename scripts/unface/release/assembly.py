"""Building the dataset beside the last one, and putting it in its place by a rename."""

import csv
import errno
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unface.audit.records import Released
from unface.run.files import sha256
from unface.run.layout import Layout
from unface.run.sessions import SessionId

_VERSION = re.compile(r"[0-9]+[.][0-9]+[.][0-9]+")
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES}


@dataclass(frozen=True)
class Passed:
    """What the gate let through of one session.

    Attributes
    ----------
    session : SessionId
        Whose it is.
    files : tuple of Released
        Its files.
    tools : mapping
        Version by name of the tools that made them.
    """

    session: SessionId
    files: tuple[Released, ...]
    tools: Mapping[str, str]


class DigestCache:
    """Digests of files that an earlier release read: a file that the disk says was not written since is not read again.

    A cohort of 10,000 sessions is a terabyte; adding one session must not mean reading all of it. What counts is what
    a file system knows of a file: device, inode, size, and the time of its last change in nanoseconds.
    """

    SETTLED_NS = 2_000_000_000
    """A file that was just written may change again within one tick of the clock: such a one is read again."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self._old: dict[str, str] = {}
        self._new: dict[str, str] = {}
        if table.exists():
            with table.open(encoding="ascii", newline="") as file:
                self._old = {row[0]: row[1] for row in csv.reader(file, delimiter="\t") if len(row) == 2}

    def sha256(self, file: Path) -> str:
        """The digest of a file, which is read unless it is known.

        Parameters
        ----------
        file
            Anywhere.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        status = file.stat()
        known_as = f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
        digest = self._old.get(known_as) or sha256(file)
        if status.st_mtime_ns < time.time_ns() - self.SETTLED_NS:
            self._new[known_as] = digest
        return digest

    def save(self) -> None:
        """Keep what this release read or found unchanged, and nothing older."""
        self.table.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.table.with_name(f".{self.table.name}.part")
        with part.open("w", encoding="ascii", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(sorted(self._new.items()))
        part.replace(self.table)


class Assembly:
    """A dataset that is being built: `folder` holds what is in it so far."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.digests = DigestCache(layout.released_files)
        self.folder = layout.release.with_name(f".{layout.release.name}.part")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o755)

    def add(self, passed: Passed) -> bool:
        """Put a session's files in.

        Parameters
        ----------
        passed
            What the gate let through.

        Returns
        -------
        bool
            False, and nothing of the session is left in, if a file is not the one that was audited.
        """
        for file in passed.files:
            source = file.lies_in(self.layout.stage(file.source, passed.session))
            target = self.folder / file.path
            self._make_folder(target.parent)
            try:
                _link(source, target)
            except FileNotFoundError:
                self.remove(passed.session)
                return False
            # The file in the dataset itself is looked at: nothing can come between.
            if target.stat().st_size != file.bytes or self.digests.sha256(target) != file.sha256:
                self.remove(passed.session)
                return False
            target.chmod(0o644)
        return True

    def remove(self, session: SessionId) -> None:
        """Take a session out, and its subject with its last session.

        Parameters
        ----------
        session
            Of the dataset, or none of it: then nothing happens.
        """
        folder = self.folder / session.bids_folder
        shutil.rmtree(folder, ignore_errors=True)
        if folder.parent.is_dir() and not any(path.is_dir() for path in folder.parent.iterdir()):
            shutil.rmtree(folder.parent)

    def write(self, texts: Mapping[str, str]) -> None:
        """Write the dataset's own files; files of an earlier round that are not among them go.

        Parameters
        ----------
        texts
            By path in the dataset.
        """
        earlier = [*self.folder.iterdir(), *self.folder.glob("sub-*/*")]
        for path in earlier:
            if path.is_file():
                path.unlink()
        for name, text in texts.items():
            target = self.folder / name
            self._make_folder(target.parent)
            target.write_text(text, encoding="utf-8", newline="")
            target.chmod(0o644)

    def put_in_place(self, keep: int = 0) -> None:
        """Make this the release. The last one goes once this one stands; a stop in between leaves one of both.

        Parameters
        ----------
        keep
            How many earlier versions stay in `old_releases`, the newest. Their files are hard links, so what did not
            change takes no room. Another release of the same version is none.
        """
        self._set_aside(keep)
        self.folder.rename(self.layout.release)
        self.digests.save()
        self._keep(keep)

    def leave_nothing(self, keep: int = 0) -> None:
        """Where nothing may be released, the last release goes, too, or to the earlier ones.

        Parameters
        ----------
        keep
            As of `put_in_place`.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self._set_aside(keep)
        self._keep(keep)

    @property
    def _last(self) -> Path:
        return self.layout.release.with_name(f".{self.layout.release.name}.old")

    def _set_aside(self, keep: int) -> None:
        """Move the last release out of the way; what a run that was stopped half-way left there is dealt with first."""
        if self.layout.release.exists():
            self._keep(keep)
            self.layout.release.rename(self._last)

    def _keep(self, keep: int) -> None:
        """Keep what was set aside if it is an earlier version, and no more of these than asked for."""
        now, old = _version_of(self.layout.release), self.layout.old_releases
        version = _version_of(self._last)
        if keep and version and version != now:
            old.mkdir(exist_ok=True)
            shutil.rmtree(old / version, ignore_errors=True)
            self._last.rename(old / version)
        shutil.rmtree(self._last, ignore_errors=True)
        if now:
            shutil.rmtree(old / now, ignore_errors=True)
        kept = [folder for folder in old.glob("*") if _VERSION.fullmatch(folder.name)]
        newest_last = sorted(kept, key=lambda folder: [int(number) for number in folder.name.split(".")])
        for folder in newest_last[: -keep or None]:
            shutil.rmtree(folder)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir()
            folder.chmod(0o755)


def _version_of(release: Path) -> str | None:
    """The version of a dataset, which its own CHANGES begins with: no table tells it of a folder that was moved."""
    changes = release / "CHANGES"
    first = changes.read_text(encoding="utf-8").split(maxsplit=1)[:1] if changes.exists() else []
    return first[0] if first and _VERSION.fullmatch(first[0]) else None


def _link(source: Path, target: Path) -> None:
    """A hard link where the file system allows it, else a copy."""
    if source.is_symlink():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, target)


def tools_of(sessions: Iterable[Passed]) -> dict[str, list[str]]:
    """Every tool that made something of the dataset.

    Parameters
    ----------
    sessions
        Those in the dataset.

    Returns
    -------
    dict
        Versions by name, both in order.
    """
    versions: dict[str, set[str]] = {}
    for passed in sessions:
        for tool, version in passed.tools.items():
            versions.setdefault(tool, set()).add(version)
    return {tool: sorted(versions[tool]) for tool in sorted(versions)}
