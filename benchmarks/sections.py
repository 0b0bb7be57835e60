"""One section of RESULTS.md for each benchmark: running one again replaces its own section alone."""

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
TITLE = "# Measurements\n\nEach section is written by the program it names.\n"


def write_section(heading: str, text: str) -> None:
    """Put a section into RESULTS.md, in the place of the one with the same heading, sections in order of headings."""
    content = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else TITLE
    title, *sections = re.split(r"(?m)^(?=## )", content)
    kept = [section for section in sections if section.splitlines()[0] != f"## {heading}"]
    kept.append(f"## {heading}\n\n{text.strip()}\n")
    ordered = sorted(section.strip() + "\n" for section in kept)
    RESULTS.write_text("\n".join([title.strip() + "\n", *ordered]), encoding="utf-8")
