"""RawNet2: sinc filters, gated residual blocks and a GRU, in its two published and incompatible versions.

Source: Tak et al., "End-to-end anti-spoofing with RawNet2" (ICASSP 2021, arXiv 2011.01108), with its code
eurecom-asp/rawnet2-antispoofing, and the baseline of ASVspoof 2021, asvspoof-challenge/2021 (both MIT). Logit 0 is
spoof, logit 1 is bona fide.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.leaky_residual import LeakyResidual, gated
from truevoice.models.blocks.sinc import SincBank

POOL = 3  # in time, after the filter bank and in each block
BLOCKS = 6
HIDDEN = 1024
GRU_LAYERS = 3


class RawNet2(nn.Module):
    """(B, T) waveforms at 16 kHz in [-1, 1] -> (B, 2) logits. The defaults are those of the ASVspoof 2021 baseline.

    `bands` sinc filters of `taps` samples (raised to an odd number); `bands_left_out` more would follow up to 8 kHz.
    `channels` are those of the first two blocks and of the last four. `uses_bn1`: see `LeakyResidual`.
    `log_probabilities`: the output is the log soft-max of the logits, as the baseline gives it.
    Any T of at least 2187 samples plus the filters' reach runs; the published weights know 64600.
    """

    def __init__(
        self,
        *,
        bands: int = 20,
        bands_left_out: int = 0,
        taps: int = 1024,
        channels: Sequence[int] = (20, 128),
        uses_bn1: bool = False,
        log_probabilities: bool = True,
    ) -> None:
        super().__init__()
        self.sinc = SincBank(bands + bands_left_out, taps)
        self.sinc.filters = self.sinc.filters[:bands].clone()
        self.first_bn = nn.BatchNorm1d(bands)
        narrow, wide = channels
        widths = [bands, narrow, narrow, *[wide] * (BLOCKS - 2)]
        for index in range(BLOCKS):
            cin, cout = widths[index : index + 2]
            block = LeakyResidual(cin, cout, axes=1, pool=POOL, first=index == 0, uses_bn1=uses_bn1)
            self.add_module(f"block{index}", nn.Sequential(block))
            self.add_module(f"fc_attention{index}", nn.Sequential(nn.Linear(cout, cout)))
        self.bn_before_gru = nn.BatchNorm1d(wide)
        self.gru = nn.GRU(wide, HIDDEN, GRU_LAYERS, batch_first=True)
        self.fc1_gru = nn.Linear(HIDDEN, HIDDEN)
        self.fc2_gru = nn.Linear(HIDDEN, 2)
        self.log_probabilities = log_probabilities

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 2) logits: spoof, bona fide."""
        logits = self.fc2_gru(self.embed(waves))
        return torch.log_softmax(logits, dim=1) if self.log_probabilities else logits

    def embed(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 1024), what the last layer sees."""
        x = F.selu(self.first_bn(F.max_pool1d(self.sinc(waves).abs(), POOL)))
        for index in range(BLOCKS):
            x = gated(self.get_submodule(f"block{index}")(x), self.get_submodule(f"fc_attention{index}"))
        steps, _ = self.gru(F.selu(self.bn_before_gru(x)).transpose(1, 2))
        return self.fc1_gru(steps[:, -1])
