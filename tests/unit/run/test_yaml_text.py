"""YAML of users: read within bounds, whatever it holds."""

import pytest
import yaml

from unface.run.settings import PROJECT, SHIPPED_RULES
from unface.run.yaml_text import YamlError, read_yaml

TENFOLD = "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)


@pytest.mark.parametrize("path", [PROJECT / "config.yaml", SHIPPED_RULES], ids=lambda path: path.name)
def test_a_sound_file_is_read_as_it_stands(path):
    text = path.read_text(encoding="utf-8")
    assert read_yaml(text)[1] == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1, 2\n", ", line 2: no YAML"),
        ("a:\n  b: " + "[" * 100_000, ", line 2: it is nested deeper than 100 blocks"),
        ("- " * 100_000, "nested deeper"),
        ("{a: " * 100_000, "nested deeper"),
        ("a: &a [1]\n" + TENFOLD, ", line 7: its references multiply"),
        ("a: &a [*a]", ", line 1: its references multiply"),
        ("date: 2001-99-99", "put dates and numbers in quotes"),
        ("number: " + "9" * 5000, "put dates and numbers in quotes"),
        ("x: !!timestamp y", "put dates and numbers in quotes"),
        ("x: !!python/object:os.system y", ", line 1: no YAML"),
    ],
    ids=lambda text: text[:20],
)
def test_what_cannot_be_read_ends_with_a_sentence(text, says):
    with pytest.raises(YamlError) as refused:
        read_yaml(text)
    assert says in str(refused.value)
