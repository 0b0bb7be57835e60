"""The audit of one session: every byte that would be released is looked at before it may be released.

It shares no code with the stages that it checks: it reads files with readers of its own and knows what it looks for
from the raw headers' values (`audit.identifier_search`), from a list of keys of its own and from the BIDS schema.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from unface.audit import masks, records, whole_heads
from unface.audit.candidates import Heads, candidates, is_image
from unface.audit.files import FileCheck
from unface.audit.identifier_search import IdentifierSearch, read_identifiers
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
    heads: Heads,
    options: Sequence[str],
) -> None:
    """Determine what would be released of a session, audit it, and write `contents.tsv`.

    Parameters
    ----------
    work
        The work of the audit, which withholds the session for whatever is found.
    converted, defaced
        Folders of the two stages that the released files come from.
    identifiers
        The subject's own source values by kind, from the session's raw headers.
    other_sessions
        Those of the subject's other sessions: whom one header calls anonymous another may name.
    ignore
        Words that identify nobody although a header holds them as an identifier.
    heads
        Which images show the head: these come from `defaced` alone.
    options
        Options of DICOM PS3.15 Table E.1-1: dates and UIDs that one of them retains are no fault.

    Raises
    ------
    WithheldError
        `unaudited` if the session has no identifiers or nothing to release.
    """
    own, public = read_identifiers(identifiers), [*ignore, *public_words()]
    if not IdentifierSearch.of(own, public).forms:
        raise WithheldError("unaudited", "the session's identifiers are unknown, so nothing can be searched for them")
    others = [read_identifiers(path) for path in other_sessions]
    if unread := sum(not any(values.values()) for values in others):
        work.note(f"the headers of {unread} other session(s) of the subject could not be read for identifiers")
    search = IdentifierSearch.of(_together([own, *others]), public)
    files = candidates(work, converted, defaced, heads)
    if not any(is_image(path) for path in files):
        raise WithheldError("unaudited", "the session has no image that could be released")
    check = FileCheck(work.session.bids_folder.as_posix(), search, files, options)
    contents = []
    for path, (stage, file) in files.items():
        bad_name = list(check.name(path))
        # A name that may hold an identifier is not repeated in a sentence.
        called = f"a file of {stage}" if bad_name else path
        for code, sentence in [*bad_name, *check.content(path, file)]:
            work.withhold(code, f"{called} {sentence}")
        contents.append(records.Released(path, stage, sha256(file), file.stat().st_size))
    of_heads = [*masks.check(files, heads, defaced / MASKS), *whole_heads.check(files, heads)]
    for code, sentence in [*_unpaired(files), *of_heads]:
        work.withhold(code, sentence)
    records.write(work.folder / records.FILE, contents)
    work.measurements["files"] = len(contents)
    work.measurements["bytes"] = sum(file.bytes for file in contents)
    work.measurements["forms"] = len(search.forms)


def _unpaired(paths: Collection[str]) -> list[tuple[str, str]]:
    """Sidecars and gradient tables that belong to no image of the session."""
    images = {path.removesuffix(".nii.gz") for path in paths if path.endswith(".nii.gz")}
    beside = [path for path in paths if path.endswith((".json", ".bval", ".bvec"))]
    alone = [path for path in beside if path.rsplit(".", 1)[0] not in images]
    return [("unaudited", "a sidecar or gradient table stands without its image")] if alone else []


def _together(sessions: Sequence[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """The identifiers of several sessions as one."""
    kinds = sorted({kind for identifiers in sessions for kind in identifiers})
    return {kind: sorted({value for identifiers in sessions for value in identifiers.get(kind, ())}) for kind in kinds}
