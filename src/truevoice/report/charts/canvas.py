"""A matplotlib figure as an inline `<svg>` that can stand beside others in one page.

Colours are drawn as themselves and replaced by the page's custom properties, so that dark mode recolours a chart; ids
carry the chart's key, so that two charts in a page do not clash; no date and no random id, so that the same figures
give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Literal
from xml.etree import ElementTree

from truevoice.report.text_safety import short, visible

INK, QUIET, LINE, PAPER = "#1d2433", "#5d6678", "#dde1e8", "#fffffe"
BONAFIDE, SPOOF = "#2b6cb0", "#d95f02"
# Told apart by colour-blind eyes: blue, orange, green, purple, brown, pink (after Okabe and Ito, 2008).
SERIES = ("#2b6cb1", "#d95f03", "#1b8a6b", "#7b4fa6", "#8c5a2b", "#c2468e")
Dash = Literal["-", "--", "-.", ":"]
DASHES: tuple[Dash, ...] = ("-", "--", "-.", ":")

_PROPERTY = {INK: "ink", QUIET: "quiet", LINE: "line", PAPER: "paper", BONAFIDE: "bonafide", SPOOF: "spoof"} | {
    colour: f"series-{number}" for number, colour in enumerate(SERIES, 1)
}
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: sharp, small, and in the page's own font
    "font.family": "DejaVu Sans",  # comes with matplotlib and is wider than system fonts, so that nothing overlaps
    "font.size": 9.5,
    "text.parse_math": False,  # a system may be called a$b$
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.9,
    "lines.markersize": 7,
}
LONGEST_LABEL = 1000
_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"


def draw(paint: Callable[[Any], None], *, key: str, label: str, size: tuple[float, float] = (5.0, 4.6)) -> str:
    """What `paint` puts on an empty matplotlib `Figure`, as one `<svg>` element.

    key: letters, digits and hyphens; different for every chart of a page. label: the chart in words, for those who do
    not see it. size: width and height in inches; the page scales it.
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    with warnings.catch_warnings(), style.context(["default", _STYLE, {"svg.hashsalt": key}]):
        warnings.simplefilter("ignore")  # names of systems may have letters that the measuring font has not
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        buffer = io.BytesIO()
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=none)
    return _inline(buffer.getvalue(), key, visible(short(label, LONGEST_LABEL)))


def series(number: int, how_many: int) -> tuple[str, Dash]:
    """(colour, line style) of the n-th system, from 0; a system alone is drawn in ink-blue."""
    return SERIES[number % len(SERIES)], DASHES[number // len(SERIES) % len(DASHES)] if how_many > 1 else "-"


def legend_name(name: str, longest: int = 36) -> str:
    """A system's name as a legend can hold it: one line, not too long, and shown even where it begins with "_"."""
    plain = visible(short(name, longest))
    return f" {plain}" if plain.startswith("_") else plain


def legend(figure: Any, handles: Sequence[Any], columns: int = 2) -> None:
    """One legend below the axes, where it hides nothing."""
    figure.legend(handles=handles, loc="outside lower center", ncols=max(1, min(columns, len(handles))))


def _inline(svg: bytes, key: str, label: str) -> str:
    root = ElementTree.fromstring(svg)
    text = svg.decode()
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'xlink:href="#([^"]+)"', text))
    for parent in list(root.iter()):
        for child in list(parent):
            # matplotlib's <style> is for all elements of the page it lands in
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    for node in root.iter():
        node.tag = node.tag.removeprefix(_SVG)
        if (name := node.attrib.pop("id", None)) in used:
            node.set("id", f"{key}-{name}")
        if link := node.attrib.pop(_LINK, None):
            node.set("href", f"#{key}-{link.removeprefix('#')}")
        if clip := node.get("clip-path"):
            node.set("clip-path", clip.replace("url(#", f"url(#{key}-"))
        if css := node.get("style"):
            node.set("style", _page_colours(css))
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"viewBox": box, "role": "img", "aria-label": label})
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    return re.sub(r">\s+<", "><", ElementTree.tostring(root, encoding="unicode"))


def _page_colours(css: str) -> str:
    css = re.sub(r"#[0-9a-f]{6}", lambda hit: _as_property(hit[0]), css)
    return re.sub(r"'DejaVu Sans'[^;]*", "system-ui, sans-serif", css)


def _as_property(colour: str) -> str:
    return f"var(--{_PROPERTY[colour]}, {colour})" if colour in _PROPERTY else colour
