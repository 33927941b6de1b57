"""The speech that tests read: the committed synthetic clips (real recordings of people are in the shared corpus)."""

from functools import cache
from pathlib import Path

import numpy as np

from truevoice.audio import load_audio

SYNTHETIC = Path(__file__).resolve().parents[1] / "examples" / "synthetic"
CLIP_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a"}


def clips() -> list[Path]:
    return sorted(path for path in SYNTHETIC.iterdir() if path.suffix in CLIP_SUFFIXES)


@cache
def speech(seconds: float = 3.0) -> np.ndarray:
    """The first seconds of the first clip, mono float32 at 16 kHz, peak at 0.7."""
    wave = load_audio(clips()[0])[: round(seconds * 16_000)]
    return (0.7 * wave / np.abs(wave).max()).astype(np.float32)
