"""Power spectra of frames, cosine transforms and triangular filters: what cepstra and mel spectrograms are made of."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def power_spectrum(waves: Tensor, window: Tensor, *, fft: int, hop: int, padding: str) -> Tensor:
    """(B, T) waves -> (B, fft // 2 + 1, 1 + T // hop), the squared magnitude of each frame's spectrum.

    Frame t is centred on sample t * hop; beyond its ends the wave is continued by `padding`, "constant" (zeros) or
    "reflect". `window` (at most `fft` samples) lies in the middle of its frame.
    """
    padded = F.pad(waves[:, None], (fft // 2, fft // 2), mode=padding)[:, 0]
    if torch.onnx.is_in_onnx_export():  # graphs hold no complex numbers
        return _power_by_convolution(padded, window, fft, hop)
    spectrum = torch.stft(padded, fft, hop, win_length=len(window), window=window, center=False, return_complex=True)
    return spectrum.real.square() + spectrum.imag.square()


def _power_by_convolution(padded: Tensor, window: Tensor, fft: int, hop: int) -> Tensor:
    """The same from two real convolutions. Frames may start at the window: a shift changes the phase alone."""
    taps = len(window)
    turns = torch.outer(torch.arange(fft // 2 + 1), torch.arange(taps)) % fft
    angles = turns.double() * (2 * math.pi / fft)
    waves = torch.cat([torch.cos(angles), torch.sin(angles)]).to(window) * window
    before = (fft - taps) // 2
    heard = padded[:, None, before : padded.shape[1] - (fft - taps - before)]
    real, imaginary = F.conv1d(heard, waves[:, None], stride=hop).square().chunk(2, dim=1)
    return real + imaginary


def triangles(frequencies: Tensor, edges: Tensor) -> Tensor:
    """Overlapping triangular filters of height 1: (len(frequencies), len(edges) - 2), in the type of the arguments.

    Filter i rises from edge i to edge i + 1 and falls to edge i + 2.
    """
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    at = frequencies[:, None]
    return torch.minimum((at - low) / (centre - low), (high - at) / (high - centre)).clamp(min=0)


def cosine_transform(size: int) -> Tensor:
    """The orthonormal DCT-II, float32 (size coefficients, size values)."""
    order, place = torch.arange(size, dtype=torch.float64)[:, None], torch.arange(size, dtype=torch.float64)
    matrix = torch.cos(math.pi * (2 * place + 1) * order / (2 * size)) * math.sqrt(2 / size)
    matrix[0] /= math.sqrt(2)
    return matrix.float()


class FixedMatrix(nn.Module):
    """(..., n) -> (..., m) by a matrix (m, n) that is stored with the weights and not trained."""

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, values: Tensor) -> Tensor:
        return F.linear(values, self.weight)
