"""The report of a search: one self-contained HTML page made of its study.json alone, for light and dark.

Every text from outside is escaped, and the page's own security policy forbids it to load anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from truevoice.report.charts.search import Scale, Tried, course_chart, importance_chart, parallel_chart, values_chart
from truevoice.report.pages import render_page
from truevoice.report.search_words import TITLES, figure_in_words, short_names, value_in_words

Document = dict[str, Any]
MOST_AXES = 12  # of the parallel chart


def render_search(study: Document) -> str:
    """The whole page of a study.json as `truevoice tune` writes it."""
    figure = study["figure"]
    return render_page(
        "tuning.html",
        study=study,
        figure=TITLES[figure],
        words=lambda value: figure_in_words(figure, value),
        value=value_in_words,
        names=short_names(axis["name"] for axis in study["space"]),
        space=[(axis["name"], _axis_in_words(axis)) for axis in study["space"]],
        charts=_charts(study),
        test_sets=test_sets(study),
        figure_of=lambda trial, name: figure_in_words(figure, trial["figures"].get(name, {}).get(figure)),
    )


def test_sets(study: Document) -> list[str]:
    """The sets that were measured besides validation."""
    return list(dict.fromkeys(name for one in study["trials"] for name in one["figures"] if name != "validation"))


def _axis_in_words(axis: Document) -> str:
    if "values" in axis:
        return ", ".join(value_in_words(one) for one in axis["values"])
    drawn = ", by its logarithm" if axis["log"] else f", in steps of {axis['step']:g}" if axis["step"] else ""
    return f"{value_in_words(axis['low'])} to {value_in_words(axis['high'])}{drawn}"


def _charts(study: Document) -> dict[str, Any]:
    """Each as an `<svg>`, or "" where there is too little to draw."""
    import markupsafe

    found = dict.fromkeys(("course", "parallel", "importance", "values"), "")
    figure, higher = study["figure"], study["higher_is_better"]
    scales = [_scale(axis) for axis in study["space"]]
    tried = [
        Tried(one["trial"], one["params"], one["value"], one["state"] == "complete")
        for one in study["trials"]
        if one["value"] is not None and one["state"] in ("complete", "pruned")
    ]
    if tried:
        found["course"] = course_chart(tried, figure, higher)
        found["parallel"] = parallel_chart(tried, scales[:MOST_AXES], figure, higher)
        found["values"] = values_chart(tried, scales, figure)
    if study["importance"]:
        found["importance"] = importance_chart(study["importance"])
    return {name: markupsafe.Markup(svg) for name, svg in found.items()}


def _scale(axis: Document) -> Scale:
    if "values" in axis:
        return Scale(axis["name"], _in_order(axis["values"]))
    return Scale(axis["name"], low=axis["low"], high=axis["high"], log=axis["log"])


def _in_order(values: Sequence[Any]) -> tuple[Any, ...]:
    """Numbers by size, words as they were given."""
    numeric = all(isinstance(one, int | float) and not isinstance(one, bool) for one in values)
    return tuple(sorted(values)) if numeric else tuple(values)
