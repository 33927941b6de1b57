"""What is shown of one scored set: two pictures, and a table of trials that can be listened to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.evaluation.score_set import ScoreSet
from truevoice.report.charts import Curve
from truevoice.tracking.clips import Clip, cut_clip
from truevoice.tracking.pictures import confusion_picture, roc_picture

WORST = 50  # errors in a table, the worst first
SAMPLE = 16  # further trials, the same ones every epoch
SAMPLE_SEED = 0
SHELF = 400  # clips that are kept encoded: the same trials come again every epoch


@dataclass(frozen=True)
class Row:
    """One trial of a table. rank: 1 for the trial farthest on the wrong side of the threshold, then on through all.

    truth, called: `bonafide` or `spoof`. p_spoof: in [0, 1], None where nothing is calibrated. chosen: `worst error` or
    `sample`. clip: None where there is no recording or it cannot be read.
    """

    rank: int
    trial: str
    truth: str
    called: str
    score: float
    p_spoof: float | None
    chosen: str
    clip: Clip | None = field(repr=False, default=None)

    def cells(self) -> dict[str, str | int | float]:
        """All but the sound, by column; P(spoof) only where it is known."""
        known: dict[str, str | int | float] = {} if self.p_spoof is None else {"P(spoof)": self.p_spoof}
        words: dict[str, str | int | float] = {
            "error rank": self.rank,
            "trial": self.trial,
            "truth": self.truth,
            "called": self.called,
        }
        return {**words, **known, "score": self.score, "chosen": self.chosen}


@dataclass(frozen=True)
class Evidence:
    """One set at one moment. roc: a PNG, b"" where a class has no trial; confusion: a PNG."""

    name: str
    threshold: float
    trials: int
    errors: int
    rows: list[Row]
    roc: bytes = field(repr=False)
    confusion: bytes = field(repr=False)


class EvidenceRoom:
    """Makes evidence once for all trackers of a run, and keeps the clips that come again every epoch."""

    def __init__(self) -> None:
        self._clips: OrderedDict[str, Clip | None] = OrderedDict()
        self._last: tuple[ScoreSet, str, float, Evidence] | None = None

    def of(self, name: str, score_set: ScoreSet, threshold: float) -> Evidence:
        if self._last is not None:
            known, its_name, its_threshold, found = self._last
            if known is score_set and its_name == name and its_threshold == threshold:
                return found
        made = self._make(name, score_set, threshold)
        self._last = (score_set, name, threshold, made)
        return made

    def _make(self, name: str, score_set: ScoreSet, threshold: float) -> Evidence:
        bonafide, spoof = score_set.split()
        curve = Curve(name, bonafide, spoof, threshold if np.isfinite(threshold) else None)
        return Evidence(
            name=name,
            threshold=threshold,
            trials=len(score_set),
            errors=int(np.count_nonzero(wrong_side(score_set, threshold)[0])),
            rows=self._rows(score_set, threshold),
            roc=roc_picture(curve) if bonafide.size and spoof.size else b"",
            confusion=confusion_picture(score_set, threshold),
        )

    def _rows(self, score_set: ScoreSet, threshold: float) -> list[Row]:
        wrong, past = wrong_side(score_set, threshold)
        order = np.lexsort((-past, ~wrong))  # errors first: a bona fide trial at the threshold itself is none
        rank = np.empty(order.size, dtype=np.int64)
        rank[order] = np.arange(1, order.size + 1)
        worst = [i for i in order[:WORST].tolist() if wrong[i]]
        others = sorted(set(sampled(score_set.names)) - set(worst), key=lambda i: rank[i])
        rows = []
        for i, chosen in [*((i, "worst error") for i in worst), *((i, "sample") for i in others)]:
            rows.append(
                Row(
                    rank=int(rank[i]),
                    trial=score_set.names[i],
                    truth=BONAFIDE if score_set.bonafide[i] else SPOOF,
                    called=BONAFIDE if score_set.scores[i] >= threshold else SPOOF,
                    score=float(score_set.scores[i]),
                    p_spoof=None if score_set.p_spoof is None else float(score_set.p_spoof[i]),
                    chosen=chosen,
                    clip=self._clip(score_set.sources[i]) if score_set.sources else None,
                )
            )
        return rows

    def _clip(self, source: str) -> Clip | None:
        if source in self._clips:
            self._clips.move_to_end(source)
            return self._clips[source]
        made = self._clips[source] = cut_clip(source) if source else None
        if len(self._clips) > SHELF:
            self._clips.popitem(last=False)
        return made


def wrong_side(score_set: ScoreSet, threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """(N,) whether each trial is an error, and (N,) how far it lies on the wrong side of the threshold, in score."""
    bonafide, scores = score_set.bonafide, score_set.scores
    wrong = np.where(bonafide, scores < threshold, scores >= threshold)
    return wrong, np.where(bonafide, threshold - scores, scores - threshold)


def sampled(names: list[str], count: int = SAMPLE, seed: int = SAMPLE_SEED) -> list[int]:
    """Positions of `count` trials, drawn by name: the same ones whatever order the trials come in."""
    by_name = sorted(range(len(names)), key=names.__getitem__)
    drawn = np.random.default_rng(seed).choice(len(names), min(count, len(names)), replace=False)
    return [by_name[i] for i in drawn.tolist()]
