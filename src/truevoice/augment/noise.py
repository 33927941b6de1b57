"""Background noise, recorded or synthesised, at a signal-to-noise ratio."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from truevoice.augment.colours import COLOURS, make_noise
from truevoice.augment.draws import Draws
from truevoice.augment.recordings import Recordings
from truevoice.augment.step import Step, Wave, number, words
from truevoice.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Noise(Step):
    """One noise is added, its energy snr dB below that of the signal, uniform from min_snr to max_snr.

    It is a random stretch of a random recording of `folder` (a shorter one again and again), else one of `colours`. A
    silent signal stays silent.
    """

    kind: ClassVar[str] = "noise"
    main: ClassVar[str] = "folder"

    folder: str = field(default="")
    colours: tuple[str, ...] = words(COLOURS, COLOURS)
    min_snr: float = number(5, -100, 100)
    max_snr: float = number(25, -100, 100)
    recordings: Recordings | None = field(default=None, init=False, repr=False, compare=False)

    def check(self) -> None:
        if self.folder and self.colours != COLOURS:
            raise UsageError("give a folder of noise or colours of synthesised noise, not both")
        if self.folder:
            object.__setattr__(self, "recordings", Recordings.of(self.folder))

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        noise = self._noise(len(wave), draws)
        snr = draws.between(self.min_snr, self.max_snr)
        level = np.linalg.norm(noise)
        if not level > 0:
            return wave
        return wave + noise * np.float32(np.linalg.norm(wave) / level * 10 ** (-snr / 20))

    def _noise(self, length: int, draws: Draws) -> NDArray[np.float32]:
        if self.recordings is None:
            return make_noise(self.colours[draws.one_of(len(self.colours))], length, draws)
        recorded = self.recordings.draw(draws)
        last_start = len(recorded) - length if len(recorded) > length else len(recorded) - 1
        start = draws.one_of(last_start + 1)
        return np.resize(np.roll(recorded, -start) if len(recorded) < length else recorded[start:], length)
