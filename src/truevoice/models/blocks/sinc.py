"""The fixed sinc filter bank that opens RawNet2 and AASIST: adjacent band-pass filters spaced evenly in mel.

Source: Jung et al., "AASIST" (arXiv 2110.01200), the layer `CONV` of clovaai/aasist; Ravanelli & Bengio, "Speaker
recognition from raw waveform with SincNet" (2018) for the filters themselves, which are trained there and fixed here.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def mel_edges(bands: int, sample_rate: int) -> np.ndarray:
    """Edges in Hz, float64 (bands + 1,), of `bands` adjacent bands equally wide in mel from 0 Hz to Nyquist."""
    top_mel = 2595.0 * np.log10(1.0 + sample_rate / 2 / 700.0)
    return 700.0 * (10.0 ** (np.linspace(0.0, top_mel, bands + 1) / 2595.0) - 1.0)


def sinc_filters(bands: int, taps: int, sample_rate: int = 16000) -> Tensor:
    """Hamming-windowed ideal band-pass filters, float32 (bands, taps), not normalised; `taps` must be odd.

    Filter i passes edge i to edge i + 1 of `mel_edges`. The window and the sinc difference are rounded to float32
    before they are multiplied, as in the original, so that published scores come out to the last digits.
    """
    half = taps // 2
    steps = np.arange(-half, half + 1)
    cutoffs = mel_edges(bands, sample_rate)[:, None] * 2.0 / sample_rate
    low_pass = cutoffs * np.sinc(cutoffs * steps)
    band_pass = torch.from_numpy(low_pass[1:] - low_pass[:-1]).float()
    return torch.from_numpy(np.hamming(taps)).float() * band_pass


FIRST_POOL = 3  # AASIST pools the bank's output by this, in bands and in time


class SincBank(nn.Module):
    """(B, T) waveform -> (B, bands, T - taps + 1). Not trained, and not part of the state dict.

    `taps` is raised to the next odd number, as filters are centred on a sample.
    """

    filters: Tensor

    def __init__(self, bands: int, taps: int, sample_rate: int = 16000) -> None:
        super().__init__()
        odd_taps = taps + 1 - taps % 2
        self.register_buffer("filters", sinc_filters(bands, odd_taps, sample_rate)[:, None], persistent=False)

    def forward(self, waves: Tensor) -> Tensor:
        return F.conv1d(waves[:, None], self.filters)
