"""One signal at another sample rate, aligned with what it was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.augment.step import Wave

MARGIN = 64  # zeros after the signal: of very short ones soxr gives nothing at all


def at_rate(wave: Wave, rate: int, new_rate: int) -> NDArray[np.float32]:
    """(n,) at `rate` Hz → at least n · new_rate / rate samples at `new_rate` Hz; the first ones coincide."""
    if rate == new_rate:
        return np.asarray(wave, np.float32)
    import soxr

    padded = np.concatenate([wave, np.zeros(MARGIN * -(-rate // new_rate), wave.dtype)])
    return soxr.resample(padded.astype(np.float32, copy=False), rate, new_rate)


def of_length(wave: Wave, length: int) -> Wave:
    """The first `length` samples, zeros where there are fewer."""
    return wave[:length] if len(wave) >= length else np.concatenate([wave, np.zeros(length - len(wave), wave.dtype)])
