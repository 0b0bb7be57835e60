"""One job of the workflow: what the adapters of all rules share. The only module that knows Snakemake's `snakemake`."""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from unface.run.layout import Layout
from unface.run.limits import limit
from unface.run.logs import log_to, name_places
from unface.run.outcome import NOTHING_BESIDE, Outcome, Work, run_stage
from unface.run.sessions import SessionId
from unface.run.settings import Settings
from unface.run.stages import EVERY_STAGE


class Job:
    """One job: its log and its limits are in force once this is made.

    Attributes
    ----------
    config : mapping
        The checked settings, as `settings.named_file` and `fingerprints.fingerprint` ask for them.
    settings : Settings
        The same as typed objects.
    layout : Layout
        Where everything of the run lies.
    params, wildcards : mapping
        Those of the rule.
    fingerprint : mapping
        Digests of settings and code of the job's stage (`fingerprints.fingerprint`).
    attempt : int
        Number of this attempt, from 1.
    """

    def __init__(self, snakemake: Any) -> None:
        log_to(snakemake.log[0])
        limit(minutes=snakemake.resources.runtime, memory_mb=snakemake.resources.mem_mb)
        self._snakemake = snakemake
        # Not `snakemake.rule`: a workflow that takes this one in as a module may give its rules other names.
        self._rule = Path(snakemake.log[0]).parent.name
        self.config: Mapping[str, Any] = snakemake.config
        self.settings = Settings.of(snakemake.config)
        name_places({name: self.config[name] for name in ("results_dir", "dicom_dir")})
        self.layout = Layout(Path(self.settings.results_dir))
        self.params: Mapping[str, Any] = dict(snakemake.params.items())
        self.wildcards: Mapping[str, str] = dict(snakemake.wildcards.items())
        self.fingerprint: Mapping[str, str] = self.params.get("fingerprint", {})
        self.attempt = int(snakemake.resources.get("attempt", 1))

    @classmethod
    def of_this_script(cls) -> Self:
        """The job that the running script belongs to: Snakemake puts `snakemake` into it before its first line."""
        return cls(sys.modules["__main__"].snakemake)

    def input(self, name: str) -> Path:
        """The input of this name.

        Parameters
        ----------
        name
            As the rule names it.

        Returns
        -------
        Path
            From the working folder.
        """
        return Path(self._snakemake.input[name])

    def inputs(self, name: str) -> list[Path]:
        """The files of an input that is a list.

        Parameters
        ----------
        name
            As the rule names it.

        Returns
        -------
        list of Path
            From the working folder.
        """
        return [Path(path) for path in self._snakemake.input[name]]

    def output(self, name: str) -> Path:
        """The output of this name.

        Parameters
        ----------
        name
            As the rule names it.

        Returns
        -------
        Path
            From the working folder.
        """
        return Path(self._snakemake.output[name])

    @property
    def session(self) -> SessionId:
        """The session that the job works on."""
        return SessionId(self.wildcards["subject"], self.wildcards["session"])

    @property
    def stage(self) -> str:
        """The stage that the job makes: its rule, and for `measure` the image, as in `measure-defaced`."""
        image = self.wildcards.get("image")
        return f"{self._rule}-{image}" if image else self._rule

    def run_stage(
        self,
        work: Callable[[Work], None],
        *,
        files: Iterable[Path] = (),
        beside: Mapping[str, Path] = NOTHING_BESIDE,
    ) -> Outcome:
        """Run the job's stage by the table of stages (`outcome.run_stage`, whose errors these are).

        Parameters
        ----------
        work
            The stage itself.
        files
            Input files besides the stages that it builds on.
        beside
            Where folders that it makes go in the end, by name.

        Returns
        -------
        Outcome
            How it ended, as `outcome.json` says it.
        """
        return run_stage(
            self.stage,
            self.session,
            work,
            layout=self.layout,
            fingerprint=self.fingerprint,
            sources=EVERY_STAGE[self.stage].sources,
            files=files,
            attempt=self.attempt,
            beside=beside,
        )

    def say(self, words: str) -> None:
        """Leave what the run prints at its end.

        Parameters
        ----------
        words
            Lines for readers, in pseudonyms.
        """
        self.layout.closing_words.write_text(words, encoding="utf-8")
