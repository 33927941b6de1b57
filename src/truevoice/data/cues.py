"""What gives the class of a recording away without listening: format, rate, length. A detector learns that first.

Measured on Fake-or-Real, where bona fide was wav and most fakes mp3, and on other sets: a difference in any of these
between the classes makes figures that have nothing to do with voices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.metrics import auc

TELLING_SHARE = 0.3  # difference between the classes' shares of one value
TELLING_AUC = 0.8
FEWEST = 10  # recordings a class, below which nothing is concluded

Tally = Mapping[str, Mapping[str, int]]  # value → label → how many


def telling_value(what: str, tally: Tally) -> str | None:
    """A sentence where one value of `what` is far more frequent in one class than in the other; None elsewhere."""
    totals = {label: sum(counts.get(label, 0) for counts in tally.values()) for label in (BONAFIDE, SPOOF)}
    if min(totals.values()) < FEWEST:
        return None
    shares = {v: (n.get(BONAFIDE, 0) / totals[BONAFIDE], n.get(SPOOF, 0) / totals[SPOOF]) for v, n in tally.items()}
    value, (bonafide, spoof) = max(shares.items(), key=lambda item: abs(item[1][0] - item[1][1]))
    if abs(bonafide - spoof) < TELLING_SHARE:
        return None
    return (
        f"{what} gives the class away: {value or 'unknown'} is {bonafide:.0%} of bona fide and {spoof:.0%} of spoof; a "
        "detector can learn that instead of the voice"
    )


def telling_length(bonafide: Sequence[float], spoof: Sequence[float]) -> str | None:
    """A sentence where length alone tells the classes apart; lengths in seconds."""
    if min(len(bonafide), len(spoof)) < FEWEST:
        return None
    area = auc(np.asarray(bonafide), np.asarray(spoof))
    if max(area, 1 - area) < TELLING_AUC:
        return None
    longer = "bona fide" if area > 0.5 else "spoofed"
    return (
        f"length gives the class away: the {longer} recordings are the longer ones (by it alone, AUC "
        f"{max(area, 1 - area):.2f}); a detector can learn that instead of the voice"
    )
