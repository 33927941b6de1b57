"""Equal error rate: the rate at which as many bona fide trials are rejected as spoof trials are accepted.

With finitely many trials the two rates seldom meet at a threshold. Here the points of the curve (`roc`, tied
scores grouped) are joined by straight lines and the EER is read where frr = far on that line. Between two
neighbouring points this is the rate of a system that draws at random which of the two thresholds to use, so
it can be attained, and it does not depend on the order of the trials. Without ties it differs from the value
of the ASVspoof evaluation scripts, the mean of both rates at the nearest point, by at most half a step,
max(1/n_b, 1/n_s) / 2. With ties those scripts take equal scores apart, bona fide first, and may give a larger
figure; constant scores give 1 there, 0.5 here.

References: scikit-learn `roc_curve` with the root of 1 - x - TPR(x) computes the same number; the
nearest-point form is `compute_eer` in asvspoof-challenge/asvspoof5, evaluation-package/calculate_modules.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from truevoice.metrics.roc import tally
from truevoice.metrics.scores import check


def eer(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> tuple[float, float]:
    """Equal error rate by straight-line crossing, and a threshold to work at.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide.

    Returns `(eer, threshold)`: the rate in [0, 1] (0 = separated, 0.5 = chance, above 0.5 = worse than
    chance), and the finite score at which |frr - far| is least, the lowest one if several are. Accept where
    score >= threshold; the rates then lie next to the EER, and equal it when the curve has a point on the
    crossing.

    Raises `UsageError` as `truevoice.metrics.scores.check` does.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    thresholds, rejected, accepted = tally(bonafide, spoof)
    # (frr - far) * n_b * n_s in whole numbers: equal rates and equally near points are then told exactly.
    gap = rejected * spoof.size - accepted * bonafide.size
    nearest = int(np.argmin(np.abs(gap)))

    # The gap rises strictly from -n_b n_s to +n_b n_s, so one crossing exists and has a point on its left.
    right = int(np.searchsorted(gap, 0))
    left = right - 1
    share = -gap[left] / (gap[right] - gap[left])
    crossing = rejected[left] + share * (rejected[right] - rejected[left])
    return float(crossing / bonafide.size), float(thresholds[nearest])
