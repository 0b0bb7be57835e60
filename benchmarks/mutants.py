"""Mutants of what guards the release: how many of them do the tests notice?

    pip install cosmic-ray coverage             # into an environment that has unface; `make` leaves them out
    python -m benchmarks.mutants [MODULE ...] [--sample N --seed S] [--sets] [--work FOLDER]

A mutant is a module with one change, by Cosmic Ray's operators that are named below or by our own
(`mutant_operators.py`), which take out a condition, a statement, a result or an exception that is caught. It is tried
in a copy of the project that has no scanner sets beside it, by the quick tests of its module that reach the changed
line, in a fork of a process that has loaded the libraries. Run again, it tries what is new or was not killed; `--sets`
tries what was not killed with the scanner sets beside the copy.

Texts are not changed (Cosmic Ray changes none), nor what stands in an f-string, an annotation, a decorator or a call of
the log: no test should hold how a message is worded. `equivalent_mutants.tsv` lists survivors that change nothing that
could be seen, each with the reason. Results are kept in FOLDER; the section "Mutants" of RESULTS.md is made from all
that lie there.
"""

import argparse
import ast
import csv
import difflib
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.sections import write_section

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.tsv")
CORE = Path("scripts/unface")

RELEASE = ("release", "review/test_ratings.py")
IDENTITY = ("identity", "deidentify", "inventory")
TESTS: dict[str, tuple[str, ...]] = {
    "release/gate": RELEASE,
    "release/assembly": RELEASE,
    "run/provenance": RELEASE,
    "audit/candidates": ("audit",),
    "audit/files": ("audit",),
    "audit/forms": ("audit",),
    "audit/identifier_like": ("audit",),
    "audit/identifier_search": ("audit",),
    "audit/masks": ("audit",),
    "audit/public_words": ("audit",),
    "audit/streams": ("audit",),
    "audit/whole_heads": ("audit",),
    "convert/completeness": ("convert",),
    "deface/checks": ("deface",),
    "deface/faces": ("deface",),
    "deface/mask_checks": ("deface",),
    "deface/registration_checks": ("deface",),
    "identity/header_search": IDENTITY,
    "identity/identifiers": IDENTITY,
    "identity/label_search": IDENTITY,
    "identity/spellings": IDENTITY,
}
"""For each module the folders and files of tests/unit that are about it."""

OPERATORS = {
    "ReplaceComparisonOperator_": (
        "Eq_NotEq",
        "NotEq_Eq",
        "Lt_LtE",
        "Lt_GtE",
        "LtE_Lt",
        "LtE_Gt",
        "Gt_GtE",
        "Gt_LtE",
        "GtE_Gt",
        "GtE_Lt",
        "Is_IsNot",
        "IsNot_Is",
    ),
    "ReplaceBinaryOperator_": (
        "Add_Sub",
        "Sub_Add",
        "Mul_Div",
        "Div_Mul",
        "FloorDiv_Mul",
        "Mod_Mul",
        "Pow_Mul",
        "LShift_RShift",
        "RShift_LShift",
        "BitOr_BitAnd",
        "BitAnd_BitOr",
    ),
    "ReplaceUnaryOperator_": (
        "USub_UAdd",
        "Delete_Invert",
        "Delete_Not",
    ),
    "": (
        "AddNot",
        "ReplaceTrueWithFalse",
        "ReplaceFalseWithTrue",
        "ReplaceAndWithOr",
        "ReplaceOrWithAnd",
        "ReplaceBreakWithContinue",
        "ReplaceContinueWithBreak",
        "NumberReplacer",
        "ZeroIterationForLoop",
    ),
}
"""Of each comparison its limit and its opposite; of arithmetic one other sign: the rest only breaks."""

LEAST_S, TIMES_LONGER = 6, 3
"""What a test may take with a mutant: this much CPU time, and so many times what it takes without."""
WAIT_S, TIMES_WAITED = 120, 20
"""And by the clock, all of them, on a machine that others use as well."""
MEMORY = 8 << 30


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    `source`: digest of the module's text; `of`: how many mutants it has; `line`: the first one that is changed;
    `before`, `after`: the lines that differ; `end`: killed, timeout, not reached, survived; `with_sets`: the end where
    the scanner sets lie beside the project.
    """

    module: str
    source: str
    operator: str
    line: int
    before: str
    after: str
    of: int = 0
    end: str = ""
    with_sets: str = ""

    @property
    def key(self) -> tuple[str, int, str, str]:
        return self.operator, self.line, self.before, self.after


LEFT, KILLED = ("survived", "not reached"), ("killed", "timeout")


def mutants_of(module: str, source: str) -> dict[str, Mutant]:
    """Every mutant of a module by its source text; two that come to the same are one."""
    from cosmic_ray.ast import ast_nodes, get_ast  # noqa: PLC0415
    from cosmic_ray.mutating import mutate_code  # noqa: PLC0415
    from cosmic_ray.plugins import get_operator  # noqa: PLC0415

    from benchmarks import mutant_operators  # noqa: PLC0415

    passed_over = list(_passed_over(source))
    lines = source.splitlines()
    made: dict[str, Mutant] = {}
    operators = [get_operator(f"core/{kind}{name}")() for kind, names in OPERATORS.items() for name in names]
    for operator in [*operators, *(kind() for kind in mutant_operators.OWN)]:
        places = [place for node in ast_nodes(get_ast(source)) for place in operator.mutation_positions(node)]
        for occurrence, (start, end) in enumerate(places):
            if any(first <= start and end <= last for first, last in passed_over):
                continue
            text = mutate_code(source, operator, occurrence)
            if text is None or not _differs(source, text) or "*," in lines[start[0] - 1][start[1] :][:2]:
                continue
            before, after = _changed(lines, text.splitlines())
            made.setdefault(text, Mutant(module, digest(source), type(operator).__name__, start[0], before, after))
    return {text: replace(mutant, of=len(made)) for text, mutant in made.items()}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _differs(source: str, text: str) -> bool:
    try:
        return ast.dump(ast.parse(text)) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def _changed(lines: list[str], others: list[str]) -> tuple[str, str]:
    """The lines that differ, each side in one."""
    before, after = [], []
    for _, start, end, other_start, other_end in difflib.SequenceMatcher(None, lines, others, False).get_opcodes():
        if lines[start:end] != others[other_start:other_end]:
            before += lines[start:end]
            after += others[other_start:other_end]
    return tuple(" ".join(" ".join(side).split()) for side in (before, after))  # type: ignore[return-value]


def _passed_over(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Places whose change would change no behaviour that a test should hold: begin and end of each."""
    for node in ast.walk(ast.parse(source)):
        parts: list[Any] = []
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and ast.unparse(node).startswith("log.")):
            parts = [node]
        elif isinstance(node, ast.FunctionDef):
            parts = [*node.decorator_list, node.returns]
        elif isinstance(node, ast.ClassDef):
            parts = [*node.decorator_list]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            parts = [node.annotation]
        for part in filter(None, parts):
            yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


class Reach:
    """A pytest plugin: which test reaches which line, and how much CPU time each takes."""

    def __init__(self, coverage: Any) -> None:
        self.coverage = coverage
        self.seconds: dict[str, float] = {}
        self.skipped: set[str] = set()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)
        self.seconds[nodeid] = -time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] += time.process_time()

    def pytest_fixture_setup(self, fixturedef: Any) -> None:
        # What others use as well is reached by all.
        if fixturedef.scope != "function":
            self.coverage.switch_context("")

    def pytest_runtest_call(self, item: Any) -> None:
        self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.skipped:
            self.skipped.add(report.nodeid)


class Only:
    """A pytest plugin: some of the tests alone, the quickest first."""

    def __init__(self, chosen: Mapping[str, float]) -> None:
        self.seconds = chosen
        self.order = {nodeid: place for place, nodeid in enumerate(chosen)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        # The signal ends this process.
        signal.setitimer(signal.ITIMER_PROF, LEAST_S + TIMES_LONGER * self.seconds[nodeid])


class Trial:
    """The tests of some modules in a copy of the project, in this process and in forks of it."""

    def __init__(self, copy: Path, modules: Iterable[str]) -> None:
        self.copy = copy
        self.files = {module: copy / CORE / f"{module}.py" for module in modules}
        places = {f"tests/unit/{place}" for module in modules for place in TESTS[module]}
        self.tests = sorted(place for place in places if (copy / place).exists())
        self.seconds: dict[str, float] = {}
        self.reached: dict[str, dict[int, list[str]]] = {}

    def look(self) -> None:
        """Run the tests without a mutant; they have to pass."""
        import coverage  # noqa: PLC0415
        import pytest  # noqa: PLC0415

        measured = coverage.Coverage(data_file=None, include=[*map(str, self.files.values())], config_file=False)
        reach = Reach(measured)
        measured.start()
        code = pytest.main([*_options(self.copy), *self.tests], plugins=[reach])
        measured.stop()
        if code != 0:
            raise SystemExit(f"{self.tests}: do not pass without a mutant")
        self.seconds = {test: seconds for test, seconds in reach.seconds.items() if test not in reach.skipped}
        for module, file in self.files.items():
            self.reached[module] = measured.get_data().contexts_by_lineno(str(file))
        # A fork loads the project's own modules anew, and finds the libraries there.
        own = ("unface", "tests", "demo", "conftest", "test_")
        for name in [name for name in sys.modules if name.startswith(own)]:
            del sys.modules[name]
        if self._forked(sorted(self.seconds, key=lambda test: self.seconds[test])[:20]) != "survived":
            raise SystemExit(f"{self.tests}: do not pass in a fork, see {self.copy.parent / 'said'}")

    def chosen(self, mutant: Mutant, last: int) -> list[str]:
        """The tests that reach the changed statement, which ends at line `last`; all, if that is while it is loaded."""
        reached = self.reached[mutant.module]
        contexts = {context for line in range(mutant.line, last + 1) for context in reached.get(line, [])}
        tests = self.seconds if "" in contexts else contexts
        return sorted((test for test in tests if test in self.seconds), key=lambda test: self.seconds[test])

    def end(self, mutant: Mutant, text: str, last: int) -> str:
        """How the tests end with a module's text changed."""
        tests = self.chosen(mutant, last)
        if not tests:
            return "not reached"
        file = self.files[mutant.module]
        source, status = file.read_text(encoding="utf-8"), file.stat()
        file.write_text(text, encoding="utf-8")
        try:
            return self._forked(tests)
        finally:
            file.write_text(source, encoding="utf-8")
            os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def _forked(self, tests: list[str]) -> str:
        chosen = {test: self.seconds[test] for test in tests}
        process = os.fork()
        if process == 0:
            _child(self.copy, chosen)
        deadline = time.monotonic() + WAIT_S + TIMES_WAITED * sum(chosen.values())
        while time.monotonic() < deadline:
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                code = os.waitstatus_to_exitcode(status)  # 5: no test is left of the chosen ones
                return "survived" if code in (0, 5) else "timeout" if code == -signal.SIGPROF else "killed"
            time.sleep(0.01)
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return "timeout"


def _options(copy: Path) -> list[str]:
    return ["-q", "-x", "-m", "not slow", "-p", "no:cacheprovider", f"--rootdir={copy}", "-W", "ignore", "--no-header"]


def _child(copy: Path, tests: Mapping[str, float]) -> None:
    """Run tests, and end with their code."""
    code: int = 99
    try:
        os.setsid()
        quiet = os.open(copy.parent / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        import pytest  # noqa: PLC0415

        files = sorted({test.split("::")[0] for test in tests})
        code = int(pytest.main([*_options(copy), *files], plugins=[Only(tests)]))
    finally:
        os._exit(code)


def copied(work: Path, *, sets: bool) -> Path:
    """A copy of the project's files, with or without the scanner sets beside it."""
    beside = work / ("with_sets" if sets else "alone")
    copy = beside / "project"
    shutil.rmtree(beside, ignore_errors=True)
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    if sets:
        (beside / "shared").symlink_to(SHARED)
    return copy


def in_a_process(work: Path, mutants: Mapping[str, Mutant], *, sets: bool) -> None:
    """Try mutants, given by their text, of modules that have the same tests; keep how each ends.

    In a process of its own, which has loaded nothing of the project's.
    """
    copy = copied(work, sets=sets)
    process = os.fork()
    if process:
        if os.waitpid(process, 0)[1]:
            raise SystemExit("could not be tried")
        return
    code = 1
    try:
        os.chdir(copy)
        sys.path[:0] = [str(copy / "scripts"), str(copy)]
        trial = Trial(copy, dict.fromkeys(mutant.module for mutant in mutants.values()))
        lasts = {module: _statements(file.read_text(encoding="utf-8")) for module, file in trial.files.items()}
        trial.look()
        for text, mutant in mutants.items():
            end = trial.end(mutant, text, lasts[mutant.module].get(mutant.line, mutant.line))
            ended = replace(mutant, with_sets=end) if sets else replace(mutant, end=end, with_sets="")
            with _file(work, mutant.module).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(ended)) + "\n")
            if end in LEFT:
                place = f"{mutant.module}:{mutant.line}"
                print(f"{place} {end} {mutant.operator}\n  - {mutant.before}\n  + {mutant.after}", flush=True)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _statements(source: str) -> dict[int, int]:
    """The last line of what stands on each line: of the smallest simple statement, or the head of a compound one."""
    lasts: dict[int, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else (node.end_lineno or node.lineno)
            for line in range(node.lineno, last + 1):
                lasts[line] = min(last, lasts.get(line, last))
    return lasts


def equivalent() -> dict[tuple[str, str, str], str]:
    """The reason why a survivor changes nothing, by module and what differs."""
    with EQUIVALENT.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {(row["module"], row["before"], row["after"]): row["reason"] for row in rows}


def _file(work: Path, module: str) -> Path:
    return work / f"{module.replace('/', '.')}.jsonl"


def kept(work: Path, module: str) -> dict[tuple[str, int, str, str], Mutant]:
    """How the mutants of a module as it is today ended when they were tried last."""
    if not _file(work, module).exists():
        return {}
    lines = _file(work, module).read_text(encoding="utf-8").splitlines()
    today = digest(source_of(module))
    mutants = [mutant for line in lines if (mutant := Mutant(**json.loads(line))).source == today]
    return {mutant.key: mutant for mutant in mutants}


def source_of(module: str) -> str:
    return (ROOT / CORE / f"{module}.py").read_text(encoding="utf-8")


def run_modules(work: Path, modules: Iterable[str], sample: int | None, seed: int, *, sets: bool) -> None:
    """Try mutants of modules that have the same tests: those that were not killed before, if they were tried."""
    chosen: dict[str, Mutant] = {}
    for module in modules:
        every = list(mutants_of(module, source_of(module)).items())
        # The whole in an order drawn at random: a greater sample holds a smaller one.
        drawn = random.Random(f"{seed} {module}").sample(every, len(every))[:sample]
        before = kept(work, module)
        chosen |= {text: before.get(mutant.key, mutant) for text, mutant in sorted(drawn, key=lambda one: one[1].line)}
    killed = {text for text, mutant in chosen.items() if (mutant.with_sets if sets else mutant.end) in KILLED}
    killed |= {text for text, mutant in chosen.items() if sets and mutant.end not in LEFT}
    if left := {text: mutant for text, mutant in chosen.items() if text not in killed}:
        in_a_process(work, left, sets=sets)


def section(work: Path) -> str:
    """The section of RESULTS.md."""
    known = equivalent()
    lines = [
        "`python -m benchmarks.mutants`: each mutant against the quick tests of its module that reach the changed line."
        " Equivalent ones are listed with their reason in `equivalent_mutants.tsv`; killed is out of the others."
        " With sets: the same where the scanner sets lie beside the clone.",
        "",
        "| module | mutants | tried | equivalent | killed | surviving | killed, % | with sets, % |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    totals: Counter[str] = Counter()
    for module in TESTS:
        if not (mutants := kept(work, module).values()):
            continue
        left = [mutant for mutant in mutants if mutant.end in LEFT]
        counted = Counter(
            of=next(iter(mutants)).of,
            tried=len(mutants),
            equivalent=sum((one.module, one.before, one.after) in known for one in left),
            killed=len(mutants) - len(left),
            by_sets=sum(one.with_sets in KILLED for one in left),
            with_sets=sum(bool(one.with_sets) for one in left),
        )
        totals += counted
        lines.append(_row(module, counted))
    return "\n".join([*lines, _row("all", totals)])


def _row(name: str, counted: Counter[str]) -> str:
    tried, same, killed = counted["tried"], counted["equivalent"], counted["killed"]
    left = tried - same - killed
    percent = 100 * killed / max(tried - same, 1)
    with_sets = f"{100 * (killed + counted['by_sets']) / max(tried - same, 1):.1f}"
    if counted["with_sets"] < left:
        with_sets = "not tried"
    return f"| {name} | {counted['of']:,} | {tried:,} | {same} | {killed:,} | {left} | {percent:.1f} | {with_sets} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)}; all if none is named")
    parser.add_argument("--sample", type=int, metavar="N", help="that many mutants of each module, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sets", action="store_true", help="only what survived, with the scanner sets")
    parser.add_argument("--work", type=Path, default=Path("/tmp/mutants"), help="copies of the project, and results")
    options = parser.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    sys.dont_write_bytecode = True
    threads = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    os.environ |= dict.fromkeys(threads, "1") | {"PYTHONDONTWRITEBYTECODE": "1"}
    modules = options.modules or list(TESTS)
    if unknown := set(modules) - TESTS.keys():
        parser.error(f"no tests are known of {', '.join(sorted(unknown))}")
    for _, group in itertools.groupby(modules, key=lambda module: TESTS[module]):
        run_modules(work, group, options.sample, options.seed, sets=options.sets)
        write_section("Mutants: tests of what guards the release (benchmarks/mutants.py)", section(work))


if __name__ == "__main__":
    main()
