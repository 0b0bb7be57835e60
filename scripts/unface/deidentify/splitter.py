"""Splits headers into segments and knows again those that it has met: from file to file of a series little changes.

A segment is one top-level element, or a run of neighbours that were the same in every file so far. Whoever works with
segments keeps results on them, so what a thousand files share is judged once: collecting identifiers, selection, the
size of the image, the rewriting and the survey. It serves speed alone, and changes no byte: all rewriting is in
`rewrite.py`, which without segments would take more than twice the CPU time.
"""

from bisect import bisect_right

from unface.deidentify.profile import OURS
from unface.dicom.elements import PIXELS, SHORT_VRS, creator_tag, is_creator
from unface.dicom.encoding import Encoded, element_at, only_zeros, tag_at
from unface.identity.demographics import AGE, SEX

BOUNDS = sorted({0x00080005, 0x00080006, 0x00080018, 0x00080019, *OURS, SEX, AGE, PIXELS[0]})
"""No run reaches over these tags: character set and instance stand alone, and unface inserts elements of its own."""


SIZES = frozenset({0x00280002, 0x00280008, 0x00280010, 0x00280011, 0x00280100})
"""Samples, frames, rows, columns and bits of an image."""
OVERLAYS = 0x60000000
"""Where overlays begin; behind them come the pixels."""


class Segment:
    """Raw bytes of a top-level element or of a run of them, and what is known about them.

    Parameters
    ----------
    tag
        Of the element, or of the first of the run.
    raw
        Its bytes.
    creator
        Private creator, where it is a private element.
    parts
        The elements of a run, each a segment; none if it is one element.
    vr
        VR of the element, as the file has it.
    """

    __slots__ = (
        "collected",
        "counts",
        "creator",
        "fields",
        "new",
        "parts",
        "raw",
        "size",
        "start",
        "tag",
        "tells",
        "vr",
    )

    def __init__(
        self, tag: int, raw: bytes, creator: str = "", parts: "tuple[Segment, ...]" = (), vr: bytes = b""
    ) -> None:
        self.tag = tag
        self.raw = raw
        self.vr = vr
        self.start = raw[:6] if vr in SHORT_VRS and not (tag & 0x10000 and is_creator(tag)) else b""
        """Tag and VR, where the length of what follows stands in two bytes: enough to know the element by."""
        self.size = len(raw)
        self.creator = creator
        self.parts = parts
        self.new: bytes | None = None
        self.counts = 0
        self.fields: dict[str, list[str]] | None = None
        self.tells = bool(parts) or tag in SIZES or tag >= OVERLAYS
        """Whether it may say how large the image is, or that there is an overlay."""
        self.collected = False

    def forget(self) -> None:
        """Drop what it was rewritten to: nobody has searched that, or an identifier was found in it."""
        self.new = None
        for part in self.parts:
            part.forget()


SHORT_HEAD = 8
"""Bytes of tag, VR and length of most elements in explicit VR."""
REMEMBERED_SEGMENTS, REMEMBERED_BYTES = 4096, 64
"""The number of short elements of a series that are recognised when they come back, and how long they may be."""


class _Creators:
    """The private creators among the segments of a header, as they are met; each segment is looked at once."""

    def __init__(self, segments: list[Segment]) -> None:
        self._segments = segments
        self._looked_at = self._group = 0
        self._names: dict[int, str] = {}

    def before(self, tag: int) -> str:
        """The creator of a private element, from the segments before it in its group."""
        segments, group = self._segments, tag >> 16
        new = len(segments)
        while new > self._looked_at and segments[new - 1].tag >> 16 == group:
            new -= 1
        if new > self._looked_at or group != self._group:
            self._names, self._group = {}, group
        for segment in segments[new:]:
            for part in segment.parts or (segment,):
                if is_creator(part.tag):
                    self._names[part.tag] = part.creator
        self._looked_at = len(segments)
        return self._names.get(creator_tag(tag), "")


class HeaderSplitter:
    """Splits the headers of one series.

    Attributes
    ----------
    owner : str or None
        Whose files these are, if one splitter may meet those of several patients.
    header_bytes : int
        Where the header of the last file ended: how much of the next one to read.
    """

    def __init__(self) -> None:
        self._met_before: dict[tuple[str, bytes], Segment] = {}
        self._template: list[Segment] = []
        self._variable: set[int] = set()
        self._changed = False
        self._kind = False, ""
        self.owner: str | None = None
        self.header_bytes = 0

    def split(self, source: Encoded) -> tuple[list[Segment], int]:
        """Split a data set up to its pixels.

        Parameters
        ----------
        source
            The file, or its beginning.

        Returns
        -------
        list of Segment
            Those that an earlier file of the same encoding and SOP class had too are the same objects.
        int
            Where they end: at the pixels, or at zeros up to the end.
        """
        data, at, implicit, end = source.data, source.start, source.implicit, len(source.data)
        if (implicit, source.sop_class) != self._kind:
            self._template, self._kind = [], (implicit, source.sop_class)
            self._met_before.clear()
        segments: list[Segment] = []
        creators = _Creators(segments)
        template, known = self._template, 0
        variable, met = self._variable, self._met_before
        while at < end:
            if known < len(template):
                segment = template[known]
                if data.startswith(segment.raw, at):
                    segments.append(segment)
                    at += segment.size
                    known += 1
                    continue
                if segment.parts:
                    template[known : known + 1] = segment.parts
                    self._changed = True
                    continue
                if segment.start and data.startswith(segment.start, at) and segment.tag in variable and not implicit:
                    after = at + SHORT_HEAD + int.from_bytes(data[at + 6 : at + SHORT_HEAD], "little")
                    if after <= end:
                        raw = data[at:after]
                        again = met.get((segment.creator, raw))
                        if again is None:
                            again = self._remembered(Segment(segment.tag, raw, segment.creator, (), segment.vr))
                        segments.append(again)
                        at = after
                        known += 1
                        continue
            group, number = tag_at(data, at) if at + 4 <= end else (0, 0)
            if group << 16 | number >= PIXELS[0] or (not group and at + 4 <= end and only_zeros(data, at)):
                break
            tag, vr, body, after = element_at(data, at, end, implicit)
            if known < len(template) and template[known].tag < tag:
                known = self._passed(template, known)
                continue
            known, creator = self._met(template, known, tag, creators)
            if tag & 0x10000 and is_creator(tag):
                creator = data[body : min(after, body + 64)].strip(b"\0 ").decode("ascii", "replace")
            segments.append(self._segment(tag, data[at:after], creator, vr))
            at = after
        if self._changed or not self._template:
            self._template = self._merged(segments)
            self._changed = False
        self.header_bytes = at
        return segments, at

    def _segment(self, tag: int, raw: bytes, creator: str, vr: bytes) -> Segment:
        """The segment of an element: the same object if the series had this very element before."""
        known = self._met_before.get((creator, raw)) if len(raw) <= REMEMBERED_BYTES else None
        return known or self._remembered(Segment(tag, raw, creator, (), vr))

    def _remembered(self, segment: Segment) -> Segment:
        if segment.size <= REMEMBERED_BYTES:
            if len(self._met_before) >= REMEMBERED_SEGMENTS:
                self._met_before.clear()
            self._met_before[segment.creator, segment.raw] = segment
        return segment

    def _passed(self, template: list[Segment], known: int) -> int:
        """Leave behind a segment that this file lacks; without its creator a private group is another one."""
        tag = template[known].tag
        return _after_group(template, known, tag >> 16) if is_creator(tag) else known + 1

    def _met(self, template: list[Segment], known: int, tag: int, creators: _Creators) -> tuple[int, str]:
        """Note an element that is new or has changed; returns where the template goes on, and its creator."""
        if tag not in self._variable:
            self._variable.add(tag)
            self._changed = True
        if is_creator(tag):
            return _after_group(template, known, tag >> 16), ""
        if known < len(template) and template[known].tag == tag:
            return known + 1, template[known].creator
        return known, creators.before(tag) if tag >> 16 & 1 else ""

    def _merged(self, segments: list[Segment]) -> list[Segment]:
        """Units with neighbours joined that have not changed so far."""
        merged: list[Segment] = []
        waiting: list[Segment] = []
        variable = self._variable if self._template else set[int]()
        self._variable = variable
        for segment in segments:
            for part in segment.parts or (segment,):
                if waiting and (part.tag in variable or _zone(part.tag) != _zone(waiting[0].tag)):
                    merged.append(_run(waiting))
                    waiting = []
                if part.tag in variable:
                    merged.append(part)
                else:
                    waiting.append(part)
        if waiting:
            merged.append(_run(waiting))
        return merged


def _zone(tag: int) -> tuple[int, int]:
    group = tag >> 16
    return bisect_right(BOUNDS, tag), group if group & 1 else 0


def _run(segments: list[Segment]) -> Segment:
    if len(segments) == 1:
        return segments[0]
    run = Segment(segments[0].tag, b"".join(segment.raw for segment in segments), parts=tuple(segments))
    run.collected = all(segment.collected for segment in segments)
    return run


def _after_group(template: list[Segment], known: int, group: int) -> int:
    while known < len(template) and template[known].tag >> 16 == group:
        known += 1
    return known
