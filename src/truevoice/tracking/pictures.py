"""Pictures for trackers, as PNG: they show no SVG, and have one background for light and dark."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from truevoice.evaluation.score_set import ScoreSet
from truevoice.report import numbers
from truevoice.report.charts import Curve, canvas
from truevoice.report.charts.marks import curve_size
from truevoice.report.charts.roc import paint_roc

DOTS = 100  # per inch


def roc_picture(curve: Curve) -> bytes:
    """The ROC curve with its EER point and working point."""

    def paint(figure: Any) -> None:
        axes = paint_roc(figure, [curve])
        axes.set_title(canvas.legend_name(curve.name))
        axes.grid(color=canvas.LINE, linewidth=0.7)

    return _png(paint, curve_size([curve]))


def confusion_picture(score_set: ScoreSet, threshold: float) -> bytes:
    """Truth in rows, decisions in columns: counts, and shares of the row."""
    accepted = [int(np.count_nonzero(scores >= threshold)) for scores in score_set.split()]
    rows = [
        (name, [count, scores.size - count])
        for name, count, scores in zip(("bona fide", "spoof"), accepted, score_set.split())
    ]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        shares = np.array([[count / max(1, sum(row)) for count in row] for _, row in rows])
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
        for y, (_, row) in enumerate(rows):
            for x, count in enumerate(row):
                words = f"{count:,}\n{numbers.per_cent(shares[y, x], sum(row)) if sum(row) else numbers.NONE}"
                axes.text(x, y, words, ha="center", va="center", fontsize=13, color=canvas.INK)
        axes.set(xticks=[0, 1], yticks=[0, 1], ylabel="truth", title=f"threshold {numbers.score(threshold)}")
        axes.set_xticklabels(["called bona fide", "called spoof"])
        axes.set_yticklabels([name for name, _ in rows])

    return _png(paint, (4.4, 3.4))


def _png(paint: Callable[[Any], None], size: tuple[float, float]) -> bytes:
    from matplotlib import style
    from matplotlib.figure import Figure

    plain = {"text.parse_math": False, "legend.frameon": False, "font.size": 10.0}
    with warnings.catch_warnings(), style.context(["default", plain]):
        warnings.simplefilter("ignore")  # names of sets may have letters that the font has not
        figure = Figure(figsize=size, dpi=DOTS, layout="constrained")
        paint(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
