"""The curve as the ASVspoof scripts walk it: one trial at a time, tied scores taken apart, bona fide first.

A million trials give a million and one points, whatever their ties. Point 0 accepts all; point k has rejected the
k lowest scores. Among equal scores the bona fide ones are rejected first, so a curve with ties visits points that no
threshold reaches and looks worse than the system is. Published figures come from these points; that is the one reason
to use them. Without ties the points are those of `truevoice.metrics.roc`.

Reference: `compute_det_curve` in asvspoof-challenge/asvspoof5, evaluation-package/calculate_modules.py; the 2019 and
2021 scripts walk the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from truevoice.metrics.scores import Floats

BEFORE_THE_FIRST = 0.001


class OfficialCurve(NamedTuple):
    """Points in order of rejection, arrays of shape (number of trials + 1,).

    `thresholds`: the lowest score - 0.001, then the sorted scores. The rates at point k are those of "accept where
    score > thresholds[k]", not >=. `frr` climbs from 0 to 1, `far` falls from 1 to 0.
    """

    thresholds: Floats
    frr: Floats
    far: Floats


def official_curve(positive: Floats, negative: Floats) -> OfficialCurve:
    """The curve of two classes whose arrays have passed `check`. Rates are divided as in the scripts, bit for bit."""
    scores = np.concatenate([positive, negative])
    order = np.argsort(scores, kind="stable")
    rejected = np.concatenate([[0], np.cumsum(order < positive.size)])
    accepted = negative.size - (np.arange(scores.size + 1) - rejected)
    ordered = scores[order]
    thresholds = np.concatenate([[ordered[0] - BEFORE_THE_FIRST], ordered])
    return OfficialCurve(thresholds, rejected / positive.size, accepted / negative.size)


def official_eer(positive: Floats, negative: Floats) -> tuple[float, float]:
    """`(eer, threshold)`: mean of both rates at the first point where they are nearest, and that point's threshold."""
    curve = official_curve(positive, negative)
    nearest = int(np.argmin(np.abs(curve.frr - curve.far)))
    return float((curve.frr[nearest] + curve.far[nearest]) / 2), float(curve.thresholds[nearest])
