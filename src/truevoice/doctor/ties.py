"""Scores that many trials share: how many, why (verdicts, saturation, rounding, 16-bit floats), and what it costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.doctor.batches import Curve
from truevoice.doctor.finding import Finding

TIED_SHARE = 0.05  # of all trials, tied with one of the other class: worth a warning
END_SHARE = 0.01  # of all trials at the highest or the lowest score: the detector saturates
EER_MOVED = 0.002  # official and tie-safe EER apart by more than half a step and this: worth a warning
_MOST_DECIMALS = 3
_LOOKED_AT = 500  # distinct scores looked at for 16-bit floats

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def examine_ties(bonafide: Mask, scores: Floats, curve: Curve) -> list[Finding]:
    """Findings on N finite scores of both classes, not all equal; `curve` holds their figures as one batch."""
    values, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    bonafide_in = np.bincount(group, bonafide, len(values))
    tied = float(counts[(bonafide_in > 0) & (bonafide_in < counts)].sum() / len(scores))
    official, interp = float(curve.official[0]), float(curve.interp[0])
    half_step = 0.5 / min(bonafide.sum(), (~bonafide).sum())
    moved = abs(official - interp) > half_step + EER_MOVED
    if len(values) == 2 and len(scores) > 2:
        return [_verdicts(values, curve)]
    findings = _saturated(values, counts, len(scores))
    if tied >= TIED_SHARE or moved:
        code, why = _cause(values, len(scores))
        told = (
            f"{100 * tied:.1f} % of the trials share their score with a trial of the other class{why}: "
            f"the ASVspoof scripts give an EER of {100 * official:.2f} %, counting ties together {100 * interp:.2f} %."
        )
        remedy = "Write scores with all their digits (float32 has nine), before any sigmoid, rounding or threshold."
        findings.append(Finding(code, "warning", told, remedy))
    return findings


def _verdicts(values: Floats, curve: Curve) -> Finding:
    told = (
        f"There are only two scores, {values[0]:g} and {values[1]:g}: these are verdicts, with one operating point, so "
        f"their AUC of {float(curve.auc[0]):.4f} is no more than the balanced accuracy."
    )
    return Finding("verdicts", "warning", told, "Use the detector's scores from before its threshold.")


def _saturated(values: Floats, counts: NDArray[np.int64], total: int) -> list[Finding]:
    ends = [(float(values[at]), int(counts[at])) for at in (0, -1) if counts[at] >= max(5, END_SHARE * total)]
    if not ends or len(values) < 20:
        return []
    told = " and ".join(f"{100 * count / total:.1f} % of the trials have the score {value:g}" for value, count in ends)
    remedy = "Write logits in place of probabilities, and 32-bit floats in place of 16-bit ones."
    message = f"{told}, the end of the scale: scores were cut off there, and trials beyond cannot be told apart."
    return [Finding("saturated-scores", "warning", message, remedy)]


def _cause(values: Floats, total: int) -> tuple[str, str]:
    """(code, words) of the likeliest reason for ties."""
    for decimals in range(_MOST_DECIMALS + 1):
        if np.abs(np.round(values, decimals) - values).max() < 1e-9:
            unit = "whole numbers" if decimals == 0 else f"{decimals} decimal{'' if decimals == 1 else 's'}"
            return "rounded-scores", f", since scores are rounded to {unit} ({len(values):,} different ones)"
    if _is_half_float(values) and len(values) < total:
        return "half-floats", f", since scores are 16-bit floats ({len(values):,} different ones)"
    return "tied-scores", f" ({len(values):,} different scores in {total:,} trials)"


def _is_half_float(values: Floats) -> bool:
    """Whether every score is a 16-bit float, or the shortest decimal that stands for one."""
    some = values[:: max(1, len(values) // _LOOKED_AT)]
    if np.abs(some).max() > np.finfo(np.float16).max:
        return False
    halves = some.astype(np.float16)
    return all(half == value or float(str(half)) == value for half, value in zip(halves, some.tolist()))
