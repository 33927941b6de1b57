"""Decoded recordings, kept in memory as far as there is room."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import open_audio
from truevoice.data.trial import Trial
from truevoice.errors import TruevoiceError, one_line

LEAST_ROOM = 2**28
SHARE_OF_MEMORY = 0.2
FULL_SCALE = np.float32(2**15)


class UndecodableError(Exception):
    """One recording cannot be heard; its text says why, without the recording's name."""


class Recordings:
    """The waves of trials by their number. Kept are the first ones asked for, up to `room` bytes.

    first: samples from the beginning that matter; 0 = all. What is kept is exactly what the decoder gave: samples of 16
    bits as such, others as float32. So it never shows in a wave whether it was kept. Safe among threads.
    """

    def __init__(self, trials: Sequence[Trial], *, first: int = 0, room: int = 0) -> None:
        self.trials = trials
        self._first = first
        self._room = room
        self._kept: dict[int, NDArray[np.int16]] = {}
        self._kept_exactly: dict[int, NDArray[np.float32]] = {}
        self._broken: dict[int, str] = {}
        self._held = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.trials)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def wave(self, index: int) -> NDArray[np.float32]:
        """Mono float32 at 16 kHz (n,), n ≥ 1, not to be written to. Raises UndecodableError."""
        if index in self._broken:
            raise UndecodableError(self._broken[index])
        if (exact := self._kept_exactly.get(index)) is not None:
            return exact
        if (kept := self._kept.get(index)) is not None:
            return np.divide(kept, FULL_SCALE, dtype=np.float32)
        try:
            wave = self._decode(self.trials[index].source)
        except UndecodableError as error:
            self._broken[index] = str(error)
            raise
        self._keep(index, wave)
        return wave

    def _decode(self, source: str) -> NDArray[np.float32]:
        parts: list[NDArray[np.float32]] = []
        heard = 0
        try:
            with open_audio(source) as stream:
                for block in stream.blocks():
                    parts.append(block)
                    heard += len(block)
                    if self._first and heard >= self._first:
                        break
        except TruevoiceError as error:
            raise UndecodableError(str(error).removeprefix(f"{source}: ")) from None
        except Exception as error:  # decoders of strangers' files: one broken file must not end the run
            raise UndecodableError(f"cannot be decoded ({type(error).__name__}: {one_line(error, 120)})") from None
        wave = parts[0] if len(parts) == 1 else np.concatenate(parts)
        wave = wave[: self._first] if self._first else wave
        wave.flags.writeable = False
        return wave

    def _keep(self, index: int, wave: NDArray[np.float32]) -> None:
        if self._held + wave.nbytes // 2 > self._room:
            return
        samples = wave * FULL_SCALE
        within = float(samples.min()) >= -FULL_SCALE and float(samples.max()) < FULL_SCALE
        short = samples.astype(np.int16) if within else None
        as_short = short is not None and bool((short == samples).all())
        with self._lock:
            size = wave.nbytes // 2 if as_short else wave.nbytes
            if self._held + size > self._room:
                return
            if as_short and short is not None:
                self._kept[index] = short
            else:
                self._kept_exactly[index] = wave
            self._held += size


def room_for_waves(processes: int) -> int:
    """Bytes that one of so many processes may keep: together a fifth of the machine's memory."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        memory = 0
    return int(max(LEAST_ROOM, memory * SHARE_OF_MEMORY) / max(1, processes))
