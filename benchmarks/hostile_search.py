"""The search for what was planted: it knows the planted people and shares no code with unface.

A writing of eight bytes with letters in it is looked for anywhere, in small letters and in the encodings that headers
have. Digits are looked for where they stand apart from other digits and are no decimal fraction. What is shorter counts
where it is a whole word of a text or of a name: `jd63` in `acq-jd63`. Fewer than six digits alone count in names of
files and in cells of the tables of people, as each long list of numbers holds them. A surname that is a word of
scanners, as Rest or Dixon, is looked for in its joined forms alone.
"""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.bench import ROOT

RESTRICTED = "restricted"
RULES = ROOT / "resources" / "bids_rules.yaml"
LONG = 8
"""Bytes of a writing that is looked for anywhere: a given one stands in a megabyte of noise once in a million."""
ENCODINGS = ("utf-8", "utf-16-le", "latin-1", "shift_jis", "gb18030", "euc_kr", "iso8859_5", "iso8859_7")
_NUMBERS = re.compile(rb"\d+(?:[./-]\d+)*")
_WORDS = re.compile(r"[^\W_]+")
_BLOB = re.compile(rb"base64,[A-Za-z0-9+/=]+")
TEXT = (".json", ".tsv", ".txt", ".html", ".log", ".bval", ".bvec", ".md", ".yaml", ".bidsignore", "", ".csv")


@dataclass
class Needles:
    """What is looked for, each with whom it names and how."""

    anywhere: dict[bytes, list[str]] = field(default_factory=dict)
    numbers: dict[bytes, list[str]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    cells: dict[str, list[str]] = field(default_factory=dict)

    def add(self, text: str, label: str) -> None:
        """Look for a text as it stands and without its separators."""
        low = text.casefold()
        squeezed = "".join(filter(str.isalnum, low))
        for form in {low, squeezed} - {""}:
            if re.fullmatch(r"[\d./-]+", form) and form.isascii():
                self._add_number(form, label)
            elif len(form.encode()) >= LONG:
                for encoding in ENCODINGS:
                    with suppress(UnicodeError):
                        # Not all letters of an encoding are small ones in bytes that were made small.
                        self.anywhere.setdefault(form.encode(encoding).lower(), []).append(label)
                        self.anywhere.setdefault(text.encode(encoding).lower(), []).append(label)
            elif len(form) > 2:
                self.words.setdefault(form, []).append(label)

    def _add_number(self, form: str, label: str) -> None:
        digits = sum(map(str.isdigit, form))
        if digits >= 6 or len(form) > digits + 1:
            self.numbers.setdefault(form.encode(), []).append(label)
        elif digits > 2:
            self.cells.setdefault(form, []).append(label)

    def __post_init__(self) -> None:
        self._keys: np.ndarray | None = None

    def _prepare(self) -> None:
        heads: dict[int, list[bytes]] = {}
        for needle in self.anywhere:
            if len(needle) >= LONG:
                heads.setdefault(int.from_bytes(needle[:LONG], "little"), []).append(needle)
        self._heads = heads
        self._keys = np.array(sorted(heads), np.uint64)
        self._likely = np.zeros(1 << 20, bool)
        self._likely[_hash(self._keys)] = True

    def found(self, path: str, contents: Iterable[bytes], *, text: bool) -> set[str]:
        """The labels of what stands in a file's name or in what it holds."""
        if self._keys is None:
            self._prepare()
        labels: set[str] = set()
        for name in _names(path):
            labels |= self._in_bytes(name.encode("utf-8", "surrogateescape"))
            words = _words(name)
            labels.update(
                label for word in words for table in (self.words, self.cells) for label in table.get(word, ())
            )
        for content in contents:
            labels |= self._in_bytes(content)
            if text:
                readable = _BLOB.sub(b"", content).decode("utf-8", "replace")
                labels.update(label for word in _words(readable) for label in self.words.get(word, ()))
                if path.endswith(("participants.tsv", "_scans.tsv", "_sessions.tsv")):
                    cells = set(re.split(r"[\t\n]", readable))
                    labels.update(label for cell in cells for label in self.cells.get(cell, ()))
        return labels

    def _in_bytes(self, content: bytes) -> set[str]:
        low = content.lower()
        labels = {label for needle in self._long_in(low) for label in self.anywhere[needle]}
        for match in _NUMBERS.finditer(low):
            number = match[0]
            for part in _parts(number):
                for label in self.numbers.get(part, ()):
                    around = low[max(0, match.start() - 1) : match.start()] + low[match.end() : match.end() + 1]
                    if len(part) > 7 or not around.isalnum():
                        labels.add(label)
        return labels

    def _long_in(self, low: bytes) -> Iterator[bytes]:
        if len(low) < LONG:
            return
        codes = np.frombuffer(low, np.uint8).astype(np.uint64)
        count = len(codes) - LONG + 1
        keys = np.zeros(count, np.uint64)
        for index in range(LONG):
            keys |= codes[index : index + count] << np.uint64(8 * index)
        places = np.flatnonzero(self._likely[_hash(keys)])
        for place in places.tolist():
            for needle in self._heads.get(int(keys[place]), ()):
                if low.startswith(needle, place):
                    yield needle


def _hash(keys: np.ndarray) -> np.ndarray:
    return ((keys * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(44)).astype(np.int64)


def _parts(number: bytes) -> set[bytes]:
    """A number as it stands, and the parts of one that is no decimal fraction."""
    parts = re.split(rb"[./-]", number)
    return {number} if number.count(b".") == 1 and len(parts) == 2 else {number, *parts}


def _words(text: str) -> set[str]:
    return set(_WORDS.findall(text.casefold()))


def _names(path: str) -> Iterator[str]:
    """A path as it is and, where Snakemake codes one in base64, decoded."""
    yield path
    parts = path.split("/")
    # Cut into folders that begin with @ where it is long.
    coded = "".join(part.removeprefix("@") for part in parts if part.startswith("@")) + parts[-1]
    with suppress(binascii.Error, ValueError):
        yield base64.urlsafe_b64decode(coded).decode("utf-8", "replace")


def files_outside(root: Path) -> Iterator[Path]:
    """Every file below a folder that is not restricted, links among them."""
    for path in sorted(root.rglob("*")):
        if RESTRICTED not in path.relative_to(root).parts and (path.is_symlink() or not path.is_dir()):
            yield path


def search(needles: Needles, root: Path) -> tuple[int, dict[str, set[str]]]:
    """Look into every file outside `restricted/`.

    Returns
    -------
    bytes searched, and the files in which each label was found
    """
    searched, found = 0, dict[str, set[str]]()
    for path in files_outside(root):
        name = str(path.relative_to(root))
        contents = [bytes(str(path.readlink()), "utf-8")] if path.is_symlink() else []
        # The mapping rules that come with unface stand in each release: they cannot know of anybody.
        if path.is_file() and not (path.name == RULES.name and path.read_bytes() == RULES.read_bytes()):
            contents.append(path.read_bytes())
            with suppress(OSError, EOFError, zlib.error):
                contents.append(gzip.decompress(contents[-1]))
        searched += sum(map(len, contents))
        for label in needles.found(name, contents, text=path.suffix in TEXT):
            found.setdefault(label, set()).add(name)
    return searched, found
