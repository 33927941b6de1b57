"""Synthesised room responses: the direct sound, early reflections, and a tail of noise that decays exponentially."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE
from truevoice.augment.draws import Draws

REFLECTIONS = 8
EARLIEST, EARLY_END = 0.002, 0.050  # seconds after the direct sound
TAIL_START = 0.010


def make_response(rt60: float, drr: float, draws: Draws) -> NDArray[np.float64]:
    """A response of length `rt60` seconds, in which reverberation falls by 60 dB; the direct sound is sample 0, at 1.

    drr: energy of the direct sound over that of all the rest, in dB. The tail is Gaussian noise under an exponential
    (Polack, La transmission de l'énergie sonore dans les salles, 1988; Moorer, Computer Music Journal 3(2), 1979);
    early reflections fall with the way travelled and come with either sign.
    """
    t = np.arange(round(max(rt60, EARLY_END) * SAMPLE_RATE) + 1) / SAMPLE_RATE
    decay = 10 ** (-3 * t / rt60)
    rest = draws.normals(len(t)) * decay * (t >= TAIL_START)
    times = EARLIEST + (EARLY_END - EARLIEST) * draws.uniforms(REFLECTIONS)
    at = np.round(times * SAMPLE_RATE).astype(np.int64)
    signs = np.where(draws.uniforms(REFLECTIONS) < 0.5, -1, 1)
    np.add.at(rest, at, signs * 10 * decay[at] * EARLIEST / times)
    rest *= 10 ** (-drr / 20) / np.linalg.norm(rest)
    rest[0] = 1
    return rest
