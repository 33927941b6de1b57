"""Where the recordings of a score list lie, and what their set says of them, as far as it is still there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from truevoice.data.readers import open_set
from truevoice.data.trial import Trial
from truevoice.errors import TruevoiceError
from truevoice.evaluation.score_set import ScoreSet


def with_recordings(score_set: ScoreSet, data: str) -> ScoreSet:
    """The same trials with the paths of their recordings, "" where unknown, and the set's columns beside their own.

    data: the labelled set that they come from, "" = unknown; then names that are paths of files are taken for them.
    A set that is gone, or that needs options to be read, is said in a note.
    """
    if score_set.sources:
        return score_set
    trials: dict[str, Trial] = {}
    notes = list(score_set.notes)
    if data:
        try:
            trials = {trial.name: trial for trial in open_set(data).trials}
        except TruevoiceError as error:
            notes.append(f"the recordings were not found, so there are no players and no columns ({error})")
    return replace(with_trials(score_set, trials), notes=notes)


def with_trials(score_set: ScoreSet, trials: Mapping[str, Trial]) -> ScoreSet:
    """The same with paths and columns of the set's trials, by name."""
    sources = [_source(name, trials) for name in score_set.names]
    columns = dict(score_set.columns)
    for column in dict.fromkeys(key for trial in trials.values() for key in trial.meta):
        if column not in columns:
            cells = [trials[name].meta.get(column, "") if name in trials else "" for name in score_set.names]
            columns |= {column: cells} if any(cells) else {}
    return replace(score_set, sources=sources if any(sources) else [], columns=columns)


def _source(name: str, trials: Mapping[str, Trial]) -> str:
    if name in trials:
        return trials[name].source
    return name if os.path.isfile(name) else ""
