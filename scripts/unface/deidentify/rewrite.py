"""Rewrites data sets byte by byte: what stays is copied as it lies, nothing is decoded that no rule asks for.

This is the one place where elements are rewritten, at the top of a header, in sequences and behind the pixels
(`DatasetRewriter._dataset`). The splitter rewrites nothing: it cuts a header into segments, and a segment that an
earlier file of the series had too keeps what it was rewritten to. Without it each header would be rewritten whole, at
more than twice the CPU time.
"""

import re
from dataclasses import dataclass
from typing import get_args

from unface.deidentify.actions import Action
from unface.deidentify.overrides import BINARY_VRS, encoded
from unface.deidentify.profile import Profile
from unface.deidentify.splitter import SHORT_HEAD, Segment
from unface.deidentify.values import ValueRewriter, dummy, padded
from unface.dicom.elements import PIXELS, creator_tag, is_creator
from unface.dicom.encoding import (
    ITEM_TAG,
    LAST_DELIMITER,
    MAX_DEPTH,
    Encoded,
    UnreadableError,
    element,
    element_at,
    items,
    only_zeros,
    padding_at,
)
from unface.dicom.standard import type_of, vr_of
from unface.identity.codes import is_closed, listed, may_be_code, without_initials

Addition = tuple[int, bytes]
"""A tag, and the whole encoded element that unface writes there."""

ACTIONS: tuple[Action, ...] = get_args(Action)
_DIGIT = 32
"""Bits of one action's count: the counts of all actions are kept in one number, for adding up is all they need."""
_ONE = {action: 1 << _DIGIT * number for number, action in enumerate(ACTIONS)}

SOP_INSTANCE = 0x00080018
CODED_TERM = {0x00080100, 0x00080102, 0x00080104, 0x00080119}
"""Value, scheme and meaning of a coded term: never empty, wherever it stands (PS3.3 8.8)."""
UNDEFINED_LENGTH = b"\xff\xff\xff\xff"
NEVER = 1 << 32
"""Above every tag."""
MEMO_VALUES, MEMO_BYTES = 8192, 256
"""Longer values are not remembered: looking them up costs more than it saves."""


_PRINTABLE = frozenset(range(0x20, 0x7F))
_LETTERS, _TEXT = re.compile(rb"[A-Za-z][A-Za-z^ ,.'-]{3,}"), re.compile(rb"[ -~]*[A-Za-z]{3}[ -~]*")
LEAST_TEXT, SHORT_TEXT, LONG_TEXT = 4, 7, 12
"""Four bytes of a number may be letters by chance, and seven of a fraction letters and signs; 12 are not."""
USUAL_ENDS = frozenset(b">?@A")
"""Last bytes of numbers of VR FD between a millionth and a million."""


@dataclass
class RewrittenDataset:
    """A data set after rewriting.

    Attributes
    ----------
    header : list of bytes
        What stands before the pixels.
    fresh : list of bytes
        The parts of header and tail that no earlier file had.
    pixels : tuple of int
        Where the pixels begin and end in the source.
    tail : bytes
        What stands after the pixels; first of all their delimiter, if the source lacks it.
    sop_instance : bytes
        The new SOP Instance UID (0008,0018).
    counts : int
        How often each action was taken, all counts in one number (`counted`).
    """

    header: list[bytes]
    fresh: list[bytes]
    pixels: tuple[int, int]
    tail: bytes
    sop_instance: bytes
    counts: int


def counted(counts: int) -> dict[str, int]:
    """Tell apart how often each action was taken.

    Parameters
    ----------
    counts
        The number that holds all counts.

    Returns
    -------
    dict of str to int
        The count of each action.
    """
    mask = (1 << _DIGIT) - 1
    return {action: counts >> _DIGIT * number & mask for number, action in enumerate(ACTIONS)}


@dataclass(frozen=True)
class _Edit:
    """How one kind of element is rewritten: the action, and the VR to write it with."""

    action: Action
    vr: str
    vr_bytes: bytes
    required: bool
    """Of Type 1: a value that cleaning leaves empty becomes one that says nothing."""
    replacement: bytes = b""
    number: bool = False
    """Whether the value is binary numbers."""
    closed: int = 0
    """The tag of an attribute whose values may be of a list (`codes`): these stay."""


class DatasetRewriter:
    """Rewrites data sets of one subject.

    Parameters
    ----------
    profile
        What happens to each attribute.
    values
        Makes the new values.
    """

    def __init__(self, profile: Profile, values: ValueRewriter) -> None:
        self.profile = profile
        self.values = values
        self._edits: dict[tuple[int, bytes, str, int, str], _Edit] = {}
        self._sop_class = ""
        self._memo: dict[tuple[Action, str, bool, int, bytes], bytes | None] = {}
        self._counts = 0

    def rewrite(self, source: Encoded, segments: list[Segment], at: int, additions: list[Addition]) -> RewrittenDataset:
        """Rewrite a data set.

        Parameters
        ----------
        source
            The raw file.
        segments
            What the splitter of the file's series makes of it, up to its pixels.
        at
            Where the pixels begin.
        additions
            Elements that unface writes itself, in order of their tags.

        Returns
        -------
        RewrittenDataset
            The new data set; its pixels are those of the source.

        Raises
        ------
        UnreadableError
            If lengths do not fit or nesting is too deep.
        """
        data, implicit = source.data, source.implicit
        self._sop_class = source.sop_class
        header: list[bytes] = []
        fresh: list[bytes] = []
        counts, instance, waiting = 0, b"", 0
        next_tag = additions[0][0] if additions else NEVER
        for segment in segments:
            while segment.tag >= next_tag:
                header.append(additions[waiting][1])
                waiting += 1
                next_tag = additions[waiting][0] if waiting < len(additions) else NEVER
            new = segment.new
            if new is None:
                new = self._segment(segment, implicit)
                fresh.append(new)
            if segment.tag == SOP_INSTANCE:
                instance = new[SHORT_HEAD:]
            header.append(new)
            counts += segment.counts
        header.extend(addition for _, addition in additions[waiting:])
        pixels = (at, at)
        tail = b""
        if at < len(data) and not only_zeros(data, at):
            tag, _, body, after = element_at(data, at, len(data), implicit)
            if tag in PIXELS:
                pixels = at, after
                if data.startswith(UNDEFINED_LENGTH, body - 4) and not data.startswith(LAST_DELIMITER[:4], after - 8):
                    tail = LAST_DELIMITER
        self._counts = 0
        if pixels[1] < len(data):
            end = padding_at(data, pixels[1], implicit)
            behind = b"".join(self._dataset(data, pixels[1], end, implicit, {}, 0, 0))
            tail += behind
            fresh.append(behind)
        return RewrittenDataset(header, fresh, pixels, tail, instance.rstrip(b"\0 "), counts + self._counts)

    def _segment(self, segment: Segment, implicit: bool) -> bytes:
        """The rewritten bytes of a segment, which it keeps."""
        if segment.parts:
            parts = segment.parts
            segment.new = b"".join(self._segment(part, implicit) if part.new is None else part.new for part in parts)
            segment.counts = sum(part.counts for part in parts)
            return segment.new
        self._counts = 0
        creators = {creator_tag(segment.tag): segment.creator} if segment.creator else {}
        segment.new = b"".join(self._dataset(segment.raw, 0, segment.size, implicit, creators, 0, 0))
        segment.counts = self._counts
        return segment.new

    def _dataset(  # noqa: PLR0917 - the hot loop
        self, data: bytes, at: int, end: int, implicit: bool, creators: dict[int, str], depth: int, parent: int
    ) -> list[bytes]:
        """Rewritten elements from `at` to `end`; neighbours that stay are one slice."""
        if depth > MAX_DEPTH:
            raise UnreadableError("sequences are nested too deep")
        out: list[bytes] = []
        kept = at
        while at < end:
            tag, vr, body, after = element_at(data, at, end, implicit)
            edit = self._edit(tag, vr, data, body, after, creators, parent)
            action = edit.action
            self._counts += _ONE[action]
            if edit.number and after - body >= LEAST_TEXT and self._is_text(edit.vr, data, body, after):
                out += (data[kept:at], element(tag, edit.vr_bytes, dummy(edit.vr) if edit.required else b"", implicit))
                at = kept = after
                continue
            if action == "keep" and edit.vr_bytes == vr:
                at = after
                continue
            if kept < at:
                out.append(data[kept:at])
            at = kept = after
            if action == "recurse":
                within = implicit or vr == b"UN"
                content = self._items(data, body, after, within, depth + 1, tag)
                out.append(element(tag, b"UN" if vr == b"UN" else b"SQ", content, implicit))
            elif action != "remove" and (vr != b"UN" or data[body - 4 : body] != UNDEFINED_LENGTH):
                new = self._value(edit, data[body:after])
                if new is not None:
                    out.append(element(tag, edit.vr_bytes, new, implicit))
        if kept < end:
            out.append(data[kept:end])
        return out

    def _is_text(self, vr: str, data: bytes, body: int, after: int) -> bool:
        """Whether the value of a binary number is text: bytes that no measured number is made of."""
        if data[body] not in _PRINTABLE or data[body + 1] not in _PRINTABLE:
            return False
        text = data[body:after].rstrip(b"\0 ")
        if _LETTERS.fullmatch(text) is None:
            most = data[after - 1]
            long = len(text) >= (LONG_TEXT if vr == "FL" or (vr == "FD" and most in USUAL_ENDS) else SHORT_TEXT)
            return long and _TEXT.fullmatch(text) is not None
        return len(text) > LEAST_TEXT or self.values.search.found_in_text(text.lower())

    def _items(  # noqa: PLR0917 - called by the hot loop
        self, data: bytes, at: int, end: int, implicit: bool, depth: int, parent: int
    ) -> bytes:
        """The items of a sequence, rewritten, each with its length."""
        out: list[bytes] = []
        for start, stop in items(data, at, end, implicit):
            content = b"".join(self._dataset(data, start, stop, implicit, {}, depth, parent))
            out += (ITEM_TAG, len(content).to_bytes(4, "little"), content)
        return b"".join(out)

    def _edit(  # noqa: PLR0917 - called by the hot loop
        self, tag: int, vr: bytes, data: bytes, body: int, after: int, creators: dict[int, str], parent: int
    ) -> _Edit:
        """How an element is rewritten; private ones are known by their creator, which is noted in passing."""
        creator = ""
        if tag & 0x10000:
            if is_creator(tag):
                creator = data[body : min(after, body + 64)].strip(b"\0 ").decode("ascii", "replace")
                creators[tag] = creator
            else:
                creator = creators.get(creator_tag(tag), "")
        key = tag, vr, creator, parent, self._sop_class
        known = self._edits.get(key)
        if known is None:
            known = self._edits[key] = self._new_edit(tag, vr.decode(), creator, parent)
        return known

    def judge(  # noqa: PLR0917 - an element and where it stands
        self, tag: int, vr: bytes, value: bytes, creators: dict[int, str], parent: int, sop_class: str
    ) -> tuple[Action, str, str]:
        """Tell what happens to an element.

        Parameters
        ----------
        tag, vr, value
            The element, its VR as the file has it.
        creators
            Notes private creators in passing: hand in one for each data set or item.
        parent
            Tag of the sequence that it stands in; 0 at the top.
        sop_class
            SOP Class UID of the image: it says which Type an attribute is of.

        Returns
        -------
        Action
            What happens to it.
        str
            The VR it is taken for.
        str
            Its private creator; empty for a standard attribute.
        """
        self._sop_class = sop_class
        edit = self._edit(tag, vr, value, 0, len(value), creators, parent)
        creator = creators.get(tag if is_creator(tag) else creator_tag(tag), "") if tag & 0x10000 else ""
        return edit.action, edit.vr, creator

    def _new_edit(self, tag: int, vr: str, creator: str, parent: int) -> _Edit:
        group = tag >> 16
        kind = value = ""
        if not group & 1:
            if vr == "UN":
                vr = vr_of(tag)
            kind = "1" if tag in CODED_TERM else type_of(self._sop_class, tag, parent)
            decision = self.profile.decision(tag, vr, kind)
            action, value = decision.action, decision.value
        elif is_creator(tag):
            vr, action = "LO", "keep" if self.profile.knows_creator(group, creator) else "remove"
        else:
            decision, vr = self.profile.private_decision(group, creator, tag & 0xFF, vr)
            action, value = decision.action, decision.value
        if action == "recurse" and vr != "SQ":
            action = "remove"  # Not the sequence that the standard says.
        number = vr in BINARY_VRS and action == "keep"
        required = kind[:1] == "1" and (number or action not in {"keep", "recurse", "remove"})
        replacement = encoded(vr, value) if action == "replace" else b""
        closed = tag if action == "check" and vr == "CS" else tag if action == "code" and tag in listed() else 0
        return _Edit(action, vr, vr.encode(), required, replacement, number, closed)

    def _value(self, edit: _Edit, value: bytes) -> bytes | None:
        """The new value, padded."""
        action, vr = edit.action, edit.vr
        if action == "keep":
            return value
        if action == "replace":
            return padded(vr, edit.replacement)
        if len(value) > MEMO_BYTES or action == "uid":
            return self._changed(edit, value)
        key = action, vr, edit.required, edit.closed, value
        try:
            return self._memo[key]
        except KeyError:
            if len(self._memo) >= MEMO_VALUES:
                self._memo.clear()
            new = self._memo[key] = self._changed(edit, value)
            return new

    def _changed(self, edit: _Edit, value: bytes) -> bytes | None:
        new = self._checked(edit, value) if edit.closed else self.values.apply(edit.action, edit.vr, value)
        if edit.required and not new:
            new = dummy(edit.vr)
        return None if new is None else padded(edit.vr, new)

    def _checked(self, edit: _Edit, value: bytes) -> bytes:
        """The value: parts of the attribute's list stay, others are cleaned, and codes that no list knows emptied."""
        parts = value.split(b"\\")
        if edit.vr == "CS":
            found = self.values.search.found_in_text
            fits = (
                part
                if is_closed(edit.closed, part) or (may_be_code(edit.closed, part) and not found(part.lower()))
                else b""
                for part in parts
            )
            new = b"\\".join(fits)
            return value if new == value else new if new.strip(b"\\ \0") else b""
        return b"\\".join(
            part
            if is_closed(edit.closed, part)
            else without_initials(edit.closed, self.values.apply(edit.action, edit.vr, part) or b"")
            for part in parts
        )
