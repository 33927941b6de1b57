"""Architecture-agnostic detection cost (a-DCF): one score that must reject both other speakers and spoofs.

    a-DCF(t) = c_miss p_target frr(t) + c_fa_asv p_nontarget far_nontarget(t) + c_fa_cm p_spoof far_spoof(t)

divided by the better of accepting all and rejecting all; the minimum over all thresholds. The points are those of the
published code: trials one at a time by rising score, among equal scores targets first, then nontargets, then spoofs.

Reference: H. Shim et al., a-DCF: an architecture agnostic metric with application to spoofing-robust speaker
verification, Odyssey 2024; shimhz/a_DCF, and asvspoof-challenge/asvspoof5, evaluation-package/a_dcf.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.scores import check_class

BEFORE_THE_FIRST = 1e-8


class AdcfCosts(NamedTuple):
    """Priors of the three kinds of trial, which sum to 1, and costs of a target rejected, a nontarget accepted, a
    spoof accepted."""

    p_spoof: float
    p_nontarget: float
    p_target: float
    c_miss: float
    c_fa_asv: float
    c_fa_cm: float


ADCF_ASVSPOOF5 = AdcfCosts(0.05, 0.95 * 0.01, 0.95 * 0.99, 1.0, 10.0, 10.0)
"""The priors and costs of ASVspoof 5, track 2."""

ADCF_PAPER = AdcfCosts(0.05, 0.05, 0.9, 1.0, 10.0, 20.0)
"""The defaults of the authors' own program."""


def min_adcf(target: ArrayLike, nontarget: ArrayLike, spoof: ArrayLike, costs: AdcfCosts = ADCF_ASVSPOOF5) -> float:
    """The least normalised a-DCF over all thresholds; see `min_adcf_point`."""
    return min_adcf_point(target, nontarget, spoof, costs)[0]


def min_adcf_point(
    target: ArrayLike, nontarget: ArrayLike, spoof: ArrayLike, costs: AdcfCosts = ADCF_ASVSPOOF5
) -> tuple[float, float]:
    """`(min a-DCF, threshold)`; the rates are those of accepting where score > threshold.

    Takes the scores of target, nontarget and spoof trials, each one-dimensional, higher = more like the bona fide
    target. Raises `UsageError` as `truevoice.metrics.scores.check` does, and for costs that make no sense.
    """
    classes = (check_class(target, "target"), check_class(nontarget, "nontarget"), check_class(spoof, "spoof"))
    if min(costs) < 0 or abs(costs.p_spoof + costs.p_nontarget + costs.p_target - 1) > 1e-10:
        raise UsageError("a-DCF needs priors that sum to 1, and no negative prior or cost")
    reject_all = costs.c_miss * costs.p_target
    accept_all = costs.c_fa_asv * costs.p_nontarget + costs.c_fa_cm * costs.p_spoof
    if min(reject_all, accept_all) == 0:
        raise UsageError("a-DCF needs priors and costs under which neither accepting all nor rejecting all is free")

    scores = np.concatenate(classes)
    order = np.argsort(scores, kind="stable")
    kind = np.repeat([0, 1, 2], [scores_of.size for scores_of in classes])[order]
    below = [np.concatenate([[0], np.cumsum(kind == k)]) for k in range(3)]
    frr = below[0] / classes[0].size
    far_nontarget, far_spoof = (1 - below[k] / classes[k].size for k in (1, 2))
    cost = reject_all * frr + costs.c_fa_asv * costs.p_nontarget * far_nontarget
    cost = (cost + costs.c_fa_cm * costs.p_spoof * far_spoof) / min(reject_all, accept_all)
    best = int(np.argmin(cost))
    ordered = scores[order]
    return float(cost[best]), float(ordered[best - 1] if best else ordered[0] - BEFORE_THE_FIRST)
