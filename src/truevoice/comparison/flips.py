"""Which trials two systems decide differently, each at its own threshold, and in which groups these lie."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.comparison.figures import rights_of
from truevoice.comparison.matching import Matched
from truevoice.data.trial import BONAFIDE, SPOOF

GAINED, LOST = "gained", "lost"  # wrong → right, right → wrong
GROUPED_BY = ("attack", "system", "family", "speaker", "language", "codec")
MOST_GROUPS = 40
OF_SPOOFS = ("attack", "system", "family")  # columns that bona fide trials have no value in
NO_VALUE, NO_ATTACK = "(not stated)", "(bona fide)"


@dataclass(frozen=True)
class Flip:
    """One trial that the second system decides otherwise. kind: `gained` where it is right now, `lost` where it is
    wrong now. moved: how far its score moved towards the verdict, each system's scores in their own standard
    deviations from their threshold. source: its recording, "" if unknown."""

    trial: str
    label: str
    kind: str
    first_score: float
    second_score: float
    moved: float
    source: str = ""
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupChange:
    """Decisions in one group of trials: how many each system gets right, and how many flipped each way."""

    value: str
    label: str
    trials: int
    first_right: int
    second_right: int
    gained: int
    lost: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def flips(matched: Matched, thresholds: tuple[float, float]) -> list[Flip]:
    """All of them, those whose score moved farthest first."""
    rights = rights_of(matched, thresholds)
    first, second = matched.first, matched.second
    margins = [(one.scores - at) / (float(np.std(one.scores)) or 1.0) for one, at in zip((first, second), thresholds)]
    moved = np.abs(margins[1] - margins[0])
    at = np.flatnonzero(rights[0] != rights[1])
    at = at[np.argsort(-moved[at], kind="stable")]
    columns = {**second.columns, **first.columns}
    sources = first.sources or second.sources
    return [
        Flip(
            trial=first.names[i],
            label=BONAFIDE if first.bonafide[i] else SPOOF,
            kind=GAINED if rights[1][i] else LOST,
            first_score=float(first.scores[i]),
            second_score=float(second.scores[i]),
            moved=float(moved[i]),
            source=(sources[i] if sources else "") or (second.sources[i] if second.sources else ""),
            columns={name: cells[i] for name, cells in columns.items() if cells[i]},
        )
        for i in at.tolist()
    ]


def by_groups(matched: Matched, thresholds: tuple[float, float]) -> dict[str, list[GroupChange]]:
    """By column, of those that are there and tell at least two groups and at most MOST_GROUPS apart; bona fide and
    spoof trials never share a row. The groups with most flips first."""
    rights = rights_of(matched, thresholds)
    columns = {**matched.second.columns, **matched.first.columns}
    truth = matched.first.bonafide
    found = {}
    for name in GROUPED_BY:
        if name not in columns:
            continue
        groups: dict[tuple[str, bool], list[int]] = {}
        for at, (cell, real) in enumerate(zip(columns[name], truth.tolist())):
            groups.setdefault((cell, real), []).append(at)
        values = {value for value, _ in groups} - {"", "-"}
        if 2 <= len(values) <= MOST_GROUPS:
            rows = [
                _group(_shown(value, name, real), real, np.array(at), rights) for (value, real), at in groups.items()
            ]
            found[name] = sorted(rows, key=lambda row: (-row.gained - row.lost, -row.trials, row.value))
    if "system" in found and "attack" in found and columns["system"] == columns["attack"]:
        del found["system"]  # the reader of tables gives one column under both names
    return found


def _shown(value: str, column: str, real: bool) -> str:
    return (NO_ATTACK if real and column in OF_SPOOFS else NO_VALUE) if value in ("", "-") else value


def _group(
    value: str, real: bool, at: NDArray[np.int64], rights: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> GroupChange:
    before, after = rights[0][at], rights[1][at]
    return GroupChange(
        value=value,
        label=BONAFIDE if real else SPOOF,
        trials=len(at),
        first_right=int(before.sum()),
        second_right=int(after.sum()),
        gained=int((after & ~before).sum()),
        lost=int((before & ~after).sum()),
    )
