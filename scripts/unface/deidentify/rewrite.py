"""Rewrites data sets byte by byte: what stays is copied as it lies, nothing is decoded that no rule asks for."""

from dataclasses import dataclass
from typing import get_args

from unface.deidentify.actions import Action
from unface.deidentify.overrides import encoded
from unface.deidentify.profile import Profile
from unface.deidentify.splitter import SHORT_HEAD, Unit
from unface.deidentify.values import Values, dummy, padded
from unface.dicom.elements import PIXELS, creator_tag, is_creator
from unface.dicom.encoding import ITEM_TAG, MAX_DEPTH, Encoded, UnreadableError, element, element_at, items
from unface.dicom.standard import type_of, vr_of

Addition = tuple[int, bytes]
"""A tag, and the whole encoded element that unface writes there."""

ACTIONS: tuple[Action, ...] = get_args(Action)
_DIGIT = 32
"""Bits of one action's count: the counts of all actions are kept in one number, for adding up is all they need."""
_ONE = {action: 1 << _DIGIT * number for number, action in enumerate(ACTIONS)}

SOP_INSTANCE = 0x00080018
CODED_TERM = {0x00080100, 0x00080102, 0x00080104, 0x00080119}
"""Value, scheme and meaning of a coded term: never empty, wherever it stands (PS3.3 8.8)."""
NEVER = 1 << 32
"""Above every tag."""
MEMO_VALUES, MEMO_BYTES = 8192, 256
"""Longer values are not remembered: looking them up costs more than it saves."""


@dataclass
class Rewritten:
    """A data set after rewriting: what stands before, as and after the pixels, and what was done."""

    header: list[bytes]
    fresh: list[bytes]
    """The parts of header and tail that no earlier file had."""
    pixels: tuple[int, int]
    """Where the pixels lie in the source."""
    tail: bytes
    sop_instance: bytes
    """The new SOP instance UID."""
    counts: int


def counted(counts: int) -> dict[str, int]:
    """How often each action was taken, from the number that holds all counts."""
    mask = (1 << _DIGIT) - 1
    return {action: counts >> _DIGIT * number & mask for number, action in enumerate(ACTIONS)}


@dataclass(frozen=True)
class _Decision:
    """What to do with an element: its action, the VR to write it with."""

    action: Action
    vr: str
    vr_bytes: bytes
    required: bool
    """Of Type 1: a value that cleaning leaves empty becomes one that says nothing."""
    replacement: bytes = b""


class Walker:
    """Rewrites data sets of one subject."""

    def __init__(self, profile: Profile, values: Values) -> None:
        self.profile = profile
        self.values = values
        self._decisions: dict[tuple[int, bytes, str, int, str], _Decision] = {}
        self._sop_class = ""
        self._memo: dict[tuple[Action, str, bool, bytes], bytes | None] = {}
        self._counts = 0

    def rewrite(self, source: Encoded, units: list[Unit], at: int, additions: list[Addition]) -> Rewritten:
        """Rewrite a data set.

        Parameters
        ----------
        units
            What the splitter of the file's series makes of it, up to its pixels at `at`.
        additions
            Elements that unface writes itself, in order of their tags.

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
        for unit in units:
            while unit.tag >= next_tag:
                header.append(additions[waiting][1])
                waiting += 1
                next_tag = additions[waiting][0] if waiting < len(additions) else NEVER
            new = unit.new
            if new is None:
                new = self._unit(unit, implicit)
                fresh.append(new)
            if unit.tag == SOP_INSTANCE:
                instance = new[SHORT_HEAD:]
            header.append(new)
            counts += unit.counts
        header.extend(addition for _, addition in additions[waiting:])
        pixels = (at, at)
        if at < len(data):
            tag, _, _, after = element_at(data, at, len(data), implicit)
            if tag in PIXELS:
                pixels = at, after
        self._counts = 0
        tail = b""
        if pixels[1] < len(data):
            tail = b"".join(self._dataset(data, pixels[1], len(data), implicit, {}, 0, 0))
            fresh.append(tail)
        return Rewritten(header, fresh, pixels, tail, instance.rstrip(b"\0 "), counts + self._counts)

    def _unit(self, unit: Unit, implicit: bool) -> bytes:
        """The rewritten bytes of a unit, which it keeps."""
        if unit.parts:
            unit.new = b"".join(self._unit(part, implicit) if part.new is None else part.new for part in unit.parts)
            unit.counts = sum(part.counts for part in unit.parts)
            return unit.new
        self._counts = 0
        creators = {creator_tag(unit.tag): unit.creator} if unit.creator else {}
        unit.new = b"".join(self._dataset(unit.raw, 0, unit.size, implicit, creators, 0, 0))
        unit.counts = self._counts
        return unit.new

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
            decision = self._decide(tag, vr, data, body, after, creators, parent)
            action = decision.action
            self._counts += _ONE[action]
            if action == "keep" and decision.vr_bytes == vr:
                at = after
                continue
            if kept < at:
                out.append(data[kept:at])
            at = kept = after
            if action == "recurse":
                within = implicit or vr == b"UN"
                content = self._items(data, body, after, within, depth + 1, tag)
                out.append(element(tag, b"UN" if vr == b"UN" else b"SQ", content, implicit))
            elif action != "remove" and (vr != b"UN" or data[body - 4 : body] != b"\xff\xff\xff\xff"):
                new = self._value(decision, data[body:after])
                if new is not None:
                    out.append(element(tag, decision.vr_bytes, new, implicit))
        if kept < end:
            out.append(data[kept:end])
        return out

    def _items(  # noqa: PLR0917 - called by the hot loop
        self, data: bytes, at: int, end: int, implicit: bool, depth: int, parent: int
    ) -> bytes:
        """The items of a sequence, rewritten, each with its length."""
        out: list[bytes] = []
        for start, stop in items(data, at, end, implicit):
            content = b"".join(self._dataset(data, start, stop, implicit, {}, depth, parent))
            out += (ITEM_TAG, len(content).to_bytes(4, "little"), content)
        return b"".join(out)

    def _decide(  # noqa: PLR0917 - called by the hot loop
        self, tag: int, vr: bytes, data: bytes, body: int, after: int, creators: dict[int, str], parent: int
    ) -> _Decision:
        """What to do with an element; private ones are found by their creator, which is noted in passing."""
        creator = ""
        if tag & 0x10000:
            if is_creator(tag):
                creator = data[body : min(after, body + 64)].strip(b"\0 ").decode("ascii", "replace")
                creators[tag] = creator
            else:
                creator = creators.get(creator_tag(tag), "")
        key = tag, vr, creator, parent, self._sop_class
        known = self._decisions.get(key)
        if known is None:
            known = self._decisions[key] = self._decided(tag, vr.decode(), creator, parent)
        return known

    def judge(  # noqa: PLR0917 - an element and where it stands
        self, tag: int, vr: bytes, value: bytes, creators: dict[int, str], parent: int, sop_class: str
    ) -> tuple[Action, str, str]:
        """What happens to an element, the VR it is taken for, and its private creator.

        `creators` notes private creators in passing: hand in one for each data set or item.
        """
        self._sop_class = sop_class
        decision = self._decide(tag, vr, value, 0, len(value), creators, parent)
        creator = creators.get(tag if is_creator(tag) else creator_tag(tag), "") if tag & 0x10000 else ""
        return decision.action, decision.vr, creator

    def _decided(self, tag: int, vr: str, creator: str, parent: int) -> _Decision:
        group = tag >> 16
        kind = value = ""
        if not group & 1:
            if vr == "UN":
                vr = vr_of(tag)
            kind = "1" if tag in CODED_TERM else type_of(self._sop_class, tag, parent)
            rule = self.profile.rule(tag, vr, kind)
            action, value = rule.action, rule.value
        elif is_creator(tag):
            vr, action = "LO", "keep" if self.profile.knows_creator(group, creator) else "remove"
        else:
            rule, vr = self.profile.private_rule(group, creator, tag & 0xFF, vr)
            action, value = rule.action, rule.value
        if action == "recurse" and vr != "SQ":
            action = "remove"  # Not the sequence that the standard says.
        required = kind[:1] == "1" and action not in {"keep", "recurse", "remove"}
        replacement = encoded(vr, value) if action == "replace" else b""
        return _Decision(action, vr, vr.encode(), required, replacement)

    def _value(self, decision: _Decision, value: bytes) -> bytes | None:
        """The new value, padded."""
        action, vr = decision.action, decision.vr
        if action == "keep":
            return value
        if action == "replace":
            return padded(vr, decision.replacement)
        if len(value) > MEMO_BYTES or action == "uid":
            return self._changed(decision, value)
        key = action, vr, decision.required, value
        try:
            return self._memo[key]
        except KeyError:
            if len(self._memo) >= MEMO_VALUES:
                self._memo.clear()
            new = self._memo[key] = self._changed(decision, value)
            return new

    def _changed(self, decision: _Decision, value: bytes) -> bytes | None:
        new = self.values.apply(decision.action, decision.vr, value)
        if decision.required and not new:
            new = dummy(decision.vr)
        return None if new is None else padded(decision.vr, new)
