"""From a labelled set and the results of scoring it to a score set; what could not be scored is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from truevoice.data.trial import BONAFIDE, LeftOut, Trial
from truevoice.detectors.result import Result
from truevoice.evaluation.score_set import ScoreSet


def gather(trials: Sequence[Trial], results: Iterable[Result], left_out: Iterable[LeftOut] = ()) -> ScoreSet:
    """Pairs trials with their results, which come in the same order; a result with an error is left out and counted.

    `left_out`: what the reading of the set had already put aside.
    """
    missing = list(left_out)
    kept: list[tuple[Trial, Result]] = []
    for trial, result in zip(trials, results, strict=True):
        if result.score is None:
            missing.append(LeftOut(trial.name, f"not scored: {result.error}"))
        else:
            kept.append((trial, result))
    columns = {name: [trial.meta.get(name, "") for trial, _ in kept] for name in _columns(trials)}
    shares = [result.p_spoof for _, result in kept if result.p_spoof is not None]
    return ScoreSet(
        names=[result.trial for _, result in kept],
        bonafide=np.array([trial.label == BONAFIDE for trial, _ in kept], dtype=bool),
        scores=np.array([result.score for _, result in kept], dtype=np.float64),
        columns=columns,
        sources=[trial.source for trial, _ in kept],
        p_spoof=np.array(shares, dtype=np.float64) if kept and len(shares) == len(kept) else None,
        left_out=missing,
    )


def _columns(trials: Sequence[Trial]) -> list[str]:
    return list(dict.fromkeys(name for trial in trials for name in trial.meta))
