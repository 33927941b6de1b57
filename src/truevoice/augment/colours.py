"""Synthesised background noise: white, pink, brown, and the murmur of several voices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE
from truevoice.augment.draws import Draws
from truevoice.augment.filtering import fast_size

LOWEST = 20.0  # Hz, below which the spectrum of pink and brown noise rises no further
TALKERS = 6
SYLLABLES = 4.0  # a second
SLOPES = {"white": 0.0, "pink": -0.5, "brown": -1.0}  # of the amplitude: power falls by 0, 3 and 6 dB per octave
COLOURS = (*SLOPES, "babble")


def make_noise(colour: str, length: int, draws: Draws) -> NDArray[np.float32]:
    """`length` samples of one of COLOURS, at any level.

    Babble is no speech: six pulse trains of wandering pitch with noise, each swelling about four times a second, under
    the long-term spectrum of speech (flat to 500 Hz, then −9 dB per octave; after Byrne et al., JASA 96, 1994).
    """
    size = fast_size(length)
    if colour == "babble":
        source: NDArray[np.floating] = sum((_talker(size, draws) for _ in range(TALKERS)), np.zeros(size))
    else:
        source = draws.normals(size)
    if colour == "white":
        return source[:length].astype(np.float32, copy=False)
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    weight: NDArray[np.floating] = (
        _speech(frequency) if colour == "babble" else np.maximum(frequency, LOWEST) ** SLOPES[colour]
    )
    weight[0] = 0
    return np.fft.irfft(np.fft.rfft(source) * weight, size)[:length].astype(np.float32)


def _speech(frequency: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.clip(frequency / 100, 0, 1) ** 2 * np.maximum(frequency / 500, 1) ** -1.5


def _talker(size: int, draws: Draws) -> NDArray[np.float64]:
    """One voice: pulses and noise, loud and soft in turn."""
    seconds = np.arange(size) / SAMPLE_RATE
    beats = np.arange(int(size / SAMPLE_RATE * SYLLABLES) + 2) / SYLLABLES
    loudness = np.interp(seconds, beats, draws.uniforms(len(beats)) ** 2)
    pitch = draws.between(90, 240) * np.interp(seconds, beats, 0.85 + 0.3 * draws.uniforms(len(beats)))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE + draws.between(0, 1)), prepend=0.0)
    return loudness * (8 * pulses + draws.normals(size))
