"""Where everything of a run lies.

Everything that can identify someone lies below `restricted/`; every other path holds pseudonyms only.
"""

from dataclasses import dataclass
from pathlib import Path

from unface.run.files import read_table
from unface.run.sessions import EVERY, SessionId


@dataclass(frozen=True)
class Layout:
    """Every path of one results folder.

    Methods take a session; without one they give Snakemake patterns with wildcards.
    """

    results: Path

    @property
    def restricted(self) -> Path:
        """All that can identify someone, and all that shows a face."""
        return self.results / "restricted"

    @property
    def key(self) -> Path:
        """The key that pseudonyms, dates and UIDs are made with."""
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

        Returns
        -------
        dict
            The digests by session; empty text where the inventory noted none.
        """
        return {
            SessionId(row["subject"], row["session"]): row.get("mapping", "")
            for row in read_table(self.sessions)
            if rules in (None, row.get("rules", ""))
        }

    @property
    def protocol_groups(self) -> Path:
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
    def protocol_groups_restricted(self) -> Path:
        """The protocol groups with the free text that a curator writes mapping rules by."""
        return self.restricted / "protocols.tsv"

    @property
    def suggested_rules(self) -> Path:
        """Mapping rules for the protocol groups that have none, for a curator to finish."""
        return self.restricted / "suggested_rules.yaml"

    @property
    def mapping_table(self) -> Path:
        """The protocol groups with a column for their names, for a person to fill in (`unface map`)."""
        return self.restricted / "mapping.tsv"

    @property
    def mapping_page(self) -> Path:
        """The same table as a page, to be filled in with a browser."""
        return self.restricted / "mapping.html"

    @property
    def label_words(self) -> Path:
        """Words of headers that no list of words for labels holds, and what becomes of each: for a person."""
        return self.restricted / "label_words.tsv"

    @property
    def labels(self) -> Path:
        """The cohort's labels for words of headers, for the conversion (`mapping.labels.Labels`)."""
        return self.restricted / "labels.json"

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
        """What a scan found below one share of the raw folders; the inventory removes it.

        Parameters
        ----------
        shard
            The number of the share; a pattern with wildcards if not given.

        Returns
        -------
        Path
            A file of JSON lines.
        """
        return self.restricted / "scan" / f"{shard}.jsonl"

    def scan_kept(self, shard: str) -> Path:
        """What the last scan of a shard found, so that the next one reads only what changed.

        Parameters
        ----------
        shard
            The number of the share.

        Returns
        -------
        Path
            A file of JSON lines.
        """
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
        """The raw files of one session, by series (`inventory.records.SessionRecord`).

        Parameters
        ----------
        session
            The session; any session, as a pattern with wildcards, if not given.

        Returns
        -------
        Path
            A file of JSON.
        """
        return self.records / f"{session.name}.json"

    def identifiers(self, session: SessionId = EVERY) -> Path:
        """A session's identifiers: the subject's own source values, to be found nowhere else.

        Parameters
        ----------
        session
            The session; any session, as a pattern with wildcards, if not given.

        Returns
        -------
        Path
            A file of JSON.
        """
        return self.restricted / "identifiers" / f"{session.name}.json"

    @property
    def work(self) -> Path:
        """A folder for each subject, with one for each session in it."""
        return self.restricted / "work"

    def stage(self, stage: str, session: SessionId = EVERY) -> Path:
        """The folder that a stage leaves of a session, with its `outcome.json`.

        Parameters
        ----------
        stage
            One of `stages.STAGES` or `stages.NOISE_STAGES`.
        session
            The session; any session, as a pattern with wildcards, if not given.

        Returns
        -------
        Path
            A folder of its own.
        """
        return self.work / session.subject / session.session / stage

    def clean_dicom(self, session: SessionId = EVERY) -> Path:
        """A session's de-identified DICOM, which conversion alone reads: beside the stages, so that it may go.

        Parameters
        ----------
        session
            The session; any session, as a pattern with wildcards, if not given.

        Returns
        -------
        Path
            A folder of its own.
        """
        return self.work / session.subject / session.session / "clean_dicom"

    @property
    def reviews(self) -> Path:
        """The folder of the review pages."""
        return self.restricted / "review"

    def review(self, session: SessionId = EVERY) -> Path:
        """A page that shows the face: for the eyes of the project's own staff.

        Parameters
        ----------
        session
            The session; any session, as a pattern with wildcards, if not given.

        Returns
        -------
        Path
            A page of HTML, whole in one file.
        """
        return self.reviews / f"{session.name}.html"

    def review_card(self, session: SessionId = EVERY) -> Path:
        """What the list of review pages says of a session, and a head in small.

        Parameters
        ----------
        session
            The session; any session, as a pattern with wildcards, if not given.

        Returns
        -------
        Path
            A file of JSON.
        """
        return self.reviews / f"{session.name}.json"

    @property
    def review_index(self) -> Path:
        """The list of all review pages: those that wait for a person first."""
        return self.reviews / "index.html"

    @property
    def review_turns(self) -> Path:
        """A folder of small pages, by which one review page leads to the next."""
        return self.reviews / "turns"

    @property
    def report(self) -> Path:
        """The folder of what may be published besides the dataset."""
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
        """The cohort on one page: no face, no identifier."""
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
        """What was removed of subjects who withdrew: a list for each request (`admin.withdrawal_request`).

        Parameters
        ----------
        request
            A digest of who asked for it.

        Returns
        -------
        Path
            A table (TSV).
        """
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
        """The log of a job.

        Parameters
        ----------
        rule
            The name of the rule: the folder.
        name
            Tells the rule's jobs apart; a session's by a pattern with wildcards if not given.

        Returns
        -------
        Path
            A file that holds pseudonyms only.
        """
        return self.results / "logs" / rule / f"{name}.log"
