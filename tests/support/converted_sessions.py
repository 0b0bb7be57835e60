"""Sessions for tests of the conversion: real inventories, and raw files in the place of clean ones.

The raw headers are the harder test: what must not reach a sidecar is all there.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from unface.convert.convert import convert_session
from unface.identity.pseudonyms import Key
from unface.inventory.inventory import collect
from unface.inventory.records import SessionRecord
from unface.inventory.scan import scan
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.outcome import Outcome
from unface.run.settings import PROJECT, Convert

RULES = PROJECT / "resources" / "bids_rules.yaml"


@dataclass(frozen=True)
class Converted:
    """One converted session: its outcome, the state of each series, its dataset and its record."""

    outcome: Outcome
    series: list[dict[str, Any]]
    bids: Path
    record: SessionRecord

    def states(self) -> dict[str, str]:
        return {entry["series"]: entry["state"] for entry in self.series}

    def reason(self, state: str) -> str:
        return next(str(entry["reason"]) for entry in self.series if entry["state"] == state)

    def names(self) -> list[str]:
        """BIDS names of its images without subject and session."""
        prefix = f"sub-{self.outcome.subject}_ses-{self.outcome.session}_"
        return sorted(path.name.removeprefix(prefix).removesuffix(".nii.gz") for path in self.bids.rglob("*.nii.gz"))

    def file(self, ending: str) -> Path:
        """The one file with this ending."""
        (file,) = [path for path in self.bids.rglob("*") if path.name.endswith(ending)]
        return file

    def sidecar(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.file(f"{name}.json").read_text(encoding="utf-8"))
        return content


def take_in(dicom: Path, results: Path) -> Layout:
    """Make the inventory of a folder, and folders in the shape of de-identified sessions that link to its files."""
    layout = Layout(results)
    scan(dicom, layout, shard=0, shards=1)
    collect([layout.scan("0")], layout=layout, key=Key(b"k" * 32), subjects=None, rules=RULES)
    for session in layout.read_sessions():
        record = SessionRecord.read(layout.record(session))

        def link(work: outcome.Work, record: SessionRecord = record) -> None:
            for series in record.series:
                folder = work.folder / "dicom" / series.series
                folder.mkdir(parents=True)
                for number, file in enumerate(series.files, start=1):
                    (folder / f"{number:06d}.dcm").symlink_to(file.path)
            states = [{"series": series.series, "state": "ok", "reason": ""} for series in record.series]
            (work.folder / "series.json").write_text(json.dumps(states), encoding="utf-8")

        outcome.run_stage("deidentify", session, link, layout=layout, fingerprint={})
    return layout


def convert(
    layout: Layout, rules: Path = RULES, *, identifiers: Path | None = None, **settings: str
) -> list[Converted]:
    """Convert every session of an inventory; where no identifiers are given, there are none."""
    nothing_known = layout.results / "nothing_known.json"
    nothing_known.write_text("{}", encoding="utf-8")
    chosen = {
        "rules": str(rules),
        "label_words": None,
        "unmapped": "exclude",
        "repeats": "last",
        "incomplete": "withhold",
    } | settings
    sessions = []
    for session in layout.read_sessions():
        record, clean = layout.record(session), layout.stage("deidentify", session)
        result = outcome.run_stage(
            "convert",
            session,
            partial(
                convert_session,
                deidentified=clean,
                record=record,
                rules=rules,
                labels=layout.labels,
                settings=Convert.of(chosen),
                dicom=clean / "dicom",
                identifiers=identifiers or nothing_known,
            ),
            layout=layout,
            fingerprint={},
            sources=["deidentify"],
        )
        folder = layout.stage("convert", session)
        states = folder / "series.json"
        series = json.loads(states.read_text(encoding="utf-8")) if states.exists() else []
        sessions.append(Converted(result, series, folder / "bids", SessionRecord.read(record)))
    return sessions
