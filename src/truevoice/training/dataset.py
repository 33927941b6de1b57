"""The training trials as windows: decoded, augmented, cut; each a function of seed, epoch and its place alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from truevoice.data.trial import BONAFIDE, LeftOut
from truevoice.errors import AudioError, TruevoiceError
from truevoice.training.frozen import FrozenFeatures
from truevoice.training.recordings import Recordings, UndecodableError
from truevoice.training.sampling import Draw
from truevoice.windows import repeat_to

CROP, SUBSTITUTE = 0xC409, 0x5B5  # streams of random numbers, apart from each other

Wave = NDArray[np.float32]


class Steps(Protocol):
    """What `truevoice.augment.Chain` is to this room."""

    def __call__(self, wave: Wave, *, seed: int, epoch: int, index: int) -> Wave: ...
    def __bool__(self) -> bool: ...


@dataclass(frozen=True)
class Example:
    """A window (n,) and its truth. index: the trial it is of. failed: recordings passed over on the way to it. error:
    why there is no window (it is silence then); a worker process hands this over better than an exception."""

    wave: Wave
    bonafide: bool
    index: int
    share: float
    failed: list[LeftOut] = field(default_factory=list)
    error: str = ""


class TrainingSet(Dataset[Example]):
    """Windows of `window` samples of the recordings: at random places, or the first ones; shorter recordings repeated.

    on_recording: steps before the cut, on_window: steps after it. A recording that cannot be decoded gives its place to
    another of its class, the same one in every process and in every worker. frozen: where it is given, the front-end's
    output comes in the place of the window.
    """

    def __init__(
        self,
        recordings: Recordings,
        *,
        window: int,
        seed: int,
        crop: str = "random",
        on_recording: Steps | None = None,
        on_window: Steps | None = None,
        frozen: FrozenFeatures | None = None,
    ) -> None:
        self.recordings = recordings
        self.window, self._seed, self._random = window, seed, crop == "random"
        self._on_recording, self._on_window = on_recording, on_window
        self.frozen = frozen
        self._bonafide = np.array([trial.label == BONAFIDE for trial in recordings.trials])

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, draw: Draw) -> Example:
        """`error` tells where no recording of the class can be decoded, or a step of the augmentation cannot work."""
        try:
            return self._example(draw)
        except TruevoiceError as error:
            truth = bool(self._bonafide[draw.trial])
            return Example(np.zeros(self.window, np.float32), truth, draw.trial, draw.share, error=str(error))

    def _example(self, draw: Draw) -> Example:
        failed: list[LeftOut] = []
        for index in self._candidates(draw):
            try:
                heard = self.features_of(index) if self.frozen else self.window_of(self.recordings.wave(index), draw)
            except UndecodableError as error:
                failed.append(LeftOut(self.recordings.trials[index].name, str(error)))
                continue
            return Example(heard, bool(self._bonafide[index]), index, draw.share, failed)
        word = "bona fide" if self._bonafide[draw.trial] else "spoofed"
        raise AudioError(
            f"none of the {len(failed):,} {word} training recordings can be decoded, such as {failed[0].name}: "
            f"{failed[0].reason}; 'truevoice data scan' lists what is wrong with a set"
        )

    def features_of(self, index: int) -> Wave:
        """What the frozen front-end makes of a trial's first window; from the disk where it is there. Raises
        UndecodableError."""
        assert self.frozen is not None
        first = Draw(0, index, index, 1.0)
        decode = lambda: self.window_of(self.recordings.wave(index), first)  # noqa: E731
        return self.frozen.of_recording(self.recordings.trials[index].source, self.window, decode).numpy()

    def window_of(self, wave: Wave, draw: Draw) -> Wave:
        """The window that a wave (n,) gives in this place: (window,) float32."""
        where = {"seed": self._seed, "epoch": draw.epoch, "index": draw.stream}
        if self._on_recording:
            wave = self._on_recording(wave, **where)
        cut = self._cut(wave, draw)
        if self._on_window:
            cut = self._on_window(cut.copy(), **where)
            if len(cut) != self.window:  # a step changed its length
                cut = repeat_to(cut, self.window)
        return np.ascontiguousarray(cut, dtype=np.float32)

    def _cut(self, wave: Wave, draw: Draw) -> Wave:
        spare = len(wave) - self.window
        if spare < 0:
            return repeat_to(wave, self.window)
        start = 0
        if self._random and spare:
            start = int(np.random.default_rng([self._seed, draw.epoch, draw.stream, CROP]).integers(spare + 1))
        return wave[start : start + self.window]

    def _candidates(self, draw: Draw) -> Any:
        yield draw.trial
        others = np.flatnonzero(self._bonafide == self._bonafide[draw.trial])
        random = np.random.default_rng([self._seed, draw.epoch, draw.stream, SUBSTITUTE])
        yield from (int(index) for index in random.permutation(others) if index != draw.trial)


def together(examples: Sequence[Example]) -> dict[str, Any]:
    """A batch: waves (B, window) float32, bonafide (B,) bool, the trials' numbers, the batch's share, what failed."""
    return {
        "waves": torch.from_numpy(np.stack([one.wave for one in examples])),
        "bonafide": torch.tensor([one.bonafide for one in examples]),
        "indices": [one.index for one in examples],
        "share": float(sum(one.share for one in examples)),
        "failed": [failure for one in examples for failure in one.failed],
        "error": next((one.error for one in examples if one.error), ""),
    }
