"""Equal error rate: the rate at which as many bona fide trials are rejected as spoof trials are accepted.

With finitely many trials the two rates seldom meet at a threshold, and the figure depends on how one reads between.
Three ways are in use:

- `interpolated`, the default: the points of the curve (`roc`, tied scores grouped) are joined by straight lines and
  the EER is read where frr = far on that line. Between two neighbouring points this is the rate of a system that
  draws at random which of the two thresholds to use, so it can be attained, and it does not depend on the order of
  the trials.
- `asvspoof`, for comparison with published figures: the mean of both rates at the nearest point of the curve that
  the ASVspoof scripts walk (`truevoice.metrics.official`). Without ties it differs from the default by at most half a
  step, max(1/n_b, 1/n_s) / 2. With ties those scripts take equal scores apart, bona fide first, and may give a
  larger figure; constant scores give 1 there, 0.5 here.
- `convex-hull`: read where frr = far on the hull of the curve (`truevoice.metrics.hull`); never above the default.

References: scikit-learn `roc_curve` with the root of 1 - x - TPR(x) computes the default; `compute_eer` in
asvspoof-challenge/asvspoof5, evaluation-package/calculate_modules.py, the second; N. Brümmer and E. de Villiers, The
BOSARIS toolkit (2011), the third.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.hull import hull
from truevoice.metrics.official import official_eer
from truevoice.metrics.roc import Tally, tally
from truevoice.metrics.scores import check

EerMode = Literal["interpolated", "asvspoof", "convex-hull"]


def eer(bonafide_scores: ArrayLike, spoof_scores: ArrayLike, mode: EerMode = "interpolated") -> tuple[float, float]:
    """Equal error rate, and a threshold to work at.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide, and how to read between the
    points (see the head of this file).

    Returns `(eer, threshold)`: the rate in [0, 1] (0 = separated, 0.5 = chance, above 0.5 = worse than chance), and
    the finite score at which |frr - far| is least, the lowest one if several are. Accept where score >= threshold; the
    rates then lie next to the EER, and equal it when the curve has a point on the crossing. In mode `asvspoof` the
    threshold is the scripts' own: its rates are those of accepting where score > threshold.

    Raises `UsageError` as `truevoice.metrics.scores.check` does, and for an unknown mode.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    if mode == "asvspoof":
        return official_eer(bonafide, spoof)
    if mode not in ("interpolated", "convex-hull"):
        raise UsageError(f"EER mode {mode!r} is none of interpolated, asvspoof, convex-hull")
    points = tally(bonafide, spoof)
    # (frr - far) * n_b * n_s in whole numbers: equal rates and equally near points are then told exactly.
    gap = points.rejected * spoof.size - points.accepted * bonafide.size
    nearest = int(np.argmin(np.abs(gap)))
    line = hull(points) if mode == "convex-hull" else points
    return _crossing(line, bonafide.size, spoof.size), float(points.thresholds[nearest])


def _crossing(line: Tally, n_bonafide: int, n_spoof: int) -> float:
    """The rate where the line through the points has frr = far."""
    # The gap rises strictly from -n_b n_s to +n_b n_s, so one crossing exists and has a point on its left.
    gap = line.rejected * n_spoof - line.accepted * n_bonafide
    right = int(np.searchsorted(gap, 0))
    left = right - 1
    share = -gap[left] / (gap[right] - gap[left])
    crossing = line.rejected[left] + share * (line.rejected[right] - line.rejected[left])
    return float(crossing / n_bonafide)
