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


def tally(bonafide: Floats, spoof: Floats) -> Tally:
    """The curve in counts, for metrics that compare rates exactly. The arrays have passed `check`."""
    distinct = np.unique(np.concatenate([bonafide, spoof]))
    thresholds = np.append(distinct, np.inf)
    rejected = np.searchsorted(np.sort(bonafide), thresholds, side="left")
    accepted = spoof.size - np.searchsorted(np.sort(spoof), thresholds, side="left")
    return Tally(thresholds, rejected.astype(np.int64), accepted.astype(np.int64))
