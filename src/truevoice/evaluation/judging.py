"""From a score set to its evaluation: threshold, figures, intervals, breakdowns, errors, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from truevoice.detectors.calibration import Calibration
from truevoice.doctor.finding import Finding
from truevoice.doctor.scores import examine
from truevoice.errors import UsageError
from truevoice.evaluation.aside import findings_of_left_out
from truevoice.evaluation.breakdown import break_down
from truevoice.evaluation.evaluation import Conditions, Evaluation, Threshold, WrongTrial
from truevoice.evaluation.figures import calibrating, confusion_at, deciding, ranking, seen_from, tandem
from truevoice.evaluation.intervals import intervals, method
from truevoice.evaluation.options import Options
from truevoice.evaluation.score_set import ScoreSet

Floats = NDArray[np.float64]
MUCH_CALIBRATION_LOSS = 0.1  # bits


def judge(
    score_set: ScoreSet,
    conditions: Conditions,
    *,
    threshold: Threshold | None = None,
    calibration: Calibration | None = None,
    options: Options | None = None,
    asv: Mapping[str, Floats] | None = None,
) -> Evaluation:
    """Every figure of the trials in `score_set`.

    threshold: chosen beforehand; None = the EER threshold of these very trials, and said to be so. calibration: makes
    LLRs of the scores; without one, LLRs come from the file's P(spoof), else the scores are taken for LLRs as the
    ASVspoof evaluation does. asv: scores of a speaker verification system by kind, for the t-DCF.
    Raises UsageError where a class has no trial, or a column is asked for that there is not.
    """
    options = options or Options()
    _check_classes(score_set, conditions)
    known = list(score_set.columns)
    columns = options.columns(known)
    if options.cluster:
        options.check_column(options.cluster, known, "--cluster")
    n_bonafide, n_spoof, costs = score_set.n_bonafide, score_set.n_spoof, str(options.costs)
    conditions = replace(conditions, n_bonafide=n_bonafide, n_spoof=n_spoof, costs=costs)
    ranked = ranking(score_set, options.costs)
    if threshold is None:
        assert ranked["eer_threshold"] is not None
        threshold = Threshold(ranked["eer_threshold"], "EER threshold of these same trials", on_test=True)
    llrs, llr_origin = log_likelihood_ratios(score_set, calibration, conditions.prior_spoof)
    confusion = confusion_at(score_set, threshold.value)
    figures = {
        **ranked,
        **deciding(confusion, conditions.prior_spoof),
        **calibrating(score_set, llrs, options.costs),
        **tandem(score_set, asv),
    }
    ci = intervals(score_set, llrs, threshold.value, options)
    return Evaluation(
        conditions=conditions,
        threshold=threshold,
        figures=figures,
        ci=ci,
        intervals=method(score_set, ci, options),
        confusion=confusion._asdict(),
        as_bonafide=seen_from(confusion, "bonafide"),
        llrs=llr_origin,
        breakdowns={name: break_down(score_set, name, threshold.value, options) for name in columns},
        worst=worst_errors(score_set, threshold.value, options.worst),
        findings=_findings(score_set, threshold, figures, calibrated=calibration is not None),
        score_set=score_set,
    )


def _check_classes(score_set: ScoreSet, conditions: Conditions) -> None:
    for count, missing, there in (
        (score_set.n_bonafide, "bona fide", "spoof"),
        (score_set.n_spoof, "spoof", "bona fide"),
    ):
        if not count:
            raise UsageError(
                f"{conditions.data}: all {len(score_set):,} trials are {there}; EER and AUC compare two classes: add "
                f"{missing} recordings, or use 'truevoice score' for verdicts"
            )


def log_likelihood_ratios(
    score_set: ScoreSet, calibration: Calibration | None, prior_spoof: float
) -> tuple[Floats, str]:
    """(N,) natural-log likelihood ratios of bona fide over spoof, and where they come from, in words."""
    if calibration is not None:
        return calibration.slope * score_set.scores + calibration.offset, "the calibration"
    shares = score_set.p_spoof
    raw = "the raw scores, taken for log-likelihood ratios"
    if shares is None:
        return score_set.scores, f"{raw}: nothing calibrates them"
    if not ((shares > 0) & (shares < 1)).all():
        return score_set.scores, f"{raw}: P(spoof) of the file is exactly 0 or 1 in places, which is no finite ratio"
    prior = np.log(prior_spoof / (1 - prior_spoof))
    return prior + np.log1p(-shares) - np.log(shares), f"P(spoof) of the file at a prior of {prior_spoof:g}"


def worst_errors(score_set: ScoreSet, threshold: float, count: int) -> list[WrongTrial]:
    """The `count` trials of each class that lie furthest on the wrong side of the threshold, the furthest first."""
    wrong = np.where(score_set.bonafide, score_set.scores < threshold, score_set.scores >= threshold)
    margins = np.abs(score_set.scores - threshold)
    chosen: list[int] = []
    for truth in (True, False):
        of_class = np.flatnonzero(wrong & (score_set.bonafide == truth))
        chosen += of_class[np.argsort(-margins[of_class], kind="stable")][:count].tolist()
    return [
        WrongTrial(
            trial=score_set.names[i],
            label="bonafide" if score_set.bonafide[i] else "spoof",
            score=float(score_set.scores[i]),
            p_spoof=None if score_set.p_spoof is None else float(score_set.p_spoof[i]),
            margin=float(margins[i]),
            source=score_set.sources[i] if score_set.sources else "",
            columns={name: cells[i] for name, cells in score_set.columns.items() if cells[i]},
        )
        for i in chosen
    ]


def _outside(score_set: ScoreSet, threshold: Threshold) -> list[Finding]:
    """A threshold on another scale than the scores, as 0.5 beside logits or beside scores that were negated."""
    low, high = float(score_set.scores.min()), float(score_set.scores.max())
    if low < threshold.value <= high or low == high:
        return []
    verdict = "bona fide" if threshold.value <= low else "spoof"
    told = f"The threshold of {threshold.value:g} calls every trial {verdict}: the scores run from {low:g} to {high:g}."
    remedy = "Give it on the scale of these scores; with --score-means spoof they are negated, and so must it be."
    return [Finding("threshold-outside", "warning", told, remedy)]


def _findings(
    score_set: ScoreSet, threshold: Threshold, figures: Mapping[str, float | None], *, calibrated: bool
) -> list[Finding]:
    found = [*examine(score_set.names, score_set.bonafide, score_set.scores), *findings_of_left_out(score_set)]
    found += _outside(score_set, threshold)
    if threshold.on_test:
        found.append(
            Finding(
                "threshold-on-test",
                "warning",
                "The threshold was chosen on the very trials it is judged on, so accuracy, sensitivity, specificity, "
                "PPV, NPV and F1 are optimistic.",
                "Give a development set (--dev), a calibration (--calibration) or a threshold (--threshold).",
            )
        )
    loss = (figures["cllr"] or 0.0) - (figures["min_cllr"] or 0.0)
    if loss > MUCH_CALIBRATION_LOSS:
        what = "The calibration fits these trials badly" if calibrated else "The scores are not calibrated"
        found.append(
            Finding(
                "calibration-loss",
                "warning" if calibrated else "note",
                f"{what}: Cllr is {figures['cllr']:.3f} bits where the best rising map of the scores would reach "
                f"{figures['min_cllr']:.3f}.",
                "Run 'truevoice calibrate' on recordings like these."
                if calibrated
                else "'truevoice calibrate' makes log-likelihood ratios and P(spoof) of them.",
            )
        )
    return [*found, *(Finding("reading", "note", note) for note in score_set.notes)]
