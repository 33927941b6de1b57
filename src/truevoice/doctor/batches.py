"""EER and AUC of many small lists of scores at once: what an evaluation loop gets when it averages over batches.

All rows are sorted together, so that 700,000 trials in batches of eight take a second. A list as a whole is a batch of
one row. `official` is the EER of the ASVspoof scripts (asvspoof-challenge/asvspoof5, compute_eer: bona fide first in a
tie, mean of both rates at the nearest point); `interp` that of `truevoice.metrics.eer`; `nearest_far` the false
acceptance rate at the nearest point, as short scripts around scikit-learn's `roc_curve` take it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Curve(NamedTuple):
    """Figures of B batches, each (B,), NaN where a batch has one class only."""

    official: Floats
    interp: Floats
    nearest_far: Floats
    auc: Floats


def cut_batches(bonafide: Mask, scores: Floats, size: int) -> list[tuple[Mask, Floats]]:
    """The trials (N,) in file order as full batches (N // size, size), and the rest as one batch if there is any."""
    whole = len(scores) // size * size
    parts = []
    if whole:
        parts.append((bonafide[:whole].reshape(-1, size), scores[:whole].reshape(-1, size)))
    if whole < len(scores):
        parts.append((bonafide[None, whole:], scores[None, whole:]))
    return parts


def batch_figures(bonafide: Mask, scores: Floats) -> Curve:
    """Figures of batches given as rows, `bonafide` and `scores` both (B, size), scores finite, size ≥ 1."""
    order = np.lexsort((~bonafide, scores), axis=-1)
    truth = np.take_along_axis(bonafide, order, -1)
    values = np.take_along_axis(scores, order, -1)
    start = np.zeros((len(scores), 1), np.int64)
    rejected = np.concatenate([start, np.cumsum(truth, -1)], -1)  # point k: the k lowest trials are rejected
    passed_by = np.concatenate([start, np.cumsum(~truth, -1)], -1)
    n_bonafide, n_spoof = rejected[:, -1:], passed_by[:, -1:]
    accepted = n_spoof - passed_by
    gap = rejected * n_spoof - accepted * n_bonafide  # (frr - far) in whole numbers
    real = np.concatenate([start == 0, values[:, 1:] != values[:, :-1], start == 0], -1)  # a threshold can be here
    with np.errstate(divide="ignore", invalid="ignore"):
        frr, far = rejected / n_bonafide, accepted / n_spoof
        at = np.argmin(np.abs(gap), -1)[:, None]
        official = (np.take_along_axis(frr, at, -1) + np.take_along_axis(far, at, -1))[:, 0] / 2
        distance = np.where(real, np.abs(gap), np.iinfo(np.int64).max)
        last = gap.shape[1] - 1 - np.argmin(distance[:, ::-1], -1)[:, None]  # scikit-learn starts at the highest score
        nearest_far = np.take_along_axis(far, last, -1)[:, 0]
        interp = _crossing(gap, real, frr)
        auc = _auc(truth, passed_by, values, (n_bonafide * n_spoof)[:, 0])
    both = ((n_bonafide > 0) & (n_spoof > 0))[:, 0]
    return Curve(*(np.where(both, figure, np.nan) for figure in (official, interp, nearest_far, auc)))


def _crossing(gap: NDArray[np.int64], real: Mask, frr: Floats) -> Floats:
    """frr where the straight line through the real points has frr = far; the gap never falls along a row."""
    right = np.argmax(real & (gap >= 0), -1)[:, None]
    left = gap.shape[1] - 1 - np.argmax((real & (gap < 0))[:, ::-1], -1)[:, None]
    gap_left, gap_right = (np.take_along_axis(gap, at, -1) for at in (left, right))
    frr_left, frr_right = (np.take_along_axis(frr, at, -1) for at in (left, right))
    return (frr_left - gap_left / (gap_right - gap_left) * (frr_right - frr_left))[:, 0]


def _auc(truth: Mask, passed_by: NDArray[np.int64], values: Floats, pairs: NDArray[np.int64]) -> Floats:
    """Sorted with bona fide first in ties, a tied pair counts nothing; half of the tied pairs is added here."""
    beaten = np.where(truth, passed_by[:, :-1], 0).sum(-1)
    new = np.concatenate([np.ones((len(values), 1), bool), values[:, 1:] != values[:, :-1]], -1)
    group = np.cumsum(new.ravel()) - 1
    bonafide_in = np.bincount(group, truth.ravel())
    spoof_in = np.bincount(group, ~truth.ravel())
    row_of = np.flatnonzero(new.ravel()) // values.shape[1]
    tied = np.bincount(row_of, bonafide_in * spoof_in, minlength=len(values))
    return (beaten + tied / 2) / pairs
