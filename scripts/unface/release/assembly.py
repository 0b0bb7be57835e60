"""Building the dataset beside the last one, and putting it in its place by a rename."""

import csv
import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unface.audit.records import Released
from unface.run.files import sha256
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError
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
    """Digests of files that an earlier release read: a file that nothing happened to since is not read again.

    A cohort of 10,000 sessions is a terabyte; adding one session must not mean reading all of it. What counts is what
    a file system knows of a file: device, inode, size, and in nanoseconds when its content changed and when anything
    of it did (ctime). Whoever writes to a file can set the first time back, and copying programs do; not the second.
    A release itself changes that one, for it makes links and removes those of the last: it does so by `link`, `chmod`
    and `unlink` of this cache, which see the file before and after.
    """

    SETTLED_NS = 2_000_000_000
    """A file that was just written may change again within one tick of the clock: such a one is read again."""

    def __init__(self, table: Path) -> None:
        self.table = table
        self._known: dict[str, str] = {}
        self._current: set[str] = set()
        if table.exists():
            with table.open(encoding="ascii", newline="") as file:
                self._known = {row[0]: row[1] for row in csv.reader(file, delimiter="\t") if len(row) == 2}

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
        known_as = _known_as(status)
        digest = self._known.get(known_as) or sha256(file)
        if status.st_mtime_ns < time.time_ns() - self.SETTLED_NS and _known_as(file.stat()) == known_as:
            self._known[known_as] = digest
            self._current.add(known_as)
        return digest

    def link(self, source: Path, target: Path) -> None:
        """Make a hard link where the file system allows it, else a copy.

        Parameters
        ----------
        source, target
            The file, which is no link, and where it goes.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        OSError
            If it can be neither linked nor copied.
        """
        if source.is_symlink():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        before = source.stat()
        try:
            target.hardlink_to(source)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            shutil.copyfile(source, target)
        self._carry(before, target.stat())

    def chmod(self, file: Path, mode: int) -> None:
        """Give a file its permissions, if it has others.

        Parameters
        ----------
        file
            The file.
        mode
            Its permissions.
        """
        before = file.stat()
        if stat.S_IMODE(before.st_mode) != mode:
            file.chmod(mode)
            self._carry(before, file.stat())

    def remove(self, folder: Path) -> None:
        """Remove a folder whose files may be links to those of the next release; a link to a folder goes as a link.

        Parameters
        ----------
        folder
            The folder; nothing happens if there is none.
        """
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink(missing_ok=True)
            return
        for parent, _, names in os.walk(folder):
            for name in names:
                self._unlink(Path(parent, name))
        shutil.rmtree(folder)

    def _unlink(self, path: Path) -> None:
        before = path.lstat()
        if before.st_nlink < 2 or not stat.S_ISREG(before.st_mode):
            path.unlink()
            return
        try:
            # An open file can be looked at after its name went.
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                path.unlink()
                self._carry(before, os.fstat(file.fileno()))
        except PermissionError:
            path.unlink()  # Its other names are read again, then.

    def _carry(self, before: os.stat_result, after: os.stat_result) -> None:
        """What was known of a file is known of it still after a change that was ours."""
        if (before.st_mtime_ns, before.st_size, before.st_ino) == (after.st_mtime_ns, after.st_size, after.st_ino):
            digest = self._known.get(_known_as(before))
            if digest:
                self._known[_known_as(after)] = digest
            if _known_as(before) in self._current:
                self._current.add(_known_as(after))

    def save(self) -> None:
        """Keep what this release read or found unchanged, and nothing older."""
        self.table.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.table.with_name(f".{self.table.name}.part")
        with part.open("w", encoding="ascii", newline="") as file:
            rows = ((known_as, self._known[known_as]) for known_as in sorted(self._current))
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
        part.replace(self.table)


def _known_as(status: os.stat_result) -> str:
    times = f"{status.st_mtime_ns}-{status.st_ctime_ns}"
    return f"{status.st_dev}-{status.st_ino}-{status.st_size}-{times}"


class Assembly:
    """A dataset that is being built: `folder` holds what is in it so far.

    Where `release` is a link to another folder, the release stands there, and the link stays.

    Raises
    ------
    JobFailedError
        If that folder holds something else than a release, which must not be lost.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.place = layout.release.resolve() if layout.release.is_symlink() else layout.release
        if layout.release.is_symlink() and self.place.exists() and not _is_ours(self.place):
            raise JobFailedError("release is a link to what is no release of unface: remove the link, or empty it")
        self.digests = DigestCache(layout.released_files)
        self.folder = self.place.with_name(f".{self.place.name}.part")
        self.digests.remove(self.folder)
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
                self.digests.link(source, target)
            except FileNotFoundError:
                self.remove(passed.session)
                return False
            # The file in the dataset itself is looked at: nothing can come between.
            if target.stat().st_size != file.bytes or self.digests.sha256(target) != file.sha256:
                self.remove(passed.session)
                return False
            self.digests.chmod(target, 0o644)
        return True

    def remove(self, session: SessionId) -> None:
        """Take a session out, and its subject with its last session.

        Parameters
        ----------
        session
            Of the dataset, or none of it: then nothing happens.
        """
        folder = self.folder / session.bids_folder
        self.digests.remove(folder)
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
        self.folder.rename(self.place)
        self._keep(keep)
        # Last of all: removing the last release changed what the file system knows of files that are in this one.
        self.digests.save()

    def leave_nothing(self, keep: int = 0) -> None:
        """Where nothing may be released, the last release goes, too, or to the earlier ones.

        Parameters
        ----------
        keep
            As of `put_in_place`.
        """
        self.digests.remove(self.folder)
        self._set_aside(keep)
        self._keep(keep)

    @property
    def _last(self) -> Path:
        return self.place.with_name(f".{self.place.name}.old")

    def _set_aside(self, keep: int) -> None:
        """Move the last release out of the way; what a run that was stopped half-way left there is dealt with first."""
        if self.place.exists():
            self._keep(keep)
            self.place.rename(self._last)

    def _keep(self, keep: int) -> None:
        """Keep what was set aside if it is an earlier version, and no more of these than asked for."""
        now, old = _version_of(self.place), self.layout.old_releases
        version = _version_of(self._last)
        if keep and version and version != now:
            old.mkdir(exist_ok=True)
            self.digests.remove(old / version)
            shutil.move(self._last, old / version)
        self.digests.remove(self._last)
        if now:
            self.digests.remove(old / now)
        kept = [folder for folder in old.glob("*") if _VERSION.fullmatch(folder.name)]
        newest_last = sorted(kept, key=lambda folder: [int(number) for number in folder.name.split(".")])
        for folder in newest_last[: -keep or None]:
            self.digests.remove(folder)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir()
            folder.chmod(0o755)


def _is_ours(place: Path) -> bool:
    """Whether a folder is a release, or empty."""
    return place.is_dir() and bool(_version_of(place) or not any(place.iterdir()))


def _version_of(release: Path) -> str | None:
    """The version of a dataset, which its own CHANGES begins with: no table tells it of a folder that was moved."""
    changes = release / "CHANGES"
    first = changes.read_text(encoding="utf-8").split(maxsplit=1)[:1] if changes.exists() else []
    return first[0] if first and _VERSION.fullmatch(first[0]) else None


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
