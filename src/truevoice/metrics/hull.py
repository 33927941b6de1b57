"""The convex hull of the ROC curve: what the scores could do if every stretch of them were used as well as possible.

Between two points of the curve a system may draw lots, so every point on the straight line between them can be had;
the hull joins the points that no such mixture beats. Its corners are the only thresholds that minimise a detection
cost, whatever the costs and the prior. Its edges are the blocks of the best rising map from scores to log-likelihood
ratios (`truevoice.metrics.cllr`).

References: F. Provost and T. Fawcett, Robust classification for imprecise environments, Machine Learning 42 (2001);
N. Brümmer and E. de Villiers, The BOSARIS toolkit (2011), for the equal error rate read on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.metrics.roc import Counts, Roc, Tally, tally
from truevoice.metrics.scores import check


def rocch(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> Roc:
    """The corners of the hull, by rising threshold, from (frr 0, far 1) to (frr 1, far 0).

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide. Raises `UsageError` as
    `truevoice.metrics.scores.check` does.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    corners = hull(tally(bonafide, spoof))
    return Roc(corners.thresholds, corners.rejected / bonafide.size, corners.accepted / spoof.size)


def hull(points: Tally) -> Tally:
    """The corners of the hull among the points of a curve in counts; points on an edge are no corners."""
    kept = _drop_hollows(points.rejected, points.accepted)
    kept = kept[_walk(points.rejected[kept].tolist(), points.accepted[kept].tolist())]
    return Tally(points.thresholds[kept], points.rejected[kept], points.accepted[kept])


def _drop_hollows(rejected: Counts, accepted: Counts) -> NDArray[np.int64]:
    """Indices left after dropping, again and again and all at once, each point not beneath the line of its neighbours.

    Such a point is no corner, whichever others go with it. Stops where a round drops few: the rest is for `_walk`.
    """
    kept = np.arange(rejected.size)
    while kept.size > 2:
        r, a = rejected[kept], accepted[kept]
        turn = (a[1:-1] - a[:-2]) * (r[2:] - r[:-2]) - (r[1:-1] - r[:-2]) * (a[2:] - a[:-2])
        stays = np.concatenate([[True], turn < 0, [True]])
        before = kept.size
        kept = kept[stays]
        if kept.size > 0.95 * before:
            break
    return kept


def _walk(rejected: list[int], accepted: list[int]) -> list[int]:
    """Indices of the corners, by Andrew's monotone chain; whole numbers, so exact."""
    chain: list[int] = []
    for new in range(len(rejected)):
        while len(chain) > 1:
            first, middle = chain[-2], chain[-1]
            turn = (accepted[middle] - accepted[first]) * (rejected[new] - rejected[first])
            turn -= (rejected[middle] - rejected[first]) * (accepted[new] - accepted[first])
            if turn < 0:
                break
            chain.pop()
        chain.append(new)
    return chain
