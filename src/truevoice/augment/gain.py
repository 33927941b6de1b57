"""Louder or softer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from truevoice.augment.draws import Draws
from truevoice.augment.step import Step, Wave, number


@dataclass(frozen=True, kw_only=True)
class Gain(Step):
    """A gain in dB, uniform from min_db to max_db. Nothing is clipped: peaks above 1 stay."""

    kind: ClassVar[str] = "gain"

    min_db: float = number(-12, -100, 100)
    max_db: float = number(6, -100, 100)

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        return wave * np.float32(10 ** (draws.between(self.min_db, self.max_db) / 20))
