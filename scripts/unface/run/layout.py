"""Where everything of a run lies.

Everything that can identify someone lies below `restricted/`; every other path holds pseudonyms only.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from unface.run.files import read_table

NIFTI = ".nii.gz"
"""How the name of every image ends."""


class SessionId(NamedTuple):
    """The labels of one session and of its subject, without `sub-` and `ses-`; labels hold no underscore."""

    subject: str
    session: str

    @property
    def name(self) -> str:
        """`<subject>_<session>`: the session in names of files."""
        return f"{self.subject}_{self.session}"

    @property
    def bids_prefix(self) -> str:
        """How every BIDS file name of the session begins."""
        return f"sub-{self.subject}_ses-{self.session}"

    @property
    def bids_folder(self) -> Path:
        """The session's folder inside a BIDS dataset."""
        return Path(f"sub-{self.subject}") / f"ses-{self.session}"


EVERY = SessionId("{subject}", "{session}")
"""Any session: a pattern with Snakemake's wildcards."""


@dataclass(frozen=True)
class Layout:
    """Every path of one results folder.

    Methods take a session; without one they give Snakemake patterns with wildcards.
    """

    results: Path

    @property
    def restricted(self) -> Path:
        return self.results / "restricted"

    @property
    def key(self) -> Path:
        return self.restricted / "key"

    @property
    def lock(self) -> Path:
        """Held by the one controller that may work on this folder (`run.lock.hold`)."""
        return self.results / ".lock"

    @property
    def sessions(self) -> Path:
        """One row per session, pseudonyms only: the table that the workflow is planned from."""
        return self.results / "sessions.tsv"

    def read_sessions(self) -> list[SessionId]:
        """Every session of the inventory; none before there is an inventory."""
        return [SessionId(row["subject"], row["session"]) for row in read_table(self.sessions)]

    def read_mappings(self, rules: str | None = None) -> dict[SessionId, str]:
        """For each session the digest of what the mapping rules make of its series.

        Parameters
        ----------
        rules
            Digest of today's rules (`run.fingerprints.rules_digest`): a mapping that was made with
            others is left out. None takes all.
        """
        return {
            SessionId(row["subject"], row["session"]): row.get("mapping", "")
            for row in read_table(self.sessions)
            if rules in (None, row.get("rules", ""))
        }

    @property
    def protocols(self) -> Path:
        """One row per protocol group, with what the mapping rules make of it."""
        return self.results / "protocols.tsv"

    @property
    def inventory(self) -> Path:
        """One row per series of the cohort, with its raw descriptors."""
        return self.restricted / "inventory.tsv"

    @property
    def validator_report(self) -> Path:
        """What the BIDS validator said of the last release, by its sessions' names."""
        return self.restricted / "bids_validator.json"

    @property
    def protocols_restricted(self) -> Path:
        """The protocol groups with the free text that a curator writes mapping rules by."""
        return self.restricted / "protocols.tsv"

    @property
    def suggested_rules(self) -> Path:
        """Mapping rules for the protocol groups that have none, for a curator to finish."""
        return self.restricted / "suggested_rules.yaml"

    @property
    def files_unused(self) -> Path:
        """Raw files that belong to no session, each with why."""
        return self.restricted / "files_unused.tsv"

    @property
    def linkage(self) -> Path:
        """Pseudonyms beside the identifiers they stand for."""
        return self.restricted / "linkage.tsv"

    @property
    def linkage_past(self) -> Path:
        """Every label that a patient ever had: results under an old one may be left."""
        return self.restricted / "linkage_past.tsv"

    @property
    def subjects_digest(self) -> Path:
        """Digest of the table of subjects that the last inventory read (`run.settings.subjects_digest`)."""
        return self.restricted / "subjects_digest"

    @property
    def tracebacks(self) -> Path:
        """Tracebacks of stages that broke on their input: they may quote header values."""
        return self.restricted / "tracebacks"

    def scan(self, shard: str = "{shard}") -> Path:
        return self.restricted / "scan" / f"{shard}.jsonl"

    def scan_kept(self, shard: str) -> Path:
        """What the last scan of a shard found, so that the next one reads only what changed."""
        return self.restricted / "scan_kept" / f"{shard}.jsonl"

    @property
    def unpacked(self) -> Path:
        """Raw files that came in archives."""
        return self.restricted / "unpacked"

    @property
    def records(self) -> Path:
        """The folder of the sessions' records."""
        return self.restricted / "sessions"

    def record(self, session: SessionId = EVERY) -> Path:
        """The raw files of one session, by series (`inventory.records.SessionRecord`)."""
        return self.records / f"{session.name}.json"

    def identifiers(self, session: SessionId = EVERY) -> Path:
        """A session's identifiers: the subject's own source values, to be found nowhere else."""
        return self.restricted / "identifiers" / f"{session.name}.json"

    @property
    def work(self) -> Path:
        """A folder for each subject, with one for each session in it."""
        return self.restricted / "work"

    def stage(self, stage: str, session: SessionId = EVERY) -> Path:
        return self.work / session.subject / session.session / stage

    def clean_dicom(self, session: SessionId = EVERY) -> Path:
        """A session's de-identified DICOM, which conversion alone reads: beside the stages, so that it may go."""
        return self.work / session.subject / session.session / "clean_dicom"

    @property
    def reviews(self) -> Path:
        """The folder of the review pages."""
        return self.restricted / "review"

    def review(self, session: SessionId = EVERY) -> Path:
        """A page that shows the face: for the eyes of the project's own staff."""
        return self.reviews / f"{session.name}.html"

    @property
    def report(self) -> Path:
        return self.results / "report"

    @property
    def verdicts(self) -> Path:
        """One row per session: released or withheld, and why."""
        return self.report / "release.tsv"

    @property
    def ratings_wanted(self) -> Path:
        """The defaced images that wait for a person's rating, as a table to be filled in."""
        return self.restricted / "ratings_wanted.tsv"

    @property
    def header_survey(self) -> Path:
        """Which attributes the cohort's headers hold, and what happened to them; no value."""
        return self.report / "header_survey.tsv"

    @property
    def summary_page(self) -> Path:
        return self.report / "index.html"

    @property
    def closing_words(self) -> Path:
        """What the last inventory, plan, retry or release came to; printed at the end of its run."""
        return self.results / "summary.txt"

    @property
    def release(self) -> Path:
        """The BIDS dataset."""
        return self.results / "release"

    @property
    def last_settings(self) -> Path:
        """The settings of the last release, in full."""
        return self.restricted / "last_settings.json"

    def withdrawn(self, request: str) -> Path:
        """What was removed of subjects who withdrew: a list for each request (`admin.withdrawal_request`)."""
        return self.restricted / "withdrawn" / f"{request}.tsv"

    @property
    def released_files(self) -> Path:
        """Digests of the files that the last release read, so that the next one reads only what changed."""
        return self.restricted / "released_files.tsv"

    @property
    def history(self) -> Path:
        """Every release so far (`release.history`)."""
        return self.restricted / "releases.json"

    @property
    def old_releases(self) -> Path:
        """Earlier releases that are kept, a folder for each version."""
        return self.results / "releases"

    def log(self, rule: str, name: str = EVERY.name) -> Path:
        return self.results / "logs" / rule / f"{name}.log"


def by_subject(sessions: Iterable[SessionId]) -> dict[str, list[str]]:
    """The labels of each subject's sessions, in order."""
    found: dict[str, list[str]] = {}
    for subject, session in sorted(sessions):
        found.setdefault(subject, []).append(session)
    return found


def sampled(sessions: Iterable[SessionId], count: int) -> list[SessionId]:
    """At most `count` of the sessions: those whose names have the smallest digests.

    The choice is the same on every machine, and a session that is added moves at most one other out.
    """
    return sorted(sessions, key=lambda session: hashlib.sha256(session.name.encode()).digest())[:count]


def stem(image: str | Path) -> str:
    """An image's file name without its ending."""
    return Path(image).name.removesuffix(NIFTI)


TWIN_ENTITIES = ("echo", "part", "inv", "flip", "mt")
"""What tells images of one acquisition apart: they lie at the same place and share one registration and one mask."""


def without_twins(image: str) -> str:
    """A BIDS path without the entities that tell images of one acquisition apart: equal for all of them."""
    return "_".join(part for part in image.split("_") if part.split("-")[0] not in TWIN_ENTITIES)


MASKS = "masks"
"""Folder of the defaced stage for face masks that BIDS has no name for: they are looked at and not released."""


def mask_path(image: str) -> str | None:
    """The BIDS path of an image's face mask: `anat/sub-X_echo-1_T1w.nii.gz` has `anat/sub-X_mod-T1w_defacemask.nii.gz`.

    None for what BIDS knows no face mask of: it does of anatomical images alone.
    """
    entities, suffix = without_twins(image).removesuffix(NIFTI).rsplit("_", 1)
    return f"{entities}_mod-{suffix}_defacemask.nii.gz" if Path(image).parent.name == "anat" else None


def mask_names(image: str) -> list[str]:
    """Where the face mask of an image may lie in the folder of the defaced stage: its own first, then a shared one."""
    shared = mask_path(image)
    return [f"{MASKS}/{image}", *([f"bids/{shared}"] if shared else [])]


def mask_file(defaced: Path, image: str) -> Path | None:
    """The face mask of an image, by its path in BIDS, if there is one."""
    return next((defaced / name for name in mask_names(image) if (defaced / name).is_file()), None)


RATING_COLUMNS = ("image", "image_sha256", "mask_sha256", "rating", "rater", "comment")
"""Of the table in which persons rate defaced images; the last two are free and may be left out."""
