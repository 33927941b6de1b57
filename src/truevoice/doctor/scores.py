"""What is wrong with a list of scores, whatever figure is computed from it: one finding for each ailment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from truevoice.doctor.batches import Curve, batch_figures
from truevoice.doctor.finding import Finding, Severity
from truevoice.doctor.ties import examine_ties

FEW_TRIALS = 20  # trials of a class: below, one trial moves a rate by more than five points
SIGMAS = 3.0
BADLY_FLIPPED = 0.4  # AUC below which chance is no excuse

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def examine(trials: Sequence[str], bonafide: Mask, scores: Floats) -> list[Finding]:
    """Examines N trials as they stand in a file: `trials` their names, `bonafide` (N,) the truth, `scores` (N,).

    Scores may hold NaN and infinities, names may come twice. What cannot be examined for an earlier ailment is left
    out: with one class only there is no polarity. Returns findings, the gravest kind first. Names may be empty
    (`[]`) where trials have none.
    """
    bonafide = np.asarray(bonafide, bool)
    scores = np.asarray(scores, np.float64)
    findings = _duplicates(trials, bonafide, scores)
    finite = np.isfinite(scores)
    if not finite.all():
        findings.append(_not_finite(scores, finite, trials))
    bonafide, scores = bonafide[finite], scores[finite]
    findings += _classes(bonafide)
    if 0 < bonafide.sum() < len(bonafide):
        findings += _of_both_classes(bonafide, scores)
    order: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
    return sorted(findings, key=lambda finding: order[finding.severity])


def _of_both_classes(bonafide: Mask, scores: Floats) -> list[Finding]:
    if scores.min() == scores.max():
        told = f"All {len(scores):,} scores are {scores[0]:g}: the detector tells nothing apart, and its EER is chance."
        return [Finding("constant-scores", "error", told, "Look for a model that was not loaded, or silence as input.")]
    curve = batch_figures(bonafide[None], scores[None])
    auc = float(curve.auc[0])
    return _polarity(auc, bonafide) + examine_ties(bonafide, scores, curve) + _separation(curve, bonafide)


def chance_error(n_bonafide: int, n_spoof: int) -> float:
    """Standard error of the AUC of a detector that knows nothing (Hanley and McNeil's formula at AUC = 0.5)."""
    return float(np.sqrt((n_bonafide + n_spoof + 1) / (12 * n_bonafide * n_spoof)))


def _polarity(auc: float, bonafide: Mask) -> list[Finding]:
    n_bonafide, n_spoof = int(bonafide.sum()), int((~bonafide).sum())
    error = chance_error(n_bonafide, n_spoof)
    if auc < 0.5 - SIGMAS * error:
        severity: Severity = "error" if auc < BADLY_FLIPPED else "warning"
        told = (
            f"The AUC is {auc:.4f}, {(0.5 - auc) / error:,.0f} standard errors below chance: the polarity is most "
            f"likely flipped, and turned round the AUC is {1 - auc:.4f}."
        )
        remedy = "Check which way the scores point (--score-means) and what the labels mean (--label-map)."
        return [Finding("flipped-polarity", severity, told, remedy)]
    if auc < 0.5 + SIGMAS * error and min(n_bonafide, n_spoof) >= FEW_TRIALS:
        counts = f"{n_bonafide:,} bona fide and {n_spoof:,} spoof trials"
        told = f"The AUC of {auc:.4f} cannot be told from chance with {counts}."
        return [Finding("chance-level", "warning", told, "Check that scores and labels belong to the same trials.")]
    return []


def _separation(curve: Curve, bonafide: Mask) -> list[Finding]:
    if curve.auc[0] < 1 or min(bonafide.sum(), (~bonafide).sum()) < FEW_TRIALS:
        return []
    told = "Every bona fide trial outscores every spoof trial: an AUC of 1 is more often a leak than a good detector."
    remedy = "Check that the labels are not in the input, and that no speaker or source is in training and test."
    return [Finding("perfect-separation", "warning", told, remedy)]


def _classes(bonafide: Mask) -> list[Finding]:
    counts = {"bona fide": int(bonafide.sum()), "spoof": int((~bonafide).sum())}
    if not any(counts.values()):
        return [Finding("no-trials", "error", "There is no trial with a score.", "Check the file and its columns.")]
    for name, count in counts.items():
        if count == 0:
            other = "spoof" if name == "bona fide" else "bona fide"
            told = f"All {len(bonafide):,} trials are {other}: with one class there is no EER, AUC or ROC curve."
            return [Finding("one-class", "error", told, f"Add {name} trials, or check the labels and the label map.")]
    few = [f"{count} {name}" for name, count in counts.items() if count < FEW_TRIALS]
    if few:
        step = 100 / min(counts.values())
        told = f"Only {' and '.join(few)} trials: a single one moves a rate by {step:.0f} points."
        return [Finding("few-trials", "warning", told, "Read the confidence intervals, not the figures alone.")]
    return []


def _not_finite(scores: Floats, finite: Mask, trials: Sequence[str]) -> Finding:
    parts = [(int(np.isnan(scores).sum()), "not a number (NaN)"), (int(np.isinf(scores).sum()), "infinite")]
    counts = " and ".join(f"{count:,} {word}" for count, word in parts if count)
    first = f" (the first: {trials[int(np.argmin(finite))]})" if len(trials) else ""
    told = f"{counts} among {len(scores):,} scores{first}: no figure includes them."
    return Finding("not-finite", "error", told, "Score these trials again; silence and division by zero give NaN.")


def _duplicates(trials: Sequence[str], bonafide: Mask, scores: Floats) -> list[Finding]:
    if len(set(trials)) == len(trials):
        return []
    first: dict[str, int] = {}
    same, other_score, other_label = [], [], []
    for at, name in enumerate(trials):
        before = first.setdefault(name, at)
        if before == at:
            continue
        if bonafide[at] != bonafide[before]:
            other_label.append(name)
        elif scores[at] == scores[before] or (np.isnan(scores[at]) and np.isnan(scores[before])):
            same.append(name)
        else:
            other_score.append(name)
    findings = []
    cases: list[tuple[list[str], str, Severity, str, str]] = [
        (other_label, "contradicting-labels", "error", "with both labels", "Decide which label is right."),
        (other_score, "conflicting-duplicates", "error", "with different scores", "Keep one score a trial."),
        (same, "duplicates", "warning", "with the same score", "Keep each once: repeated trials count double."),
    ]
    for names, code, severity, how, remedy in cases:
        if names:
            rows = f"{len(names):,} row repeats" if len(names) == 1 else f"{len(names):,} rows repeat"
            findings.append(Finding(code, severity, f"{rows} a trial {how} (such as {names[0]}).", remedy))
    return findings
