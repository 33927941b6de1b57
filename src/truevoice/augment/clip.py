"""Overdriven recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from truevoice.augment.draws import Draws
from truevoice.augment.step import Step, Wave, number


@dataclass(frozen=True, kw_only=True)
class Clip(Step):
    """The loudest samples, a share uniform from min_percent to max_percent, are cut to the level just below them."""

    kind: ClassVar[str] = "clip"

    min_percent: float = number(0, 0, 100)
    max_percent: float = number(2, 0, 100)

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        level = np.abs(wave)
        kept = len(wave) - 1 - int(len(wave) * draws.between(self.min_percent, self.max_percent) / 100)
        limit = np.partition(level, max(0, kept))[max(0, kept)]
        return np.clip(wave, -limit, limit)
