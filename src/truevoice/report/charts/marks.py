"""What ROC and DET share: the EER point, the working point, and the legend that explains them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from truevoice.report import numbers
from truevoice.report.charts import canvas
from truevoice.report.charts.curves import Curve

Place = Callable[[float, float], tuple[float, float]]  # (far, frr) → where the axes have it

# A ring around the diamond where both points are one, as they are when the threshold was chosen on these trials.
EER_MARK: dict[str, Any] = {
    "marker": "o",
    "markersize": 11,
    "markerfacecolor": "none",
    "linestyle": "none",
    "markeredgewidth": 1.5,
}
WORKING_MARK: dict[str, Any] = {"marker": "D", "markersize": 5.5, "linestyle": "none", "markeredgecolor": canvas.PAPER}


def curve_size(curves: Sequence[Curve]) -> tuple[float, float]:
    """Width and height in inches: the axes stay square and as large, however many lines the legend has."""
    return 5.0, 4.4 + 0.2 * len(curves)


def mark_points(axes: Any, curve: Curve, colour: str, place: Place) -> None:
    x, y = place(curve.eer, curve.eer)
    axes.plot([x], [y], markeredgecolor=colour, zorder=5, clip_on=False, **EER_MARK)
    if curve.working_point is not None:
        x, y = place(*curve.working_point)
        axes.plot([x], [y], markerfacecolor=colour, zorder=4, clip_on=False, **WORKING_MARK)


def curve_legend(figure: Any, curves: Sequence[Curve]) -> None:
    """One system: what the two marks are. Several: which line is whose; the caption explains the marks."""
    from matplotlib.lines import Line2D

    if len(curves) == 1:
        colour, _ = canvas.series(0, 1)
        handles = [
            Line2D(
                [],
                [],
                label=f"EER {numbers.per_cent(curves[0].eer, curves[0].fewest)}",
                markeredgecolor=colour,
                **EER_MARK,
            )
        ]
        if curves[0].threshold is not None:
            words = f"at the threshold {numbers.score(curves[0].threshold)}"
            handles.append(Line2D([], [], label=words, markerfacecolor=colour, **WORKING_MARK))
        canvas.legend(figure, handles)
        return
    handles = []
    for number, curve in enumerate(curves):
        colour, dash = canvas.series(number, len(curves))
        words = f"{canvas.legend_name(curve.name)}, EER {numbers.per_cent(curve.eer, curve.fewest)}"
        handles.append(Line2D([], [], color=colour, linestyle=dash, label=words))
    canvas.legend(figure, handles, columns=1)
