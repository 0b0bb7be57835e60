"""Pages in one file: templates, and numbers as text."""

import math
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from unface.report import wording
from unface.run.files import NOT_AVAILABLE

HERE = Path(__file__).parent


def render(template: str, **context: Any) -> str:
    """A page as text; every value is escaped, a name the context lacks is an error.

    Templates are called by their path beside this module, so that the digest of the code that a page was made with
    takes them in (`run.fingerprints.code_digest`).
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["not_available"] = NOT_AVAILABLE
    environment.filters["figure"] = figure
    environment.filters["words"] = words
    environment.filters["measure"] = wording.measure
    environment.filters["limit"] = wording.limit
    environment.filters["size"] = size
    environment.filters["sentence"] = sentence
    style = (HERE / "templates/style.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(frame="templates/page.html.j2", style=style, **context)


def figure(value: Any, significant: int = 3) -> str:
    """A measured value for readers: `significant` digits, a true minus, thin spaces between thousands."""
    if value in (None, "", NOT_AVAILABLE):
        return "–"
    if isinstance(value, list | tuple):
        return " to ".join(figure(part, significant) for part in value)
    try:
        real = float(value)
    except (TypeError, ValueError):
        return str(value)
    if not math.isfinite(real):
        return "–"
    digits = 0 if real == 0 else max(0, significant - 1 - math.floor(math.log10(abs(real))))
    text = f"{real:,.0f}" if real.is_integer() else f"{real:,.{min(digits, 4)}f}"
    return text.replace(",", "\u202f").replace("-", "\u2212")


def sentence(text: str) -> Markup:
    """A sentence for readers: what stands between backticks as code, all of it escaped."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def words(name: str) -> str:
    """A name of code as words: `removed_percent` is `removed percent`."""
    return name.replace("_", " ")


def size(count: float) -> str:
    """A number of bytes for readers."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{figure(count)} {unit}"
        count /= 1000
    return f"{figure(count)} TB"
