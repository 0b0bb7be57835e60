# What every rule file uses: the checked settings, the layout, the sessions. Nothing is written while this is read.
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))

from snakemake.exceptions import WorkflowError

from unface import settings
from unface.layout import STAGES, Layout

try:
    settings.check(config)
    protocols = {
        stage: settings.protocol(config, stage) for stage in settings.STAGE_ADAPTERS
    }
except settings.SettingsError as error:
    raise WorkflowError(str(error)) from None

layout = Layout(Path(config["results_dir"]))
sessions = layout.read_sessions()


wildcard_constraints:
    subject="[A-Za-z0-9]+",
    session="[A-Za-z0-9]+",
    image="original|defaced",
    shard="[0-9]+",
