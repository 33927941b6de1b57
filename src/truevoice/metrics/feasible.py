"""Which EER and AUC can stand side by side: the exact region of pairs that some ROC curve has.

Take the ROC curve as y(x) with x = far and y = 1 - frr; it rises from (0, 0) to (1, 1) and never falls. The EER e is
where it meets the falling diagonal, so it passes through the corner (e, 1 - e). Left of e the curve therefore lies
between 0 and 1 - e, right of e between 1 - e and 1. The area is least when both parts lie as low as they may and
greatest when both lie as high as they may:

    (1 - e) (1 - e)  <=  AUC  <=  e (1 - e) + (1 - e)        that is        (1 - e)^2 <= AUC <= 1 - e^2.

Two staircases attain the two ends, and every value between is had by mixing them, so nothing tighter holds for all
ROC curves. The same argument at any point (far, frr) of the curve gives (1 - far)(1 - frr) <= AUC <= 1 - far frr.

A concave curve (that of a likelihood ratio, or the convex hull of any curve) has e <= 1/2 and lies above its chords:
AUC >= 1 - e from the chords to (0, 0) and (1, 1); and it lies under a line through the corner, whose best slope is 1:
AUC <= 1 - 2 e^2. Measured curves are seldom quite concave, so a pair outside this narrower region is no fault.

Two facts about the wide region help to say what went wrong with a pair outside it.

- It is convex: the lower bound is a convex function of e, the upper one a concave function. The mean of many pairs
  that are possible each is possible too, so averaging EER and AUC over the same batches never leaves the region. A pair
  outside it mixes figures of different origin.
- It maps onto itself when EER and AUC are both replaced by one minus themselves, which is what turning all scores
  round does. So turning both round never mends an impossible pair, and turning one of them round mends it exactly
  when turning the other one does.

The EER here is the crossing of `truevoice.metrics.eer`. The nearest-point EER of a list without ties differs by at
most half a step; an EER that was read inside a group of tied scores can lie outside. Derived here; the area as a
probability is in J. A. Hanley and B. J. McNeil, Radiology 143 (1982).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from truevoice.errors import UsageError


class Range(NamedTuple):
    """A closed interval of rates."""

    low: float
    high: float

    def holds(self, value: float, slack: float = 0.0) -> bool:
        return self.low - slack <= value <= self.high + slack

    def meets(self, other: Range) -> bool:
        return self.low <= other.high and other.low <= self.high


def auc_range(eer: float) -> Range:
    """Every AUC that a ROC curve with this EER can have. `eer` in [0, 1]. Raises UsageError outside."""
    return auc_range_at(eer, eer)


def auc_range_at(far: float, frr: float) -> Range:
    """Every AUC that a ROC curve through one operating point can have. Rates in [0, 1]. Raises UsageError outside."""
    far, frr = _rate(far, "false acceptance rate"), _rate(frr, "false rejection rate")
    return Range((1 - far) * (1 - frr), 1 - far * frr)


def auc_range_concave(eer: float) -> Range:
    """Every AUC that a concave ROC curve with this EER can have. `eer` in [0, 0.5]. Raises UsageError outside."""
    if _rate(eer, "EER") > 0.5:
        raise UsageError(f"a concave ROC curve has an EER of at most 0.5, not {eer}")
    return Range(1 - eer, 1 - 2 * eer * eer)


def eer_range(auc: float) -> Range:
    """Every EER that a ROC curve with this AUC can have. `auc` in [0, 1]. Raises UsageError outside."""
    return Range(1 - math.sqrt(_rate(auc, "AUC")), math.sqrt(1 - auc))


def eer_range_concave(auc: float) -> Range:
    """Every EER that a concave ROC curve with this AUC can have. `auc` in [0.5, 1]. Raises UsageError outside."""
    if _rate(auc, "AUC") < 0.5:
        raise UsageError(f"a concave ROC curve has an AUC of at least 0.5, not {auc}")
    return Range(1 - auc, math.sqrt((1 - auc) / 2))


def is_feasible(eer: Range, auc: Range) -> bool:
    """Whether some EER in one interval and some AUC in the other belong to one ROC curve.

    For rounded figures the intervals are what rounds to them. Exact: an e is possible with some AUC of [a0, a1] when
    1 - sqrt(a1) <= e <= sqrt(1 - a0). Raises UsageError for ends outside [0, 1].
    """
    return eer.meets(Range(eer_range(auc.high).low, eer_range(auc.low).high))


def _rate(value: float, name: str) -> float:
    if not 0 <= value <= 1:
        raise UsageError(f"{name} must be a fraction between 0 and 1, not {value}")
    return value
