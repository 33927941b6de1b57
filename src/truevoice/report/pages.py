"""How pages are made of templates: everything from outside escaped and made visible, the same bytes for the same words.

Every such page stands by itself and forbids itself, by its own security policy, to load anything.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from truevoice.report import numbers
from truevoice.report.text_safety import short, visible


def render_page(template: str, **words: Any) -> str:
    """The page of a template in `templates/`, with `words` in it."""
    import jinja2

    pages = jinja2.Environment(
        loader=jinja2.PackageLoader("truevoice.report"),
        autoescape=True,
        finalize=visible,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    pages.filters["short"] = short
    pages.globals["numbers"] = numbers
    page = pages.get_template(template).render(**words)
    return page.lstrip().encode(errors="backslashreplace").decode()


def versions() -> dict[str, str]:
    """Of what a page and its figures were made with."""
    import matplotlib

    from truevoice import __version__

    return {
        "truevoice": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "matplotlib": matplotlib.__version__,
    }
