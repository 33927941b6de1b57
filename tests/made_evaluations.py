"""Evaluations by hand, from scores drawn at random: what the report is given, without the rooms that make it."""

import numpy as np

from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.doctor.finding import Finding
from truevoice.evaluation.evaluation import Conditions, Evaluation, Group, Threshold, WrongTrial
from truevoice.evaluation.score_set import ScoreSet
from truevoice.metrics.auc import auc
from truevoice.metrics.eer import eer

FINDINGS = [
    Finding("note", "note", "Scores are rounded to 2 digits."),
    Finding("threshold-on-test", "warning", "The threshold was chosen on the very trials.", "Give a --dev set."),
    Finding("flipped", "error", "The AUC of 0.2 is under 0.5.", "Turn the sign of the scores."),
]


def made_set(n_bonafide=120, n_spoof=300, *, seed=0, p_spoof=True, **more):
    """Normal scores of unit spread, two units apart; P(spoof) is right for them at a prior of one half."""
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.normal(1, 1, n_bonafide), rng.normal(-1, 1, n_spoof)])
    truth = np.arange(n_bonafide + n_spoof) < n_bonafide
    names = [f"{i:07d}.flac" for i in range(truth.size)]
    return ScoreSet(names, truth, scores, p_spoof=1 / (1 + np.exp(2 * scores)) if p_spoof else None, **more)


def made_evaluation(score_set=None, *, threshold=None, breakdowns=None, findings=FINDINGS, sources=(), **more):
    """An evaluation with every figure that the report knows. `more` replaces fields of it."""
    score_set = made_set() if score_set is None else score_set
    bonafide, spoof = score_set.split()
    figures = dict.fromkeys(_ALL, 0.125)
    both = bool(bonafide.size and spoof.size)
    figures["eer"], cut = eer(bonafide, spoof) if both else (None, 0.0)
    figures["auc"] = auc(bonafide, spoof) if both else None
    cut = cut if threshold is None else threshold
    figures["frr"] = float(np.mean(bonafide < cut)) if bonafide.size else None
    figures["far"] = float(np.mean(spoof >= cut)) if spoof.size else None
    rejected, accepted = int((bonafide < cut).sum()), int((spoof >= cut).sum())
    fields = {
        "conditions": Conditions(
            "sets/eval",
            "folder",
            "eval",
            bonafide.size,
            spoof.size,
            "mel-cnn",
            "0f" * 32,
            "onnx/cpu",
            "first 4 s",
            "cal",
        ),
        "threshold": Threshold(cut, "EER threshold of these same trials", on_test=True),
        "figures": figures,
        "ci": {name: (0.9 * value, 1.1 * value) for name, value in figures.items() if value is not None},
        "intervals": "95 %, bootstrap of 1,000 rounds, seed 0",
        "confusion": {
            "bonafide_accepted": bonafide.size - rejected,
            "bonafide_rejected": rejected,
            "spoof_accepted": accepted,
            "spoof_rejected": spoof.size - accepted,
        },
        "breakdowns": breakdowns or {},
        "worst": worst_of(score_set, cut, sources),
        "findings": list(findings),
        "score_set": score_set,
        "as_bonafide": {"sensitivity": 0.75, "f1": None},
        "llrs": "the calibration",
    }
    return Evaluation(**{**fields, **more})


def worst_of(score_set, cut, sources=(), each=5):
    """The worst of each class, with `sources` dealt out to them in turn."""
    wrong = np.where(score_set.bonafide, score_set.scores < cut, score_set.scores >= cut)
    margins = np.where(wrong, np.abs(score_set.scores - cut), -1.0)
    chosen = [
        i
        for truth in (True, False)
        for i in np.argsort(-np.where(score_set.bonafide == truth, margins, -1))[:each]
        if margins[i] >= 0 and score_set.bonafide[i] == truth
    ]
    return [
        WrongTrial(
            score_set.names[i],
            BONAFIDE if score_set.bonafide[i] else SPOOF,
            float(score_set.scores[i]),
            None if score_set.p_spoof is None else float(score_set.p_spoof[i]),
            float(margins[i]),
            str(sources[number % len(sources)]) if sources else "",
            {name: cells[i] for name, cells in score_set.columns.items()},
        )
        for number, i in enumerate(chosen)
    ]


def made_group(value, n_bonafide, n_spoof, rate=0.1, *, against_all=False):
    """A row of a breakdown; a class without trials leaves its figures undefined."""
    both = rate if n_bonafide and n_spoof else None
    figures = {
        "eer": both,
        "auc": None if both is None else 1 - both,
        "frr": rate if n_bonafide else None,
        "far": rate if n_spoof else None,
        "min_dcf": both,
    }
    ci = {"eer": (0.5 * rate, 1.5 * rate)} if both is not None else {}
    return Group(value, n_bonafide, n_spoof, against_all, figures, ci)


_ALL = (
    *("eer", "eer_threshold", "eer_asvspoof", "eer_convex_hull", "auc", "accuracy", "balanced_accuracy"),
    *("sensitivity", "specificity", "ppv", "npv", "f1", "ppv_at_prior", "npv_at_prior", "frr", "far"),
    *("min_dcf", "act_dcf", "cllr", "min_cllr", "brier", "ece", "min_tdcf_2019", "min_tdcf_2021"),
    *("frr_at_far_1", "far_at_frr_1"),
)
