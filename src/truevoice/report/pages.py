"""How pages are made of templates: everything from outside escaped and made visible, the same bytes for the same words.

Every such page stands by itself and forbids itself, by its own security policy, to load anything.
"""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from truevoice.report import numbers
from truevoice.report.text_safety import short, visible


def find_template(name: str) -> Any:
    """A template of `templates/`, as jinja2 gives it."""
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
    return pages.get_template(name)


def render_page(template: str, **words: Any) -> str:
    """The page of a template in `templates/`, with `words` in it."""
    page: str = find_template(template).render(**words)
    return page.lstrip().encode(errors="backslashreplace").decode()


def versions() -> str:
    """Of what a page and its figures were made with, in words."""
    import matplotlib

    from truevoice import __version__

    found = {
        "truevoice": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "matplotlib": matplotlib.__version__,
    }
    return ", ".join(f"{name} {version}" for name, version in found.items())
