"""How every series of a session ends: in exactly one state, which is written down and counted."""

import json
from collections import Counter
from collections.abc import Sequence

from unface.convert import dcm2niix
from unface.convert.acquisitions import Acquisition
from unface.convert.grouping import same_scan
from unface.inventory.records import SessionRecord
from unface.run.outcome import WithheldError, Work
from unface.run.settings import Convert

STATES = ("converted", "excluded", "duplicate", "incomplete", "ambiguous", "unmapped", "unreadable", "withheld")
"""How a series ends, one of these."""


def write_states(work: Work, record: SessionRecord, acquisitions: Sequence[Acquisition]) -> None:
    """Write `series.json` with the state of each series, and count series and files by state.

    Parameters
    ----------
    work
        The session's work, to which the counts are added.
    record
        The session's record, which knows every series.
    acquisitions
        Those of the session, with their states.

    Raises
    ------
    WithheldError
        If a file of the session has none of the states.
    """
    by_series = {series.series: acquisition for acquisition in acquisitions for series in acquisition.series}
    entries = []
    for series in record.series:
        acquisition = by_series[series.series]
        conversion = acquisition.conversion
        twins = [
            f"dcm2niix also made {name} ({dcm2niix.TWINS[name]}): left out"
            for name in (conversion.twins if conversion else ())
        ]
        entries.append(
            {
                "series": series.series,
                "merge_group": acquisition.merge_group,
                "state": acquisition.state,
                "rule": ", ".join(acquisition.match.rules),
                "reason": acquisition.reason,
                "files": len(series.files),
                "outputs": sorted(file for target in acquisition.targets for file in target.files),
                "warnings": [*(conversion.warnings if conversion else ()), *twins],
            }
        )
    (work.folder / "series.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    files = Counter[str]()
    for series in record.series:
        files[by_series[series.series].state] += len(series.files)
    work.measurements["series"] = dict(sorted(Counter(by_series[name].state for name in by_series).items()))
    work.measurements["files"] = dict(sorted(files.items()))
    whole = sum(len(series.files) for series in record.series)
    if set(files) - set(STATES) or sum(files.values()) != whole:
        raise WithheldError("conversion_failed", f"{whole} files were found and {sum(files.values())} have a state")


def note_warnings(work: Work, acquisitions: Sequence[Acquisition]) -> None:
    """Say what dcm2niix warned of, of the images that are kept; where one is not, its reason says why.

    Parameters
    ----------
    work
        The session's work, which takes the notes.
    acquisitions
        Those of the session, with their states.
    """
    warned: dict[str, list[str]] = {}
    for acquisition in acquisitions:
        if acquisition.state == "converted" and acquisition.conversion is not None:
            for text in acquisition.conversion.warnings:
                warned.setdefault(text, []).append(acquisition.name)
    for text, series in warned.items():
        work.note(f"dcm2niix warns of {', '.join(series)}: {text}")


def withhold(work: Work, acquisitions: Sequence[Acquisition], settings: Convert) -> None:
    """Withhold the session for series that must not be left out without a word.

    Parameters
    ----------
    work
        The session's work, which is withheld; it takes notes on what is left out all the same.
    acquisitions
        Those of the session, with their states.
    settings
        What is to be done with incomplete and unmapped series, and with repeats.
    """
    for acquisition in acquisitions:
        sentence = f"{acquisition.name}: {acquisition.reason}"
        # What was stopped and measured again is no loss; with `all`, a run that lost files is none of the others.
        repeated = settings.repeats == "last" or acquisition.stopped
        twin = _complete_twin(acquisition, acquisitions) if repeated else None
        if acquisition.state in ("incomplete", "unreadable") and twin:
            work.note(f"{sentence}; {twin.name} is complete and is kept")
        elif acquisition.state == "incomplete" and settings.incomplete == "withhold":
            work.withhold("incomplete", f"{sentence}; `incomplete: exclude` leaves such series out")
        elif acquisition.state == "unreadable":
            work.withhold("unreadable", f"{sentence}; get it again, or exclude it by a rule or by `select`")
        elif acquisition.state == "ambiguous":
            by_rules = acquisition.match.state == "ambiguous"
            mend = "give one of them a higher priority" if by_rules else "exclude it by a rule"
            work.withhold("ambiguous", f"{sentence}; {mend}")
        elif acquisition.state == "unmapped" and settings.unmapped == "withhold":
            work.withhold("unmapped", f"{sentence}; write a rule for it")
        elif acquisition.state == "withheld" and not any(reason.code == "not_bids" for reason in work.reasons):
            work.withhold(acquisition.code, sentence)
        elif acquisition.state in ("incomplete", "unmapped"):
            work.note(f"{sentence}; left out")


def _complete_twin(acquisition: Acquisition, acquisitions: Sequence[Acquisition]) -> Acquisition | None:
    """The converted repeat that is kept in its place, or else one that would get its name and was measured alike."""
    if acquisition.kept is not None and acquisition.kept.state == "converted":
        return acquisition.kept
    if acquisition.match.state != "mapped":
        return None
    image_type = acquisition.fields.get("ImageType")
    for other in acquisitions:
        alike = (
            other.name_key == acquisition.name_key
            and other.fields.get("ImageType") == image_type
            and same_scan(acquisition, other)
        )
        if other is not acquisition and other.state == "converted" and alike:
            return other
    return None
