"""Changes of sound that say nothing about the label, drawn anew for every window, for both classes alike.

They act on log-mel power in decibels, before the level is taken out: cheap, and enough for a spectrogram network.
A gain needs no augmentation since the features are independent of it (`truevoice.models.mel_cnn.LogMel`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

RIPPLE_DB = (4.0, 3.0, 2.0)
LOW_PASS_SHARE, LOW_PASS_FROM = 0.3, 0.55
HIGH_PASS_SHARE, HIGH_PASS_UP_TO = 0.2, 0.12
NOISE_SHARE, NOISE_RANGE_DB, NOISE_TILT_DB = 0.5, (-85.0, -35.0), 10.0


def augment(decibels: Tensor, random: torch.Generator) -> Tensor:
    """Windows of mel power in dB (batch, frames, bands): each equalised, band-limited or made noisy at random."""
    return add_noise(limit_band(equalise(decibels, random), random), random)


def equalise(decibels: Tensor, random: torch.Generator) -> Tensor:
    """Adds a smooth curve over the bands (three cosines of random phase, up to 18 dB in all): another microphone."""
    batch, _, bands = decibels.shape
    place = torch.linspace(0, math.pi, bands)
    curve = torch.zeros(batch, bands)
    for order, size in enumerate(RIPPLE_DB, 1):
        curve += size * torch.cos(order * place + 2 * math.pi * _uniform(random, batch, 1))
    return decibels + (2 * curve * _uniform(random, batch, 1))[:, None]


def limit_band(decibels: Tensor, random: torch.Generator) -> Tensor:
    """Takes away the top of some windows (from 2.2 kHz up at most) and the bottom of others, by 1 to 7 dB a band."""
    batch, _, bands = decibels.shape
    place = torch.linspace(0, 1, bands)
    top = LOW_PASS_FROM + (1 - LOW_PASS_FROM) * _uniform(random, batch, 1)
    top = torch.where(_uniform(random, batch, 1) < LOW_PASS_SHARE, top, torch.tensor(1.0))
    bottom = HIGH_PASS_UP_TO * _uniform(random, batch, 1)
    bottom = torch.where(_uniform(random, batch, 1) < HIGH_PASS_SHARE, bottom, torch.tensor(0.0))
    loss = (place - top).clamp(min=0) * bands * (1 + 6 * _uniform(random, batch, 1))
    loss = loss + (bottom - place).clamp(min=0) * bands * (1 + 4 * _uniform(random, batch, 1))
    return decibels - loss[:, None]


def add_noise(decibels: Tensor, random: torch.Generator) -> Tensor:
    """Adds steady noise of a random slope to half of the windows, 35 to 85 dB below their loudest band."""
    batch, frames, bands = decibels.shape
    loudest = decibels.amax(dim=(1, 2), keepdim=True)
    low, high = NOISE_RANGE_DB
    level = low + (high - low) * _uniform(random, batch, 1, 1)
    level = level + NOISE_TILT_DB * 2 * (_uniform(random, batch, 1, 1) - 0.5) * torch.linspace(-1, 1, bands)
    level = torch.where(_uniform(random, batch, 1, 1) < NOISE_SHARE, level, torch.tensor(-120.0))
    # The power of noise in a band spreads like a mean of squares: here the mean of two exponential variables.
    spread = torch.empty(batch, frames, bands).exponential_(generator=random)
    spread = (spread + spread.roll(1, dims=2)) / 2
    return loudest + 10 * torch.log10(10 ** ((decibels - loudest) / 10) + 10 ** (level / 10) * spread)


def _uniform(random: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=random)
