# What all files of rules share: the checked settings, the layout, the sessions. Nothing is written while this is read.
import os
import sys
from functools import cache, partial
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

if not workflow.current_basedir.is_local:
    raise WorkflowError(
        "unface runs from a folder of this machine alone: clone it, and let the module's snakefile name its Snakefile"
    )
sys.path.insert(0, str(Path(str(workflow.current_basedir)).parent / "scripts"))

from unface.run import lock, settings, unread
from unface.admin import leftovers, progress
from unface.admin.keyed_records import key_checksums
from unface.admin.large_plans import keep_to_the_end, make_thrifty
from unface.admin.moved_results import notice_changes
from unface.admin.withdrawal_request import request
from unface.identity.withdrawn import remaining, who_withdrew
from unface.run.files import TableError
from unface.run.fingerprints import fingerprint, of_conversions, secret_of
from unface.run.layout import Layout
from unface.run.sessions import SessionId, by_subject
from unface.run.limits import TRIES, attempt, scaled
from unface.measure import noise_sample as noise
from unface.review import ratings
from unface.run.stages import EVERY_STAGE, NOISE_STAGES, STAGES

if not os.access(".snakemake" if Path(".snakemake").exists() else ".", os.W_OK):
    raise WorkflowError(
        "this folder cannot be written, and Snakemake keeps its records in .snakemake where it is started: start it in "
        f"a folder of your own, as snakemake -s {settings.PROJECT / 'Snakefile'}"
    )

# Whether another workflow has taken this one in as a module: what is set for a whole process is its own affair then.
guest = not workflow.modifier.is_main_snakefile()
if not guest:
    make_thrifty()
    notice_changes()
    keep_to_the_end(workflow)

try:
    config = settings.completed(config)
    settings.check(config)
    settings.keep_apart(config)
    if config["deidentify"]["overrides"] or config["select"]:
        # Here alone, for it looks into pydicom's dictionary: without these settings every job is spared the import.
        from unface.deidentify import overrides, selection

        overrides.read(config["deidentify"]["overrides"])
        selection.check(config["select"])
    layout = Layout(Path(config["results_dir"]))
    secret = secret_of(layout)
    fingerprints = {stage: fingerprint(config, stage, secret) for stage in EVERY_STAGE}
    ratings.read(settings.named_file(config, "ratings"))
except (settings.SettingsError, TableError) as error:
    raise WorkflowError(str(error)) from None

if not guest:
    key_checksums(secret)

try:
    withdrawn_table = settings.named_file(config, "withdrawal.subjects")
    withdrawn = who_withdrew(layout, withdrawn_table)
    subjects_known = settings.subjects_known(config, layout)
except (settings.SettingsError, TableError) as error:
    raise WorkflowError(str(error)) from None


# Tables of the whole cohort are read where they are asked for: each job on a cluster is a Snakemake of its own that
# reads all this, and most are of one session.
@cache
def sessions():
    return remaining(layout, withdrawn)


@cache
def sessions_of():
    return by_subject(sessions())


@cache
def conversions():
    return of_conversions(config, layout)


@cache
def noise_sample():
    return noise.noise_sample(layout, sessions(), config["measure"]["noise_sessions"])


def session_of(wildcards):
    return SessionId(wildcards.subject, wildcards.session)


def each(path):
    """Inputs from every session, by `path` of a session."""

    def paths(wildcards):
        if not layout.sessions.exists():
            raise WorkflowError(
                f"{layout.sessions} is not there: run the inventory first, `snakemake inventory`"
            )
        return [path(session) for session in sessions()]

    return paths


def in_report(path, caption):
    """A file of the target that `snakemake --report` shows.

    Only a target may mark it: with a file that its rule marks goes what its job was given, and digests of settings are
    not for everyone (`release.published_settings`).
    """
    return report(path, caption=f"docs/captions/{caption}.rst", category="Cohort")


def noise_floor(wildcards):
    sample = noise_sample()
    allowed = workflow.dag_settings.allowed_rules or {"measure"}
    # What a run shows of a session changes the sample of the next one: where nothing may be measured, as in a job of
    # its own, that which was measured counts.
    if not workflow.is_main_process or not any(
        name.endswith("measure") for name in allowed
    ):
        sample = noise.measured(layout, sample)
    return [
        layout.stage(stage, session) for session in sample for stage in NOISE_STAGES
    ]


mapped = not workflow.is_main_process or (
    layout.sessions.exists()
    and subjects_known
    and all(session in conversions() for session in sessions())
)


def changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


spoken_at = changed_at(layout.closing_words)

# Outputs that one later stage reads, and that can be made again: removed after it, unless all is to be kept.
once_read = temp if config["keep_work"] == "needed" else lambda output: output


def check_before_scan():
    # Here alone: no other run needs to look at them.
    from unface.admin.check import before_scan
    from unface.mapping.rule import RulesError

    try:
        before_scan(config)
    except (settings.SettingsError, RulesError, TableError) as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    subject="[A-Za-z0-9]+",
    session="[A-Za-z0-9]+",
    image="original|defaced|repeat|shifted",
    shard="[0-9]+",
