"""Samples in memory: arrays of any common layout and number type to mono float32."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.errors import AudioError, UsageError, one_line

Channel = int | str  # "mean", or the number of one channel, from 0


def to_mono(block: NDArray[np.float32], channel: Channel, name: str) -> NDArray[np.float32]:
    """(frames, channels) → (frames,): the mean of all channels, or the one asked for. Raises UsageError."""
    if channel == "mean":
        return block[:, 0] if block.shape[1] == 1 else block.mean(axis=1, dtype=np.float32)
    if isinstance(channel, bool) or not isinstance(channel, Integral):
        raise UsageError(f"channel {channel!r} is not known: give 'mean' or a number from 0")
    if not 0 <= channel < block.shape[1]:
        raise UsageError(f"{name}: has no channel {channel}: it holds {block.shape[1]}, counted from 0")
    return block[:, int(channel)]


def array_to_float(array: Any, name: str) -> NDArray[np.float32]:
    """An array of samples as float32 of shape (frames, channels).

    One axis is mono; of two axes the shorter one is the channels (a square array is refused, as it cannot be told).
    Integers are scaled by their full range (unsigned ones around their middle), floats are kept as they are.
    Raises UsageError for another shape or type, AudioError where there are no samples.
    """
    try:
        samples = np.asarray(array)
    except Exception as error:  # a torch tensor that needs gradients, a sparse one, …
        raise UsageError(f"{name}: cannot be turned into samples ({one_line(error)})") from None
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise UsageError(f"{name}: a masked array hides samples: fill it first")
    if samples.size == 0:
        raise AudioError(f"{name}: holds no samples")
    if samples.ndim == 2 and samples.shape[0] == samples.shape[1] > 1:
        raise UsageError(f"{name}: a square array does not tell its channels: pass (samples,) or mix down first")
    if samples.ndim == 1:
        samples = samples[:, None]
    elif samples.ndim == 2:
        samples = samples.T if samples.shape[0] < samples.shape[1] else samples
    else:
        raise UsageError(f"{name}: audio has one or two axes, this array has {samples.ndim}")
    kind = samples.dtype.kind
    if kind == "f":
        with np.errstate(
            over="ignore"
        ):  # what float32 cannot hold becomes inf and is refused with the other infinities
            return samples.astype(np.float32)
    if kind == "i":
        return samples.astype(np.float32) / np.float32(-float(np.iinfo(samples.dtype).min))
    if kind == "u":
        middle = float(np.iinfo(samples.dtype).max // 2 + 1)
        return (samples.astype(np.float64) / middle - 1.0).astype(np.float32)
    raise UsageError(f"{name}: samples of type {samples.dtype} are not audio: give integers or floats")
