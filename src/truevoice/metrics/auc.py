"""Area under the ROC curve: how often a bona fide trial outscores a spoof trial.

Draw one bona fide and one spoof trial at random: the AUC is the probability that the bona fide one has the
higher score, a tie counting one half. It needs no threshold and depends only on the order of the scores; it
equals the area under the straight-line ROC curve with tied scores grouped, and the Mann-Whitney U statistic
divided by n_b n_s.

EER and AUC of the same scores bind each other: with e the EER of `truevoice.metrics.eer`, (1 - e)^2 <= AUC <=
1 - e^2. A reported pair outside this range cannot come from one list of scores.

Reference: J. A. Hanley and B. J. McNeil, The meaning and use of the area under a receiver operating
characteristic (ROC) curve, Radiology 143 (1982).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from truevoice.metrics.scores import check


def auc(bonafide_scores: ArrayLike, spoof_scores: ArrayLike) -> float:
    """Probability that a bona fide trial outscores a spoof trial, ties counting half.

    Takes the scores of the two classes, shapes (n_b,) and (n_s,), higher = more bona fide. Returns a value in
    [0, 1]: 1 = separated, 0.5 = chance, below 0.5 = worse than chance (perhaps a flipped sign). Raises
    `UsageError` as `truevoice.metrics.scores.check` does.
    """
    bonafide, spoof = check(bonafide_scores, spoof_scores)
    bonafide = np.sort(bonafide)  # sorted needles make the search below walk through memory in order
    spoof = np.sort(spoof)
    beaten = np.searchsorted(spoof, bonafide, side="left").sum(dtype=np.int64)
    beaten_or_tied = np.searchsorted(spoof, bonafide, side="right").sum(dtype=np.int64)
    # Whole numbers up to the one division: exact, whatever the order of the trials.
    return int(beaten + beaten_or_tied) / (2 * bonafide.size * spoof.size)
