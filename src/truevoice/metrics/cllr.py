"""Cost of log-likelihood ratios, in bits: how much the scores mislead one who takes them at their word.

    Cllr = 1/2 [ mean over bona fide of log2(1 + e^-llr) + mean over spoof of log2(1 + e^llr) ]

0 = perfect, 1 = as good as no evidence (llr 0 throughout), above 1 = worse than no evidence. It judges all operating
points at once. `min_cllr` is the Cllr after the best rising map of the scores (isotonic regression): it depends on
their order alone and lies in [0, 1]. The difference, Cllr - min Cllr, is the loss by calibration.

The best map gives each edge of the convex hull of the ROC curve one value: the edge that takes d_b of n_b bona fide
and d_s of n_s spoof trials has llr = ln(d_b / n_b) - ln(d_s / n_s). Tied scores stay together; no dummy trials are
added, so the outermost values may be infinite.

References: N. Brümmer and J. du Preez, Application-independent evaluation of speaker detection, Computer Speech and
Language 20 (2006); T. Fawcett and A. Niculescu-Mizil, PAV and the ROC convex hull, Machine Learning 68 (2007);
`calculate_CLLR` in asvspoof-challenge/asvspoof5, whose log1p(exp(.)) overflows beyond 709 and is not followed there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from truevoice.metrics.hull import hull
from truevoice.metrics.roc import Tally, tally
from truevoice.metrics.scores import Floats, check


class PavMap(NamedTuple):
    """The best rising map from scores to log-likelihood ratios, a stair of k steps.

    Step i takes the scores from `starts[i]` up to the next start and gives them `llrs[i]`; `llrs` rises strictly, its
    first may be -inf and its last +inf.
    """

    starts: Floats
    llrs: Floats

    def __call__(self, scores: ArrayLike) -> Floats:
        """The llr of each score; scores below the first start get the first step's."""
        step = np.searchsorted(self.starts, np.asarray(scores, np.float64), side="right") - 1
        return self.llrs[np.maximum(step, 0)]


def cllr(bonafide_llrs: ArrayLike, spoof_llrs: ArrayLike) -> float:
    """Cost of log-likelihood ratios in bits, 0 or above.

    Takes natural-log likelihood ratios of bona fide against spoof, shapes (n_b,) and (n_s,). Raises `UsageError` as
    `truevoice.metrics.scores.check` does.
    """
    bonafide, spoof = check(bonafide_llrs, spoof_llrs)
    nats = np.logaddexp(0, -bonafide).mean() + np.logaddexp(0, spoof).mean()
    return float(nats / 2 / math.log(2))


def min_cllr(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> float:
    """Cllr after the best rising map, in bits, in [0, 1]; any scores do, higher = more bona fide.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,). Raises `UsageError` as
    `truevoice.metrics.scores.check` does.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    corners = hull(tally(bonafide, spoof))
    b, s = _edge_shares(corners, bonafide.size, spoof.size)
    nats = b @ np.log1p(_ratio(s, b)) + s @ np.log1p(_ratio(b, s))
    return float(nats / 2 / math.log(2))


def pav_llrs(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> PavMap:
    """The map that `min_cllr` stands on, for calibration plots. Takes and refuses what `min_cllr` does."""
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    corners = hull(tally(bonafide, spoof))
    b, s = _edge_shares(corners, bonafide.size, spoof.size)
    with np.errstate(divide="ignore"):
        return PavMap(corners.thresholds[:-1], np.log(b) - np.log(s))


def _edge_shares(corners: Tally, n_bonafide: int, n_spoof: int) -> tuple[Floats, Floats]:
    """Share of the bona fide and of the spoof trials that each edge of the hull takes; never both zero."""
    return np.diff(corners.rejected) / n_bonafide, -np.diff(corners.accepted) / n_spoof


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, 0 where the bottom is 0: those terms weigh nothing."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
