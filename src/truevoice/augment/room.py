"""Reverberation, from recorded or synthesised room responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from truevoice.augment.draws import Draws
from truevoice.augment.filtering import filtered_sum
from truevoice.augment.recordings import Recordings
from truevoice.augment.responses import make_response
from truevoice.augment.step import Step, Wave, number


@dataclass(frozen=True, kw_only=True)
class Room(Step):
    """The signal in a room, its energy and its place in time as before: the direct sound is not delayed.

    The response is a random recording of `folder` (its greatest peak is taken for the direct sound), else a made one
    with a reverberation time in seconds uniform from min_rt60 to max_rt60 and a direct-to-reverberant ratio in dB
    uniform from min_drr to max_drr.
    """

    kind: ClassVar[str] = "room"
    main: ClassVar[str] = "folder"

    folder: str = field(default="")
    min_rt60: float = number(0.2, 0.02, 20)
    max_rt60: float = number(0.8, 0.02, 20)
    min_drr: float = number(-5, -60, 60)
    max_drr: float = number(15, -60, 60)
    recordings: Recordings | None = field(default=None, init=False, repr=False, compare=False)

    def check(self) -> None:
        if self.folder:
            object.__setattr__(self, "recordings", Recordings.of(self.folder))

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        if self.recordings is None:
            rt60 = draws.between(self.min_rt60, self.max_rt60)
            response: Wave = make_response(rt60, draws.between(self.min_drr, self.max_drr), draws)
        else:
            response = self.recordings.draw(draws)
        direct = int(np.abs(response).argmax())
        if not response[direct]:
            return wave
        middle = len(response) // 2
        kernel = np.concatenate([response, np.zeros(1 - len(response) % 2)])
        reverberant = filtered_sum([wave], [kernel], ahead=direct - middle)
        level = np.linalg.norm(reverberant)
        return reverberant * np.float32(np.linalg.norm(wave) / level) if level > 0 else reverberant
