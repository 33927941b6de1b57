"""Scores of a trial list: the two arrays every metric starts from.

A countermeasure gives each recording one number, its score; a higher score speaks for bona fide speech. A
metric sees two arrays, the scores of the bona fide trials and those of the spoof trials, in any order. The
trials are the evidence, so nothing is dropped or repaired here: an array that is empty, not one-dimensional,
not numeric, or that holds NaN or infinity is refused. An infinite score is refused too because it usually
stands for a failed division or logarithm upstream, and because calibration losses are not finite on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truevoice.errors import UsageError

Floats = NDArray[np.float64]


def check(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> tuple[Floats, Floats]:
    """Validates the scores of both classes and returns them as float64 arrays of shape (n_b,) and (n_s,).

    Integers and every float width are accepted; truth values are not, since they are most likely labels
    passed by mistake. Raises `UsageError`, one line naming the class and the fault, for an array that is
    empty, not one-dimensional, not real numbers, or not finite.
    """
    return check_class(bonafide_scores, "bona fide"), check_class(spoof_scores, "spoof")


def check_class(scores: ArrayLike, name: str) -> Floats:
    """Validates the scores of one class as `check` does; `name` is what the error calls it ("target", "bona fide")."""
    try:
        array = np.asarray(scores)
    except (ValueError, TypeError):
        raise UsageError(f"{name} scores must be one flat list, not rows of unequal length") from None
    if array.ndim != 1:
        raise UsageError(f"{name} scores must be one-dimensional, not of shape {array.shape}")
    if array.size == 0:
        raise UsageError(f"there are no {name} scores: a metric needs trials of both classes")
    if array.dtype.kind not in "iuf":
        what = {"U": "text", "S": "text", "c": "complex numbers", "b": "truth values"}.get(
            array.dtype.kind, f"{array.dtype} values"
        )
        raise UsageError(f"{name} scores must be real numbers, not {what}")
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf and is reported below
        numbers = array.astype(np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        first = int(np.argmin(finite))
        raise UsageError(f"{name} scores must be finite, but the one at index {first} is {numbers[first]}")
    return numbers
