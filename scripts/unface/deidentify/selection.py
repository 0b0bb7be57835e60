"""Which series may enter: never what holds a report or burned-in text, and what the `select` conditions let in."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydicom.datadict import keyword_dict, tag_for_keyword

from unface.deidentify.splitter import Segment
from unface.dicom.encoding import element_at
from unface.run.settings import SettingsError, nearest

SR = "1.2.840.10008.5.1.4.1.1.88."
ENCAPSULATED = "1.2.840.10008.5.1.4.1.1.104."
PRESENTATION = "1.2.840.10008.5.1.4.1.1.11."
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
KINDS = (
    (SR, "structured reports hold text that no program can judge"),
    (ENCAPSULATED, "encapsulated documents hold text that no program can judge"),
    (PRESENTATION, "presentation states hold graphics and text that no program can judge"),
    (SECONDARY_CAPTURE, "secondary captures often have text burned into their pixels"),
    (RAW_DATA, "raw data are no images"),
)
DOCUMENT_MODALITIES = {"SR", "DOC", "PR", "KO", "REG", "RTSTRUCT", "AU", "HD"}

Condition = Mapping[str, Any]
"""`field`, a keyword of DICOM, and one of `in`, `not_in`, `contains`, `not_contains`."""

NO_FIELDS: dict[str, list[str]] = {}
DEFAULT_FIELDS = ("SOPClassUID", "Modality", "BurnedInAnnotation")


def check(select: Sequence[Condition]) -> None:
    """Refuse conditions on attributes that DICOM does not know: such a one would hold for all files or for none.

    Parameters
    ----------
    select
        The setting `select`.

    Raises
    ------
    SettingsError
        If there is one; the message names the attribute and what may be meant.
    """
    for condition in select:
        if tag_for_keyword(condition["field"]) is None:
            raise SettingsError(
                f"select: DICOM knows no attribute {condition['field']}{nearest(condition['field'], keyword_dict)}"
            )


def keywords(select: Sequence[Condition]) -> list[str]:
    """Name the attributes that decide: those of the conditions, and those that are looked at without any.

    Parameters
    ----------
    select
        The conditions.

    Returns
    -------
    list of str
        Keywords of DICOM, each once.
    """
    return list(dict.fromkeys([*DEFAULT_FIELDS, *(str(condition["field"]) for condition in select)]))


def fields(segments: Iterable[Segment], implicit: bool, wanted: Iterable[str]) -> dict[str, list[str]]:
    """Look up the values of some attributes in one header.

    Parameters
    ----------
    segments
        The header's; they keep what they hold, so ask the same of every file of a series.
    implicit
        Whether their VRs are implicit.
    wanted
        Keywords of the attributes.

    Returns
    -------
    dict of str to list of str
        The values by keyword, as Latin-1.
    """
    tags = _tags(tuple(wanted))
    values: dict[str, list[str]] = {}
    for segment in segments:
        if segment.fields is None:
            segment.fields = _fields(segment, implicit, tags) if segment.parts or segment.tag in tags else NO_FIELDS
        if segment.fields:
            values.update(segment.fields)
    return values


@cache
def _tags(wanted: tuple[str, ...]) -> dict[int | None, str]:
    return {tag_for_keyword(keyword): keyword for keyword in wanted}


def _fields(segment: Segment, implicit: bool, tags: Mapping[int | None, str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for part in segment.parts or (segment,):
        if part.tag in tags:
            _, _, body, end = element_at(part.raw, 0, part.size, implicit)
            text = part.raw[body:end].decode("latin-1").strip("\0 ")
            values[tags[part.tag]] = [value.strip("\0 ") for value in text.split("\\")]
    return values


def excluded(fields: Mapping[str, Any], select: Sequence[Condition]) -> str:
    """Say why a file or series stays out.

    Parameters
    ----------
    fields
        Header values by DICOM keyword, a list where there are several.
    select
        Conditions. One that names SOPClassUID, Modality or BurnedInAnnotation with `in` selects by name what is
        excluded by default.

    Returns
    -------
    str
        A sentence without header values; empty if it may enter.
    """
    for condition in select:
        if not holds(condition, fields):
            return f"the select condition on {condition['field']} ({_verb(condition)}) does not hold"
    return _by_default(fields, {condition["field"] for condition in select if "in" in condition})


def _verb(condition: Condition) -> str:
    """What a condition asks: in, not_in, contains or not_contains."""
    return next(key for key in condition if key != "field")


def _by_default(fields: Mapping[str, Any], named: set[str]) -> str:
    if "SOPClassUID" not in named:
        for uid in _values(fields.get("SOPClassUID")):
            for root, reason in KINDS:
                if uid == root or uid.startswith(root.rstrip(".") + "."):
                    return reason
    if "Modality" not in named and any(value in DOCUMENT_MODALITIES for value in _values(fields.get("Modality"))):
        return "documents and annotations are no images"
    if "BurnedInAnnotation" not in named and "yes" in [
        value.lower() for value in _values(fields.get("BurnedInAnnotation"))
    ]:
        return "BurnedInAnnotation says that text is burned into the pixels"
    return ""


def holds(condition: Condition, fields: Mapping[str, Any]) -> bool:
    """Tell whether a condition holds; case does not matter, and `in` asks that there is a value.

    Parameters
    ----------
    condition
        The condition.
    fields
        Header values by DICOM keyword, a list where there are several.

    Returns
    -------
    bool
        Whether it holds.
    """
    values = [value.lower() for value in _values(fields.get(condition["field"]))]
    if "in" in condition:
        return bool(values) and all(value in _lower(condition["in"]) for value in values)
    if "not_in" in condition:
        return not any(value in _lower(condition["not_in"]) for value in values)
    if "contains" in condition:
        return any(str(condition["contains"]).lower() in value for value in values)
    return not any(str(condition["not_contains"]).lower() in value for value in values)


def _lower(wanted: Iterable[Any]) -> set[str]:
    return {str(value).lower() for value in wanted}


def _values(value: Any) -> list[str]:
    """Header values as texts, whether one, several or none."""
    if value is None:
        return []
    parts = value if isinstance(value, list | tuple) else [value]
    return [str(part).strip() for part in parts if str(part).strip()]
