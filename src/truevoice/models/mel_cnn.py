"""A small convolutional network on a log-mel spectrogram: the first detector that truevoice ships.

The shape of the network (128 mel bands by 80 frames, one 3x3 convolution, batch normalisation, ReLU, 2x2 maximum
pooling, dropout, one linear layer) is the common small recipe for "real or fake" spectrogram classifiers. The
features and the way they are made independent of the level are ours and are defined below.

The Fourier transform is written as two stages of small matrix products (Cooley and Tukey, "An algorithm for the
machine calculation of complex Fourier series", Math. Comp. 19, 1965). So the whole chain from wave to score consists
of matrix products that ONNX Runtime runs fast, and its constants are a few hundred kilobytes where the plain matrix
of a 1024-point transform takes four megabytes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE = 16000
WINDOW = 32000
FFT = 1024
HOP = 400
BANDS = 128
FRAMES = WINDOW // HOP
POOLED_BANDS, POOLED_FRAMES = (BANDS - 2) // 2, (FRAMES - 2) // 2
RANGE_DB = 80.0
SILENCE = 1e-12

_RADIX = 32
_SLOW = _RADIX // 2 + 1
_GRAIN = math.gcd(FFT, HOP)


def hz_to_mel(frequency: Tensor) -> Tensor:
    """Slaney's mel scale (Auditory Toolbox, 1998): 200/3 Hz a mel up to 1 kHz, logarithmic above, 27 mel to 6.4 kHz."""
    linear = frequency * 3 / 200
    logarithmic = 15 + 27 * torch.log(frequency.clamp(min=1.0) / 1000) / math.log(6.4)
    return torch.where(frequency < 1000, linear, logarithmic)


def mel_to_hz(mel: Tensor) -> Tensor:
    """The inverse of `hz_to_mel`."""
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp((mel - 15) * math.log(6.4) / 27))


def mel_filters() -> Tensor:
    """Triangular filters (128, 513): 130 edges equally spaced in mel from 0 to 8000 Hz, each of area 1 in Hz.

    Slaney's scale, not the HTK one: with 128 bands the latter leaves the lowest ones narrower than a bin, hence empty.
    """
    top = float(hz_to_mel(torch.tensor(SAMPLE_RATE / 2, dtype=torch.float64)))
    edges = mel_to_hz(torch.linspace(0, top, BANDS + 2, dtype=torch.float64))
    bins = torch.arange(FFT // 2 + 1, dtype=torch.float64) * SAMPLE_RATE / FFT
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    return (torch.minimum(rising, falling).clamp(min=0) * 2 / (high - low)).float()


def _first_stage() -> Tensor:
    """Transforms of 32 real points, all 17 that differ: (17 * (re, im), 32 points)."""
    angle = 2 * math.pi / _RADIX * torch.outer(torch.arange(_SLOW), torch.arange(_RADIX)).double()
    return torch.stack([torch.cos(angle), -torch.sin(angle)], dim=1).flatten(0, 1).float()


def _second_stage() -> Tensor:
    """Twiddle factors and transforms of 32 complex points in one: (17, (re, im) * 32 in, 32 * (re, im) out)."""
    slow, point, fast = torch.meshgrid(torch.arange(_SLOW), torch.arange(_RADIX), torch.arange(_RADIX), indexing="ij")
    turns = point * (slow + _RADIX * fast) % FFT
    angle = 2 * math.pi / FFT * turns.double()
    cos, sin = torch.cos(angle), torch.sin(angle)
    from_real = torch.stack([cos, -sin], dim=-1)
    from_imaginary = torch.stack([sin, cos], dim=-1)
    return torch.stack([from_real, from_imaginary], dim=1).reshape(_SLOW, 2 * _RADIX, 2 * _RADIX).float()


def _band_weights() -> Tensor:
    """Mel filters on the squared output of the second stage: (17 * 32 * (re, im), 128).

    Output (slow, fast) is bin slow + 32 * fast of 1024. Of a bin and its mirror image exactly one has slow < 16
    and slow > 0; where both occur (slow 0 and 16) the upper one gets weight nought.
    """
    filters = mel_filters()
    weights = torch.zeros(_SLOW, _RADIX, 2, BANDS)
    for slow in range(_SLOW):
        for fast in range(_RADIX):
            bin_ = slow + _RADIX * fast
            mirrored = FFT - bin_
            if bin_ > mirrored and slow in (0, _RADIX // 2):
                continue
            weights[slow, fast] = filters[:, min(bin_, mirrored)]
    return weights.reshape(-1, BANDS)


class LogMel(nn.Module):
    """Log-mel spectrogram, independent of the level of its input.

    Frame t is centred on sample 400 t (Hann window of 1024 samples, periodic; the wave is reflected at both ends).
    Power spectrum, 128 mel bands (`mel_filters`), decibels relative to the loudest band of the whole window,
    everything below -80 dB raised to -80 dB, then (dB + 40) / 40: values from -1 to 1. A gain shifts all bands and
    the loudest alike and thus cancels. Digital silence is -1 throughout.
    """

    hann: Tensor
    first: Tensor
    second: Tensor
    bands: Tensor

    def __init__(self) -> None:
        super().__init__()
        window = torch.hann_window(FFT, periodic=True, dtype=torch.float64).float()
        for name, constant in (
            ("hann", window.reshape(_RADIX, _RADIX)),
            ("first", _first_stage()),
            ("second", _second_stage()),
            ("bands", _band_weights()),
        ):
            self.register_buffer(name, constant, persistent=False)

    def power(self, waves: Tensor) -> Tensor:
        """Mel power of waves (batch, samples), samples a multiple of 400: (batch, samples / 400, 128), >= 0."""
        frames = waves.shape[-1] // HOP
        padded = functional.pad(waves[:, None], (FFT // 2, FFT // 2), mode="reflect")[:, 0]
        grains = padded[:, : padded.shape[-1] // _GRAIN * _GRAIN].unflatten(-1, (-1, _GRAIN))
        rows = torch.arange(frames)[:, None] * (HOP // _GRAIN) + torch.arange(FFT // _GRAIN)
        framed = grains.index_select(1, rows.flatten()).reshape(-1, _RADIX, _RADIX) * self.hann
        coarse = self.first @ framed
        by_bin = coarse.reshape(-1, _SLOW, 2 * _RADIX).transpose(0, 1)
        spectrum = (by_bin @ self.second).square()
        return (spectrum.transpose(0, 1).flatten(1) @ self.bands).reshape(-1, frames, BANDS)

    @staticmethod
    def relative(power: Tensor) -> Tensor:
        """Mel power (batch, frames, 128) to (batch, 128, frames): dB below the loudest band, scaled to [-1, 1]."""
        loudest = power.amax(dim=(1, 2), keepdim=True).clamp(min=SILENCE)
        ratio = (power / loudest).clamp(min=10 ** (-RANGE_DB / 10))
        return (torch.log10(ratio) * (10 / (RANGE_DB / 2)) + 1).transpose(1, 2)

    def forward(self, waves: Tensor) -> Tensor:
        """Waves (batch, 32000) to features (batch, 128, 80) in [-1, 1]."""
        return self.relative(self.power(waves))


class MelCNN(nn.Module):
    """Two-second windows of 16 kHz audio to two logits: index 0 = spoof, index 1 = bona fide.

    `channels` is the number of filters of the convolution; the linear layer has channels * 63 * 39 inputs, or, where it
    is `even`, the channels * 63 means over the 39 instants: what tells a spoof may come at any of them, so weights that
    differ between instants have little to learn. `spread` writes the same function into the full layer.
    Windows of another length than 32,000 samples are a `ValueError`: cutting and repeating belong to
    `truevoice.windows`.
    """

    def __init__(self, channels: int = 16, dropout: float = 0.5, even: bool = False) -> None:
        super().__init__()
        self.features = LogMel()
        self.convolution = nn.Conv2d(1, channels, 3)
        self.norm = nn.BatchNorm2d(channels)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)
        self.even = even
        self.output = nn.Linear(channels * POOLED_BANDS * (1 if even else POOLED_FRAMES), 2)

    def maps(self, features: Tensor) -> Tensor:
        """Features (batch, 128, 80) of `LogMel` to the pooled maps (batch, channels, 63 bands, 39 instants)."""
        return self.pool(torch.relu(self.norm(self.convolution(features[:, None]))))

    def classify(self, features: Tensor) -> Tensor:
        """Features (batch, 128, 80) of `LogMel` to logits (batch, 2)."""
        maps = self.maps(features)
        return self.output(self.dropout((maps.mean(dim=-1) if self.even else maps).flatten(1)))

    def spread(self) -> MelCNN:
        """The same function with the full linear layer: every instant gets 1/39 of an even layer's weight."""
        channels = self.convolution.out_channels
        full = MelCNN(channels, self.dropout.p)
        state = self.state_dict()
        if self.even:
            state["output.weight"] = state["output.weight"].repeat_interleave(POOLED_FRAMES, dim=1) / POOLED_FRAMES
        full.load_state_dict(state)
        return full.train(self.training)

    def forward(self, waves: Tensor) -> Tensor:
        """Waves (batch, 32000), float32 in [-1, 1], to logits (batch, 2)."""
        if waves.ndim != 2 or waves.shape[1] != WINDOW:
            raise ValueError(f"mel-cnn takes waves (batch, {WINDOW}), not {tuple(waves.shape)}")
        return self.classify(self.features(waves))
