"""Every reader on inputs damaged at random, for as long as is asked: it finds nothing.

    python -m benchmarks.fuzz [--minutes 60] [--seed 0] [--only NAME ...] [--found FOLDER]

`make test` tries the same few inputs each time; here each round has a seed of its own, so that another run with the
same seed tries the same. What a reader must not end with is printed with its traceback, and the smallest input for
which it does is kept in the folder that --found names. Writes the section "Fuzzing" of benchmarks/RESULTS.md.
"""

import argparse
import hashlib
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from benchmarks.sections import write_section
from tests.support.fuzz import FoundError, tried
from tests.support.fuzz_targets import targets

ROUND = 3
"""Times the examples of the test that a target is tried on before the next one has its turn."""
MEMORY = 3 << 30
"""Bytes that all of it may take: what no input may exceed."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.RLIM_INFINITY))
    chosen = [target for target in targets() if not asked.only or target.name in asked.only]
    began, seed = time.monotonic(), asked.seed
    examples, seconds, found = Counter[str](), Counter[str](), Counter[str]()
    while time.monotonic() - began < asked.minutes * 60:
        for target in chosen:
            start = time.monotonic()
            try:
                tried(target, target.examples * ROUND, seed)  # type: ignore[misc]
            except FoundError as error:
                found[target.name] += 1
                traceback.print_exception(error.__cause__)
                print(f"seed {seed}, {error}", flush=True)
                _keep(asked.found, target.name, error.example)
            examples[target.name] += target.examples * ROUND
            seconds[target.name] += round(time.monotonic() - start)
        seed += 1
    lines = [f"{target.name} | {examples[target.name]} | {found[target.name]}" for target in chosen]
    minutes = round((time.monotonic() - began) / 60)
    table = "\n".join(["| target | inputs | found |", "| --- | ---: | ---: |", *(f"| {line} |" for line in lines)])
    print(table)
    if not asked.only:
        command = f"python -m benchmarks.fuzz --minutes {asked.minutes:g} --seed {asked.seed}"
        said = (
            f"`{command}`: every reader on inputs damaged at random, {minutes} minutes on one core. None may be found."
        )
        write_section("Fuzzing", f"{said}\n\n{table}")
    return 1 if found else 0


def _keep(folder: Path, name: str, example: object) -> None:
    content = example if isinstance(example, bytes) else str(example).encode("utf-8", "surrogatepass")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name.replace(' ', '-')}-{hashlib.sha256(content).hexdigest()[:12]}").write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
