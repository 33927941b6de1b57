"""A score set: trials with their truth and their scores, as columns. What every figure is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from truevoice.data.trial import LeftOut

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreSet:
    """N trials, each with a truth and a finite score, higher = more bona fide.

    names: (N,) what each is called, each once. bonafide: (N,) bool, the truth. scores: (N,) float64.
    named: False where names are row numbers, which say nothing about other files.
    columns: further facts by column (attack, speaker, codec, …), each (N,) of str, "" where unknown.
    sources: paths of the recordings where they are known, else (). p_spoof: (N,) in [0, 1] where the file or the
    detector's calibration gives it. left_out: what was counted and not used. notes: what a reader did, in sentences.
    """

    names: list[str]
    bonafide: NDArray[np.bool_]
    scores: Floats
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    p_spoof: Floats | None = None
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    named: bool = True

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_bonafide(self) -> int:
        return int(self.bonafide.sum())

    @property
    def n_spoof(self) -> int:
        return len(self) - self.n_bonafide

    def split(self) -> tuple[Floats, Floats]:
        """(bona fide scores, spoof scores), as every metric takes them."""
        return self.scores[self.bonafide], self.scores[~self.bonafide]

    def take(self, chosen: Iterable[int] | NDArray[np.int64] | NDArray[np.bool_]) -> ScoreSet:
        """The trials at these positions, in this order, or those where a mask is true."""
        index = np.asarray(chosen)
        if index.dtype == bool:
            index = np.flatnonzero(index)
        at = index.tolist()
        return replace(
            self,
            names=[self.names[i] for i in at],
            bonafide=self.bonafide[index],
            scores=self.scores[index],
            columns={name: [cells[i] for i in at] for name, cells in self.columns.items()},
            sources=[self.sources[i] for i in at] if self.sources else [],
            p_spoof=None if self.p_spoof is None else self.p_spoof[index],
        )
