"""Decisions at one threshold: the four counts, and the rates that different fields read from them.

A trial is accepted as bona fide where its score >= threshold. Words such as sensitivity depend on which class is
called positive, and reports often leave it out; here it is always named. With spoof positive, sensitivity is the
share of spoofs that are rejected and specificity the share of bona fide trials that are accepted. PPV, NPV, accuracy
and F1 depend on the mix of classes in the test as well; PPV and NPV can be had for another mix. A rate that would be
0 / 0 is None, never NaN.

References: T. Fawcett, An introduction to ROC analysis, Pattern Recognition Letters 27 (2006); D. G. Altman and
J. M. Bland, Diagnostic tests 2: predictive values, BMJ 309 (1994).
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.roc import roc
from truevoice.metrics.scores import check

Positive = Literal["spoof", "bonafide"]


class Confusion(NamedTuple):
    """Counts of trials by truth and decision."""

    bonafide_accepted: int
    bonafide_rejected: int
    spoof_accepted: int
    spoof_rejected: int

    @property
    def accuracy(self) -> float | None:
        """Share of the trials that are decided rightly."""
        return _share(self.bonafide_accepted + self.spoof_rejected, sum(self))

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean of the shares decided rightly in each class: 1 - (frr + far) / 2."""
        frr, far = self.frr, self.far
        return None if frr is None or far is None else 1 - (frr + far) / 2

    @property
    def frr(self) -> float | None:
        """Share of the bona fide trials that are rejected."""
        return _share(self.bonafide_rejected, self.bonafide_accepted + self.bonafide_rejected)

    @property
    def far(self) -> float | None:
        """Share of the spoof trials that are accepted."""
        return _share(self.spoof_accepted, self.spoof_accepted + self.spoof_rejected)

    def sensitivity(self, positive: Positive) -> float | None:
        """Share of the positive trials that are found (recall)."""
        hit, missed, _, _ = self._seen_from(positive)
        return _share(hit, hit + missed)

    def specificity(self, positive: Positive) -> float | None:
        """Share of the negative trials that are left alone."""
        _, _, false_alarm, left_alone = self._seen_from(positive)
        return _share(left_alone, false_alarm + left_alone)

    def ppv(self, positive: Positive, p_spoof: float | None = None) -> float | None:
        """Share of the trials called positive that are (precision); for a share `p_spoof` of spoofs, if given."""
        if p_spoof is None:
            hit, _, false_alarm, _ = self._seen_from(positive)
            return _share(hit, hit + false_alarm)
        return _predictive(self.sensitivity(positive), self.specificity(positive), _prior(positive, p_spoof))

    def npv(self, positive: Positive, p_spoof: float | None = None) -> float | None:
        """Share of the trials called negative that are; for a share `p_spoof` of spoofs, if given."""
        if p_spoof is None:
            _, missed, _, left_alone = self._seen_from(positive)
            return _share(left_alone, missed + left_alone)
        return _predictive(self.specificity(positive), self.sensitivity(positive), 1 - _prior(positive, p_spoof))

    def f1(self, positive: Positive) -> float | None:
        """Harmonic mean of PPV and sensitivity."""
        hit, missed, false_alarm, _ = self._seen_from(positive)
        return _share(2 * hit, 2 * hit + missed + false_alarm)

    def _seen_from(self, positive: Positive) -> tuple[int, int, int, int]:
        """(hits, misses, false alarms, left alone) with this class as the positive one."""
        if positive == "spoof":
            return self.spoof_rejected, self.spoof_accepted, self.bonafide_rejected, self.bonafide_accepted
        if positive == "bonafide":
            return self.bonafide_accepted, self.bonafide_rejected, self.spoof_accepted, self.spoof_rejected
        raise UsageError(f"the positive class is spoof or bonafide, not {positive!r}")


def decide(bonafide_scores: ArrayLike, spoof_scores: ArrayLike, threshold: float) -> Confusion:
    """The four counts when trials with score >= `threshold` are accepted.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide; the threshold may be
    infinite. Raises `UsageError` as `truevoice.metrics.scores.check` does, and where the threshold is not a number.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    if math.isnan(threshold):
        raise UsageError("the threshold is not a number")
    accepted, passed = int(np.count_nonzero(bonafide >= threshold)), int(np.count_nonzero(spoof >= threshold))
    return Confusion(accepted, bonafide.size - accepted, passed, spoof.size - passed)


def frr_at_far(bonafide_scores: ArrayLike, spoof_scores: ArrayLike, limit: float) -> float:
    """The least share of bona fide trials rejected at a threshold that accepts at most `limit` of the spoofs."""
    return frr_at_far_point(bonafide_scores, spoof_scores, limit)[0]


def frr_at_far_point(bonafide_scores: ArrayLike, spoof_scores: ArrayLike, limit: float) -> tuple[float, float]:
    """`(frr, threshold)`: that share, and the lowest threshold with far <= `limit`; +inf where all must be rejected.

    Raises `UsageError` as `check` does, and for a limit outside [0, 1].
    """
    curve = roc(bonafide_scores, spoof_scores)
    at = int(np.argmax(curve.far <= _limit(limit)))  # far falls: the first point within the limit
    return float(curve.frr[at]), float(curve.thresholds[at])


def far_at_frr(bonafide_scores: ArrayLike, spoof_scores: ArrayLike, limit: float) -> float:
    """The least share of spoof trials accepted at a threshold that rejects at most `limit` of the bona fide trials."""
    return far_at_frr_point(bonafide_scores, spoof_scores, limit)[0]


def far_at_frr_point(bonafide_scores: ArrayLike, spoof_scores: ArrayLike, limit: float) -> tuple[float, float]:
    """`(far, threshold)`: that share, and the highest threshold with frr <= `limit`. Raises as `frr_at_far_point`."""
    curve = roc(bonafide_scores, spoof_scores)
    at = int(np.searchsorted(curve.frr, _limit(limit), side="right")) - 1  # frr climbs: the last point within the limit
    return float(curve.far[at]), float(curve.thresholds[at])


def _limit(limit: float) -> float:
    if not 0 <= limit <= 1:
        raise UsageError(f"a limit on an error rate lies between 0 and 1, not {limit}")
    return limit


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _prior(positive: Positive, p_spoof: float) -> float:
    """Share of the positive class where spoofs make up `p_spoof`."""
    if not 0 <= p_spoof <= 1:
        raise UsageError(f"a prior lies between 0 and 1, not {p_spoof}")
    return p_spoof if positive == "spoof" else 1 - p_spoof


def _predictive(right: float | None, right_of_others: float | None, prior: float) -> float | None:
    """Bayes' rule: share of the trials called X that are X, X found at rate `right` and making up `prior`."""
    if right is None or right_of_others is None:
        return None
    true, false = right * prior, (1 - right_of_others) * (1 - prior)
    return true / (true + false) if true + false > 0 else None
