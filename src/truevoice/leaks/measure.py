"""What one recording tells without its voice: length, level, silences, bandwidth, format; and its fingerprint.

At most its first minute is decoded. All but length, rate, channels and format are of the sound as detectors hear it,
mono at 16 kHz.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE, open_audio
from truevoice.audio.probe import probe
from truevoice.data.trial import Trial
from truevoice.errors import AudioError
from truevoice.leaks.fingerprint import Words, fingerprint

HEARD = 60.0  # seconds of a recording that are decoded
STEP = SAMPLE_RATE // 100  # samples of a frame in which silence is told from sound
SILENCE_DB = 40.0  # a frame this far beneath the loudest is silence
BAND_DB = 65.0  # a frequency this far beneath the strongest is outside the band
SPECTRUM = 512  # samples of a frame of the mean spectrum
FLOOR_DB = -120.0
BATCH = 4096  # recordings handed to the threads at a time

Progress = Callable[[int, int], None]
Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One recording. duration in seconds; level_db: RMS in dB of full scale; lead_s, trail_s: silence at both ends in
    seconds, NaN for an end that was not heard; bandwidth_hz: highest frequency within 65 dB of the strongest; rate in
    Hz, channels, format: of the file. size: bytes. error: why it could not be read, "" where it could.
    """

    duration: float = nan
    level_db: float = nan
    lead_s: float = nan
    trail_s: float = nan
    bandwidth_hz: float = nan
    rate: int = 0
    channels: int = 0
    format: str = ""
    size: int = 0
    words: Words | None = None
    error: str = ""


def measure_all(
    trials: Sequence[Trial], pool: ThreadPoolExecutor, progress: Progress | None = None
) -> Iterator[Measured]:
    """Each recording in order, decoded in the pool's threads; one that cannot be read has its `error`."""
    done = 0
    for start in range(0, len(trials), BATCH):
        for found in pool.map(measure, [trial.source for trial in trials[start : start + BATCH]]):
            done += 1
            if progress and (done % 16 == 0 or done == len(trials)):
                progress(done, len(trials))
            yield found


def measure(source: str) -> Measured:
    """One recording, by path."""
    try:
        with open_audio(source) as stream:
            wave, ended = _beginning(stream.blocks())
        told = probe(source)
        size = os.stat(source).st_size
    except AudioError as error:
        return Measured(error=str(error).removeprefix(f"{source}: "))
    except OSError as error:
        return Measured(error=f"cannot be opened ({error.strerror})")
    heard = len(wave) / SAMPLE_RATE
    lead, trail = silences(wave)
    return Measured(
        duration=heard if ended else max(told.duration or 0.0, heard),
        level_db=level(wave),
        lead_s=lead,
        trail_s=trail if ended else nan,
        bandwidth_hz=bandwidth(wave),
        rate=told.rate,
        channels=told.channels,
        format=told.format,
        size=size,
        words=fingerprint(wave),
    )


def _beginning(blocks: Iterator[Wave]) -> tuple[Wave, bool]:
    """(the first HEARD seconds, whether that is all of it)."""
    parts, length, most = [], 0, round(HEARD * SAMPLE_RATE)
    for block in blocks:
        parts.append(block)
        length += len(block)
        if length > most:
            return np.concatenate(parts)[:most], False
    return np.concatenate(parts), True


def level(wave: Wave) -> float:
    """RMS in dB of full scale, FLOOR_DB at least."""
    power = float(np.mean(np.square(wave, dtype=np.float64)))
    return max(FLOOR_DB, 10 * float(np.log10(power))) if power > 0 else FLOOR_DB


def silences(wave: Wave) -> tuple[float, float]:
    """Seconds before the first and after the last frame of 10 ms within 40 dB of the loudest; of silence alone, all."""
    frames = np.pad(wave, (0, -len(wave) % STEP)).reshape(-1, STEP)
    power = np.square(frames).mean(axis=1)
    loud = np.flatnonzero((power > power.max() * 10 ** (-SILENCE_DB / 10)) & (power > 0))
    seconds = len(wave) / SAMPLE_RATE
    if not len(loud):
        return seconds, seconds
    return int(loud[0]) * STEP / SAMPLE_RATE, max(0.0, seconds - (int(loud[-1]) + 1) * STEP / SAMPLE_RATE)


def bandwidth(wave: Wave) -> float:
    """Highest frequency in Hz whose mean power is within 65 dB of the strongest; up to 8000, 0 for silence."""
    padded = np.pad(wave, (0, -len(wave) % SPECTRUM)).reshape(-1, SPECTRUM)
    power = (np.abs(np.fft.rfft(padded * _WINDOW, axis=1)) ** 2).mean(axis=0)
    inside = np.flatnonzero((power >= power.max() * 10 ** (-BAND_DB / 10)) & (power > 0))
    return float(inside[-1]) * SAMPLE_RATE / SPECTRUM if len(inside) else 0.0


_WINDOW = np.hanning(SPECTRUM).astype(np.float32)
