"""Every job of a run of the workflow in one process: the same scripts, without Snakemake's start of each.

A job costs Snakemake a process, its imports and its planning, about a second; two thousand tiny sessions of nine jobs
each would take hours. Here each script is given what its rule would give it, job by job.
"""

import contextlib
import logging
import runpy
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.bench import ROOT
from unface.run import settings
from unface.run.files import TableError
from unface.run.fingerprints import fingerprint, of_conversions, secret_of
from unface.run.layout import Layout
from unface.run.limits import TRIES
from unface.run.logs import sentence_of
from unface.run.outcome import JobFailedError
from unface.run.sessions import SessionId, by_subject
from unface.run.settings import SettingsError
from unface.run.stages import EVERY_STAGE, STAGES, rule_of

MEMORY_MB = 4000
"""Of all jobs together, as they are one process."""


class HungError(BaseException):
    """A job did not end by its deadline. Nothing that catches what data cause may catch it."""


class RefusedError(Exception):
    """unface refused what its user wrote, with a sentence."""


@dataclass
class _Resources:
    runtime: float
    attempt: int
    mem_mb: float = MEMORY_MB

    def get(self, name: str, default: Any) -> Any:
        return getattr(self, name, default)


@dataclass
class Run:
    """A run in the working folder.

    Attributes
    ----------
    config : mapping
        All settings.
    deadline_s : float
        How long a job may take.
    hung, broken : list of str
        Jobs that did not end, and what the others ended with that ended with an error.
    """

    config: Mapping[str, Any]
    deadline_s: float = 60
    hung: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @cached_property
    def layout(self) -> Layout:
        return Layout(Path(self.config["results_dir"]))

    @cached_property
    def fingerprints(self) -> dict[str, dict[str, str]]:
        secret = secret_of(self.layout)
        return {stage: fingerprint(self.config, stage, secret) for stage in EVERY_STAGE}

    def inventory(self) -> None:
        """Scan the raw files and make sessions of them.

        Raises
        ------
        RefusedError
            If the user's tables or settings are refused.
        """
        shard = self.layout.scan("0")
        with _refusals():
            settings.check(self.config)
            self._job("scan", "0", output=[shard], params={"shards": 1}, wildcards={"shard": "0"})
            self._job("inventory", "cohort", inputs={"scans": [shard]})

    def sessions(self) -> None:
        """Take each session through every stage, in the order of the workflow."""
        found = self.layout.read_sessions()
        for session in found:
            for stage in STAGES:
                if stage != "audit":
                    self._stage(stage, session)
        labels = by_subject(found)
        for session in found:
            others = [
                SessionId(session.subject, label) for label in labels[session.subject] if label != session.session
            ]
            self._stage("audit", session, other_sessions=[self.layout.identifiers(other) for other in others])

    def release(self) -> None:
        """Release what may be released, and make the pages of the cohort.

        Raises
        ------
        RefusedError
            If the user's tables or settings are refused.
        """
        layout = self.layout
        stages = {stage: self.fingerprints[stage] for stage in (*STAGES, "release")}
        with _refusals():
            settings.check(self.config)
            self._job("release", "cohort", output={"verdicts": layout.verdicts}, params={"fingerprints": stages})
            self._job("survey", "cohort", output={"table": layout.header_survey})
            self._job("report", "cohort", output={"page": layout.summary_page}, params={"noise_sample": []})

    def _stage(self, stage: str, session: SessionId, **inputs: Any) -> None:
        layout, folder = self.layout, self.layout.stage(stage, session)
        rule, _, image = stage.partition("-")
        known = {
            "deidentify": {"record": layout.record(session)},
            "convert": {
                "deidentified": layout.stage("deidentify", session),
                "dicom": layout.clean_dicom(session),
                "record": layout.record(session),
                "identifiers": layout.identifiers(session),
            },
            "deface": {"converted": layout.stage("convert", session)},
            "measure": {"images": layout.stage("deface" if image == "defaced" else "convert", session)},
            "compare": {
                "faceless": layout.stage("deface", session),
                "original": layout.stage("measure-original", session),
                "defaced": layout.stage("measure-defaced", session),
            },
            "audit": {
                "converted": layout.stage("convert", session),
                "defaced": layout.stage("deface", session),
                "identifiers": layout.identifiers(session),
            },
        }[rule_of(stage)]
        of_today = of_conversions(self.config, layout).get(session) if stage == "convert" else None
        wildcards = {"subject": session.subject, "session": session.session} | ({"image": image} if image else {})
        for attempt in range(1, TRIES + 2):
            with contextlib.suppress(JobFailedError, OSError):
                self._job(
                    rule,
                    "_".join(wildcards.values()),
                    inputs=known | inputs,
                    output={"identifiers": layout.identifiers(session), "dicom": layout.clean_dicom(session)},
                    params={"fingerprint": of_today or self.fingerprints[stage]},
                    wildcards=wildcards,
                    attempt=attempt,
                )
                break
        if not (folder / "outcome.json").exists():
            self.broken.append(f"{stage} leaves no outcome")

    def _job(
        self,
        rule: str,
        name: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        output: Any = None,
        params: Mapping[str, Any] | None = None,
        wildcards: Mapping[str, str] | None = None,
        attempt: int = 1,
    ) -> None:
        """Run the script of a rule as Snakemake would; a job that hangs is noted and given up."""
        log = self.layout.log(rule, name)
        for path in (log, *(output.values() if isinstance(output, dict) else output or ())):
            path.parent.mkdir(parents=True, exist_ok=True)
        snakemake = SimpleNamespace(
            log=[str(log)],
            config=self.config,
            input=inputs or {},
            output=output or {},
            params=params or {},
            wildcards=wildcards or {},
            resources=_Resources(self.deadline_s / 60, attempt),
        )
        told = logging.getLogger("unface")
        try:
            runpy.run_path(
                str(ROOT / "scripts" / f"{rule}.py"), init_globals={"snakemake": snakemake}, run_name="__main__"
            )
        except HungError:
            self.hung.append(f"{rule}: " + _where(sys.exc_info()[2]))
        except (JobFailedError, OSError, TableError, SettingsError) as error:
            told.error(sentence_of(error))
            raise
        except Exception as error:
            self.broken.append(f"{rule}: {sentence_of(error)} at {_where(error.__traceback__)}")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            sys.excepthook = sys.__excepthook__
            for handler in list(told.handlers):
                told.removeHandler(handler)
                handler.close()


def _where(trace: Any) -> str:
    """The innermost line of unface's own code."""
    frames = [frame for frame in traceback.extract_tb(trace) if "unface" in frame.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (TableError, SettingsError) as error:
        raise RefusedError(str(error)) from None


def watch_the_clock() -> None:
    """Let the limit of a job's time, which would kill this process, end the job alone."""

    def ring(_signal: int, _frame: object) -> None:
        raise HungError

    signal.signal(signal.SIGALRM, ring)
