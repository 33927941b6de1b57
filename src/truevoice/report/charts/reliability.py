"""The reliability diagram: does a P(spoof) of 70 % mean that seven in ten are spoofed?

Bins of equal width on P(spoof); in each the share of spoofed trials against the mean P(spoof), with the Wilson score
interval. P(spoof) assumes a prior: where the set has another share of spoof, the trials are weighted to that prior,
since otherwise a perfect calibration would look wrong.

References: A. Murphy and R. Winkler, Reliability of subjective probability forecasts, Applied Statistics 26 (1977);
E. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truevoice.report.charts import canvas
from truevoice.report.charts.curves import Floats, Forecast

BINS = 10
WILSON_95 = 1.959964


class Bins(NamedTuple):
    """By bin that has a trial: mean P(spoof), share of spoof, its interval's ends, trials (all of shape (bins,))."""

    said: Floats
    seen: Floats
    low: Floats
    high: Floats
    trials: NDArray[np.int64]


def bins(forecast: Forecast, *, share_spoof: float | None = None) -> Bins:
    """Bins (lo, hi], 0 in the first. With `share_spoof`, as if that share of the trials were spoofed: the trials of a
    class are weighted alike, and the ends of the interval move as the share itself does."""
    share = forecast.share_spoof
    odds = 1.0 if share_spoof is None or not 0 < share < 1 else share_spoof / (1 - share_spoof) * (1 - share) / share
    which = np.clip(np.ceil(forecast.p_spoof * BINS).astype(int) - 1, 0, BINS - 1)
    weights = np.where(forecast.spoof, odds, 1.0)
    trials = np.bincount(which, minlength=BINS)
    full = trials > 0
    said = np.bincount(which, weights * forecast.p_spoof, BINS)[full] / np.bincount(which, weights, BINS)[full]
    seen = np.bincount(which, forecast.spoof.astype(float), BINS)[full] / trials[full]
    low, high = wilson(seen, trials[full])
    seen, low, high = (odds * rate / (odds * rate + 1 - rate) for rate in (seen, low, high))
    return Bins(said, seen, low, high, trials[full])


def wilson(shares: Floats, trials: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The 95 % Wilson score interval of shares found among so many trials each."""
    z2 = WILSON_95**2 / trials
    centre = (shares + z2 / 2) / (1 + z2)
    reach = np.sqrt(z2 * (shares * (1 - shares) + z2 / 4)) / (1 + z2)
    return np.minimum(centre - reach, shares).clip(0, 1), np.maximum(centre + reach, shares).clip(0, 1)


def differs(forecast: Forecast) -> bool:
    """Whether the set has so much more or less spoof than the probabilities assume that it shows in the diagram."""
    prior = forecast.prior_spoof
    return prior is not None and 0 < forecast.share_spoof < 1 and abs(forecast.share_spoof - prior) > 0.02


def reliability_chart(forecasts: Sequence[Forecast], *, key: str = "reliability") -> str:
    """One `<svg>`: above, said against seen, at the prior that the probabilities assume and, for one system, as the
    set is; below, how many trials have each P(spoof) (of the first system). `key`: unique in the page."""

    def paint(figure: Any) -> None:
        top, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        top.plot([0, 100], [0, 100], color=canvas.QUIET, linewidth=0.8, linestyle=":")
        alone = len(forecasts) == 1
        handles = []
        if alone and differs(forecasts[0]):
            found = bins(forecasts[0])
            words = f"as in this set, {100 * forecasts[0].share_spoof:.0f} % spoof"
            handles += top.plot(
                100 * found.said, 100 * found.seen, color=canvas.QUIET, linestyle="--", marker="o", markersize=4,
                markerfacecolor=canvas.PAPER, linewidth=1.2, clip_on=False, label=words,
            )  # fmt: skip
        for number, forecast in enumerate(forecasts):
            handles.insert(number, _line(top, forecast, *canvas.series(number, len(forecasts)), alone=alone))
        top.set(xlim=(-2, 102), ylim=(-2, 102), yticks=range(0, 101, 20), ylabel="spoof in truth, %")
        bars = _counts(below, forecasts[0])
        below.set_xlabel("P(spoof) as stated, %")
        canvas.legend(figure, [*handles, *bars] if alone else handles, columns=2 if alone else 1)

    return canvas.draw(paint, key=key, label=_label(forecasts))


def _line(axes: Any, forecast: Forecast, colour: str, dash: str, *, alone: bool) -> Any:
    found = bins(forecast, share_spoof=forecast.prior_spoof if differs(forecast) else None)
    words = "share found, 95 % interval" if alone else canvas.legend_name(forecast.name)
    if alone and differs(forecast):
        words = f"at {100 * (forecast.prior_spoof or 0):.0f} % spoof, as assumed"
    reach = 100 * np.stack([found.seen - found.low, found.high - found.seen])
    return axes.errorbar(
        100 * found.said, 100 * found.seen, reach, color=colour, linestyle=dash, marker="o", markersize=5,
        elinewidth=1.2, capsize=2.5, linewidth=1.6, clip_on=False, label=words,
    )  # fmt: skip


def _counts(axes: Any, forecast: Forecast) -> list[Any]:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    borders = np.linspace(0, 1, BINS + 1)
    base = np.zeros(BINS)
    for chosen, colour, name in (
        (~forecast.spoof, canvas.BONAFIDE, "bona fide"),
        (forecast.spoof, canvas.SPOOF, "spoof"),
    ):
        counts = np.histogram(forecast.p_spoof[chosen], borders)[0]
        axes.bar(100 * (borders[:-1] + 0.5 / BINS), counts, 88 / BINS, bottom=base, color=colour, label=name)
        base = base + counts
    axes.set(ylabel="trials", xticks=range(0, 101, 20))
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    return list(axes.containers)


def _label(forecasts: Sequence[Forecast]) -> str:
    return "Reliability diagram: spoof in truth against P(spoof), for " + ", ".join(one.name for one in forecasts)
