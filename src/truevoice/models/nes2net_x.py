"""Nes2Net-X: Nes2Net whose inner blocks keep every earlier part beside the new one, and learn how to weigh them.

Source: Liu et al., "Nes2Net: A lightweight nested architecture for foundation model driven speech anti-spoofing"
(IEEE T-IFS 2025, arXiv 2504.05657); Liu-Tianchi/Nes2Net_ASVspoof_ITW, class `wav2vec2_Nes2Net_X`, and the variants
for singing voices and ASVspoof 5. With two outputs logit 0 is spoof, logit 1 is bona fide and the score; with one, it
is the score. Higher is more bona fide.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from truevoice.models.blocks.nested import GROUPS, NestedNetwork, SplitBlock


class ColumnBlock(SplitBlock):
    """The parts so far are columns beside each other; every step adds one, convolves all with the same weights over
    time, and gives their weighted sum. The first column is the last part."""

    def __init__(self, channels: int, *, dilation: int, activation: nn.Module) -> None:
        super().__init__(channels, activation)
        part, steps = self.part, range(GROUPS - 1)
        self.convs = nn.ModuleList(
            nn.Conv2d(part, part, (3, 1), dilation=(dilation, 1), padding=(dilation, 0)) for _ in steps
        )
        self.bns = nn.ModuleList(nn.BatchNorm2d(part) for _ in steps)
        self.weighted_sum = nn.ParameterList(
            nn.Parameter(torch.full((1, 1, 1, step + 2), 1 / (step + 2))) for step in steps
        )

    def mixed(self, parts: list[Tensor], last: Tensor) -> list[Tensor]:
        columns = last[..., None]
        mixed = []
        for part, conv, batch_norm, weights in zip(parts, self.convs, self.bns, self.weighted_sum, strict=True):
            columns = batch_norm(self.activation(conv(torch.cat([columns, part[..., None]], dim=-1))))
            mixed.append((columns * weights).sum(-1))
        return mixed


class Nes2NetX(NestedNetwork):
    """Features (B, T', dim) -> (B, outputs). Any T' from 1; the arguments are those of `NestedNetwork`.

    The defaults are the checkpoints for speech on XLS-R. ASVspoof 5: dilation 1. Singing voices (CtrSVDD): dilation 1,
    one output, merge "sea", and for X-SeLU the activation "selu".
    """

    block = ColumnBlock
    published_outputs = 2
    published_dilation = 2
