"""Through a lower sample rate and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from truevoice.audio import SAMPLE_RATE
from truevoice.augment.draws import Draws
from truevoice.augment.resampling import at_rate, of_length
from truevoice.augment.step import Step, Wave, number


@dataclass(frozen=True, kw_only=True)
class Resample(Step):
    """To a sample rate in Hz, uniform from min_rate to max_rate, and back: what lay above half of it is gone."""

    kind: ClassVar[str] = "resample"

    min_rate: int = number(4000, 1000, SAMPLE_RATE)
    max_rate: int = number(16000, 1000, SAMPLE_RATE)

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        rate = round(draws.between(self.min_rate, self.max_rate))
        return of_length(at_rate(at_rate(wave, SAMPLE_RATE, rate), rate, SAMPLE_RATE), len(wave))
