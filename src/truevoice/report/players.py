"""Recordings inside a page: the beginning of each as a small mp3, so that the page can be passed on by itself."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE, open_audio
from truevoice.errors import TruevoiceError

SECONDS = 12.0
PAGE_BUDGET = 3_000_000  # bytes of players in one page
_MP3_LEVEL = 0.8  # libsndfile's scale from 0 (largest) to 1: 40 kbit/s at 16 kHz, mono


def player(source: str, *, seconds: float = SECONDS) -> str | None:
    """An `<audio>` element with the first `seconds` of a recording, encoded; None where it cannot be read."""
    made = encoded_beginning(source, seconds)
    if made is None:
        return None
    kind, data = made
    return f'<audio controls preload="none" src="data:{kind};base64,{base64.b64encode(data).decode()}"></audio>'


def encoded_beginning(source: str, seconds: float) -> tuple[str, bytes] | None:
    """(media type, bytes) of the first `seconds` of a recording, mono at 16 kHz; None where it cannot be read.

    mp3 where this machine's libsndfile writes it (every browser plays it), else 16-bit WAV.
    """
    wave = _beginning(source, seconds)
    return None if wave is None else _encode(wave)


@dataclass
class Players:
    """Players of one page, until they weigh `budget` bytes. `skipped`: how many were left out for that."""

    budget: int = PAGE_BUDGET
    used: int = 0
    skipped: int = 0

    def add(self, source: str) -> str | None:
        """A player, or None where there is no recording, it cannot be read, or the page is full."""
        if not source:
            return None
        if self.used >= self.budget:
            self.skipped += 1
            return None
        made = player(source)
        if made is not None and self.used + len(made) > self.budget:
            self.used = self.budget  # full: later ones are not tried, so that the players stand without gaps
            self.skipped += 1
            return None
        self.used += len(made or "")
        return made


def _beginning(source: str, seconds: float) -> NDArray[np.float32] | None:
    wanted = round(seconds * SAMPLE_RATE)
    parts: list[NDArray[np.float32]] = []
    try:
        with open_audio(source) as stream:  # in blocks: of a recording of hours only the beginning is decoded
            for block in stream.blocks():
                parts.append(block)
                if sum(map(len, parts)) >= wanted:
                    break
    except (TruevoiceError, OSError):
        if not parts:  # damage further on leaves a beginning to listen to
            return None
    return np.concatenate(parts)[:wanted].clip(-1, 1)


def _encode(wave: NDArray[np.float32]) -> tuple[str, bytes]:
    import soundfile

    buffer = io.BytesIO()
    try:
        soundfile.write(
            buffer,
            wave,
            SAMPLE_RATE,
            "MPEG_LAYER_III",
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=_MP3_LEVEL,
        )
    except (ValueError, RuntimeError):  # a libsndfile before 1.1, or built without LAME
        buffer = io.BytesIO()
        soundfile.write(buffer, wave, SAMPLE_RATE, "PCM_16", format="WAV")
        return "audio/wav", buffer.getvalue()
    return "audio/mpeg", buffer.getvalue()
