"""RawBoost: linear and non-linear convolutive noise, impulsive signal-dependent noise, stationary noise.

Source: Tak, Kamble, Patino, Todisco and Evans, "RawBoost: A Raw Data Boosting and Augmentation Method applied to
Automatic Speaker Verification Anti-Spoofing", ICASSP 2022, pp. 6382-6386, and its code (RawBoost.py of
TakHemlata/RawBoost-antispoofing at 4f161a8b). The arithmetic is that code's, oddities kept: filtered signals come one
sample early, the gain of the non-linear branches is drawn from its greater to its smaller bound, stationary noise is
never clipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from truevoice.augment.draws import Draws
from truevoice.augment.filtering import filtered_sum
from truevoice.augment.notches import notch_filters
from truevoice.augment.step import Step, Wave, number

HALF_BAND = 8000  # Hz, half of the sample rate


@dataclass(frozen=True, kw_only=True)
class RawBoost(Step):
    """One of RawBoost's compositions of its three noises.

    algorithm: 0 nothing; 1 convolutive; 2 impulsive; 3 stationary; 4 = 1, 2 and 3 in series; 5 = 1, 2; 6 = 1, 3;
    7 = 2, 3; 8 = 1 and 2 side by side, summed. Frequencies in Hz, gains and SNR in dB, `p` in per cent of the samples.
    """

    kind: ClassVar[str] = "rawboost"
    main: ClassVar[str] = "algorithm"

    algorithm: int = number(5, 0, 8)
    n_bands: int = number(5, 1, 20)
    min_f: float = number(20, 0, HALF_BAND)
    max_f: float = number(8000, 0, HALF_BAND)
    min_bw: float = number(100, 1, 2 * HALF_BAND)
    max_bw: float = number(1000, 1, 2 * HALF_BAND)
    min_coeff: int = number(10, 1, 1000)
    max_coeff: int = number(100, 1, 1000)
    min_g: float = number(0, -100, 100)
    max_g: float = number(0, -100, 100)
    min_bias_lin_non_lin: float = number(5, -100, 100, ordered=False)
    max_bias_lin_non_lin: float = number(20, -100, 100, ordered=False)
    n_f: int = number(5, 1, 10)
    p: float = number(10, 0, 100)
    g_sd: float = number(2, 0, 100)
    snr_min: float = number(10, -100, 100)
    snr_max: float = number(40, -100, 100)

    def apply(self, wave: Wave, draws: Draws) -> Wave:
        return rawboost(wave, self, draws)


def rawboost(wave: Wave, settings: RawBoost, draws: Draws) -> Wave:
    """(n,) with n ≥ 1 → (n,) of the same type. Raises nothing for finite samples."""
    if settings.algorithm == 8:
        filtered = draw_convolutive(wave, settings, draws)
        return within_unit(filtered + draw_impulsive(wave, settings, draws))
    for noise in SERIES[settings.algorithm]:
        wave = noise(wave, settings, draws)
    return wave


def draw_convolutive(wave: Wave, settings: RawBoost, draws: Draws) -> Wave:
    """Convolutive noise: n_f filters, for each the centre, width and length of every notch, then its gain."""
    filters = _draw_filters(settings, settings.n_f, draws)
    return convolutive(wave, filters)


def draw_impulsive(wave: Wave, settings: RawBoost, draws: Draws) -> Wave:
    """Impulsive noise in a share of the samples that is itself uniform from 0 to p per cent."""
    share = draws.between(0, settings.p) / 100
    count = int(len(wave) * share)
    positions = draws.positions(len(wave), count)
    return impulsive(wave, positions, draws.uniforms(count), draws.uniforms(count), settings.g_sd)


def draw_stationary(wave: Wave, settings: RawBoost, draws: Draws) -> Wave:
    """Stationary noise: normal samples through one filter, at a uniform SNR."""
    white = draws.normals(len(wave))
    (notches,) = _draw_filters(settings, 1, draws)
    return stationary(wave, white, notches, draws.between(settings.snr_min, settings.snr_max))


SERIES = {
    0: (),
    1: (draw_convolutive,),
    2: (draw_impulsive,),
    3: (draw_stationary,),
    4: (draw_convolutive, draw_impulsive, draw_stationary),
    5: (draw_convolutive, draw_impulsive),
    6: (draw_convolutive, draw_stationary),
    7: (draw_impulsive, draw_stationary),
}


def convolutive(wave: Wave, filters: Sequence[NDArray[np.float64]]) -> Wave:
    """The sum of the powers 1, 2, … of `wave`, each through its filter; mean removed, peak at most 1."""
    y = filtered_sum(_powers(wave, len(filters)), filters, ahead=1)
    y -= y.mean()
    return within_unit(y)


def impulsive(
    wave: Wave, positions: NDArray[np.int64], first: NDArray[np.float64], second: NDArray[np.float64], g_sd: float
) -> Wave:
    """x + g_sd · x · (2u₁ − 1)(2u₂ − 1) at `positions`, u₁ and u₂ in [0, 1); peak at most 1."""
    y = wave.copy()
    chosen = wave[positions]
    y[positions] = chosen + g_sd * chosen * ((2 * first - 1) * (2 * second - 1))
    return within_unit(y)


def stationary(wave: Wave, white: NDArray[np.floating], notches: NDArray[np.float64], snr: float) -> Wave:
    """`wave` and the filtered `white` noise, `snr` dB below it over the whole signal. The peak may exceed 1."""
    noise = filtered_sum([white], [notches], ahead=1)
    level = math.sqrt(noise @ noise)
    if level > 0:  # a single sample may be filtered to nothing
        noise *= math.sqrt(wave @ wave) / level * 10 ** (-snr / 20)
    return wave + noise


def within_unit(wave: Wave) -> Wave:
    """`wave`, scaled to a peak of 1 where its peak is above."""
    peak = max(wave.max(), -wave.min())
    return wave / peak if peak > 1 else wave


def _powers(wave: Wave, count: int) -> Iterator[Wave]:
    power = wave
    for exponent in range(count):
        if exponent:
            power = power * wave
        yield power


def _draw_filters(settings: RawBoost, count: int, draws: Draws) -> list[NDArray[np.float64]]:
    """The first filter has the linear gain, the others that of the non-linear branches."""
    s = settings
    uniform = draws.uniforms(count * (3 * s.n_bands + 1)).reshape(count, -1)
    least = np.array([s.min_f, s.min_bw, s.min_coeff])
    spread = np.array([s.max_f, s.max_bw, s.max_coeff]) - least
    bands = least + spread * uniform[:, :-1].reshape(count, s.n_bands, 3)
    low = np.array([s.min_g] + [s.min_g - s.min_bias_lin_non_lin] * (count - 1))
    high = np.array([s.max_g] + [s.max_g - s.max_bias_lin_non_lin] * (count - 1))
    return notch_filters(bands, low + (high - low) * uniform[:, -1])
