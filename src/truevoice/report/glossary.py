"""Every figure of an evaluation in words: its title, what it means, how it is written, why it may be undefined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_BOTH = "needs trials of both classes"
_LLR = "needs scores that are log-likelihood ratios: run truevoice calibrate"
_P = "needs P(spoof): run truevoice calibrate"


@dataclass(frozen=True)
class Entry:
    """`kind`: a rate is written in per cent. `undefined`: why there may be no value.

    {positive} and {negative} in the texts are the classes' names.
    """

    title: str
    meaning: str
    kind: Literal["rate", "plain", "score"] = "rate"
    undefined: str = _BOTH


GLOSSARY: dict[str, Entry] = {
    "eer": Entry(
        "EER",
        "Equal error rate: at the threshold where bona fide speech is rejected as often as spoofed speech is "
        "accepted, the rate of both. Tied scores pass together; between two points the curve is a straight line.",
    ),
    "auc": Entry(
        "AUC",
        "Area under the ROC curve: how often a bona fide trial drawn at random scores higher than a spoofed one; 1 is"
        " perfect, 0.5 is chance, well under 0.5 means that the scores point the other way.",
        kind="plain",
    ),
    "min_dcf": Entry(
        "min DCF",
        "Least detection cost over all thresholds, relative to deciding without listening, which costs 1. The "
        "costs stand at the head of the page; those of ASVspoof 5 are a miss 1, a false acceptance 10, 5 % spoof.",
        kind="plain",
    ),
    "min_cllr": Entry(
        "min Cllr",
        "Information lost, in bits, after the best possible monotone recalibration: what no calibration can mend. 0 "
        "is perfect, 1 is no information.",
        kind="plain",
    ),
    "accuracy": Entry(
        "Accuracy",
        "Share of all trials that are called what they are; depends on the class mix.",
        undefined="needs a trial",
    ),
    "balanced_accuracy": Entry(
        "Balanced accuracy",
        "Mean of the shares of both classes that are called right; a coin gives 50 %.",
    ),
    "sensitivity": Entry(
        "Sensitivity",
        "Share of {positive} trials that are called {positive} (also: recall).",
        undefined="no {positive} trial",
    ),
    "specificity": Entry(
        "Specificity",
        "Share of {negative} trials that are called {negative}.",
        undefined="no {negative} trial",
    ),
    "ppv": Entry(
        "PPV",
        "Positive predictive value (also: precision): of the trials called {positive}, the share that is. Holds for "
        "the class mix of this set only.",
        undefined="nothing is called {positive}",
    ),
    "npv": Entry(
        "NPV",
        "Negative predictive value: of the trials called {negative}, the share that is. Holds for the class mix of "
        "this set only.",
        undefined="nothing is called {negative}",
    ),
    "f1": Entry(
        "F1",
        "Harmonic mean of sensitivity and PPV, with {positive} as the positive class.",
        kind="plain",
        undefined="no {positive} trial, and none called so",
    ),
    "act_dcf": Entry(
        "act DCF",
        "The same cost as min DCF, at the threshold that the scores themselves promise to be best; the gap to min DCF"
        " is the price of bad calibration.",
        kind="plain",
        undefined=_LLR,
    ),
    "cllr": Entry(
        "Cllr",
        "Information lost, in bits, when the scores are believed as log-likelihood ratios; 0 is perfect, 1 is what "
        "saying nothing costs, and more than 1 misleads.",
        kind="plain",
        undefined=_LLR,
    ),
    "brier": Entry(
        "Brier score",
        "Mean squared distance of P(spoof) from the truth (0 or 1); depends on the class mix.",
        kind="plain",
        undefined=_P,
    ),
    "ece": Entry(
        "ECE",
        "Expected calibration error: mean distance between the stated P(spoof) and the share of spoof found, over "
        "bins; depends on the class mix.",
        kind="plain",
        undefined=_P,
    ),
    "frr": Entry(
        "Bona fide rejected",
        "False rejection rate (BPCER): share of bona fide trials that are called spoof.",
        undefined="no bona fide trial",
    ),
    "far": Entry(
        "Spoof accepted",
        "False acceptance rate (APCER): share of spoofed trials that are called bona fide.",
        undefined="no spoof trial",
    ),
    "eer_asvspoof": Entry(
        "EER, ASVspoof form",
        "As the official ASVspoof programs compute it: nearest point, tied scores taken apart, bona fide first. For "
        "comparison with published tables.",
    ),
    "eer_convex_hull": Entry(
        "EER, convex hull",
        "Where the convex hull of the ROC curve has equal errors: never above the EER.",
    ),
    "eer_threshold": Entry(
        "EER threshold",
        "The score at which both errors are nearest to each other.",
        kind="score",
    ),
    "frr_at_far_1": Entry(
        "Bona fide rejected at 1 % spoof accepted",
        "How many bona fide trials a strict threshold costs.",
    ),
    "far_at_frr_1": Entry(
        "Spoof accepted at 1 % bona fide rejected",
        "How many spoofs a lenient threshold lets pass.",
    ),
    "ppv_at_prior": Entry(
        "PPV at the prior",
        "PPV where the share of spoof is the stated prior instead of that of this set.",
        undefined="nothing is called {positive}",
    ),
    "npv_at_prior": Entry(
        "NPV at the prior",
        "NPV where the share of spoof is the stated prior instead of that of this set.",
        undefined="nothing is called {negative}",
    ),
    "min_tdcf_2019": Entry(
        "min t-DCF (2019)",
        "Least cost of detector and speaker verification in tandem, in the form of ASVspoof 2019.",
        kind="plain",
        undefined="needs scores of a speaker verifier",
    ),
    "min_tdcf_2021": Entry(
        "min t-DCF (2021)",
        "The same in the form of ASVspoof 2021; the two cannot be compared.",
        kind="plain",
        undefined="needs scores of a speaker verifier",
    ),
}

# The cards at the top of a report, in three rows: what needs no threshold, what holds at one, what judges calibration.
SEPARATION = ("eer", "auc", "min_dcf", "min_cllr")
AT_THRESHOLD = ("accuracy", "balanced_accuracy", "sensitivity", "specificity", "ppv", "npv", "f1")
AS_EVIDENCE = ("act_dcf", "cllr", "brier", "ece")


def entry(name: str) -> Entry:
    """What is known of a figure; one without an entry goes by its own name."""
    return GLOSSARY.get(name, Entry(name, "", kind="plain", undefined=""))
