"""Pages in one file: templates, and numbers as text."""

import math
import re
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from unface.report import wording
from unface.run.files import NOT_AVAILABLE

TEMPLATES = Path(__file__).parent / "templates"
"""The frame of every page (`page.html.j2`), its style, and the template of the report's own page."""


def render(template: Path, **context: Any) -> str:
    """Make a page as text; every value is escaped, a name that the context lacks is an error.

    Parameters
    ----------
    template
        A template of any room; it extends `page.html.j2`. Its stage names it and the frame as resources
        (`run.stages`), so that the digest of the code that a page was made with takes them in.
    **context
        The values that it names.

    Returns
    -------
    str
        HTML in one file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["not_available"] = NOT_AVAILABLE
    environment.globals["badge"] = badge
    environment.filters["figure"] = figure
    environment.filters["words"] = words
    environment.filters["measure"] = wording.measure
    environment.filters["limit"] = wording.limit
    environment.filters["size"] = size
    environment.filters["sentence"] = sentence
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return environment.get_template(template.name).render(style=style, **context)


def badge(state: str) -> Markup:
    """A state in its colour.

    Parameters
    ----------
    state
        One word, which is also a class of style.css.

    Returns
    -------
    Markup
        HTML.
    """
    return Markup('<span class="badge {0}">{0}</span>').format(state)


def figure(value: Any, significant: int = 3) -> str:
    """A measured value for readers: a true minus, thin spaces between thousands.

    Parameters
    ----------
    value
        A number, the text of one, a list of them, or any other text.
    significant
        Digits; of a fraction at most four are shown.

    Returns
    -------
    str
        A dash for what is missing or infinite; other text as it stands.
    """
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
    """A sentence for readers: what stands between backticks as code.

    Parameters
    ----------
    text
        As a stage wrote it.

    Returns
    -------
    Markup
        HTML, all of it escaped.
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def words(name: str) -> str:
    """A name of code as words.

    Parameters
    ----------
    name
        Such as `removed_percent`.

    Returns
    -------
    str
        Such as `removed percent`.
    """
    return name.replace("_", " ")


def size(count: float) -> str:
    """A number of bytes for readers.

    Parameters
    ----------
    count
        Bytes.

    Returns
    -------
    str
        Three digits and a unit, from B to TB.
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{figure(count)} {unit}"
        count /= 1000
    return f"{figure(count)} TB"
