"""LFCC and MFCC of 128 coefficients with their slopes, as the Whisper repository has them from torchaudio.

Source: piotrkawa/deepfake-whisper-features (MIT), which calls the transforms `LFCC`, `MFCC` and `ComputeDeltas` of
torchaudio with a transform of 512 points, frames of 400 samples and slopes over 399 frames; pytorch/audio (BSD-2) for
what these compute: decibels not more than 80 below the recording's loudest, an orthonormal cosine transform.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.spectrum import cosine_transform, power_spectrum, triangles

NYQUIST = 8000.0  # Hz
FFT = 512
HOP = 160  # samples, 10 ms
FRAME = 400  # samples, 25 ms
COEFFICIENTS = 128
QUIETEST = 1e-10  # power, before decibels
RANGE_DB = 80.0
REACH = 199  # frames to either side that a slope is taken over
KINDS = ("lfcc", "mfcc")


def band_edges(kind: str) -> Tensor:
    """130 edges in Hz, float64: evenly spaced for "lfcc", evenly in mel (2595 log10(1 + f / 700)) for "mfcc"."""
    if kind == "lfcc":
        return torch.linspace(0, NYQUIST, COEFFICIENTS + 2, dtype=torch.float64)
    top = 2595.0 * torch.log10(torch.tensor(1.0 + NYQUIST / 700.0, dtype=torch.float64))
    mels = torch.linspace(0, float(top), COEFFICIENTS + 2, dtype=torch.float64)
    return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)


class Cepstra(nn.Module):
    """(B, T) waves -> (B, 384, 1 + T // 160): 128 coefficients, their slopes, and the slopes of those.

    `kind` is "lfcc" or "mfcc". Nothing of it is part of the state dict. T is at least 257 samples.
    """

    window: Tensor
    filters: Tensor
    cosines: Tensor
    ramp: Tensor

    def __init__(self, kind: str) -> None:
        super().__init__()
        bins = torch.linspace(0, NYQUIST, FFT // 2 + 1, dtype=torch.float64)
        steps = torch.arange(-REACH, REACH + 1, dtype=torch.float64)
        for name, constant in (
            ("window", torch.hann_window(FRAME)),
            ("filters", triangles(bins, band_edges(kind)).T.float()),
            ("cosines", cosine_transform(COEFFICIENTS)),
            ("ramp", (steps / steps.square().sum()).float()),
        ):
            self.register_buffer(name, constant.contiguous(), persistent=False)

    def forward(self, waves: Tensor) -> Tensor:
        bands = self.filters @ power_spectrum(waves, self.window, fft=FFT, hop=HOP, padding="reflect")
        decibels = 10.0 * torch.log10(bands.clamp(min=QUIETEST))
        loudest = decibels.amax(dim=(1, 2), keepdim=True)
        static = self.cosines @ torch.maximum(decibels, loudest - RANGE_DB)
        slope = self.slopes(static)
        return torch.cat([static, slope, self.slopes(slope)], dim=1)

    def slopes(self, rows: Tensor) -> Tensor:
        """(B, D, T) -> (B, D, T): the slope of the straight line fitted to 399 frames; the ends are repeated."""
        padded = F.pad(rows, (REACH, REACH), mode="replicate")
        return F.conv1d(padded.flatten(0, 1)[:, None], self.ramp[None, None]).view_as(rows)
