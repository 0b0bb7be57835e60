"""Ten thousand sessions in one Snakemake: what it would do, with less memory and CPU.

Such a plan holds 80,000 jobs to its end. A few habits of the locked Snakemake cost a third of the CPU and of the memory
of planning, and CPU that grows with the square of the cohort while jobs run (`benchmarks/scale.py`); each is replaced
here by the same thing done once, or in turn. Another version of Snakemake is left alone.
"""

import atexit
import ctypes
import gc
import os
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import snakemake.api  # before its parts, which import each other
from snakemake import dag, iocontainers, jobs, rules
from snakemake.scheduling.job_scheduler import JobScheduler

KNOWN = "9.27.1"
"""The version whose inner parts these are."""


@cache
def make_thrifty() -> None:
    """Change the Snakemake of this process, before it plans; a second call does nothing."""
    # A plan's objects live to its end: to look through them for garbage as often as Python does is a sixth of the CPU.
    gc.set_threshold(200_000, 50, 1000)
    if snakemake.__version__ == KNOWN:
        _look_at_each_script_once()
        _ask_each_rule_for_its_environment_once()
        _share_guards()
        _drop_empty_sets()
        _compare_outputs_as_text()
        jobs.Job.is_valid = _expand_once
        jobs.Job.output_mintime = property(_oldest_output)
        JobScheduler.update_input_sizes = _learn_input_sizes
        _look_again_where_limited()


def keep_to_the_end(workflow: Any) -> None:
    """Give the memory of a plan back when the process ends, all at once: Python would take it apart job by job.

    Parameters
    ----------
    workflow
        Snakemake's `workflow`, which holds the plan.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(workflow))
    atexit.register(gc.freeze)


def _expand_once(job: Any) -> None:
    """Expand what may have wildcards that no output has. `Job.is_valid` does it anew, beside what the job keeps."""
    _ = job.benchmark, job.log


async def _oldest_output(job: Any) -> float | None:
    """When the oldest output was written: one file after the other.

    `Job.output_mintime` begins a task for each file of each job before it ends the first.

    Returns
    -------
    float or None
        Seconds since the epoch; None if none exists.
    """
    files = [*job.output, *([job.benchmark] if job.benchmark else [])]
    times = [(await file.mtime()).local_or_storage() for file in files if await file.exists()]
    return min(times, default=None)


async def _learn_input_sizes(scheduler: Any, ready: Any) -> None:
    """Sizes of the inputs of jobs that have become ready.

    `JobScheduler.update_input_sizes` asks for those of all jobs that are ready whenever one has ended.
    """
    sizes = scheduler._input_sizes
    known = scheduler.__dict__.setdefault("_sized", set())
    for file in {file for job in ready - known for file in job.input} - sizes.keys():
        sizes[file] = await file.size() if await file.exists() else None
    scheduler._sized = set(ready)


def _look_again_where_limited() -> None:
    """In a second, where more jobs were ready than may be started in one.

    Snakemake looks again after each look, and each job that ends adds one more look a second: after some hundred jobs
    it does nothing else.
    """
    look_again = JobScheduler._schedule_reevalutation

    def look_again_where_limited(self: Any, delay: int) -> None:
        limiter = self.job_rate_limiter
        if limiter is None or not limiter.get_free_jobs() or self.workflow.dag.queue_input_jobs:
            look_again(self, delay)

    JobScheduler._schedule_reevalutation = look_again_where_limited


def _look_at_each_script_once() -> None:
    """For the first job of its rule: all jobs of a rule of ours have the same script."""
    process_job = dag.ScriptProcessor.process_job
    looked_at = set()

    def process_first_job(self: Any, job: Any) -> None:
        if job.rule not in looked_at:
            looked_at.add(job.rule)
            process_job(self, job)

    dag.ScriptProcessor.process_job = process_first_job


def _ask_each_rule_for_its_environment_once() -> None:
    """No environment of ours depends on a job's parameters, which Snakemake works out for each job before it asks."""
    ask = jobs.Job.conda_env_spec.fget

    def environment(job: Any) -> Any:
        known = job.rule._expanded_conda_env
        return ask(job) if known is rules._NOT_CACHED else known

    jobs.Job.conda_env_spec = property(environment)


def _share_guards() -> None:
    """One guard against `input.sort` for all lists of files, not one for each, and one list of what is guarded."""
    guard, files = iocontainers.AttributeGuard, iocontainers.Namedlist
    guard.__new__ = staticmethod(cache(lambda kind, name: object.__new__(kind)))
    begin, guarded = files.__init__, files()._allowed_overrides

    def begin_with_less(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        self._allowed_overrides = guarded

    files.__init__ = begin_with_less


def _drop_empty_sets() -> None:
    """Sets of a job's outputs that are empty from its beginning stay so: they need no set of their own."""
    begin, nothing = jobs.Job.__init__, frozenset[str]()

    def begin_with_less(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        for name in ("temp_output", "protected_output", "touch_output", "pipe_or_service_output", "_queue_input"):
            if not getattr(self, name):
                setattr(self, name, nothing)

    jobs.Job.__init__ = begin_with_less


def _compare_outputs_as_text() -> None:
    """Whether an output lies in a folder that another job makes; Snakemake compares paths part by part to find it."""
    check = dag.DAG.check_directory_outputs
    separator = "\0"

    def check_if_one_does(self: Any) -> None:
        # In the order of their parts: what lies in a folder comes right after it.
        made = sorted(str(Path(file).absolute()).replace(os.sep, separator) for job in self.jobs for file in job.output)
        if any(later.startswith(earlier + separator) for earlier, later in pairwise(made)):
            check(self)

    dag.DAG.check_directory_outputs = check_if_one_does
