"""The trials that both systems scored, side by side in one order, and those that only one of them has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from truevoice.data.keys import KeyRow
from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.errors import UsageError, one_line
from truevoice.evaluation.key_join import AMBIGUOUS, match_key
from truevoice.evaluation.score_set import ScoreSet

LONGEST = 120  # letters of a name in a message


@dataclass(frozen=True)
class Matched:
    """first, second: the same trials in the same order, each with its own scores. only_first, only_second: names that
    the other has not. ambiguous: names of the first that fit several trials of the second. notes: sentences."""

    first: ScoreSet
    second: ScoreSet
    only_first: list[str] = field(default_factory=list)
    only_second: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def match(first: ScoreSet, second: ScoreSet, names: tuple[str, str] = ("the first", "the second")) -> Matched:
    """Joins trials by name: exactly, else without folders and extension where that is unambiguous.

    names: what to call the two in messages. Raises UsageError where the truths contradict each other, where no trial
    is common, and where a class has no common trial.
    """
    rows = [KeyRow(name, BONAFIDE if truth else SPOOF, {}) for name, truth in zip(second.names, second.bonafide)]
    at = match_key(first.names, rows, Path(names[1]))
    taken = Counter(place for place in at if place >= 0)
    at = [AMBIGUOUS if place >= 0 and taken[place] > 1 else place for place in at]
    here = [mine for mine, place in enumerate(at) if place >= 0]
    there = [at[mine] for mine in here]
    if not here:
        raise UsageError(
            f"{names[0]} and {names[1]} have no trial in common ({one_line(first.names[0], LONGEST)} against "
            f"{one_line(second.names[0], LONGEST)}): two systems are compared on the same recordings"
        )
    ours, theirs = first.take(here), second.take(there)
    _check_truth(ours, theirs, names)
    by_stem = sum(mine != its for mine, its in zip(ours.names, theirs.names))
    note = f"{by_stem:,} trials were joined by their names without folders and extension"
    common = set(there)
    return Matched(
        ours,
        theirs,
        only_first=[first.names[mine] for mine, place in enumerate(at) if place < 0 and place != AMBIGUOUS],
        only_second=[name for place, name in enumerate(second.names) if place not in common],
        ambiguous=[first.names[mine] for mine, place in enumerate(at) if place == AMBIGUOUS],
        notes=[note] if by_stem else [],
    )


def _check_truth(first: ScoreSet, second: ScoreSet, names: tuple[str, str]) -> None:
    wrong = np.flatnonzero(first.bonafide != second.bonafide)
    if wrong.size:
        at = int(wrong[0])
        truths = [BONAFIDE if one.bonafide[at] else SPOOF for one in (first, second)]
        every = " (all of them: is one label map turned round?)" if wrong.size == len(first) else ""
        raise UsageError(
            f"{wrong.size:,} of {len(first):,} common trials have contradicting labels{every}, such as "
            f"{one_line(first.names[at], LONGEST)}: {truths[0]} in {names[0]}, {truths[1]} in {names[1]}; put right "
            "which is true"
        )
    for count, missing in ((first.n_bonafide, "bona fide"), (first.n_spoof, "spoof")):
        if not count:
            raise UsageError(
                f"{names[0]} and {names[1]} share {len(first):,} trials and no {missing} one is among them: EER and "
                "AUC compare two classes"
            )
