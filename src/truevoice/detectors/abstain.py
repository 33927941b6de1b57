"""When no verdict should be given, and why: facts about what was heard → a reason in words, or "".

The score is computed all the same; it is the decision that is withheld.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE

SHORTEST_JUDGED = 1.0  # s; the calibration was measured on nothing shorter
SILENT_DB = -70.0  # dB re full scale, root mean square around the mean: below it there is no voice to judge


@dataclass
class Heard:
    """What went through the windows so far: number of samples, their sum and the sum of their squares."""

    samples: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, block: NDArray[np.float32]) -> None:
        self.samples += len(block)
        self.total += float(block.sum(dtype=np.float64))
        self.squares += float(np.dot(block, block))

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE

    @property
    def level_db(self) -> float:
        """Root mean square around the mean (a constant offset is no sound), in dB of full scale; -inf for none."""
        if not self.samples:
            return -math.inf
        power = self.squares / self.samples - (self.total / self.samples) ** 2
        return 10 * math.log10(power) if power > 0 else -math.inf


def reason_to_abstain(heard: Heard) -> str:
    """Why no verdict should be given on what was heard, or ""."""
    if heard.seconds < SHORTEST_JUDGED:
        return f"too short to judge: {heard.seconds:.2f} s, at least {SHORTEST_JUDGED:.0f} s are needed"
    if heard.level_db < SILENT_DB:
        return f"silent: below {SILENT_DB:.0f} dB of full scale"
    return ""
