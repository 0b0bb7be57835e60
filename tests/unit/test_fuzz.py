"""Whatever a reader is given, it ends in time, and with no error but its own (`tests.support.fuzz`)."""

import pytest

from tests.support.fuzz import Target, tried
from tests.support.fuzz_targets import targets

TARGETS = {target.name: target for target in targets()}


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_input_ends_with_a_reason_and_in_time(name: str) -> None:
    target: Target = TARGETS[name]
    tried(target, target.examples)
