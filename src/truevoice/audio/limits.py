"""Limits on what one source may ask of the machine: the guard against decompression bombs and absurd headers."""

from __future__ import annotations

from dataclasses import dataclass

from truevoice.errors import UsageError

SAMPLE_RATE = 16_000  # Hz; what every loader here gives and every detector here takes


@dataclass(frozen=True)
class Limits:
    """Bounds on one source; crossing any of them is an `AudioError`.

    max_duration: seconds of sound. max_decoded_bytes: size of the sound once decoded to float32, all channels counted
    (a few kilobytes of FLAC can hold hours of silence). max_channels: channels. min_rate, max_rate: sample rates in
    Hz; under 1 kHz nothing of a voice is left.
    """

    max_duration: float = 12 * 3600.0
    max_decoded_bytes: float = 32 * 2**30
    max_channels: int = 256
    min_rate: int = 1_000
    max_rate: int = 1_000_000

    def __post_init__(self) -> None:
        if not all(value > 0 for value in vars(self).values()):  # written so that NaN fails too
            raise UsageError("limits on recordings (--max-duration, --max-decoded) must be above 0")


DEFAULT_LIMITS = Limits()
