"""De-identify the headers of one session."""

from pathlib import Path

from unface import outcome, settings
from unface.dicom import identifiers as known
from unface.dicom.deidentify import deidentify_session
from unface.layout import Layout
from unface.limits import limit
from unface.logs import log_to
from unface.pseudonyms import Key

log_to(snakemake.log[0])
limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
layout = Layout(Path(snakemake.config["results_dir"]))
identifiers = Path(snakemake.output.identifiers)
outcome.run_stage(
    "deidentified",
    snakemake.wildcards.subject,
    snakemake.wildcards.session,
    lambda work: deidentify_session(
        work,
        record=Path(snakemake.input.record),
        identifiers=identifiers,
        key=Key.load(layout.key),
        select=snakemake.config["select"],
        settings=settings.Deidentify.of(snakemake.config["deidentify"]),
    ),
    layout=layout,
    protocol=snakemake.params.protocol,
    files=[Path(snakemake.input.record)],
    attempt=snakemake.resources.attempt,
)
# Conversion alone reads the images: they lie apart from the outcome, and Snakemake may remove them (`keep_work`).
images, dicom = Path(snakemake.output.deidentified) / "dicom", Path(snakemake.output.dicom)
if images.is_dir():
    images.rename(dicom)
else:
    dicom.mkdir(mode=0o700)
if not identifiers.exists():
    # A session that was stopped before its headers were read; the audit never sees it.
    known.write(identifiers, {})
