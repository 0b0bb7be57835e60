"""Look for planted identifiers in everything that lies outside the restricted folder."""

import gzip
import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

RESTRICTED = "restricted"
TOKEN = re.compile(rb"zq[b-df-hj-np-tv-xz2-9]{10}")
"""How `person.Person.secret` spells, in small letters: found in one pass, however many there are."""


def search(strings: Iterable[str], roots: Sequence[Path]) -> tuple[int, list[tuple[Path, str]]]:
    """Search names and bytes below `roots` for strings, in capitals or not; gzip files packed and unpacked.

    Names are searched as they are and, where Snakemake codes a path in base64, decoded.

    Returns
    -------
    files : int
        How many were searched.
    found : list of (path, string)
        Each place with what stands there.
    """
    wanted = {text.lower().encode(): text for text in strings}
    tokens = {text for text in wanted if TOKEN.fullmatch(text)}
    others = sorted(set(wanted) - tokens)
    files, found = 0, []
    for path, root in _files(roots):
        files += 1
        content = b"\n".join(_contents(path, path.relative_to(root))).lower()
        hits = tokens.intersection(TOKEN.findall(content)) | {text for text in others if text in content}
        found += [(path, wanted[hit]) for hit in sorted(hits)]
    return files, found


def _files(roots: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file() and RESTRICTED not in path.relative_to(root).parts:
                yield path, root


def _contents(path: Path, name: Path) -> Iterator[bytes]:
    yield str(name).encode()
    # Snakemake's records: the path in base64, cut into folders that begin with @ where it is long.
    coded = "".join(part.removeprefix("@") for part in name.parts if part.startswith("@")) + name.name
    with suppress(Base64Error, ValueError):
        yield urlsafe_b64decode(coded)
    content = path.read_bytes()
    yield content
    if content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
