"""Detection cost: what the errors of a countermeasure cost on average, given how often spoofs come and what they cost.

    DCF(t) = c_miss (1 - p_spoof) frr(t) + c_fa p_spoof far(t)

divided by the cost of the better of the two systems that do not listen (accept all, reject all), so 1 means useless.
`min_dcf` looks at the best threshold of the test itself: what the scores could reach. `act_dcf` takes the scores at
their word as log-likelihood ratios and uses the Bayes threshold: what one gets without a look at the truth. The
difference is the cost of poor calibration.

The default costs are those of ASVspoof 5, track 1: p_spoof 0.05, c_miss 1, c_fa 10, hence 1.9 frr + far.

Reference: ASVspoof 5 evaluation plan; `compute_mindcf` and `compute_actDCF` in asvspoof-challenge/asvspoof5,
evaluation-package/calculate_modules.py.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.official import OfficialCurve, official_curve
from truevoice.metrics.roc import Roc, roc
from truevoice.metrics.scores import Floats, check

P_SPOOF = 0.05
C_MISS = 1.0
C_FA = 10.0

DcfMode = Literal["tie-safe", "asvspoof"]


class Weights(NamedTuple):
    """Normalised DCF = miss * frr + fa * far."""

    miss: float
    fa: float


def weights(p_spoof: float = P_SPOOF, c_miss: float = C_MISS, c_fa: float = C_FA) -> Weights:
    """What each rate weighs in the normalised DCF.

    p_spoof: share of spoofs among the trials one expects, in (0, 1). c_miss, c_fa: costs of rejecting a bona fide
    trial and of accepting a spoof, above 0. Raises `UsageError` outside these ranges.
    """
    if not 0 < p_spoof < 1:
        raise UsageError(f"p_spoof must lie between 0 and 1, not {p_spoof}")
    if not (0 < c_miss < math.inf and 0 < c_fa < math.inf):
        raise UsageError(f"detection costs must be above 0 and finite, not {c_miss} and {c_fa}")
    miss, fa = c_miss * (1 - p_spoof), c_fa * p_spoof
    default = min(miss, fa)
    return Weights(miss / default, fa / default)


def bayes_threshold(p_spoof: float = P_SPOOF, c_miss: float = C_MISS, c_fa: float = C_FA) -> float:
    """The log-likelihood ratio from which accepting is the cheaper choice: ln(c_fa p_spoof / c_miss (1 - p_spoof))."""
    miss, fa = weights(p_spoof, c_miss, c_fa)
    return math.log(fa / miss)


def dcf(
    frr: ArrayLike, far: ArrayLike, *, p_spoof: float = P_SPOOF, c_miss: float = C_MISS, c_fa: float = C_FA
) -> Floats:
    """Normalised DCF at each pair of rates; with the rates of `roc`, the cost over all thresholds."""
    miss, fa = weights(p_spoof, c_miss, c_fa)
    return np.asarray(miss * np.asarray(frr, np.float64) + fa * np.asarray(far, np.float64))


def min_dcf(
    bonafide_scores: ArrayLike,
    spoof_scores: ArrayLike,
    *,
    p_spoof: float = P_SPOOF,
    c_miss: float = C_MISS,
    c_fa: float = C_FA,
    mode: DcfMode = "tie-safe",
) -> float:
    """The least normalised DCF over all thresholds, in [0, 1]; see `min_dcf_point`."""
    costs = {"p_spoof": p_spoof, "c_miss": c_miss, "c_fa": c_fa}
    return min_dcf_point(bonafide_scores, spoof_scores, mode=mode, **costs)[0]


def min_dcf_point(
    bonafide_scores: ArrayLike,
    spoof_scores: ArrayLike,
    *,
    p_spoof: float = P_SPOOF,
    c_miss: float = C_MISS,
    c_fa: float = C_FA,
    mode: DcfMode = "tie-safe",
) -> tuple[float, float]:
    """`(min DCF, threshold)`: the least cost and the lowest threshold that has it.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide. Mode `tie-safe`: over the
    points of `roc`; accept where score >= threshold; +inf where rejecting all is cheapest. Mode `asvspoof`: over the
    points of the ASVspoof scripts, whose rates are those of accepting where score > threshold; the two differ only
    where scores tie. Raises `UsageError` as `check` and `weights` do, and for an unknown mode.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    if mode not in ("tie-safe", "asvspoof"):
        raise UsageError(f"minDCF mode {mode!r} is none of tie-safe, asvspoof")
    curve: Roc | OfficialCurve = official_curve(bonafide, spoof) if mode == "asvspoof" else roc(bonafide, spoof)
    costs = dcf(curve.frr, curve.far, p_spoof=p_spoof, c_miss=c_miss, c_fa=c_fa)
    best = int(np.argmin(costs))
    return float(costs[best]), float(curve.thresholds[best])


def act_dcf(
    bonafide_llrs: ArrayLike,
    spoof_llrs: ArrayLike,
    *,
    p_spoof: float = P_SPOOF,
    c_miss: float = C_MISS,
    c_fa: float = C_FA,
) -> float:
    """The normalised DCF at the Bayes threshold; 0 or above, may exceed 1.

    Takes natural-log likelihood ratios of bona fide against spoof, shapes (n_b,) and (n_s,). On raw scores the figure
    says nothing about the system: calibrate first. Raises `UsageError` as `check` and `weights` do.
    """
    bonafide, spoof = check(bonafide_llrs, spoof_llrs)
    threshold = bayes_threshold(p_spoof, c_miss, c_fa)
    frr = np.count_nonzero(bonafide < threshold) / bonafide.size
    far = np.count_nonzero(spoof >= threshold) / spoof.size
    return float(dcf(frr, far, p_spoof=p_spoof, c_miss=c_miss, c_fa=c_fa))
