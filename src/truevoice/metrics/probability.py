"""Probabilities against what happened: Brier score, logarithmic loss, calibration errors, reliability diagram.

Every function takes `p_event`, the stated probability of an event, and `event`, whether it happened: P(spoof) with
"is spoof", or P(bona fide) with "is bona fide". The two views give the same Brier score and loss; calibration errors
differ slightly between them, since a bin holds its upper edge and not its lower one.

All of these but the balanced Brier score depend on the share of spoofs in the test: a figure without that share says
little, and a system calibrated for another share looks worse than it is.

References: G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78 (1950);
M. P. Naeini et al., Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015; C. Guo et al., On
calibration of modern neural networks, ICML 2017, for the confidence form.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.errors import UsageError
from truevoice.metrics.scores import Floats, check_class

Form = Literal["equal-width", "equal-mass", "confidence"]
Bools = NDArray[np.bool_]


class Reliability(NamedTuple):
    """One entry per bin that holds trials: mean stated probability, share that happened, number of trials; and the
    bin's edges (for equal mass: the least and the largest probability in it)."""

    stated: Floats
    observed: Floats
    counts: NDArray[np.int64]
    lower: Floats
    upper: Floats


def brier(p_event: ArrayLike, event: ArrayLike) -> float:
    """Mean squared distance of probability and outcome, in [0, 1]; 0 = perfect, 0.25 = always saying one half.

    Takes probabilities in [0, 1], shape (n,), and outcomes, shape (n,), as truth values or 0 and 1. Raises
    `UsageError` for anything else, for empty arrays and for unequal lengths; so do all functions here.
    """
    p, happened = _check(p_event, event)
    return float(np.mean((p - happened) ** 2))


def balanced_brier(p_event: ArrayLike, event: ArrayLike) -> float:
    """The Brier score of each class on its own, averaged: independent of the share of spoofs. Needs both classes."""
    p, happened = _check(p_event, event)
    if happened.all() or not happened.any():
        raise UsageError("a class-balanced Brier score needs trials of both classes")
    squares = (p - happened) ** 2
    return float((squares[happened].mean() + squares[~happened].mean()) / 2)


def log_loss(p_event: ArrayLike, event: ArrayLike) -> float:
    """Mean negative natural logarithm of the probability given to what happened; +inf where that was 0."""
    p, happened = _check(p_event, event)
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(np.where(happened, p, 1 - p)))) + 0.0


def ece(p_event: ArrayLike, event: ArrayLike, bins: int = 15, form: Form = "equal-width") -> float:
    """Expected calibration error: mean distance of stated and observed over bins, weighed by their trials.

    `equal-width`: bins (lower, upper] of equal width on [0, 1], 0 in the first. `equal-mass`: equally many trials a
    bin, in order of probability; equal probabilities stay in the order given and may be parted. `confidence`: the form
    of multi-class papers: bins over max(p, 1 - p), share of right decisions at p >= 1/2.
    """
    table = reliability(p_event, event, bins, form)
    return float(np.abs(table.observed - table.stated) @ table.counts / table.counts.sum())


def mce(p_event: ArrayLike, event: ArrayLike, bins: int = 15, form: Form = "equal-width") -> float:
    """Maximum calibration error: the largest distance of stated and observed in a bin; `form` as in `ece`."""
    table = reliability(p_event, event, bins, form)
    return float(np.abs(table.observed - table.stated).max())


def reliability(p_event: ArrayLike, event: ArrayLike, bins: int = 15, form: Form = "equal-width") -> Reliability:
    """The points of a reliability diagram; empty bins are left out. `form` as in `ece`."""
    p, happened = _check(p_event, event)
    if bins < 1:
        raise UsageError(f"a reliability diagram needs at least one bin, not {bins}")
    if form == "equal-mass":
        parts = [part for part in np.array_split(np.argsort(p, kind="stable"), bins) if part.size]
        lower, upper = (np.array([pick(p[part]) for part in parts]) for pick in (np.min, np.max))
        return _table(parts, p, happened, lower, upper)
    if form == "confidence":
        happened = (p >= 0.5) == happened
        p = np.maximum(p, 1 - p)
    elif form != "equal-width":
        raise UsageError(f"form {form!r} of the calibration error is none of equal-width, equal-mass, confidence")
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.maximum(np.searchsorted(edges, p, side="left") - 1, 0)
    order = np.argsort(bin_of, kind="stable")
    filled, starts = np.unique(bin_of[order], return_index=True)
    return _table(np.split(order, starts[1:]), p, happened, edges[filled], edges[filled + 1])


def _table(parts: list[NDArray[np.int64]], p: Floats, happened: Bools, lower: Floats, upper: Floats) -> Reliability:
    stated = np.array([p[part].mean() for part in parts])
    observed = np.array([happened[part].mean() for part in parts])
    return Reliability(stated, observed, np.array([part.size for part in parts]), lower, upper)


def _check(p_event: ArrayLike, event: ArrayLike) -> tuple[Floats, Bools]:
    try:
        outcomes = np.asarray(event)
    except (ValueError, TypeError):
        raise UsageError("outcomes must be one flat list") from None
    if np.size(p_event) == 0:
        raise UsageError("there are no probabilities to judge")
    p = check_class(p_event, "probability")
    if p.min() < 0 or p.max() > 1:
        raise UsageError(f"probabilities lie between 0 and 1, but these go from {p.min():g} to {p.max():g}")
    if outcomes.shape != p.shape:
        raise UsageError(f"{p.size} probabilities, but outcomes of shape {outcomes.shape}")
    if outcomes.dtype != bool and (outcomes.dtype.kind not in "iuf" or not np.isin(outcomes, (0, 1)).all()):
        raise UsageError("outcomes must be truth values, or 0 and 1")
    return p, outcomes.astype(bool)
