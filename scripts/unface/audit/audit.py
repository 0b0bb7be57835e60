"""The audit of one session: every byte that would be released is looked at before it may be released.

It shares no code with the stages that it checks: it reads files with readers of its own and knows what it looks for
from the raw headers' values (`audit.identifier_search`), from a list of keys of its own and from the BIDS schema.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from unface.audit import masks, records, whole_heads
from unface.audit.files import Check
from unface.audit.identifier_search import IdentifierSearch
from unface.audit.public_words import public_words
from unface.run.files import sha256
from unface.run.image_names import MASKS
from unface.run.outcome import WithheldError, Work


def audit_session(
    work: Work,
    *,
    converted: Path,
    defaced: Path,
    identifiers: Path,
    other_sessions: Sequence[Path],
    ignore: Sequence[str],
    heads: records.Heads,
    options: Sequence[str],
) -> None:
    """Determine what would be released of a session, audit it, and write `contents.tsv`.

    Parameters
    ----------
    converted, defaced
        Folders of the two stages that the released files come from.
    identifiers
        The subject's own source values by kind, from the session's raw headers.
    other_sessions
        Those of the subject's other sessions: whom one header calls anonymous another may name.
    ignore
        Words that are no secret although a header holds them as an identifier.
    heads
        Which images show the head: these come from `defaced` alone.
    options
        Options of DICOM PS3.15 Table E.1-1: dates and UIDs that one of them retains are no fault.

    Raises
    ------
    WithheldError
        `unaudited` if the session has no identifiers or nothing to release.
    """
    own, no_secret = read_identifiers(identifiers), [*ignore, *public_words()]
    if not IdentifierSearch.of(own, no_secret).forms:
        raise WithheldError("unaudited", "the session's identifiers are unknown, so nothing can be searched for them")
    others = [read_identifiers(path) for path in other_sessions]
    if unread := sum(not any(known.values()) for known in others):
        work.note(f"the headers of {unread} other session(s) of the subject could not be read for identifiers")
    answers = IdentifierSearch.of(_together([own, *others]), no_secret)
    files = records.candidates(work, converted, defaced, heads)
    if not any(records.is_image(file.name) for _, file in files):
        raise WithheldError("unaudited", "the session has no image that could be released")
    roots = {"convert": converted / "bids", "deface": defaced / "bids"}
    paths = [file.relative_to(roots[stage]).as_posix() for stage, file in files]
    check = Check(work.session.bids_folder.as_posix(), answers, paths, options)
    rows = []
    for path, (stage, file) in zip(paths, files, strict=True):
        bad_name = list(check.name(path))
        # A name that may hold an identifier is not repeated in a sentence.
        called = f"a file of {stage}" if bad_name else path
        for code, sentence in [*bad_name, *check.content(path, file)]:
            work.withhold(code, f"{called} {sentence}")
        rows.append(records.Released(path, stage, sha256(file), file.stat().st_size))
    by_path = dict(zip(paths, files, strict=True))
    of_heads = [*masks.check(by_path, heads, defaced / MASKS), *whole_heads.check(by_path, heads)]
    for code, sentence in [*_unpaired(paths), *of_heads]:
        work.withhold(code, sentence)
    records.write(work.folder / records.FILE, rows)
    work.measurements["files"] = len(rows)
    work.measurements["bytes"] = sum(row.bytes for row in rows)
    work.measurements["forms"] = len(answers.forms)


def _unpaired(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Sidecars and gradient tables that belong to no image of the session."""
    images = {path.removesuffix(".nii.gz") for path in paths if path.endswith(".nii.gz")}
    beside = [path for path in paths if path.endswith((".json", ".bval", ".bvec"))]
    alone = [path for path in beside if path.rsplit(".", 1)[0] not in images]
    return [("unaudited", "a sidecar or gradient table stands without its image")] if alone else []


def _together(known: Sequence[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """The identifiers of several sessions as one."""
    kinds = sorted({kind for answers in known for kind in answers})
    return {kind: sorted({value for answers in known for value in answers.get(kind, ())}) for kind in kinds}


def read_identifiers(path: Path) -> Mapping[str, list[str]]:
    """The identifiers of one session.

    Raises
    ------
    WithheldError
        `unaudited` if they are missing or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(kind): [str(value) for value in values] for kind, values in content.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        raise WithheldError("unaudited", "the file of the session's identifiers is missing or damaged") from None
