"""Nes2Net: a Res2Net inside a Res2Net, on the features of an encoder without any projection.

Source: Liu et al., "Nes2Net: A lightweight nested architecture for foundation model driven speech anti-spoofing"
(IEEE T-IFS 2025, arXiv 2504.05657); the class `WavLM_Nes2Net` of Liu-Tianchi/Nes2Net, trained on singing voices with
all hidden states of WavLM, one logit and no dilation. Higher is more bona fide.
"""

from __future__ import annotations

from torch import Tensor, nn

from truevoice.models.blocks.nested import GROUPS, NestedNetwork, SplitBlock


class Res2NetBlock(SplitBlock):
    """Each part is added to what came of the part before it, then convolved."""

    def __init__(self, channels: int, *, dilation: int, activation: nn.Module) -> None:
        super().__init__(channels, activation)
        part = self.part
        self.convs = nn.ModuleList(
            nn.Conv1d(part, part, 3, dilation=dilation, padding=dilation) for _ in range(GROUPS - 1)
        )
        self.bns = nn.ModuleList(nn.BatchNorm1d(part) for _ in range(GROUPS - 1))

    def mixed(self, parts: list[Tensor], last: Tensor) -> list[Tensor]:
        mixed: list[Tensor] = []
        for part, conv, batch_norm in zip(parts, self.convs, self.bns, strict=True):
            heard = mixed[-1] + part if mixed else part
            mixed.append(batch_norm(self.activation(conv(heard))))
        return mixed


class Nes2Net(NestedNetwork):
    """Features (B, T', dim) -> (B, outputs). Any T' from 1; the arguments are those of `NestedNetwork`."""

    block = Res2NetBlock
    published_outputs = 1
    published_dilation = 1
