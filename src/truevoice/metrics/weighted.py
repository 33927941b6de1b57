"""Figures of resampled trials: the scores are sorted once, each round only brings how often each trial counts.

Cumulative counts along the sorted scores give both error rates at any threshold, so a round costs a few passes over
the trials. Every figure is the one of its own module (`eer`, `auc`, `dcf`, ...) on the trials repeated so often.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.metrics.scores import Floats

Counts = NDArray[np.int64]


class SortedTrials:
    """Both classes in rising order of score, and where each distinct score stands in either."""

    def __init__(self, bonafide: Floats, spoof: Floats) -> None:
        self.orders = np.argsort(bonafide, kind="stable"), np.argsort(spoof, kind="stable")
        self.bonafide, self.spoof = bonafide[self.orders[0]], spoof[self.orders[1]]
        thresholds = np.append(np.unique(np.concatenate([self.bonafide, self.spoof])), np.inf)
        self.bonafide_below, self.spoof_below = self.below(thresholds)
        levels, self.starts = np.unique(self.bonafide, return_index=True)
        self.no_ties = bool(levels.size == bonafide.size)
        self.spoof_under = np.searchsorted(self.spoof, levels, side="left")
        up_to = np.searchsorted(self.spoof, levels, side="right")
        self.spoof_up_to = None if np.array_equal(up_to, self.spoof_under) else up_to  # None: no ties across classes

    def below(self, thresholds: NDArray[np.float64] | float) -> tuple[Counts, Counts]:
        """How many trials of each class lie below each threshold."""
        return np.searchsorted(self.bonafide, thresholds), np.searchsorted(self.spoof, thresholds)


class Rounds:
    """Some rounds of a bootstrap over sorted trials. Figures come as arrays of shape (rounds,)."""

    def __init__(self, trials: SortedTrials, bonafide: Counts, spoof: Counts) -> None:
        """`bonafide`, `spoof`: how often each trial counts, in sorted order, (rounds, n_b) and (rounds, n_s)."""
        self.trials = trials
        self.bonafide, self.spoof = _running(bonafide), _running(spoof)
        self.n_bonafide, self.n_spoof = self.bonafide[:, -1], self.spoof[:, -1]
        self._under: Counts | None = None

    def eer(self) -> Floats:
        """The crossing of `truevoice.metrics.eer`, found by bisection over the thresholds in all rounds at once."""
        each = np.arange(self.n_bonafide.size)
        left = np.zeros(each.size, dtype=np.int64)
        right = np.full(each.size, self.trials.bonafide_below.size - 1)

        def rejected(at: Counts) -> Counts:
            return self.bonafide[each, self.trials.bonafide_below[at]]

        def gap(at: Counts) -> Counts:
            accepted = self.n_spoof - self.spoof[each, self.trials.spoof_below[at]]
            return rejected(at) * self.n_spoof - accepted * self.n_bonafide

        while (right - left > 1).any():
            middle = (left + right) // 2
            above = gap(middle) >= 0
            # Where left and right have met as neighbours, the middle is left, whose gap is negative: nothing moves.
            left, right = np.where(above, left, middle), np.where(above, middle, right)
        share = -gap(left) / (gap(right) - gap(left))
        crossing = rejected(left) + share * (rejected(right) - rejected(left))
        return np.asarray(crossing / self.n_bonafide)

    def auc(self) -> Floats:
        """Pairs won, and half the pairs tied."""
        trials = self.trials
        starts = self._starts()
        level = np.diff(starts, axis=1, append=self.n_bonafide[:, None])
        beaten = self._spoof_under()
        if trials.spoof_up_to is None:
            won_twice = 2 * np.einsum("ij,ij->i", level, beaten)
        else:
            won_twice = np.einsum("ij,ij->i", level, beaten + np.take(self.spoof, trials.spoof_up_to, axis=1))
        return np.asarray(won_twice / (2 * self.n_bonafide * self.n_spoof))

    def rates(self, threshold: float) -> tuple[Counts, Counts]:
        """(bona fide rejected, spoof accepted) at a threshold, in trials."""
        bonafide_below, spoof_below = self.trials.below(threshold)
        return self.bonafide[:, bonafide_below], self.n_spoof - self.spoof[:, spoof_below]

    def min_dcf(self, miss: float, fa: float) -> Floats:
        """Least miss * frr + fa * far. Only bona fide scores, and above all scores, can be best thresholds."""
        cost = self._starts() * (miss / self.n_bonafide)[:, None]
        cost -= self._spoof_under() * (fa / self.n_spoof)[:, None]
        return np.asarray(np.minimum(cost.min(axis=1) + fa, miss))

    def _starts(self) -> Counts:
        """Bona fide trials below each distinct bona fide score."""
        return self.bonafide[:, :-1] if self.trials.no_ties else np.take(self.bonafide, self.trials.starts, axis=1)

    def _spoof_under(self) -> Counts:
        """Spoof trials below each distinct bona fide score."""
        if self._under is None:
            self._under = np.take(self.spoof, self.trials.spoof_under, axis=1)
        return self._under


def _running(counts: Counts) -> Counts:
    """Cumulative counts along the trials, with a 0 in front: (rounds, n + 1)."""
    running = np.zeros((counts.shape[0], counts.shape[1] + 1), dtype=np.int64)
    np.cumsum(counts, axis=1, out=running[:, 1:])
    return running
