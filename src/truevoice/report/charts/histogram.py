"""Score histograms: how the scores of bona fide and of spoofed speech lie, and where the threshold cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from truevoice.report import numbers
from truevoice.report.charts import canvas
from truevoice.report.charts.curves import Curve, Floats

FEWEST_BINS, MOST_BINS = 20, 60
OUTER, MARGIN = 0.01, 0.4


def histogram_chart(curves: Sequence[Curve], *, key: str = "histogram") -> str:
    """One `<svg>`, one panel a system (scores of different systems have different scales). A curve may lack a class.
    `key`: unique in the page."""

    def paint(figure: Any) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        panels = figure.subplots(len(curves), 1, squeeze=False)[:, 0]
        for axes, curve in zip(panels, curves):
            _panel(axes, curve, alone=len(curves) == 1)
        if not panels[-1].get_xlabel():
            panels[-1].set_xlabel("score (higher = more bona fide)")
        handles: list[Any] = [_patch(Patch, canvas.BONAFIDE, "bona fide"), _patch(Patch, canvas.SPOOF, "spoof")]
        if any(curve.threshold is not None for curve in curves):
            alone = len(curves) == 1 and curves[0].threshold is not None
            words = f"threshold {numbers.score(curves[0].threshold)}" if alone else "threshold"
            handles.append(Line2D([], [], color=canvas.INK, linestyle="--", linewidth=1.3, label=words))
        canvas.legend(figure, handles, columns=3)

    height = 4.6 if len(curves) == 1 else 1.1 + 2.1 * len(curves)
    return canvas.draw(paint, key=key, label=_label(curves), size=(5.0, height))


def edges(curve: Curve) -> Floats:
    """Borders of the bins, shared by both classes: from the lowest score to the highest, but not beyond MARGIN times
    the width of the inner 98 % on either side, so that one score astray does not squeeze the rest. The threshold is
    always inside."""
    classes = [scores for scores in (curve.bonafide, curve.spoof) if scores.size]
    every = np.concatenate(classes)
    low, high = float(every.min()), float(every.max())
    inner_low = min(float(np.quantile(scores, OUTER)) for scores in classes)
    inner_high = max(float(np.quantile(scores, 1 - OUTER)) for scores in classes)
    margin = MARGIN * (inner_high - inner_low)
    if margin > 0:
        low, high = max(low, inner_low - margin), min(high, inner_high + margin)
    if curve.threshold is not None and np.isfinite(curve.threshold):
        low, high = min(low, curve.threshold), max(high, curve.threshold)
    if not high - low > 1e-9 * max(1.0, abs(low), abs(high)):  # constant scores
        margin = 0.5 * max(1.0, abs(low))
        low, high = low - margin, high + margin
    fewest = min(scores.size for scores in classes)
    bins = int(np.clip(2 * fewest ** (1 / 3) + 10, FEWEST_BINS, MOST_BINS))
    return np.linspace(low, high, bins + 1)


def _panel(axes: Any, curve: Curve, *, alone: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    borders = edges(curve)
    outside = 0
    for scores, colour in ((curve.bonafide, canvas.BONAFIDE), (curve.spoof, canvas.SPOOF)):
        if scores.size:
            counts = np.histogram(scores, borders)[0]
            outside += scores.size - int(counts.sum())
            share = 100 * counts / scores.size
            axes.stairs(share, borders, color=colour, fill=True, alpha=0.35, linewidth=0)
            axes.stairs(share, borders, color=colour, linewidth=1.5)
    axes.set(ylabel="share of its class, %", xlim=(borders[0], borders[-1]), ylim=(0, None))
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:g}"))
    if alone or outside:
        more = f"; {numbers.plural(outside, 'trial')} beyond the edges" if outside else ""
        axes.set_xlabel(f"score (higher = more bona fide){more}")
    if curve.threshold is not None and np.isfinite(curve.threshold):
        axes.axvline(curve.threshold, color=canvas.INK, linestyle="--", linewidth=1.3)
        if alone:
            axes.set_title("← called spoof", loc="left", fontsize=9.5, color=canvas.QUIET)
            axes.set_title("called bona fide →", loc="right", fontsize=9.5, color=canvas.QUIET)
    if not alone:
        axes.set_title(canvas.legend_name(curve.name, 60), loc="left", fontsize=9.5)


def _patch(patch: Any, colour: str, words: str) -> Any:
    return patch(facecolor=(*_rgb(colour), 0.35), edgecolor=colour, linewidth=1.5, label=words)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _label(curves: Sequence[Curve]) -> str:
    parts = []
    for curve in curves:
        means = [
            f"{name} scores have the median {np.median(scores):.3g}"
            for name, scores in (("bona fide", curve.bonafide), ("spoof", curve.spoof))
            if scores.size
        ]
        parts.append(f"{curve.name}: {' and '.join(means)}.")
    return "Histogram of the scores by class. " + " ".join(parts)
