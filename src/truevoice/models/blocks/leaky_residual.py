"""The residual block and the gate of the RawNet2 family, over time (RawNet2) or over bands and time (SpecRNet).

Source: Tak et al., "End-to-end anti-spoofing with RawNet2" (ICASSP 2021, arXiv 2011.01108); asvspoof-challenge/2021
Baseline-RawNet2, eurecom-asp/rawnet2-antispoofing, piotrkawa/specrnet (all MIT).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.3  # of the leaky ReLU below zero


class LeakyResidual(nn.Module):
    """(B, cin, ...) -> (B, cout, ... // pool), a sum of two convolutions of width 3 and the input, then a max pooling.

    `axes` is 1 (B, C, T) or 2 (B, C, F, T). All blocks but the `first` hold a batch norm `bn1`. With `uses_bn1` the
    first convolution sees it, activated; without, as in most of the published code, its result is thrown away, and
    `bn1` is there only because it is in every checkpoint.
    """

    def __init__(
        self, cin: int, cout: int, *, axes: int, pool: int, first: bool = False, uses_bn1: bool = False
    ) -> None:
        super().__init__()
        convolution: type[nn.Conv1d | nn.Conv2d] = nn.Conv1d if axes == 1 else nn.Conv2d
        batch_norm: type[nn.BatchNorm1d | nn.BatchNorm2d] = nn.BatchNorm1d if axes == 1 else nn.BatchNorm2d
        if not first:
            self.bn1 = batch_norm(cin)
        self.conv1 = convolution(cin, cout, 3, padding=1)
        self.bn2 = batch_norm(cout)
        self.conv2 = convolution(cout, cout, 3, padding=1)
        self.conv_downsample = convolution(cin, cout, 1) if cin != cout else None
        self.mp = nn.MaxPool1d(pool) if axes == 1 else nn.MaxPool2d(pool)
        self.uses_bn1 = uses_bn1 and not first

    def forward(self, x: Tensor) -> Tensor:
        identity = x if self.conv_downsample is None else self.conv_downsample(x)
        seen = F.leaky_relu(self.bn1(x), SLOPE) if self.uses_bn1 else x
        total = self.conv2(F.leaky_relu(self.bn2(self.conv1(seen)), SLOPE)) + identity
        return self.mp(total)


def gated(maps: Tensor, attention: nn.Module) -> Tensor:
    """(B, C, ...) -> the same shape: each map times its gate, plus its gate.

    `attention` turns the maps' means (B, C) into the gates' logits (B, C).
    """
    gates = torch.sigmoid(attention(maps.flatten(2).mean(2)))
    gates = gates.reshape(*gates.shape, *[1] * (maps.ndim - 2))
    return maps * gates + gates
