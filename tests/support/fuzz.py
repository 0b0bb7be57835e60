"""Fuzzing: inputs damaged from a seed, readers held against what they may end with.

A target is a reader with the inputs that it is tried on. Whatever it is given, it ends in time, and with nothing but
the errors that it is documented to raise. The test (`tests/unit/test_fuzz.py`) tries the same examples each time,
`benchmarks/fuzz.py` others for as long as it is told.
"""

import signal
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Generic, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning

SECONDS = 30.0
"""Of CPU for one example, which takes milliseconds: what needs more hangs."""
SHOWN = 300
"""Characters of an example that a message shows."""
LONGEST = 1 << 18
"""Bytes from which on a sample grows no more."""
LENGTHS = [0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]
"""Numbers at which a reader of lengths errs."""

Input = TypeVar("Input")


@dataclass(frozen=True)
class Sample:
    """A sound input, and the places in it where damage tells most."""

    data: bytes
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Target(Generic[Input]):
    """A reader and its inputs. `check` raises for what must not be; `examples` are those of the test."""

    name: str
    inputs: st.SearchStrategy[Input]
    check: Callable[[Input], None]
    examples: int = 100


class _HangError(BaseException):
    """An example takes too long; no reader catches it."""


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Fail where the block takes longer; a pattern of `re` that backtracks is stopped, too."""

    def hang(_number: int, _frame: FrameType | None) -> None:
        raise _HangError

    before = signal.signal(signal.SIGPROF, hang)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except _HangError:
        raise AssertionError(f"it takes longer than {seconds} s") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class FoundError(AssertionError):
    """A reader ends as it must not; `example` is the smallest input found for which it does."""

    def __init__(self, target: str, example: object) -> None:
        shown = repr(example)
        super().__init__(f"{target}: {shown if len(shown) < SHOWN else shown[:SHOWN] + ' ...'}")
        self.example = example


def tried(target: Target[Input], examples: int, seed: int | None = None) -> None:
    """Try a target on so many examples: the same ones each time, or those of a seed."""
    last: list[Input] = []

    @hypothesis.settings(
        max_examples=examples,
        derandomize=seed is None,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def example(given_input: Input) -> None:
        last[:] = [given_input]
        with in_time(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.check(given_input)

    with warnings.catch_warnings():
        # Of long examples, which are shown in part.
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            (example if seed is None else hypothesis.seed(seed)(example))()
        except Exception as error:
            # What is tried last is the smallest example.
            raise FoundError(target.name, *last) from error


@st.composite
def damaged(
    draw: st.DrawFn, samples: Sequence[Sample], words: Sequence[bytes] = (b"\0", b"\xff"), most: int = 5
) -> bytes:
    """A sample with bytes changed, inserted, removed, repeated, moved, swapped, cut off, or words put in."""
    sample = draw(st.sampled_from(list(samples)))
    data = bytearray(sample.data)
    for _ in range(draw(st.integers(1, most))):
        if len(data) > LONGEST:
            break
        anywhere = st.integers(0, len(data))
        place = st.one_of(anywhere, st.sampled_from(sample.marks)) if sample.marks else anywhere
        at = min(draw(place) + draw(st.sampled_from([0, 0, 0, 4, 6, 8])), len(data))
        length = draw(st.sampled_from([1, 1, 2, 4, 8, 16, 100, 3000]))
        match draw(st.sampled_from(["set", "number", "word", "insert", "remove", "repeat", "copy", "cut", "flip"])):
            case "set":
                data[at : at + length] = draw(st.binary(min_size=1, max_size=8))
            case "number":
                form = draw(st.sampled_from(["<I", ">I", "<H", ">H"]))
                number = draw(st.sampled_from(LENGTHS)) & (0xFFFF if form[1] == "H" else 0xFFFFFFFF)
                data[at : at + struct.calcsize(form)] = struct.pack(form, number)
            case "word":
                word = draw(st.sampled_from(list(words)))
                data[at : at + len(word)] = word
            case "insert":
                data[at:at] = draw(st.sampled_from(list(words))) * draw(st.sampled_from([1, 1, 2, 40, 300]))
            case "remove":
                del data[at : at + length]
            case "repeat":
                data[at:at] = data[at : at + length] * draw(st.sampled_from([1, 3, 80]))
            case "copy":
                data[at:at] = data[(start := draw(anywhere)) : start + length]
            case "cut":
                del data[at:]
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)
