"""The band of a telephone line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE
from truevoice.augment.draws import Draws
from truevoice.augment.filtering import filtered_sum
from truevoice.augment.step import Step, Wave, number
from truevoice.errors import UsageError

REACH = 256  # samples to either side: transitions of about 100 Hz


@dataclass(frozen=True, kw_only=True)
class Telephone(Step):
    """Only the band from `low` to `high` Hz remains (300 to 3400, ITU-T G.712), without delay. No code of a telephone:
    that is kind codec, with mu-law or amr-nb."""

    kind: ClassVar[str] = "telephone"

    low: float = number(300, 0, SAMPLE_RATE / 2)
    high: float = number(3400, 0, SAMPLE_RATE / 2)

    def check(self) -> None:
        if self.high - self.low < 200:
            raise UsageError(f"low {self.low:g} and high {self.high:g} must leave a band of 200 Hz or more")

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        return filtered_sum([wave], [band_pass(self.low, self.high)])


@lru_cache(maxsize=16)
def band_pass(low: float, high: float) -> NDArray[np.float64]:
    """(2 · 256 + 1,): an ideal band-pass between `low` and `high` Hz under a Hamming window."""
    t = np.arange(-REACH, REACH + 1)
    ideal = sum(
        sign * 2 * edge / SAMPLE_RATE * np.sinc(2 * edge / SAMPLE_RATE * t) for sign, edge in ((1, high), (-1, low))
    )
    return ideal * (0.54 + 0.46 * np.cos(np.pi * t / REACH))
