"""The DET curve: both error rates on axes that make normally distributed scores a straight line.

Reference: A. Martin et al., The DET curve in assessment of detection task performance, Eurospeech 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from truevoice.metrics.det import probit
from truevoice.report.charts import canvas
from truevoice.report.charts.curves import Curve
from truevoice.report.charts.marks import curve_legend, curve_size, mark_points
from truevoice.report.numbers import per_cent

TICKS = (0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 80, 90, 95, 98, 99.5, 99.9)  # per cent
FINEST = 0.1  # per cent; where the frame ends if no error is seen in it
LEAST = 1e-7  # stands for no error at all, which a probit axis has no place for; far outside the frame


def det_chart(curves: Sequence[Curve], *, key: str = "det") -> str:
    """One `<svg>` with a curve a system, the diagonal of equal errors, and the marked points. `key`: unique in the
    page. Errors that no trial shows lie on the edge: a probit axis has no zero."""
    low, high = limits(curves)

    def place(far: float, frr: float) -> tuple[float, float]:
        clipped = probit(np.clip([far, frr], LEAST, 1 - LEAST)).clip(low, high)
        return float(clipped[0]), float(clipped[1])

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot([low, high], [low, high], color=canvas.QUIET, linewidth=0.8, linestyle=":")
        for number, curve in enumerate(curves):
            colour, dash = canvas.series(number, len(curves))
            far, frr = (rates.clip(LEAST, 1 - LEAST) for rates in (curve.rates.far, curve.rates.frr))
            axes.plot(probit(far), probit(frr), color=colour, linestyle=dash)
            mark_points(axes, curve, colour, place)
        shown = [tick for tick in TICKS if low <= probit(tick / 100) <= high]
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks([float(probit(tick / 100)) for tick in shown], [f"{tick:g}" for tick in shown])
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.set_xlabel("spoof accepted (false acceptance), %")
        axes.set_ylabel("bona fide rejected (false rejection), %")
        curve_legend(figure, curves)

    return canvas.draw(paint, key=key, label=_label(curves), size=curve_size(curves))


def limits(curves: Sequence[Curve]) -> tuple[float, float]:
    """Both axes, in probits: up to 60 % or above the worst marked point, and down to the least error in that frame."""
    marked = [rate for curve in curves for rate in (curve.eer, *(curve.working_point or ()))]
    above = next((tick for tick in TICKS if tick / 100 > 1.2 * max([0.35, *marked])), TICKS[-1])
    least = [rate for rate in marked if rate > 0]
    for curve in curves:
        _, frr, far = curve.rates
        inside = (frr <= above / 100) & (far <= above / 100)
        least += [float(rates[inside & (rates > 0)].min(initial=1.0)) for rates in (frr, far)]
    seen = min(least, default=1.0)
    below = max((tick for tick in TICKS if tick / 100 < seen <= above / 100), default=FINEST)
    return float(probit(min(below, 10) / 100)), float(probit(above / 100))


def _label(curves: Sequence[Curve]) -> str:
    return "DET curve on probit axes. " + " ".join(
        f"{c.name}: equal errors at {per_cent(c.eer, c.fewest)}." for c in curves
    )
