"""Earlier or later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from truevoice.audio import SAMPLE_RATE
from truevoice.augment.draws import Draws
from truevoice.augment.step import Step, Wave, number, words


@dataclass(frozen=True, kw_only=True)
class Shift(Step):
    """By up to `max_seconds` either way, uniform. What leaves at one end comes in at the other (fill wrap), or there is
    digital silence (zeros)."""

    kind: ClassVar[str] = "shift"
    main: ClassVar[str] = "max_seconds"

    max_seconds: float = number(0.5, 0, 3600)
    fill: str = words("wrap", ("wrap", "zeros"))

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        by = round(draws.between(-self.max_seconds, self.max_seconds) * SAMPLE_RATE)
        if self.fill == "wrap":
            return np.roll(wave, by)
        shifted = np.zeros_like(wave)
        kept = max(0, len(wave) - abs(by))
        shifted[max(0, by) : max(0, by) + kept] = wave[max(0, -by) : max(0, -by) + kept]
        return shifted
