"""Linear-frequency cepstral coefficients exactly as the LFCC baselines of ASVspoof 2021 compute them.

Source: asvspoof-challenge/2021, Baseline-LFCC-LCNN (BSD-3); Sahidullah, Kinnunen, Hanilçi, "A comparison of features
for synthetic speech detection" (Interspeech 2015). Two of its habits are kept, because the weights know them: the
filters lie on a nominal grid that is slightly off the true frequencies of the bins, and coefficient 0 is replaced by
the log energy of the bins that are used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.spectrum import FixedMatrix, cosine_transform, power_spectrum, triangles

NYQUIST = 8000.0  # Hz
FFT = 1024
HOP = 160  # samples, 10 ms
FRAME = 320  # samples, 20 ms
FILTERS = 20
PRE_EMPHASIS = 0.97
EPSILON = float(torch.finfo(torch.float32).eps)


class LFCC(nn.Module):
    """(B, T) waves -> (B, 1 + T // 160, 60): 20 coefficients, their differences, and the differences of those.

    `max_freq` is the part of the band that is used: 0.5 (up to 4 kHz) in the published weights, 1 for the full band.
    Nothing is normalised. Filters and cosines are stored with the weights, as the published checkpoints have them.
    """

    lfcc_fb: Tensor
    window: Tensor

    def __init__(self, *, max_freq: float = 0.5) -> None:
        super().__init__()
        self.bins = int(max_freq * (FFT // 2 + 1))
        grid = NYQUIST * torch.linspace(0, max_freq, self.bins, dtype=torch.float64)
        edges = torch.linspace(0, NYQUIST * max_freq, FILTERS + 2, dtype=torch.float64)
        self.register_buffer("lfcc_fb", triangles(grid, edges).float())
        self.register_buffer("window", torch.hamming_window(FRAME), persistent=False)
        self.l_dct = FixedMatrix(cosine_transform(FILTERS))

    def forward(self, waves: Tensor) -> Tensor:
        emphasised = torch.cat([waves[:, :1], waves[:, 1:] - PRE_EMPHASIS * waves[:, :-1]], dim=1)
        power = power_spectrum(emphasised, self.window, fft=FFT, hop=HOP, padding="constant")
        power = power[:, : self.bins].transpose(1, 2)
        cepstrum = self.l_dct(torch.log10(power @ self.lfcc_fb + EPSILON))
        energy = torch.log10(power.sum(2, keepdim=True) / FFT + EPSILON)
        static = torch.cat([energy, cepstrum[..., 1:]], dim=2)
        delta = differences(static)
        return torch.cat([static, delta, differences(delta)], dim=2)


def differences(frames: Tensor) -> Tensor:
    """(B, T, D) -> (B, T, D): the next frame less the one before, not halved; the frames at the ends are repeated."""
    padded = F.pad(frames.transpose(1, 2), (1, 1), mode="replicate").transpose(1, 2)
    return padded[:, 2:] - padded[:, :-2]
