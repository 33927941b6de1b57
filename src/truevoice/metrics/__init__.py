"""Figures of merit for spoofing countermeasures, as pure functions on arrays of scores.

Every metric takes the scores of the bona fide trials and those of the spoof trials; higher = more bona fide.
Rates are fractions in [0, 1], never percent. Numpy is the only need.
"""

from truevoice.metrics.adcf import ADCF_ASVSPOOF5, ADCF_PAPER, AdcfCosts, min_adcf, min_adcf_point
from truevoice.metrics.auc import auc
from truevoice.metrics.bootstrap import Intervals, bootstrap
from truevoice.metrics.cllr import PavMap, cllr, min_cllr, pav_llrs
from truevoice.metrics.dcf import act_dcf, bayes_threshold, dcf, min_dcf, min_dcf_point
from truevoice.metrics.decisions import Confusion, decide, far_at_frr, far_at_frr_point, frr_at_far, frr_at_far_point
from truevoice.metrics.det import probit
from truevoice.metrics.eer import eer
from truevoice.metrics.hull import rocch
from truevoice.metrics.paired import Difference, paired_bootstrap
from truevoice.metrics.probability import Reliability, balanced_brier, brier, ece, log_loss, mce, reliability
from truevoice.metrics.roc import Roc, roc, thin
from truevoice.metrics.scores import check
from truevoice.metrics.segments import RESOLUTIONS_MS, Recording, Span, range_eer, segment_eer, utterance_eer
from truevoice.metrics.tdcf import (
    ASVSPOOF5_ASV,
    ASVSPOOF_COSTS,
    AsvRates,
    TdcfConstants,
    TdcfCosts,
    asv_rates,
    min_tdcf,
    min_tdcf_point,
    tdcf_constants,
)
from truevoice.metrics.teer import t_eer

__all__ = [
    "ADCF_ASVSPOOF5",
    "ADCF_PAPER",
    "ASVSPOOF5_ASV",
    "ASVSPOOF_COSTS",
    "RESOLUTIONS_MS",
    "AdcfCosts",
    "AsvRates",
    "Confusion",
    "Difference",
    "Intervals",
    "PavMap",
    "Recording",
    "Reliability",
    "Roc",
    "Span",
    "TdcfConstants",
    "TdcfCosts",
    "act_dcf",
    "asv_rates",
    "auc",
    "balanced_brier",
    "bayes_threshold",
    "bootstrap",
    "brier",
    "check",
    "cllr",
    "dcf",
    "decide",
    "ece",
    "eer",
    "far_at_frr",
    "far_at_frr_point",
    "frr_at_far",
    "frr_at_far_point",
    "log_loss",
    "mce",
    "min_adcf",
    "min_adcf_point",
    "min_cllr",
    "min_dcf",
    "min_dcf_point",
    "min_tdcf",
    "min_tdcf_point",
    "paired_bootstrap",
    "pav_llrs",
    "probit",
    "range_eer",
    "reliability",
    "roc",
    "rocch",
    "segment_eer",
    "t_eer",
    "tdcf_constants",
    "thin",
    "utterance_eer",
]
