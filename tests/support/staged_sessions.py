"""Small sessions made by the stages' own contract, for the tests of audit and release."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from unface.audit.audit import audit_session
from unface.audit.candidates import Heads
from unface.release import data_dictionary, given_columns
from unface.release.dataset import Metadata
from unface.release.gate import release
from unface.release.verdicts import Verdicts
from unface.review.ratings import Ratings
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.outcome import Outcome, Work
from unface.run.provenance import Conversions, Fingerprints
from unface.run.sessions import SessionId
from unface.run.settings import Release
from unface.run.stages import STAGES

IDENTIFIERS: Mapping[str, list[str]] = {
    "name": ["DOE^JANE^MARIA"],
    "id": ["MRN-0048213"],
    "date": ["20190417", "19630225"],
    "uid": ["1.3.12.2.1107.5.2.43.67090.2019041709123456"],
    "other": ["Saint Elsewhere Hospital"],
}
ONE = SessionId("abc", "s1")
SUFFIXES = ("T1w", "T2w")
FINGERPRINTS = {stage: {"settings": "a1", "code": f"c-{stage}"} for stage in (*STAGES, "release")}
PASSED: Mapping[str, Any] = {"state": "pass", "review": [], "checks": {}}
RELEASE = Release(
    name="Heads of a test",
    license="CC0",
    authors=("A. Author",),
    source_datasets=(),
    version="1.0.0",
    date=None,
    keep=0,
    data_dictionary=None,
)
SCANS = "filename\tacq_time\nanat/{prefix}_T1w.nii.gz\t1850-02-03T10:11:12\n"

NO_RATINGS = Ratings({})

Change = Callable[[Path], None]


def image(
    path: Path, data: np.ndarray | None = None, voxel_mm: tuple[float, float, float] = (1, 1, 1), **header: Any
) -> None:
    """A NIfTI file with an empty header but for `header`, gzipped without name and time."""
    voxels = np.random.default_rng(1).integers(0, 900, (8, 9, 7)).astype(np.int16) if data is None else data
    made = nib.Nifti1Image(voxels, np.diag([*voxel_mm, 1]))
    made.header.set_xyzt_units("mm", "sec")
    for field, value in header.items():
        made.header[field] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(made.to_bytes(), mtime=0))


def head(bids: Path, prefix: str, suffix: str = "T1w") -> Path:
    folder = bids / Path(*prefix.split("_")) / "anat"
    image(folder / f"{prefix}_{suffix}.nii.gz")
    (folder / f"{prefix}_{suffix}.json").write_text(json.dumps({"EchoTime": 0.003, "Manufacturer": "Scanners"}))
    return folder


def convert(folder: Path, prefix: str) -> None:
    session = head(folder / "bids", prefix).parent
    image(session / "dwi" / f"{prefix}_dwi.nii.gz", np.zeros((4, 4, 4, 2), np.int16))
    (session / "dwi" / f"{prefix}_dwi.json").write_text(json.dumps({"EchoTime": 0.08}))
    (session / "dwi" / f"{prefix}_dwi.bval").write_text("0 1000\n")
    (session / "dwi" / f"{prefix}_dwi.bvec").write_text("0 1\n0 0\n0 0\n")
    (session / f"{prefix}_scans.tsv").write_text(SCANS.format(prefix=prefix))


def deface(folder: Path, prefix: str) -> None:
    anat = folder / "bids" / Path(*prefix.split("_")) / "anat"
    kept = np.ones((8, 9, 7), np.uint8)
    kept[:, 6:] = 0
    image(anat / f"{prefix}_T1w.nii.gz", kept.astype(np.int16) * 500)
    image(anat / f"{prefix}_mod-T1w_defacemask.nii.gz", kept)
    (anat / f"{prefix}_mod-T1w_defacemask.json").write_text(json.dumps({"Description": "1 kept, 0 removed"}))


def stage(layout: Layout, name: str, session: SessionId, work: Callable[[Work], None]) -> Outcome:
    sources = STAGES[name].sources
    identifiers = [layout.identifiers(session), *other_sessions(layout, session)]
    files = {"deidentify": [layout.record(session)], "audit": identifiers}.get(name, [])
    return outcome.run_stage(
        name, session, work, layout=layout, fingerprint=FINGERPRINTS[name], sources=sources, files=files
    )


def other_sessions(layout: Layout, session: SessionId) -> list[Path]:
    """The identifiers of the subject's other sessions that were staged so far."""
    own = layout.identifiers(session)
    return sorted(path for path in own.parent.glob(f"{session.subject}_*.json") if path != own)


def audit(
    layout: Layout,
    session: SessionId,
    ignore: Iterable[str] = (),
    options: Iterable[str] = (),
    faceless: tuple[str, ...] = (),
) -> Outcome:
    return stage(
        layout,
        "audit",
        session,
        lambda work: audit_session(
            work,
            converted=layout.stage("convert", session),
            defaced=layout.stage("deface", session),
            identifiers=layout.identifiers(session),
            other_sessions=other_sessions(layout, session),
            ignore=list(ignore),
            heads=Heads(SUFFIXES, faceless),
            options=list(options),
        ),
    )


def stage_session(
    layout: Layout,
    session: SessionId = ONE,
    *,
    deidentified: Change = lambda folder: None,
    converted: Change = lambda folder: None,
    defaced: Change = lambda folder: None,
    on_defaced: Callable[[Work], None] = lambda work: None,
    identifiers: Mapping[str, list[str]] = IDENTIFIERS,
    face: Mapping[str, Any] = PASSED,
    ignore: Iterable[str] = (),
    options: Iterable[str] = (),
) -> Outcome:
    """Take one session through every stage; the first three functions may change what those stages leave.

    `on_defaced`: what the defacing does besides, as to withhold the session; `face`: what it measured of the T1w.
    Earlier sessions of the subject are audited again, as by Snakemake.
    """
    prefix = session.bids_prefix
    for path, content in (
        (layout.record(session), {"subject": session.subject}),
        (layout.identifiers(session), identifiers),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def convert_and_change(work: Work) -> None:
        work.tools["dcm2niix"] = "1.0"
        convert(work.folder, prefix)
        converted(work.folder / "bids" / Path(*prefix.split("_")))

    def deface_and_change(work: Work) -> None:
        deface(work.folder, prefix)
        work.measurements["images"] = {f"{prefix.replace('_', '/')}/anat/{prefix}_T1w.nii.gz": dict(face)}
        defaced(work.folder / "bids" / Path(*prefix.split("_")))
        on_defaced(work)

    stage(layout, "deidentify", session, lambda work: deidentified(work.folder))
    stage(layout, "convert", session, convert_and_change)
    stage(layout, "deface", session, deface_and_change)
    for name in ("measure-original", "measure-defaced", "compare"):
        stage(layout, name, session, lambda work: None)
    for path in other_sessions(layout, session):
        audit(layout, SessionId(session.subject, path.stem.split("_")[1]), ignore, options)
    return audit(layout, session, ignore, options)


def run(
    layout: Layout,
    sessions: list[SessionId],
    *,
    settings: Release = RELEASE,
    subjects: Path | None = None,
    dictionary: Path | None = None,
    published: Mapping[str, str] | None = None,
    fingerprints: Fingerprints = FINGERPRINTS,
    conversions: Conversions | None = None,
    rated: Ratings = NO_RATINGS,
    ignore: Iterable[str] = (),
) -> Verdicts:
    """Release sessions, with the user's tables read as the workflow does it."""
    options = ["retain_safe_private", "clean_descriptors"]
    columns = given_columns.read(subjects, options)
    meanings = data_dictionary.read(dictionary, columns)
    return release(
        layout,
        sessions=sessions,
        fingerprints=fingerprints,
        conversions=conversions or {},
        metadata=Metadata(settings, options, columns, meanings, published or {}),
        rated=rated,
        ignore=list(ignore),
        notes=[],
    )


def codes(result: Outcome) -> set[str]:
    return {reason.code for reason in result.reasons}
