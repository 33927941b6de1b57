"""From scores to log-likelihood ratios: the straight line of logistic regression.

The line LLR = slope * score + offset minimises the mean logarithmic loss of both classes, each class counting one
half however many trials it has, so the offset holds no prior: an LLR of 0 is even evidence. References: N. Brümmer
and J. du Preez, Application-independent evaluation of speaker detection, Computer Speech and Language 20 (2006);
J. Platt, Probabilistic outputs for support vector machines (1999).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.errors import UsageError
from truevoice.metrics.scores import check

Floats = NDArray[np.float64]

RIDGE = 1e-6
_STEPS = 200
_SETTLED = 1e-10


def fit(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> tuple[float, float]:
    """Logistic regression of the class on the score, by Newton's method.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide. Returns
    `(slope, offset)`: `slope * score + offset` is the natural logarithm of P(score | bona fide) / P(score | spoof).
    A slope of 0 or below says that the scores do not rise with bona fide speech; the caller decides.

    The loss has a penalty of RIDGE / 2 times the squared slope, in units of the scores' standard deviation. It keeps
    the slope finite where a threshold separates the classes (no best line exists then), and moves the line of
    overlapping classes by about one part in a million. Scores of another scale or zero give the same LLRs.

    Raises `UsageError` as `truevoice.metrics.scores.check` does, and where all scores are equal.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    scores = np.concatenate([bonafide, spoof])
    size = np.abs(scores).max() or 1.0  # taken out first, so that the squares in `std` cannot overflow
    scaled = scores / size
    centre, spread = float(scaled.mean()), float(scaled.std())
    if spread <= 1e-12:
        raise UsageError("all scores are equal: no calibration can be fitted to them")
    weights = np.concatenate([np.full(bonafide.size, 0.5 / bonafide.size), np.full(spoof.size, 0.5 / spoof.size)])
    signs = np.concatenate([np.ones(bonafide.size), -np.ones(spoof.size)])
    slope, offset = _newton((scaled - centre) / spread, signs, weights)
    with np.errstate(over="ignore"):  # scores so small that no finite slope serves: the caller sees an infinite one
        return float(slope / spread / size), float(offset - slope * centre / spread)


def _newton(x: Floats, signs: Floats, weights: Floats) -> Floats:
    """Minimises `_loss` over (slope, offset); each step is halved until the loss falls, so it cannot run away."""
    line = np.zeros(2)
    loss = _loss(line, x, signs, weights)
    design = np.stack([x, np.ones_like(x)], axis=1)
    for _ in range(_STEPS):
        wrong = 1 / (1 + np.exp(np.minimum(signs * (design @ line), 700)))
        gradient = -(weights * signs * wrong) @ design + RIDGE * np.array([line[0], 0.0])
        curvature = (design * (weights * wrong * (1 - wrong))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag([RIDGE, RIDGE * 1e-6]), gradient)
        while (better := _loss(line - step, x, signs, weights)) > loss and np.abs(step).max() > _SETTLED:
            step /= 2
        if np.abs(step).max() <= _SETTLED * (1 + np.abs(line).max()):
            break
        line, loss = line - step, better
    return line


def _loss(line: Floats, x: Floats, signs: Floats, weights: Floats) -> float:
    """Weighted logarithmic loss in nats with the ridge; `logaddexp` cannot overflow."""
    return float(weights @ np.logaddexp(0, -signs * (line[0] * x + line[1])) + RIDGE / 2 * line[0] ** 2)
