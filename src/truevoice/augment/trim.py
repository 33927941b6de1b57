"""Silence at both ends taken away: the one step that changes the length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from truevoice.audio import SAMPLE_RATE
from truevoice.augment.draws import Draws
from truevoice.augment.step import Step, Wave, number, words

FRAME = SAMPLE_RATE // 100


@dataclass(frozen=True, kw_only=True)
class Trim(Step):
    """Leading and trailing frames of 10 ms that lie more than `below_db` under the loudest frame are cut, but for
    `keep_seconds` of them next to the sound. It acts on the recording only, since a window has to keep its length; a
    recording of silence stays as it is.

    Silence at the ends separates the classes of several data sets: Müller et al., "Speech is Silver, Silence is
    Golden", 2021, arXiv:2106.12914.
    """

    kind: ClassVar[str] = "trim"

    on: str = words("recording", ("recording",))
    below_db: float = number(40, 1, 120)
    keep_seconds: float = number(0.05, 0, 10)

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        starts = np.arange(0, len(wave), FRAME)
        sizes = np.minimum(FRAME, len(wave) - starts)
        power = np.add.reduceat(np.square(wave, dtype=np.float64), starts) / sizes
        loud = np.flatnonzero(power > power.max() * 10 ** (-self.below_db / 10))
        if not len(loud):
            return wave
        margin = round(self.keep_seconds * SAMPLE_RATE)
        return wave[max(0, int(starts[loud[0]]) - margin) : int(starts[loud[-1]]) + FRAME + margin]
