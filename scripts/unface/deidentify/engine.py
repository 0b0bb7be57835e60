"""One subject's files, made clean one by one: read, rewrite, search for the subject's identifiers, write."""

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom

from unface import __version__
from unface.deidentify.identifiers import Collector
from unface.deidentify.pixel_data import Images, without_rest
from unface.deidentify.profile import Profile
from unface.deidentify.rewrite import Addition, Walker
from unface.deidentify.splitter import Splitter, Unit
from unface.deidentify.values import Values, padded
from unface.dicom.codestreams import without_comments
from unface.dicom.encoding import ITEM_TAG, Encoded, UnreadableError, decode, element, new_file_meta
from unface.identity.demographics import Demographics
from unface.identity.header_search import HeaderSearch
from unface.identity.pseudonyms import Key
from unface.identity.vocabulary import vocabulary

COMPRESSED = "1.2.840.10008.1.2.4."
"""Transfer syntaxes of JPEG, JPEG-LS, JPEG 2000 and video."""
NOTHING_KNOWN = Demographics()
HEAD_BYTES = 65_536
HEAD_MARGIN_BYTES = 1024
"""How much of a file is read to collect identifiers: this, or what the last header took; all if the header goes on."""


class IdentifierLeftError(Exception):
    """A rewritten header still holds one of the subject's own identifiers."""


@dataclass(frozen=True)
class Clean:
    """A file without identifiers, ready to be written."""

    parts: tuple[bytes | memoryview, ...]
    counts: int

    def write(self, path: Path | str) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            size = sum(len(part) for part in self.parts)
            done = os.writev(handle, self.parts)
            if done < size:
                rest = memoryview(b"".join(self.parts))
                while done < size:
                    done += os.write(handle, rest[done:])
        finally:
            os.close(handle)


Met = dict[tuple[bool, str], "Counter[Unit]"]
"""In how many files each unit stands, by encoding (implicit or not) and SOP class."""


class Engine:
    """Makes the files of one subject clean."""

    def __init__(  # noqa: PLR0917 - what is known of the subject
        self,
        profile: Profile,
        key: Key,
        identity: str,
        pseudonym: str,
        answers: Mapping[str, Iterable[str]],
        demographics: Demographics = NOTHING_KNOWN,
        first_minute: int | None = None,
    ) -> None:
        profile = profile.writing(frozenset(tag for tag, _, _ in demographics.elements))
        self.profile = profile
        self.secrets = HeaderSearch(answers, vocabulary())
        self.walker = Walker(profile, Values(key, key.shift_days(identity), profile, self.secrets, first_minute))
        self._images = Images()
        self._searched: set[tuple[str, str]] = set()
        self._additions = {
            implicit: additions(pseudonym, profile, implicit, demographics) for implicit in (False, True)
        }

    def clean(self, data: bytes, splitter: Splitter, met: Met | None = None) -> Clean:
        """The clean file of a raw one's bytes.

        Parameters
        ----------
        met
            Counts the units of the file, for the survey.

        Raises
        ------
        UnreadableError
            If the file is damaged or no DICOM image.
        IdentifierLeftError
            If the new header still holds an identifier: it must not be written.
        """
        encoded = decode(data)
        units, at = splitter.split(encoded)
        if met is not None:
            met.setdefault((encoded.implicit, encoded.sop_class), Counter()).update(units)
        return self.clean_units(encoded, units, at)

    def clean_units(self, encoded: Encoded, units: list[Unit], at: int) -> Clean:
        """The clean file of one that is already split; its header ends at `at`. Raises as `clean` does."""
        try:
            return self._cleaned(encoded, units, at)
        except (UnreadableError, IdentifierLeftError):
            for unit in units:
                unit.forget()
            raise

    def _cleaned(self, encoded: Encoded, units: list[Unit], at: int) -> Clean:
        size = self._images.size(units, encoded.implicit)
        result = self.walker.rewrite(encoded, units, at, self._additions[encoded.implicit])
        if not encoded.sop_class or not result.sop_instance:
            raise UnreadableError("a file has no SOP class or instance")
        meta = new_file_meta(encoded.sop_class, result.sop_instance, encoded.transfer_syntax)
        # What earlier files had too has been searched with them; the new instance UID is from the key.
        fresh = result.fresh
        kind = encoded.sop_class, encoded.transfer_syntax
        if kind not in self._searched:
            fresh = [meta, *fresh]
        if self.secrets.found_in_header(b"\n".join(fresh).lower()):
            raise IdentifierLeftError
        self._searched.add(kind)
        head, pixels, padding = b"", memoryview(encoded.data)[slice(*result.pixels)], b""
        if encoded.transfer_syntax.startswith(COMPRESSED):
            pixels = memoryview(without_comments(bytes(pixels), encoded.transfer_syntax))
        elif pixels:
            head, pixels, padding = without_rest(encoded.data, result.pixels, encoded.implicit, size)
        return Clean((b"".join((meta, *result.header, head)), pixels, padding + result.tail), result.counts)


def read_bytes(path: Path | str) -> bytes:
    """The whole of a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        return _read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


def _read(handle: int, size: int) -> bytes:
    """At most `size` bytes of a file, from where it is read."""
    data = os.read(handle, size)
    while len(data) < size:
        more = os.read(handle, size - len(data))
        if not more:
            break
        data += more
    return data


def read_header(path: Path | str, size: int, split: Callable[[bytes], bool]) -> None:
    """Give `split` the first bytes of a file, and the whole where it says that these are not enough.

    Raises
    ------
    UnreadableError
        That which `split` raises on the whole file.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        data = _read(handle, size)
        try:
            if split(data):
                return
        except UnreadableError:
            pass
        split(data + _read(handle, max(os.fstat(handle).st_size - len(data), 0)))
    finally:
        os.close(handle)


def collect_file(path: Path, collector: Collector, splitter: Splitter, by_pydicom: bool) -> tuple[list[Unit], bool]:
    """Collect the identifiers of one header; returns its units, and whether they are implicit.

    A damaged header gives what pydicom can read of it, and no units.
    """
    size = splitter.header_bytes + HEAD_MARGIN_BYTES if splitter.header_bytes else HEAD_BYTES
    last, found = b"", list[tuple[Encoded, list[Unit]]]()

    def split(data: bytes) -> bool:
        nonlocal last
        last = data
        encoded = decode(data)
        units, at = splitter.split(encoded)
        found[:] = [(encoded, units)]
        return at < len(encoded.data)

    try:
        read_header(path, size, split)
    except UnreadableError:
        _collect_by_pydicom(last, collector)
        return [], False
    encoded, units = found[0]
    collect_encoded(encoded, units, collector, by_pydicom)
    return units, encoded.implicit


def collect_encoded(encoded: Encoded, units: list[Unit], collector: Collector, by_pydicom: bool) -> None:
    """Collect the identifiers of a header that is already split."""
    collector.units(units, encoded.implicit)
    if by_pydicom:
        _collect_by_pydicom(encoded.data, collector)


def _collect_by_pydicom(data: bytes, collector: Collector) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            collector.dataset(pydicom.dcmread(BytesIO(data), stop_before_pixels=True, force=True))
        except MemoryError:
            raise
        except Exception:
            # Damaged beyond reading: the rewriting refuses it on its own.
            return


def additions(
    pseudonym: str, profile: Profile, implicit: bool, demographics: Demographics = NOTHING_KNOWN
) -> list[Addition]:
    """The elements that every clean file gets: the pseudonym, and what was done (PS3.15 E.1.1, PS3.3 C.7.1.1)."""
    items = b""
    for code, meaning in profile.codes:
        texts = ((0x00080100, b"SH", code), (0x00080102, b"SH", "DCM"), (0x00080104, b"LO", meaning))
        item = b"".join(element(tag, vr, padded("LO", text.encode()), implicit) for tag, vr, text in texts)
        items += ITEM_TAG + len(item).to_bytes(4, "little") + item
    dates = "MODIFIED" if profile.shifts_dates else "UNMODIFIED" if profile.keeps_dates else "REMOVED"
    method = f"unface {__version__}: DICOM PS3.15 Table E.1-1"
    elements = (
        (0x00100010, b"PN", pseudonym.encode()),
        (0x00100020, b"LO", pseudonym.encode()),
        *demographics.elements,
        (0x00120062, b"CS", b"YES"),
        (0x00120063, b"LO", method.encode()),
        (0x00120064, b"SQ", items),
        (0x00280303, b"CS", dates.encode()),
    )
    return [(tag, element(tag, vr, padded(vr.decode(), value), implicit)) for tag, vr, value in elements]
