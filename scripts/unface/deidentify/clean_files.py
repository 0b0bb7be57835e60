"""One subject's files, made clean one by one: rewritten, searched for the subject's identifiers, written."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unface import __version__
from unface.deidentify.clock import Clock
from unface.deidentify.leftover import left_in
from unface.deidentify.pixel_data import ImageSizes, in_fragments, without_rest
from unface.deidentify.profile import Profile
from unface.deidentify.rewrite import Addition, DatasetRewriter
from unface.deidentify.splitter import HeaderSplitter, Segment
from unface.deidentify.values import ValueRewriter, padded
from unface.dicom import rle
from unface.dicom.codestreams import only_images
from unface.dicom.encoding import ITEM_TAG, Encoded, UnreadableError, decode, element, new_file_meta
from unface.identity.demographics import Demographics
from unface.identity.header_search import HeaderSearch
from unface.identity.pseudonyms import Key
from unface.identity.vocabulary import vocabulary

COMPRESSED = ("1.2.840.10008.1.2.4.", rle.SYNTAX)
"""Transfer syntaxes of JPEG, JPEG-LS, JPEG 2000 and video, and of run-length encoding."""
NOTHING_KNOWN = Demographics()


class IdentifierLeftError(Exception):
    """A rewritten header still holds one of the subject's own identifiers.

    Parameters
    ----------
    where
        The attribute, as `deidentify.overrides` names it.
    """

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} of a clean header still held one of the subject's identifiers; "
            f"if nothing else needs it, deidentify.overrides can remove it ({where}: remove)"
        )


@dataclass(frozen=True)
class CleanFile:
    """A file without identifiers, ready to be written.

    Attributes
    ----------
    parts : tuple of bytes or memoryview
        Its content, to be written one after another: header, pixels, and what stands behind them.
    counts : int
        How often each action was taken (`rewrite.counted`).
    """

    parts: tuple[bytes | memoryview, ...]
    counts: int

    def write(self, path: Path | str) -> None:
        """Write the file, readable by its owner alone.

        Parameters
        ----------
        path
            Where it goes; what stands there is overwritten.
        """
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


SegmentCounts = dict[tuple[bool, str], "Counter[Segment]"]
"""In how many files each segment stands, by encoding (implicit or not) and SOP class."""


class Deidentifier:
    """Makes the files of one subject clean.

    Parameters
    ----------
    profile
        What happens to each attribute.
    key
        Gives pseudonyms, UIDs and the days that dates are shifted by.
    identity
        Who the subject is, as the key knows them: the PatientID, or what stands for it.
    pseudonym
        The subject's name and ID in clean files.
    identifiers
        Values by kind, none of which may stand in a clean header.
    demographics
        Sex and age, where they are known from elsewhere than the headers.
    clock
        How the times of the session are moved; None if it has none.
    """

    def __init__(  # noqa: PLR0917 - what is known of the subject
        self,
        profile: Profile,
        key: Key,
        identity: str,
        pseudonym: str,
        identifiers: Mapping[str, Iterable[str]],
        demographics: Demographics = NOTHING_KNOWN,
        clock: Clock | None = None,
    ) -> None:
        profile = profile.writing(frozenset(tag for tag, _, _ in demographics.elements))
        self.profile = profile
        self.search = HeaderSearch(identifiers, vocabulary())
        values = ValueRewriter(key, key.shift_days(identity), profile, self.search, clock)
        self.rewriter = DatasetRewriter(profile, values)
        self._sizes = ImageSizes()
        self._searched: set[tuple[str, str]] = set()
        self._additions = {
            implicit: _additions(pseudonym, profile, implicit, demographics) for implicit in (False, True)
        }

    def clean(self, data: bytes, splitter: HeaderSplitter, counts: SegmentCounts | None = None) -> CleanFile:
        """Make one file clean.

        Parameters
        ----------
        data
            The raw file.
        splitter
            That of the file's series.
        counts
            Counts the segments of the file, for the survey.

        Returns
        -------
        CleanFile
            The clean file, not yet written.

        Raises
        ------
        UnreadableError
            If the file is damaged or no DICOM image.
        IdentifierLeftError
            If the new header still holds an identifier: it must not be written.
        """
        encoded = decode(data)
        segments, at = splitter.split(encoded)
        if counts is not None:
            counts.setdefault((encoded.implicit, encoded.sop_class), Counter()).update(segments)
        return self.clean_segments(encoded, segments, at)

    def clean_segments(self, encoded: Encoded, segments: list[Segment], at: int) -> CleanFile:
        """Make one file clean that is already split.

        Parameters
        ----------
        encoded
            The raw file.
        segments
            What the splitter of its series makes of it.
        at
            Where its header ends.

        Returns
        -------
        CleanFile
            The clean file, not yet written.

        Raises
        ------
        UnreadableError
            As `clean`.
        IdentifierLeftError
            As `clean`.
        """
        try:
            return self._cleaned(encoded, segments, at)
        except (UnreadableError, IdentifierLeftError):
            for segment in segments:
                segment.forget()
            raise

    def _cleaned(self, encoded: Encoded, segments: list[Segment], at: int) -> CleanFile:
        size = self._sizes.size(segments, encoded.implicit)
        result = self.rewriter.rewrite(encoded, segments, at, self._additions[encoded.implicit])
        if not re.fullmatch(r"[0-9.]+", encoded.sop_class) or not result.sop_instance:
            raise UnreadableError("a file has no SOP class or instance")
        meta = new_file_meta(encoded.sop_class, result.sop_instance, encoded.transfer_syntax)
        # What earlier files had too was searched with them; the new instance UID is made with the key.
        fresh = result.fresh
        kind = encoded.sop_class, encoded.transfer_syntax
        if kind not in self._searched:
            fresh = [" ".join(kind).encode(), *fresh]
        if self.search.found_in_header(b"\n".join(fresh).lower()):
            # Rarely, and then slowly: the bytes between values spell names by chance.
            header = b"".join((*result.header, result.tail))
            left = left_in(header, encoded.implicit, self.rewriter, self.search, encoded.sop_class)
            if left or self.search.found_in_header(" ".join(kind).encode()):
                raise IdentifierLeftError(left or "SOPClassUID")
        self._searched.add(kind)
        head, pixels, padding = b"", memoryview(encoded.data)[slice(*result.pixels)], b""
        compressed = encoded.transfer_syntax.startswith(COMPRESSED)
        if pixels and compressed != in_fragments(pixels, encoded.implicit):
            raise UnreadableError("its pixels are not compressed as its transfer syntax says")
        if compressed:
            pixels = memoryview(only_images(bytes(pixels), encoded.transfer_syntax, size))
        elif pixels:
            head, pixels, padding = without_rest(encoded.data, result.pixels, encoded.implicit, size)
        return CleanFile((b"".join((meta, *result.header, head)), pixels, padding + result.tail), result.counts)


def _additions(pseudonym: str, profile: Profile, implicit: bool, demographics: Demographics) -> list[Addition]:
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
