"""The table of names as a page: a person fills it in with a browser and takes the table from it."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from unface.report import pages
from unface.run.files import read_table, write_whole

TEMPLATE = Path(__file__).parent / "templates" / "mapping.html.j2"
SCRIPT = TEMPLATE.with_name("mapping.js")
WAITING = ("unmapped", "ambiguous")
PARAMETERS = {
    **{
        "vendor": "vendor",
        "model": "model",
        "modality": "modality",
        "sequence": "sequence",
        "image_type": "image type",
    },
    **{"dimensions": "dimensions", "field_t": "field (T)", "tr_ms": "TR (ms)", "te_ms": "TE (ms)", "ti_ms": "TI (ms)"},
    **{"flip_deg": "flip angle", "matrix": "matrix", "slices": "slices", "volumes": "volumes"},
    **{"thickness_mm": "thickness (mm)", "b_values": "b-values", "variants": "differs"},
}
"""Columns that are shown of a group, and what they are called there."""
USUAL = (
    *("anat/T1w", "anat/T2w", "anat/FLAIR", "anat/T2starw", "anat/PDw", "func/task-rest_bold", "func/task-rest_sbref"),
    *("dwi/dwi", "dwi/sbref", "fmap/dir-AP_epi", "fmap/dir-PA_epi", "fmap/phasediff", "perf/asl", "perf/m0scan"),
)
"""Names that the page offers, besides those of the cohort."""


def mapping_page(table: Path, page: Path, title: str) -> None:
    """Write the page.

    Parameters
    ----------
    table
        The table (`inventory.mapping_table`), which it shows as it stands.
    page
        Where it goes; readable by its owner alone.
    title
        The cohort's.
    """
    rows = read_table(table)
    columns = list(rows[0]) if rows else []
    shown = [_shown(row) for row in rows]
    script = SCRIPT.read_text(encoding="utf-8")
    cohorts = {row[column] for row in rows for column in ("result", "suggestion") if "/" in row[column]}
    text = pages.render(
        TEMPLATE,
        title=title,
        columns=json.dumps(columns),
        waiting=[row for row in shown if row["waits"]],
        others=[row for row in shown if not row["waits"]],
        names=sorted({*USUAL, *cohorts}),
        script=script,
        # No other script runs on it, whatever a header holds.
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )
    write_whole(page, text, mode=0o600)


def _shown(row: Mapping[str, str]) -> dict[str, object]:
    parameters = [(name, row[column]) for column, name in PARAMETERS.items() if row[column]]
    cells = json.dumps(list(row.values()))
    return {**row, "parameters": parameters, "cells": cells, "waits": row["result"] in WAITING}
