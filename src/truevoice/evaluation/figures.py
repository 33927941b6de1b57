"""All figures of one score set, by name. Rates are fractions; what is undefined is None.

The positive class of sensitivity, specificity, PPV, NPV and F1 is spoof; `as_bonafide` gives them the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truevoice.evaluation.options import Costs
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics import (
    act_dcf,
    asv_rates,
    auc,
    brier,
    cllr,
    decide,
    ece,
    eer,
    far_at_frr,
    frr_at_far,
    min_cllr,
    min_dcf,
    min_tdcf,
)
from truevoice.metrics.decisions import Confusion

Figures = dict[str, float | None]
Floats = NDArray[np.float64]
Positive = Literal["spoof", "bonafide"]
AT_A_RATE = 0.01


def ranking(score_set: ScoreSet, costs: Costs) -> Figures:
    """What depends on the scores alone, not on any threshold that someone chose."""
    bonafide, spoof = score_set.split()
    value, threshold = eer(bonafide, spoof)
    return {
        "eer": value,
        "eer_threshold": threshold,
        "eer_asvspoof": eer(bonafide, spoof, mode="asvspoof")[0],
        "eer_convex_hull": eer(bonafide, spoof, mode="convex-hull")[0],
        "auc": auc(bonafide, spoof),
        "min_dcf": min_dcf(bonafide, spoof, **vars(costs)),
        "min_cllr": min_cllr(bonafide, spoof),
        "frr_at_far_1": frr_at_far(bonafide, spoof, AT_A_RATE),
        "far_at_frr_1": far_at_frr(bonafide, spoof, AT_A_RATE),
    }


def deciding(confusion: Confusion, prior_spoof: float) -> Figures:
    """What depends on the threshold. PPV and NPV hold for the share of spoofs in the set, and at a prior."""
    return {
        "accuracy": confusion.accuracy,
        "balanced_accuracy": confusion.balanced_accuracy,
        "frr": confusion.frr,
        "far": confusion.far,
        **seen_from(confusion, "spoof"),
        "ppv_at_prior": confusion.ppv("spoof", prior_spoof),
        "npv_at_prior": confusion.npv("spoof", prior_spoof),
    }


def seen_from(confusion: Confusion, positive: Positive) -> Figures:
    """The five figures that need a positive class."""
    return {
        "sensitivity": confusion.sensitivity(positive),
        "specificity": confusion.specificity(positive),
        "ppv": confusion.ppv(positive),
        "npv": confusion.npv(positive),
        "f1": confusion.f1(positive),
    }


def calibrating(score_set: ScoreSet, llrs: Floats, costs: Costs) -> Figures:
    """How far the numbers themselves can be believed. `llrs`: (N,) natural-log likelihood ratios."""
    bonafide, spoof = llrs[score_set.bonafide], llrs[~score_set.bonafide]
    found: Figures = {"act_dcf": act_dcf(bonafide, spoof, **vars(costs)), "cllr": cllr(bonafide, spoof)}
    p_spoof, truth = score_set.p_spoof, ~score_set.bonafide
    found["brier"] = None if p_spoof is None else brier(p_spoof, truth)
    found["ece"] = None if p_spoof is None else ece(p_spoof, truth)
    return found


def tandem(score_set: ScoreSet, asv: Mapping[str, Floats] | None) -> Figures:
    """Minimum t-DCF beside a speaker verification system, in both forms; nothing without one."""
    if asv is None:
        return {}
    rates = asv_rates(asv["target"], asv["nontarget"], asv["spoof"])
    return {f"min_tdcf_{form}": min_tdcf(*score_set.split(), rates, form=form) for form in ("2019", "2021")}


def confusion_at(score_set: ScoreSet, threshold: float) -> Confusion:
    return decide(*score_set.split(), threshold)
