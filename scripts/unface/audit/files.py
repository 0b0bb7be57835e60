"""What a file must and must not hold to be released: one check for each kind of file.

Nothing here uses the code that wrote the files. No finding repeats a value.
"""

import csv
import io
import itertools
import json
import re
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unface.audit import identifier_like, public_words, streams
from unface.audit.identifier_like import LATEST_YEAR, keeps_dates
from unface.audit.identifier_search import IdentifierSearch

Finding = tuple[str, str]
"""A code of `run.outcome.REASONS` and the end of a sentence about a file."""

_NO_LABELS = ("datatype", "suffix", "extension")
_SOFTWARE = {"SoftwareVersions", "ConversionSoftwareVersion"}
_KEY = re.compile(r'"(\w+)"(\s*:)(\s*(?:"[^"\\]*"|\[[^\[\]{}\\]*\]))?')
"""A key, and its value where that is a text or a list of texts."""
_TEXT = re.compile(r'"([^"\\]*)"')


@dataclass
class FileCheck:
    """Holds the files of one session against what a release allows.

    Attributes
    ----------
    folder : str
        The session's folder in the dataset.
    search : IdentifierSearch
        For the subject's own identifiers.
    released : collection of str
        The paths of all the session's files.
    options : collection of str
        Options of DICOM PS3.15 Table E.1-1 that the headers were de-identified with.
    """

    folder: str
    search: IdentifierSearch
    released: Collection[str]
    options: Collection[str]

    def name(self, path: str) -> Iterator[Finding]:
        """Check the path of a file: a valid BIDS name in the session's own folder, with no identifier in its labels.

        Parameters
        ----------
        path
            In the dataset.

        Yields
        ------
        Finding
            A sentence about it does not repeat the name.
        """
        match = next((match for regex in public_words.name_patterns() if (match := regex.fullmatch(path))), None)
        if path == f"{self.folder}/{self.folder.replace('/', '_')}_scans.tsv":
            labels = [part.split("-", 1)[1] for part in self.folder.split("/")]
        elif match and path.startswith(f"{self.folder}/"):
            parts = match.groupdict().items()
            # A number that counts runs or echoes is no label.
            labels = [
                value for key, value in parts if value and key not in _NO_LABELS and not re.fullmatch(r"\d{1,3}", value)
            ]
        else:
            labels = [path]
            yield "file_name", "has a name that BIDS does not know or that belongs to another session"
        yield from _hits(self.search.in_labels(labels), "in its name")

    def content(self, path: str, file: Path) -> Iterator[Finding]:
        """Check what a file holds, by its kind. A kind without a check is not released.

        Parameters
        ----------
        path
            In the dataset; its ending tells the kind.
        file
            Where it lies.

        Yields
        ------
        Finding
            With no value of the file.
        """
        if path.endswith(".nii.gz"):
            yield from self._nifti_gz(file)
        elif path.endswith(".json"):
            yield from self._json(file)
        elif path.endswith(".tsv"):
            yield from self._tsv(path, file)
        elif path.endswith((".bval", ".bvec")):
            yield from self._numbers(file)
        else:
            yield "file_name", "is of a kind that no check knows"

    def _nifti_gz(self, file: Path) -> Iterator[Finding]:
        with file.open("rb") as stream:
            first = stream.read(10)
        if len(first) < 10 or first[:3] != b"\x1f\x8b\x08":
            yield "unaudited", "is not compressed by gzip"
            return
        flags, stamp = first[3], struct.unpack("<I", first[4:8])[0]
        if flags or stamp:
            yield "nifti_header", "has a gzip header with a name, a comment, further fields or a time"
        # The header and all compressed bytes, as text: a name may stand before or behind the stream, too.
        kinds = {kind for part in streams.overlapping(streams.raw(file)) for kind in self.search.in_binary(part.data)}
        with file.open("rb") as stream:
            kinds |= self.search.in_strings([stream.read(1024).decode("latin-1")] if flags else [])
        yield from _hits(kinds, "in its compressed bytes")
        try:
            inflated = streams.inflate(file)
            header = next(inflated, b"")
            yield from self._nifti(header, inflated)
        except (zlib.error, ValueError, KeyError) as error:
            yield "unaudited", f"cannot be read to its end ({error if isinstance(error, ValueError) else 'damaged'})"

    def _nifti(self, first: bytes, further: Iterator[bytes]) -> Iterator[Finding]:
        header = streams.nifti_header(first)
        texts = {name: header[name].tobytes().rstrip(b"\0") for name in streams.text_fields(header)}
        filled = sorted(name for name, text in texts.items() if text not in (b"", b"r"))
        if filled:
            yield "nifti_header", f"has text in its header ({', '.join(filled)})"
        yield from self._strings("in its header", [text.decode("latin-1") for text in texts.values()])
        size, start = header.dtype.itemsize, int(header["vox_offset"])
        if start != size + 4 or first[size : size + 4].strip(b"\0"):
            yield "nifti_header", "has an extension or a gap between header and voxels"
            yield from self._strings("in its extension", [first[size : max(start, size)].decode("latin-1")])
        total = 0
        kinds: set[str] = set()
        for part in streams.overlapping(itertools.chain([first], further)):
            kinds |= self.search.in_binary(part.data)
            total += part.new
        yield from _hits(kinds, "among its voxels")
        if total != start + streams.voxel_bytes(header):
            yield "unaudited", "has more or fewer bytes than its header says"

    def _json(self, file: Path) -> Iterator[Finding]:
        try:
            text = file.read_text(encoding="utf-8")
            keys, strings = _leaves(json.loads(text, object_pairs_hook=_Pairs))
        except (UnicodeDecodeError, ValueError, RecursionError):
            yield "unaudited", "is not JSON that can be read"
            return
        unknown = sorted(set(keys) - public_words.sidecar_keys())
        if unknown:
            yield "sidecar_key", f"has {len(unknown)} key(s) that may not be released{self._named(unknown)}"
        if len(set(keys)) < len(keys) and _repeats(json.loads(text, object_pairs_hook=_Pairs)):
            yield "unaudited", "has a key twice"
        strings = [(key, string) for key, string in strings if not public_words.is_public(key, string)]
        found = self.search.in_strings([string for _, string in strings] + unknown)
        where = sorted({key for key, string in strings if self.search.in_strings([string])}) if found else []
        yield from _hits(found, f"in a value or key{self._named(where)}")
        yield from _hits(self.search.in_text(_KEY.sub(_without_public_words, text)), "in its text")
        yield from self._identifier_like([string for key, string in strings if key not in _SOFTWARE])

    def _named(self, keys: list[str]) -> str:
        """The keys' names where they are words of DICOM or BIDS and not the subject's own."""
        plain = [key for key in keys if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{1,39}", key)]
        if len(plain) < len(keys) or self.search.in_strings(keys) or self.search.in_text(" ".join(keys)):
            return ""
        return f": {', '.join(plain[:5])}"

    def _tsv(self, path: str, file: Path) -> Iterator[Finding]:
        try:
            text = file.read_text(encoding="utf-8")
            rows = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
        except (UnicodeDecodeError, csv.Error):
            yield "unaudited", "is not a table that can be read"
            return
        allowed = public_words.COLUMNS.get(path.rsplit("_", 1)[-1].removesuffix(".tsv"), set())
        columns = rows[0] if rows else []
        if not rows or set(columns) - allowed or len(set(columns)) < len(columns):
            yield "sidecar_key", "has a column that may not be released"
        if any(len(row) != len(columns) for row in rows):
            yield "unaudited", "has rows of different lengths"
            return
        own = {f"{self.folder}/{row[0]}" for row in rows[1:]} if columns[:1] == ["filename"] else set()
        if own - set(self.released):
            yield "unaudited", "names a file that is not released"
        for row in rows[1:]:
            latest = 9999 if keeps_dates(self.options) else LATEST_YEAR
            if not all(_is_time(cell, latest) for name, cell in zip(columns, row, strict=True) if name == "acq_time"):
                yield "identifier_like", f"has an acq_time after {latest} or one that is no date"
                break
        # The columns' own names are unface's: `filename` holds the name of Nam Le.
        cells = {cell for row in [sorted(set(columns) - allowed), *rows[1:]] for cell in row}
        cells -= {path.removeprefix(f"{self.folder}/") for path in own}
        # Without its separators the time of a scan is a number of six digits, as an ID may be.
        yield from self._strings("in a cell", sorted(cell for cell in cells if not _is_time(cell, LATEST_YEAR)))
        yield from _hits(self.search.in_text("\n".join(sorted(cells))), "in its text")
        yield from self._identifier_like(sorted(cells))

    def _numbers(self, file: Path) -> Iterator[Finding]:
        text = file.read_bytes().decode("latin-1")
        if not re.fullmatch(r"[-+0-9.eE\s]*|[nNaA\s]*", text):
            yield "unaudited", "holds something other than numbers"
        yield from self._strings("in its text", [word for word in text.split() if not _is_number(word)])
        yield from _hits(self.search.in_text(text), "in its text")

    def _identifier_like(self, strings: list[str]) -> Iterator[Finding]:
        """What has the form of an identifier, be it this subject's or another's."""
        for kind in identifier_like.kinds("\n".join(strings), self.options):
            yield "identifier_like", f"holds text of the form of {kind}"

    def _strings(self, where: str, strings: list[str]) -> Iterator[Finding]:
        yield from _hits(self.search.in_strings(strings), where)


def _hits(kinds: Collection[str], where: str) -> Iterator[Finding]:
    for kind in sorted(kinds):
        yield "identifier_found", f"holds one of the subject's own identifiers (kind: {kind}) {where}"


def _is_time(cell: str, latest: int) -> bool:
    match = re.fullmatch(r"(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", cell)
    return cell == "n/a" or (match is not None and int(match[1]) <= latest)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _without_public_words(match: re.Match[str]) -> str:
    """A member of a JSON object without words of the format: a person may be called Angle, Field or Philips."""
    key, colon, values = match.groups()
    shown = _TEXT.sub(lambda text: '""' if public_words.is_public(key, text[1]) else text[0], values or "")
    return ('""' if key in public_words.sidecar_keys() else f'"{key}"') + colon + shown


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON as it stands, with keys that occur twice."""


def _leaves(value: Any, key: str = "") -> tuple[list[str], list[tuple[str, str]]]:
    """All keys of a JSON value, and all its strings with the key that they stand under."""
    keys: list[str] = []
    strings: list[tuple[str, str]] = [(key, value)] if isinstance(value, str) else []
    children = (
        value if isinstance(value, _Pairs) else [(key, item) for item in value] if isinstance(value, list) else []
    )
    for name, child in children:
        keys_below, strings_below = _leaves(child, name)
        keys += ([name] if isinstance(value, _Pairs) else []) + keys_below
        strings += strings_below
    return keys, strings


def _repeats(value: Any) -> bool:
    if isinstance(value, _Pairs):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(_repeats(child) for _, child in value)
    return isinstance(value, list) and any(_repeats(child) for child in value)
