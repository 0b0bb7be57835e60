"""All words that pages put beside what the stages left: for sessions, stages, reasons, checks, engines, measures.

What a reason's code means stands with the codes (`run.outcome.REASONS`). The sentence about one session or image comes
from the stage that withholds it, by `work.withhold(code, sentence)`: for a head that fails, `deface.deface`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

STANDINGS: Mapping[str, str] = {
    "withheld": "Withheld",
    "ready": "Every stage is ok: ready for release",
    "review": "Every stage is ok, but a person has to rate an image",
    "unfinished": "Not finished: some stages have not run yet",
}
"""How far a session has come before a release (`results.Standing`)."""

STAGE_HEADINGS: Mapping[str, str] = {
    "deidentify": "Headers de-identified",
    "convert": "Converted to BIDS",
    "deface": "Faces removed",
    "measure-original": "Brain measured, original",
    "measure-defaced": "Brain measured, defaced",
    "compare": "Measures compared",
    "audit": "Release audited",
}
"""The stages as headings for readers."""

STAGE_COLUMNS: Mapping[str, str] = {
    "deidentify": "Headers",
    "convert": "BIDS",
    "deface": "Face",
    "measure-original": "Brain before",
    "measure-defaced": "Brain after",
    "compare": "Agreement",
    "audit": "Audit",
}
"""The same for the columns of a table."""

ADVICE: Mapping[str, str] = {
    "input_missing": "Put the file back and `unface retry`, or make the inventory again.",
    "input_changed": "Make the inventory again, so that it describes the files as they are now.",
    "unreadable": "Get the file again from the scanner or the archive, then make the inventory again.",
    "identifier_left": "Add an override under deidentify for the element that the session's page names.",
    "nothing_left": "The table of series says why each was left out; a rule or a select condition may be too narrow.",
    "ambiguous": "Make the named mapping rules exclude each other, or give the more specific one a higher priority.",
    "unmapped": "Write a mapping rule for its protocol group, or set convert.unmapped to exclude.",
    "incomplete": "Get the missing files, or set convert.incomplete to exclude the series.",
    "conversion_failed": "Convert the series by hand to see what dcm2niix says, and report it there.",
    "not_bids": "Correct the mapping rule: its datatype, suffix or entities are not BIDS.",
    "registration_failed": "Look at the review page: is the orientation in the header right, and is it a whole head?",
    "face_left": "Look at the review page; another engine or a wider mask may help.",
    "brain_cut": "Look at the review page: the head may be turned, or the field of view cut short.",
    "brain_near": "Look at the cut on the review page; if it is right, set deface.limits.brain_margin_mm lower.",
    "needs_review": "Look at the review page and rate the image in the table of ratings.",
    "defaced_before": "If it was defaced before or shows only a brain, rate it as pass; else leave it out.",
    "sides_unsure": "Find out which of the two images has left and right exchanged; correct or leave out its series.",
    "rated_fail": "Nothing: a person decided it. Another engine or setting gives another result, to be rated anew.",
    "engine_missing": "Install the engine, or choose another under deface.engine.",
    "morphometry_failed": "Look at the review page: the image may be too poor to measure, or not a whole brain.",
    "morphometry_changed": "Compare the tissues' outlines on the review page; a cut too near the brain moves them.",
    "identifier_found": "Remove its element by an override, or correct the rule that names the image; a word that "
    "identifies nobody goes into audit.ignore.",
    "identifier_like": "Look at the file that the reason names; remove its element by an override.",
    "unaudited": "`unface retry`, then `unface run`; what cannot be searched is never released.",
    "sidecar_key": "Leave the key out in the mapping rules' additions to sidecars.",
    "nifti_header": "Report it with the tools' versions: the conversion writes no such header.",
    "file_name": "Correct the mapping rule that names the file.",
    "provenance": "`unface retry`, then `unface run`: a result is damaged or out of date.",
    "bids_invalid": "Read the validator's message, and correct the mapping rule or the sidecar it names.",
    "job_failed": "Give its rule more memory or time, then `unface retry`; see docs/faults.md.",
    "tool_timeout": "Try `unface retry`; if it fails again, look at the image's size.",
    "tool_crashed": "Look at the image on the review page; it may be damaged.",
    "crashed": "Read the traceback in restricted/tracebacks and report it without its values.",
}
"""What a curator does about each reason, by its code."""

CHECKS: Mapping[str, str] = {
    "ngf": "how well edges in the head agree with the template's; below the limit the head is not aligned",
    "engines_apart_mm": "distance between the faces that two engines find, in mm",
    "moved_mm": "how far the face lies from where another scan of the same acquisition has it, in mm",
    "lead_over_swapped": "how much better the head fits than with front and back exchanged",
    "left_right_lead": "how much better it agrees with another image of the session than with its sides exchanged",
    "scale_smallest": "size of the head against the template, along the axis where it is smallest",
    "scale_largest": "size of the head against the template, along the axis where it is largest",
    "scale_ratio": "its largest size over its smallest; a large ratio means a sheared fit",
    "not_mirrored": "1 if the fit keeps left and right apart, -1 if it exchanges them",
    "tilt_degrees": "how far from upright the header puts the head",
    "removed_percent": "part of the head's volume that was removed",
    "brain_margin_mm": "least distance from the cut to the brain",
    "face_present": "how much of a face was there before, in its best zone",
    "eyes_removed": "per cent of the eyes' surface that is gone",
    "nose_removed": "per cent of the nose's surface that is gone",
    "mouth_removed": "per cent of the mouth's surface that is gone",
    "chin_removed": "per cent of the chin's surface that is gone",
    "ear_left_removed": "per cent of the left ear's surface that is gone",
    "ear_right_removed": "per cent of the right ear's surface that is gone",
    "untouched": "stored values and header bytes that changed outside the mask",
}
"""What each check of the defacing measures."""

ENGINES: Mapping[str, str] = {
    "niimath": "niimath, on the template",
    "niimath, negative": "niimath, on the template with bright and dark exchanged",
    "ants": "ANTs, on the template",
    "niimath from ants": "niimath, from where ANTs puts the head",
    "ants, many starts": "ANTs from many rotations",
    "niimath from ants, many starts": "niimath, from where ANTs from many rotations puts the head",
    "ants, last": "ANTs, from the best of all others",
    "ants rigid": "through another image of the session",
}
"""How a head was aligned."""

MEASURES: Mapping[str, str] = {
    "icv": "Intracranial volume",
    "brain": "Brain",
    "gm": "Grey matter",
    "wm": "White matter",
    "csf": "CSF",
    "intensity_gm": "Intensity of grey matter",
    "intensity_wm": "Intensity of white matter",
    "intensity_csf": "Intensity of CSF",
    "snr_gm": "SNR of grey matter",
    "snr_wm": "SNR of white matter",
    "cnr": "Contrast to noise",
    "cjv": "Joint variation (CJV)",
    "dice_brain": "Dice of brain",
    "dice_gm": "Dice of grey matter",
    "dice_wm": "Dice of white matter",
    "dice_csf": "Dice of CSF",
    "dice": "Dice",
}
"""The measures of the agreement table as readers know them."""


SIGNS: Mapping[str, str] = {"at least": ">= ", "at most": "<= ", "within": "", "exactly": ""}
"""How a check's relation to its limits is written before them."""


def limit(check: Mapping[str, Any]) -> str:
    """What a check of the defacing is held to, for readers.

    Parameters
    ----------
    check
        Its record in `outcome.json`.

    Returns
    -------
    str
        Such as `>= 0.61`, `0.75 to 1.3` or `>= 90 % (not in the field of view)`.
    """
    numbers = " to ".join(f"{number:g}" for number in check["limits"])
    unit = f" {check['unit']}" if check["unit"] else ""
    remark = f" ({check['remark']})" if check["remark"] else ""
    return f"{SIGNS[check['relation']]}{numbers}{unit}{remark}"


def measure(name: str) -> str:
    """A measure's name for readers.

    Parameters
    ----------
    name
        As tables have it.

    Returns
    -------
    str
        Of `MEASURES`; an unknown one in its own words.
    """
    return MEASURES.get(name, name.replace("_", " "))


def in_order(names: Iterable[str]) -> list[str]:
    """Checks in the order of `CHECKS`, others after them by name.

    Parameters
    ----------
    names
        Of checks.

    Returns
    -------
    list of str
        The same names.
    """
    places = {name: place for place, name in enumerate(CHECKS)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))
