# What every rule file uses: the checked settings, the layout, the sessions. Nothing is written while this is read.
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from snakemake.exceptions import WorkflowError

from unface import settings
from unface.layout import STAGES, UNIT, Layout


def read_sessions(table: Path) -> list[tuple[str, str]]:
    """Subject and session label of every session of the inventory; none before there is an inventory."""
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return [
            (row["subject"], row["session"])
            for row in csv.DictReader(file, delimiter="\t")
        ]


try:
    settings.check(config)
    protocols = {
        stage: settings.protocol(config, stage) for stage in settings.STAGE_ADAPTERS
    }
except settings.SettingsError as error:
    raise WorkflowError(str(error)) from None

layout = Layout(Path(config["results_dir"]))
sessions = read_sessions(layout.sessions)


wildcard_constraints:
    subject="[A-Za-z0-9]+",
    session="[A-Za-z0-9]+",
    image="original|defaced",
    shard="[0-9]+",
