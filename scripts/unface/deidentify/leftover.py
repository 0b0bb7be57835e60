"""Where an identifier is left in a rewritten header, value by value: the bytes between them spell names by chance.

The quick search over all bytes of a header (`HeaderSearch.found_in_header`) comes first; few headers come here.
"""

from unface.deidentify.overrides import BINARY_VRS
from unface.deidentify.rewrite import DatasetRewriter
from unface.dicom.elements import is_creator
from unface.dicom.encoding import element_at, items
from unface.dicom.standard import BYTES_VRS, keyword_of
from unface.identity.codes import is_closed, listed
from unface.identity.header_search import HeaderSearch

BLOCKS = {"csa", "phoenix", "ge_protocol"}
LEAST_IN_BLOCKS = 5
"""Makers' names of settings are in blocks, such as `Stim_lim`; each value in them was looked at by itself."""


def left_in(  # noqa: PLR0917 - elements and who knows them
    data: bytes, implicit: bool, rewriter: DatasetRewriter, search: HeaderSearch, sop_class: str, parent: int = 0
) -> str:
    """Name the first attribute whose value holds an identifier.

    Binary numbers, codes of closed lists, private creators and what unface writes itself hold none.

    Parameters
    ----------
    data, implicit
        Elements of a rewritten header, and whether their VRs are implicit.
    rewriter
        What rewrote it: it knows which elements are unface's own, and VRs that a file does not tell.
    search
        Finds the subject's identifiers.
    sop_class
        SOP Class UID of the image.
    parent
        Tag of the sequence that the elements stand in; 0 at the top.

    Returns
    -------
    str
        As `deidentify.overrides` names it, a keyword or `0043,GEMS_PARM_01,2a`; empty where nothing is left.
    """
    at, creators = 0, dict[int, str]()
    while at < len(data):
        tag, vr, body, at = element_at(data, at, len(data), implicit)
        value = data[body:at]
        action, kind, creator = rewriter.judge(tag, vr, value, creators, parent, sop_class)
        if rewriter.profile.writes(tag) and not parent:
            continue
        if kind == "SQ":
            within = implicit or vr == b"UN"
            for start, stop in items(data, body, at, within):
                if found := left_in(data[start:stop], within, rewriter, search, sop_class, tag):
                    return found
        elif action in BLOCKS:
            if search.found_in_bytes(value.lower(), LEAST_IN_BLOCKS):
                return _named(tag, creator)
        elif not is_creator(tag) and _holds(tag, kind, value, search):
            return _named(tag, creator)
    return ""


def _named(tag: int, creator: str) -> str:
    return f"{tag >> 16:04x},{creator},{tag & 0xFF:02x}" if creator else keyword_of(tag)


def _holds(tag: int, vr: str, value: bytes, search: HeaderSearch) -> bool:
    value = value.lower()
    # The rewriting has emptied numbers and times that hold an identifier; a moved time may have an ID's digits.
    if vr in BINARY_VRS or vr == "TM":
        return False
    if vr in {"DS", "IS"}:
        return search.found_in_number(value)
    if vr in BYTES_VRS:
        return search.found_in_bytes(value)
    if tag in listed():
        value = b"\\".join(b"" if is_closed(tag, part) else part for part in value.split(b"\\"))
    return search.found_in_header(value)
