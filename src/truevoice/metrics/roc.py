"""Error rates over all thresholds: the curve from which EER and detection costs are read.

At threshold t a trial is accepted as bona fide when its score >= t and rejected when its score < t. Two
errors follow:

- frr, false rejection rate: share of bona fide trials that are rejected (also called miss rate),
- far, false acceptance rate: share of spoof trials that are accepted (also called false alarm rate).

Only a threshold at a distinct score, or above all of them, changes a decision, so these are the points of the
curve. Trials with equal scores pass together; a curve that walks through them one at a time (as the ASVspoof
evaluation scripts do after sorting) visits operating points that no threshold can reach, and depends on the
order of the trials.

In terms of the usual ROC axes with bona fide as the positive class, far is the x axis and 1 - frr the y axis.

References: T. Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27 (2006), section 4 and
its treatment of equally scored instances; ISO/IEC 30107-3 calls the two rates BPCER and APCER.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.errors import UsageError
from truevoice.metrics.scores import Floats, check

Counts = NDArray[np.int64]


class Roc(NamedTuple):
    """Points of the curve, by rising threshold. All arrays have shape (number of distinct scores + 1,).

    `thresholds` are the distinct scores, then +inf. `frr` climbs from exactly 0 to exactly 1, `far` falls
    from exactly 1 to exactly 0; at every step at least one of them moves.
    """

    thresholds: Floats
    frr: Floats
    far: Floats


class Tally(NamedTuple):
    """The same points as `Roc` in whole trials: bona fide rejected and spoof accepted at each threshold."""

    thresholds: Floats
    rejected: Counts
    accepted: Counts


def roc(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> Roc:
    """Error rates at every threshold that matters, tied scores grouped.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide. Returns a `Roc` of
    rates in [0, 1]. Raises `UsageError` as `truevoice.metrics.scores.check` does.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    thresholds, rejected, accepted = tally(bonafide, spoof)
    return Roc(thresholds, rejected / bonafide.size, accepted / spoof.size)


def thin(curve: Roc, points: int = 400) -> Roc:
    """The curve with at most about `points` points, for drawing; straight stretches lose nothing.

    First the points within a straight run go; they draw nothing. Where corners are still too many, points are kept at
    equal steps along the curve, measured both in rates and in log-odds of the rates, so that the ends, which DET axes
    magnify, keep their shape. The first and the last point always stay. Not for curves over the threshold: those bend
    where this one runs straight. Raises `UsageError` where `points` < 2.
    """
    if points < 2:
        raise UsageError(f"a curve needs at least 2 points, not {points}")
    across, up = np.diff(curve.far) != 0, np.diff(curve.frr) != 0
    inside_run = (across[1:] == across[:-1]) & (up[1:] == up[:-1]) & (across[1:] != up[1:])
    kept = np.flatnonzero(np.concatenate([[True], ~inside_run, [True]]))
    if kept.size > points:
        travelled = np.zeros(kept.size)
        for rate in (curve.frr[kept], curve.far[kept]):
            inner = np.clip(rate, 0.5 / curve.frr.size, 1 - 0.5 / curve.frr.size)
            odds = np.log(inner / (1 - inner))
            for ruler in (rate, odds / np.ptp(odds)):
                travelled[1:] += np.cumsum(np.abs(np.diff(ruler)))
        steps = np.searchsorted(travelled, np.linspace(0, travelled[-1], points))
        kept = kept[np.unique(np.concatenate([[0], np.minimum(steps, kept.size - 1), [kept.size - 1]]))]
    return Roc(curve.thresholds[kept], curve.frr[kept], curve.far[kept])


def tally(bonafide: Floats, spoof: Floats) -> Tally:
    """The curve in counts, for metrics that compare rates exactly. The arrays have passed `check`."""
    distinct = np.unique(np.concatenate([bonafide, spoof]))
    thresholds = np.append(distinct, np.inf)
    rejected = np.searchsorted(np.sort(bonafide), thresholds, side="left")
    accepted = spoof.size - np.searchsorted(np.sort(spoof), thresholds, side="left")
    return Tally(thresholds, rejected.astype(np.int64), accepted.astype(np.int64))
