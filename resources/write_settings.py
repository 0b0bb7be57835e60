"""Write what is made from the schema of the settings: `config.yaml`, and the table of `docs/settings.md`.

`make settings` runs it; a test holds both files to it.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from unface.run.settings import PROJECT, described, kinds_of, resolved, schema
from unface.run.stages import EVERY_STAGE, rule_of

CONFIG = PROJECT / "config.yaml"
PAGE = PROJECT / "docs" / "settings.md"
BEGIN, END = "<!-- made by `make settings` -->\n", "<!-- to here -->\n"

HEAD = """\
# Settings of unface. An unknown key is an error; docs/settings.md says more of each.
# They can also be given on the command line: --config dicom_dir=/data/raw results_dir=/data/unfaced

"""
WIDE, COMMENT_AT = 120, 30


def main() -> None:
    """Write both files."""
    CONFIG.write_text(config_text(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def config_text() -> str:
    """`config.yaml`: every default, with the first sentence of its description as a comment."""
    return HEAD + "\n".join(_yaml(schema(), ""))


def _yaml(block: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Blocks at the top have a blank line before them, as have settings after one."""
    blank = False
    for name, part in block["properties"].items():
        is_block = "properties" in part
        if not indent and (is_block or blank):
            yield ""
        blank = is_block
        if is_block:
            yield _commented(f"{indent}{name}:", part, indent)
            yield from _yaml(part, f"{indent}  ")
        else:
            value = yaml.safe_dump(part["default"], default_flow_style=True, width=10**6, sort_keys=False)
            yield _commented(
                f"{indent}{name}: {value.removesuffix(chr(10)).removesuffix(chr(10) + '...')}", part, indent
            )
    if not indent:
        yield ""


def _commented(line: str, part: Mapping[str, Any], indent: str) -> str:
    """A line with what it means beside it; above it where that would be too long, and over lines where it is a list."""
    comment = first_sentence(part["description"])
    if len(beside := f"{line:{COMMENT_AT - 2}}  # {comment}") <= WIDE:
        return beside
    if len(line) > WIDE:
        name, values = line.split(": ", 1)
        line = f"{name}:\n" + _folded(values, f"{indent}  ")
    return f"{indent}# {comment}\n{line}"


def _folded(values: str, indent: str) -> str:
    lines = [indent]
    for word in values.split(" "):
        if len(lines[-1]) + len(word) >= WIDE:
            lines.append(f"{indent} ")
        lines[-1] += word if lines[-1].endswith(" ") else f" {word}"
    return "\n".join(lines)


def first_sentence(description: str) -> str:
    """The first sentence without its stop, links and marks of code."""
    return description.split(". ", maxsplit=1)[0].removesuffix(".").split(", see [")[0].replace("`", "")


def page(text: str) -> str:
    """The page of the settings with its table as of today."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.split(END)[1]}"


def table() -> str:
    """Every setting with its default, its values, what a change re-runs, and what it means; blocks in bold."""
    rows = ["| setting | default | values | re-runs from | meaning |", "|---|---|---|---|---|"]
    for name, part in described():
        meaning = part["description"]
        if "properties" in part:
            rows.append(f"| **`{name}`** | | | | **{meaning}** |")
        else:
            default = yaml.safe_dump(part["default"], default_flow_style=True, width=10**6).split("\n")[0]
            shown = f"`{default}`" if len(default) < 50 else "[a list](../config.yaml)"
            rows.append(f"| `{name}` | {shown} | {values(part)} | {reruns(name, part)} | {meaning} |")
    return "\n".join(rows) + "\n"


def values(part: Mapping[str, Any]) -> str:
    """Which values a setting may have, in a few words."""
    part = resolved(part)
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    words = {
        "string": "text",
        "null": "`null`",
        "array": "list",
        "object": "names with values",
        "boolean": "`true`, `false`",
    }
    said = " or ".join(words.get(kind, kind) for kind in kinds_of(part))
    if "maximum" in part:
        return f"{said}, {part['minimum']} to {part['maximum']}"
    if "minimum" in part:
        return f"{said}, {part['minimum']} or more"
    return f"{said} above {part['exclusiveMinimum']}" if "exclusiveMinimum" in part else said


def reruns(name: str, part: Mapping[str, Any]) -> str:
    """The first stage that a changed setting re-runs; empty if none."""
    if "x-reruns" in part:
        return str(part["x-reruns"])
    dependent = ((stage, setting) for stage, its in EVERY_STAGE.items() for setting in (*its.settings, *its.files))
    return next((rule_of(stage) for stage, setting in dependent if f"{name}.".startswith(f"{setting}.")), "")


if __name__ == "__main__":
    main()
