"""The ROC curve: spoof accepted against bona fide accepted, at every threshold.

Reference: T. Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27 (2006).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from truevoice.report.charts import canvas
from truevoice.report.charts.curves import Curve
from truevoice.report.charts.marks import curve_legend, curve_size, mark_points
from truevoice.report.numbers import per_cent


def roc_chart(curves: Sequence[Curve], *, key: str = "roc") -> str:
    """One `<svg>` with a curve a system, its EER point and its working point. `key`: unique in the page."""

    size = curve_size(curves)
    return canvas.draw(lambda figure: paint_roc(figure, curves), key=key, label=_label(curves), size=size)


def paint_roc(figure: Any, curves: Sequence[Curve]) -> Any:
    """Puts the curves on an empty matplotlib `Figure`, which is not saved; gives their axes."""
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=canvas.QUIET, linewidth=0.8, linestyle=":")
    for number, curve in enumerate(curves):
        colour, dash = canvas.series(number, len(curves))
        axes.plot(100 * curve.rates.far, 100 * (1 - curve.rates.frr), color=colour, linestyle=dash)
        mark_points(axes, curve, colour, lambda far, frr: (100 * far, 100 * (1 - frr)))
    axes.set(xlim=(-1, 101), ylim=(-1, 101), xticks=range(0, 101, 20), yticks=range(0, 101, 20), aspect="equal")
    axes.set_xlabel("spoof accepted, %")
    axes.set_ylabel("bona fide accepted, %")
    curve_legend(figure, curves)
    return axes


def _label(curves: Sequence[Curve]) -> str:
    return "ROC curve. " + " ".join(f"{curve.name}: EER {per_cent(curve.eer, curve.fewest)}." for curve in curves)
