# What all files of rules share: the checked settings, the layout, the sessions. Nothing is written while this is read.
import gc
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from snakemake.dag import ScriptProcessor
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

from unface import lock, settings
from unface.cohort import leftovers, progress
from unface.dicom.withdrawn import remaining, request, who_withdrew
from unface.files import TableError
from unface.layout import STAGES, Layout, sampled
from unface.limits import TRIES, attempt, scaled
from unface.release import ratings

try:
    settings.check(config)
    if config["deidentify"]["overrides"] or config["select"]:
        # Here alone, for it looks into pydicom's dictionary: without these settings every job is spared the import.
        from unface.dicom import overrides, selection

        overrides.read(config["deidentify"]["overrides"])
        selection.check(config["select"])
    protocols = {
        stage: settings.protocol(config, stage) for stage in settings.STAGE_ADAPTERS
    }
    ratings.read(settings.named_file(config, "ratings"))
except (settings.SettingsError, TableError) as error:
    raise WorkflowError(str(error)) from None

layout = Layout(Path(config["results_dir"]))
try:
    withdrawn_table = settings.named_file(config, "withdrawal.subjects")
    withdrawn = who_withdrew(layout, withdrawn_table)
    subjects_known = settings.subjects_known(config, layout)
except (settings.SettingsError, TableError) as error:
    raise WorkflowError(str(error)) from None
sessions = remaining(layout, withdrawn)
conversions = settings.conversions(config, layout)
planned = (
    layout.sessions.exists()
    and subjects_known
    and all(names in conversions for names in sessions)
)
noise_sample = sampled(sessions, config["morphometry"]["noise_sessions"])
noise_floor = [
    layout.stage(f"morphometry-{image}", *names)
    for names in noise_sample
    for image in ("repeat", "shifted")
]


def changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


spoken_at = changed_at(layout.closing_words)

# Outputs that one later stage reads, and that can be made again: removed after it, unless all is to be kept.
once_read = temp if config["keep_work"] == "needed" else lambda output: output


def check_before_scan():
    """Read all that the inventory goes by: what is wrong with it is said before every header has been read."""
    # Here alone: no other run needs to look at them.
    from unface.bids.rules import RulesError, load
    from unface.dicom.subjects import read_subjects
    from unface.release import dataset, dictionary

    try:
        settings.dicom_folder(config)
        load(settings.mapping_rules(config))
        table = settings.named_file(config, "subjects")
        read_subjects(table)
        dictionary.read(
            settings.named_file(config, "release.data_dictionary"),
            dataset.read_subjects(table, config["deidentify"]["options"]),
        )
    except (settings.SettingsError, RulesError, TableError) as error:
        raise WorkflowError(str(error)) from None


# Planning makes millions of objects that live to the end; to look through them again and again for garbage takes a third
# of its CPU. A run sets them aside and has the collector back (`onstart`); a plan alone ends before it would matter.
gc.disable()


# Snakemake reads and parses the script of every job while it plans, a third of the CPU at ten thousand sessions. Our
# scripts are one a rule: looking at it for the first job of a rule is enough.
def look_once(process_job=ScriptProcessor.process_job, seen=set()):
    def process_first_job(self, job):
        first = job.rule not in seen
        if first:
            seen.add(job.rule)
            process_job(self, job)

    return process_first_job


ScriptProcessor.process_job = look_once()


wildcard_constraints:
    subject="[A-Za-z0-9]+",
    session="[A-Za-z0-9]+",
    image="original|defaced|repeat|shifted",
    shard="[0-9]+",
