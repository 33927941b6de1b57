"""Cutting a stream of samples into windows, in blocks of any size: the same windows whatever the blocks.

One core serves files and live streams; `cut` is the whole-array form of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.windows.policy import LEAST_WHOLE, WindowPolicy

# starts (N,) in samples, windows (N, window), or (1, less) of a short recording heard whole; N may be 0
Windows = tuple[NDArray[np.int64], NDArray[np.float32]]


class WindowCutter:
    """Push blocks of mono samples, get the windows that they complete; `finish` gives what remains.

    Memory: one window and one block. `heard` counts the samples pushed; `done` says that no later sample can matter
    (policy "first", window full), so the caller may stop decoding.
    """

    def __init__(self, policy: WindowPolicy) -> None:
        self.policy = policy
        self.heard = 0
        self._buffer = np.zeros(0, np.float32)  # samples from `_buffer_start` on
        self._buffer_start = 0
        self._next = 0  # where the next window starts
        self._finished = False

    @property
    def done(self) -> bool:
        return self.policy.kind == "first" and self._next > 0

    def push(self, block: NDArray[np.float32]) -> Windows:
        """Takes samples (n,), gives the windows now complete. The windows are views: copy what must outlive a push."""
        self.heard += len(block)
        if self.done:
            return self._none()
        # A copy even where there is nothing to join: callers such as sound cards reuse their array.
        self._buffer = np.concatenate([self._buffer, block], dtype=np.float32)
        window, hop = self.policy.window, self.policy.hop
        first = self._next - self._buffer_start
        count = (len(self._buffer) - first - window) // hop + 1
        if count <= 0:
            return self._none()
        if self.policy.kind == "first":
            count = 1
        views = np.lib.stride_tricks.sliding_window_view(self._buffer, window)[first::hop][:count]
        starts = self._next + hop * np.arange(count, dtype=np.int64)
        self._next = int(starts[-1]) + hop
        # The last window given is kept: the recording may end before the next one fills, and then the closing window
        # reaches back into it.
        keep = int(starts[-1]) - self._buffer_start
        self._buffer = self._buffer[keep:].copy()
        self._buffer_start += keep
        return starts, views

    def finish(self) -> Windows:
        """The recording is over: its closing window, if one is due. Gives nothing for an empty recording."""
        if self._finished or self.done or not self.heard:
            return self._none()
        self._finished = True
        window = self.policy.window
        if self.heard < window and self.policy.kind == "whole":
            window = min(window, max(self.heard, LEAST_WHOLE))
        if self.heard < window:
            return np.zeros(1, np.int64), repeat_to(self._buffer, window)[None]
        last_start = self._next - self.policy.hop  # below 0 where none was given yet
        closing = self.heard - window
        if closing == last_start:
            return self._none()
        return np.array([closing]), self._buffer[closing - self._buffer_start :][None]

    def _none(self) -> Windows:
        return np.zeros(0, np.int64), np.zeros((0, self.policy.window), np.float32)


def repeat_to(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """(n,) with n ≥ 1 → (length,): the samples one after another, again and again, cut at `length`.

    The padding of the field: clovaai/aasist data_utils.py, function pad.
    """
    return np.resize(samples, length)


def cut(wave: NDArray[np.float32], policy: WindowPolicy) -> Windows:
    """All windows of a whole recording (n,) → starts (N,), windows (N, window)."""
    cutter = WindowCutter(policy)
    pushed_starts, pushed = cutter.push(wave)
    last_starts, last = cutter.finish()
    if not len(pushed):
        return last_starts, last
    return (
        (pushed_starts, pushed)
        if not len(last)
        else (np.concatenate([pushed_starts, last_starts]), np.concatenate([pushed, last]))
    )
