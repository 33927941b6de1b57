"""Tandem equal error rate (t-EER): countermeasure and speaker verification in a row, judged without costs.

A trial passes only if the countermeasure (CM) and the speaker verification system (ASV) both accept it. With a share
rho of spoofs among the trials to be rejected, the tandem's errors are

    miss        = frr_cm + (1 - frr_cm) frr_asv
    false alarm = (1 - rho) (1 - frr_cm) far_nontarget + rho far_cm far_spoof

and for each ASV threshold there is a CM threshold where they meet. The paths for different rho cross in one point,
the concurrent t-EER, where nontargets and spoofs are accepted equally often; the value is far_cm * far_spoof there.

The published program tries every CM point for every ASV point and, above 3,000 points, only a coarse grid. The gap
between miss and false alarm rises along the CM's curve, so a bisection finds the same point here, for any size.

Reference: T. Kinnunen et al., t-EER: parameter-free tandem evaluation of countermeasures and biometric comparators,
IEEE TPAMI 46 (2024); `compute_teer` in asvspoof-challenge/asvspoof5, evaluation-package/calculate_modules.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.official import OfficialCurve, official_curve
from truevoice.metrics.scores import Floats, check, check_class


def t_eer(
    cm_bonafide: ArrayLike,
    cm_spoof: ArrayLike,
    asv_target: ArrayLike,
    asv_nontarget: ArrayLike,
    asv_spoof: ArrayLike,
    *,
    rho: float = 0.5,
) -> float:
    """Concurrent t-EER as a fraction (the published program prints per cent).

    Takes the CM's scores of bona fide trials (target and nontarget together) and of spoof trials, higher = more bona
    fide, and the ASV's scores of target, nontarget and spoof trials, higher = more like the target; each
    one-dimensional. `rho` only steers the search; the official value is 0.5. Raises `UsageError` as
    `truevoice.metrics.scores.check` does, and for rho outside [0, 1].
    """
    cm = official_curve(*check(cm_bonafide, cm_spoof))
    if not 0 <= rho <= 1:
        raise UsageError(f"rho is a share of spoofs between 0 and 1, not {rho}")
    classes = [check_class(asv_target, "ASV target"), check_class(asv_nontarget, "ASV nontarget")]
    classes.append(check_class(asv_spoof, "ASV spoof"))
    frr, far_nontarget, far_spoof = _asv_curves(classes)
    # Elsewhere the tandem misses too much whatever the CM does. Accepting all is always usable.
    usable = frr < (1 - rho) * far_nontarget + rho * far_spoof
    frr, far_nontarget, far_spoof = frr[usable], far_nontarget[usable], far_spoof[usable]

    at = _meeting_points(cm, frr, (1 - rho) * far_nontarget, rho * far_spoof)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(far_nontarget / far_spoof - cm.far[at] / (1 - cm.frr[at]))
    best = int(np.argmin(np.where(np.isnan(apart), np.inf, apart)))
    return float(far_spoof[best] * cm.far[at[best]])


def _asv_curves(classes: list[Floats]) -> tuple[Floats, Floats, Floats]:
    """Targets rejected, nontargets and spoofs accepted, after 0, 1, 2, ... trials in order of score."""
    order = np.argsort(np.concatenate(classes), kind="stable")
    kind = np.repeat([0, 1, 2], [scores.size for scores in classes])[order]
    below = [np.concatenate([[0], np.cumsum(kind == k)]) / classes[k].size for k in range(3)]
    return below[0], 1 - below[1], 1 - below[2]


def _meeting_points(cm: OfficialCurve, frr_asv: Floats, nontarget: Floats, spoof: Floats) -> np.ndarray:
    """For each ASV point the index of the CM point where miss and false alarm of the tandem are nearest."""

    def gap(at: np.ndarray) -> Floats:
        miss = cm.frr[at] + (1 - cm.frr[at]) * frr_asv
        return miss - (nontarget * (1 - cm.frr[at]) + spoof * cm.far[at])

    left = np.zeros(frr_asv.size, dtype=np.int64)  # negative here, since only usable ASV points come in
    right = np.full(frr_asv.size, cm.frr.size - 1)  # 1 here: the CM rejects all
    while (right - left > 1).any():
        middle = (left + right) // 2
        above = gap(middle) >= 0
        left, right = np.where(above, left, middle), np.where(above, middle, right)
    return np.where(np.abs(gap(left)) <= np.abs(gap(right)), left, right)
