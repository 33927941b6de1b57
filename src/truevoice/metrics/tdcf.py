"""Tandem detection cost (t-DCF): a countermeasure judged by what it does to a speaker verification system behind it.

The countermeasure (CM) passes trials on to a fixed speaker verification system (ASV). With frr and far of the CM:

    2019 ("legacy"): (C1 frr + C2 far) / min(C1, C2)
    2021 and later:  (C0 + C1 frr + C2 far) / (C0 + min(C1, C2))

C0, C1, C2 follow from the error rates of the ASV, the priors of target, nontarget and spoof trials, and the costs.
C0 is what the ASV costs by itself, so the 2021 form has a floor above 0 and never exceeds 1; figures of the two forms
are not comparable. The minimum is taken over the points that the ASVspoof scripts walk.

References: T. Kinnunen et al., t-DCF: a detection cost function for the tandem assessment, Odyssey 2018, and
IEEE/ACM TASLP 28 (2020); `compute_tDCF_legacy` in clovaai/aasist, evaluation.py; `compute_tDCF` in
asvspoof-challenge/2021, eval-package/eval_metrics.py. The ASVspoof 5 package as published (commit fe23d305) takes the
ASV's miss rate of spoofs for its acceptance rate when ASV scores are given; that fault is not repeated here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from truevoice.errors import UsageError
from truevoice.metrics.official import official_curve, official_eer
from truevoice.metrics.scores import check, check_class

TdcfForm = Literal["2019", "2021"]


class AsvRates(NamedTuple):
    """Error rates of the speaker verification system, fractions: targets rejected, nontargets accepted, spoofs
    accepted."""

    miss: float
    false_accept: float
    spoof_accept: float


class TdcfCosts(NamedTuple):
    """Priors of the three kinds of trial, which sum to 1, and costs of: a target rejected (by either system), a
    nontarget accepted, a spoof accepted."""

    p_spoof: float = 0.05
    p_target: float = 0.95 * 0.99
    p_nontarget: float = 0.95 * 0.01
    c_miss: float = 1.0
    c_fa: float = 10.0
    c_fa_spoof: float = 10.0


class TdcfConstants(NamedTuple):
    """What weighs the rates of the CM: c0 + c1 frr + c2 far. c0 is 0 in the 2019 form."""

    c0: float
    c1: float
    c2: float


ASVSPOOF_COSTS = TdcfCosts()
"""The priors and costs of the ASVspoof challenges 2019, 2021 and 5."""

ASVSPOOF5_ASV = AsvRates(miss=0.01880141010575793, false_accept=0.01881016557566423, spoof_accept=0.4607082907604729)
"""The rates that the ASVspoof 5 package uses where no ASV scores are given."""


def asv_rates(target: ArrayLike, nontarget: ArrayLike, spoof: ArrayLike) -> AsvRates:
    """Error rates of an ASV at its official EER threshold of targets against nontargets, accepting where score >= it.

    Takes the ASV's scores of target, nontarget and spoof trials, each one-dimensional, higher = more like the target.
    Raises `UsageError` as `truevoice.metrics.scores.check` does.
    """
    targets, nontargets = check_class(target, "ASV target"), check_class(nontarget, "ASV nontarget")
    spoofs = check_class(spoof, "ASV spoof")
    _, threshold = official_eer(targets, nontargets)
    return AsvRates(
        miss=np.count_nonzero(targets < threshold) / targets.size,
        false_accept=np.count_nonzero(nontargets >= threshold) / nontargets.size,
        spoof_accept=np.count_nonzero(spoofs >= threshold) / spoofs.size,
    )


def tdcf_constants(asv: AsvRates, form: TdcfForm = "2021", costs: TdcfCosts = ASVSPOOF_COSTS) -> TdcfConstants:
    """C0, C1, C2 of the chosen form.

    Raises `UsageError` for an unknown form, rates outside [0, 1], priors that do not sum to 1, negative costs, and
    where C1 or C2 comes out negative: an ASV so poor that the tandem has no meaning.
    """
    if form not in ("2019", "2021"):
        raise UsageError(f"t-DCF form {form!r} is none of 2019, 2021")
    if not all(0 <= rate <= 1 for rate in asv):
        raise UsageError(f"error rates of the ASV are fractions between 0 and 1, not {tuple(asv)}")
    if min(costs) < 0 or abs(costs.p_spoof + costs.p_target + costs.p_nontarget - 1) > 1e-10:
        raise UsageError("t-DCF needs priors that sum to 1, and no negative prior or cost")
    alone = costs.p_target * costs.c_miss * asv.miss + costs.p_nontarget * costs.c_fa * asv.false_accept
    c1 = costs.p_target * costs.c_miss - alone
    c2 = costs.p_spoof * costs.c_fa_spoof * asv.spoof_accept
    c0 = 0.0 if form == "2019" else alone
    if c1 < 0 or c2 < 0 or c0 + min(c1, c2) == 0:
        raise UsageError(
            f"t-DCF has no meaning with this ASV (C1 = {c1:.6g}, C2 = {c2:.6g}): check its error rates and their sign"
        )
    return TdcfConstants(c0, c1, c2)


def min_tdcf(
    cm_bonafide: ArrayLike,
    cm_spoof: ArrayLike,
    asv: AsvRates,
    form: TdcfForm = "2021",
    costs: TdcfCosts = ASVSPOOF_COSTS,
) -> float:
    """The least normalised t-DCF over all CM thresholds; see `min_tdcf_point`."""
    return min_tdcf_point(cm_bonafide, cm_spoof, asv, form, costs)[0]


def min_tdcf_point(
    cm_bonafide: ArrayLike,
    cm_spoof: ArrayLike,
    asv: AsvRates,
    form: TdcfForm = "2021",
    costs: TdcfCosts = ASVSPOOF_COSTS,
) -> tuple[float, float]:
    """`(min t-DCF, official threshold)`, the cost normalised: 1 = no better than the better of passing all and none.

    Takes the CM's scores of bona fide trials (target and nontarget together) and of spoof trials, shapes (n_b,) and
    (n_s,), higher = more bona fide. Raises `UsageError` as `check` and `tdcf_constants` do, and for fewer than three
    distinct scores: decisions are not scores.
    """
    bonafide, spoof = check(cm_bonafide, cm_spoof)
    c0, c1, c2 = tdcf_constants(asv, form, costs)
    curve = official_curve(bonafide, spoof)
    if np.unique(curve.thresholds[1:]).size < 3:
        raise UsageError("t-DCF needs at least three distinct CM scores: these look like decisions, not scores")
    tandem = (c0 + c1 * curve.frr + c2 * curve.far) / (c0 + min(c1, c2))
    best = int(np.argmin(tandem))
    return float(tandem[best]), float(curve.thresholds[best])
