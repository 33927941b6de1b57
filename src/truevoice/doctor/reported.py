"""A reported EER or AUC beside the scores it is said to be from: is it theirs, and if not, how was it computed?

Candidates are tried from the plain to the far-fetched; the first whose value rounds to what was printed is named. With
few printed digits a far-fetched one may match by chance: of those the sentence says "fits", not "is".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truevoice.doctor.batches import Curve, batch_figures, cut_batches
from truevoice.doctor.finding import Finding, Severity
from truevoice.doctor.printed import Printed, read_printed

BATCH_SIZES = (8, 16, 32, 64, 128, 256, 512, 1024)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_POOL = "Report the figure over all trials pooled."
_POLARITY = "Negate the scores or swap the labels, so that higher means more bona fide, and compute it anew."
_SAME_TRIALS = "Check that these are the trials, the scores and the labels that the figure was computed from."


class Candidate(NamedTuple):
    """One way to get a figure: its value, and what to say after "the reported EER of 0.1"."""

    code: str
    severity: Severity
    value: float
    words: str
    remedy: str


def examine_reported(bonafide: Mask, scores: Floats, *, eer: str = "", auc: str = "") -> list[Finding]:
    """Says for each figure given, as printed, how it follows from these trials in file order; "" = not given.

    bonafide, scores: (N,); trials whose score is not finite are passed over. With one class only nothing is said.
    Raises UsageError where a figure is no rate.
    """
    reported = {name: read_printed(text, name) for name, text in (("EER", eer), ("AUC", auc)) if text}
    finite = np.isfinite(scores)
    bonafide, scores = np.asarray(bonafide, bool)[finite], np.asarray(scores, np.float64)[finite]
    if not 0 < bonafide.sum() < len(bonafide):
        return []
    return [_explain(name, printed, bonafide, scores) for name, printed in reported.items()]


def _explain(name: str, printed: Printed, bonafide: Mask, scores: Floats) -> Finding:
    pooled = batch_figures(bonafide[None], scores[None])
    own = float((pooled.interp if name == "EER" else pooled.auc)[0])
    for found in _candidates(name, printed, bonafide, scores, pooled):
        if printed.holds(found.value):
            pooled_too = "" if found.code == "pooled" else f"; pooled, the {name} of these scores is {own:.4f}"
            told = f"The reported {name} of {printed.text} {found.words}{pooled_too}."
            return Finding(f"reported-{found.code}", found.severity, told, found.remedy)
    told = f"The reported {name} of {printed.text} does not follow from these scores: theirs is {own:.4f}."
    return Finding("reported-otherwise", "error", told, _SAME_TRIALS)


def _candidates(name: str, printed: Printed, bonafide: Mask, scores: Floats, pooled: Curve) -> Iterator[Candidate]:
    own = float((pooled.interp if name == "EER" else pooled.auc)[0])
    yield Candidate("pooled", "note", own, "is that of these scores, pooled over all trials", "")
    if name == "EER":
        words = "is that of the ASVspoof scripts, which take tied scores apart"
        yield Candidate("official", "note", float(pooled.official[0]), words, "")
        words = "is the false acceptance rate at the nearest point, as short scripts compute it"
        remedy = "Report the crossing of both rates, or the mean of the two."
        yield Candidate("nearest-far", "note", float(pooled.nearest_far[0]), words, remedy)
    turned = batch_figures(bonafide[None], -scores[None])
    for figure in (turned.interp, turned.official) if name == "EER" else (turned.auc,):
        yield Candidate("flipped", "error", float(figure[0]), "is that of these scores turned round", _POLARITY)
    yield from _of_verdicts(name, bonafide, scores)
    yield from _over_batches(name, bonafide, scores)
    factor = 0.01 if printed.percent else 100.0
    unit = "printed as per cent, but a fraction" if printed.percent else "printed as a fraction, but per cent"
    remedy = "Say per cent or fraction with each figure."
    yield Candidate("unit", "error", own * factor, f"is that of these scores {unit}", remedy)


def _of_verdicts(name: str, bonafide: Mask, scores: Floats) -> Iterator[Candidate]:
    remedy = f"Compute the {name} from scores; verdicts have one operating point only."
    for threshold in (0.0, 0.5):
        curve = batch_figures(bonafide[None], (scores[None] >= threshold).astype(float))
        figure = float((curve.interp if name == "EER" else curve.auc)[0])
        if figure != 0.5:  # all on one side: no verdict was meant
            words = f"fits that of verdicts at a threshold of {threshold:g}, not of scores"
            yield Candidate("of-verdicts", "error", figure, words, remedy)


def _over_batches(name: str, bonafide: Mask, scores: Floats) -> Iterator[Candidate]:
    """Means over batches in file order; the last batch may be shorter."""
    for size in BATCH_SIZES:
        if size >= len(scores):
            return
        parts = [batch_figures(*part) for part in cut_batches(bonafide, scores, size)]
        kinds = ("interp", "official", "nearest_far") if name == "EER" else ("auc",)
        for kind in kinds:
            figures = np.concatenate([getattr(part, kind) for part in parts])
            yield from _means(figures, size)


def _means(figures: Floats, size: int) -> Iterator[Candidate]:
    """The mean of a figure over batches, with batches of one class (NaN) left out, or counted as one half or zero."""
    whole = f"fits the mean over batches of {size} trials in file order"
    missing = np.isnan(figures)
    if not missing.all():
        words = whole + (f" ({missing.sum():,} of one class left out)" if missing.any() else "")
        yield Candidate("averaged", "error", float(np.nanmean(figures)), words, _POOL)
    if missing.any() and not missing.all():
        for stand_in, word in ((0.5, "one half"), (0.0, "zero")):
            words = f"{whole} ({missing.sum():,} of one class counted as {word})"
            yield Candidate("averaged", "error", float(np.where(missing, stand_in, figures).mean()), words, _POOL)
