"""The random multi-band filter of RawBoost: several linear-phase notches in series, at a given greatest gain."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import SAMPLE_RATE

EDGE = 0.001  # Hz that a notch stays away from 0 and from half the sample rate
SHORT = 64  # taps to one side, the middle included: RawBoost's usual notches have up to 50
GAIN_POINTS = 512  # frequencies from 0 on, half the sample rate left out, at which the greatest gain is sought


def notch_filters(bands: NDArray[np.floating], gains: NDArray[np.floating]) -> list[NDArray[np.float64]]:
    """Filters of notches in series, as RawBoost's genNotchCoeffs makes them, many at once.

    bands: (filters, notches, 3): centre [Hz], width [Hz] and length of each notch; a length is cut to a whole number
    and made odd by adding 1. gains: (filters,), the greatest gain of each filter in dB. Gives arrays of odd length,
    symmetric. Each notch is a windowed band-stop (Hamming) with gain 1 at 0 Hz.

    Source: Tak et al., RawBoost, ICASSP 2022, and TakHemlata/RawBoost-antispoofing; see `truevoice.augment.rawboost`.
    """
    halves = bands[..., 2].astype(np.int64) // 2
    reaches = halves.sum(axis=1)
    points = max(2 * GAIN_POINTS, 1 << int(2 * reaches.max()).bit_length())
    taps = _band_stops(bands[..., 0], bands[..., 1], halves)
    count, notches, width = taps.shape
    # Odd and symmetric: the spectrum around the middle is real, so a series is a product of real numbers.
    spectra = _spectra(taps.reshape(-1, width), points).reshape(count, notches, -1).prod(axis=1)
    greatest = np.abs(spectra[:, : -1 : points // (2 * GAIN_POINTS)]).max(axis=1)
    spectra *= (10 ** (gains / 20) / greatest)[:, None]
    turned = np.fft.irfft(spectra, points)
    return [np.concatenate([row[reach:0:-1], row[: reach + 1]]) for row, reach in zip(turned, reaches)]


def _band_stops(centres: NDArray, widths: NDArray, halves: NDArray[np.int64]) -> NDArray[np.float64]:
    """Taps 0 … max(half) of each notch from its middle on, (filters, notches, max + 1); 0 beyond its own half."""
    nyquist = SAMPLE_RATE / 2
    edges = np.empty((2, *halves.shape))
    np.subtract(centres, widths / 2, out=edges[0])
    np.add(centres, widths / 2, out=edges[1])
    edges[0][edges[0] <= 0] = EDGE
    edges[1][edges[1] >= nyquist] = nyquist - EDGE
    edges /= nyquist
    m = np.arange(int(halves.max()) + 1)
    angle = np.pi * m[1:]
    sines = np.sin(edges[..., None] * angle)
    taps = np.empty((*halves.shape, len(m)))
    taps[..., 0] = 1 + edges[0] - edges[1]
    taps[..., 1:] = (sines[0] - sines[1]) / angle
    window = np.cos(np.pi / np.maximum(halves, 1)[..., None] * m)
    window *= 0.46
    window += 0.54
    window *= m <= halves[..., None]
    taps *= window
    taps /= (2 * taps.sum(axis=-1) - taps[..., 0])[..., None]
    return taps


def _spectra(taps: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """(filters, taps from the middle on) → (filters, points // 2 + 1), real."""
    width = taps.shape[1]
    if width <= SHORT:  # one matrix product is quicker than many short transforms
        return taps @ _cosines(points)[:width]
    whole = np.zeros((len(taps), points))
    whole[:, :width] = taps
    whole[:, points - width + 1 :] = taps[:, :0:-1]
    return np.fft.rfft(whole).real


@lru_cache(maxsize=4)
def _cosines(points: int) -> NDArray[np.float64]:
    """(SHORT, points // 2 + 1): what one tap and its mirror image add to the spectrum."""
    angle = np.arange(SHORT)[:, None] * np.arange(points // 2 + 1) * (2 * np.pi / points)
    matrix = 2 * np.cos(angle)
    matrix[0] = 1
    return matrix
