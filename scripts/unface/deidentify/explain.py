"""The profile in force as a table: what happens to each attribute, and why."""

from collections.abc import Iterator

from unface.deidentify.profile import BY_TYPE, OURS, Profile
from unface.deidentify.tables import confidentiality_profile, safe_private
from unface.dicom.elements import KNOWN_VRS
from unface.dicom.standard import keyword_of, vr_of
from unface.run.files import table_text

COLUMNS = ("tag", "creator", "name", "vr", "type", "action", "why")
ANY = "any"


def profile_table(profile: Profile) -> str:
    """Tell what happens to each attribute that the standard's table, an override or a safe list names.

    Parameters
    ----------
    profile
        The profile in force.

    Returns
    -------
    str
        A tab-separated table, one row an attribute. Where the attribute's Type in the IOD decides there is one row per
        action, with the Types that lead to it; `any` stands for all. After the standard's attributes come the private
        ones, then what happens to all others, by VR.
    """
    rows = [*_standard(profile), *_private(profile), *_others(profile)]
    return table_text(COLUMNS, rows)


def _standard(profile: Profile) -> Iterator[tuple[str, ...]]:
    rows = {tag: row.get("name", "") for tag, row in confidentiality_profile().items()}
    named = {tag for tag, creator in profile.overridden if not creator} | OURS | profile.written
    rows |= {f"{tag:08x}": "" for tag in named if f"{tag:08x}" not in rows}
    for text, name in sorted(rows.items()):
        tag = int(text.replace("x", "0"), 16)
        if tag & 0x10000:
            continue  # All private attributes: below.
        vr = vr_of(tag)
        by_decision: dict[tuple[str, str], list[str]] = {}
        for kind in BY_TYPE:
            decision = profile.decision(tag, vr, kind)
            action = f"replace: {decision.value}" if decision.action == "replace" else decision.action
            by_decision.setdefault((action, decision.why.partition(", Type")[0]), []).append(kind)
        for (action, why), kinds in by_decision.items():
            types = ANY if len(by_decision) == 1 else " ".join(kind or "unknown" for kind in kinds)
            yield text, "", name or keyword_of(tag), vr, types, action, why


def _private(profile: Profile) -> Iterator[tuple[str, ...]]:
    rows = {key: row["vr"] for key, row in safe_private().items()}
    rows |= {(tag >> 16, creator, tag & 0xFF): "UN" for tag, creator in profile.overridden if creator}
    for (group, creator, number), listed in sorted(rows.items()):
        decision, vr = profile.private_decision(group, creator, number, listed)
        action = f"replace: {decision.value}" if decision.action == "replace" else decision.action
        yield f"{group:04x}xx{number:02x}", creator, "", vr, "", action, decision.why
    yield "ggggxxee", "(any other)", "all other private attributes", ANY, "", "remove", "private, on no safe list"


def _others(profile: Profile) -> Iterator[tuple[str, ...]]:
    for vr in sorted(KNOWN_VRS):
        decision = profile.unlisted(vr)
        yield "ggggeeee", "", "all other attributes", vr, ANY, decision.action, decision.why
