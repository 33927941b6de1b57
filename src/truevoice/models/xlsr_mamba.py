"""XLSR-Mamba: two columns of Mamba mixers on features of XLS-R, one along time and one against it.

Source: Xiao & Das, "XLSR-Mamba: A dual-column bidirectional state space model for spoofing attack detection" (IEEE
Signal Processing Letters 2025, arXiv 2411.10027), and swagshaw/XLSR-Mamba (MIT), with its fused add and norm. Logit 0
is spoof, logit 1 is bona fide; the published score is logit 1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from truevoice.models.blocks.mamba import MambaMixer, RootMeanSquareNorm
from truevoice.models.blocks.narrowing import NarrowingNetwork

DROPOUT = 0.1


class XLSRMamba(NarrowingNetwork):
    """Last layer of the encoder (B, T', dim) -> (B, 2) logits: spoof, bona fide. Any T' from 1.

    `blocks` is the number of blocks in a column.
    """

    takes = "last"

    def __init__(self, *, dim: int = 1024, width: int = 144, blocks: int = 6) -> None:
        super().__init__(dim, width)
        self.conformer = DualColumn(width, blocks)  # its published name, though there is no Conformer in it

    def forward(self, features: Tensor) -> Tensor:
        return self.conformer(self.narrow(features))


class DualColumn(nn.Module):
    """(B, T', width) -> (B, 2).

    The published code hands the wrong tensor to the final norm, and the published weights depend on it: instead of
    what the last block of a column gives, it adds the columns' common input, which for the column against time is in
    the other order than the rest. So the last blocks have no effect. They are in every checkpoint, and never run here.
    """

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.forward_layers = nn.ModuleList(_Block(width, blocks) for _ in range(blocks))
        self.backward_layers = nn.ModuleList(_Block(width, blocks) for _ in range(blocks))
        self.norm_f = RootMeanSquareNorm(width)
        self.f_attention_pool = nn.Linear(width, 1)
        self.b_attention_pool = nn.Linear(width, 1)
        self.LL = nn.Linear(2 * width, width)
        self.classifier = nn.Linear(width, 2)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, frames: Tensor) -> Tensor:
        return self.classifier(self.drop(self.LL(self.pool(self.drop(frames)))))

    def pool(self, frames: Tensor) -> Tensor:
        """(B, T', width) -> (B, 2 * width), the two columns read out."""
        forward, backward = self.columns(frames)
        return torch.cat([_read_out(self.f_attention_pool, forward), _read_out(self.b_attention_pool, backward)], dim=1)

    def columns(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Both columns (B, T', width) after the final norm; the second stays in the order against time."""
        forward, backward = frames, frames.flip(1)
        for block in self.forward_layers[:-1]:
            forward = block(forward)
        for block in self.backward_layers[:-1]:
            backward = block(backward)
        return self.norm_f(frames + forward), self.norm_f(frames + backward)


class _Block(nn.Module):
    """(B, T', width) -> the same plus what the mixer makes of it."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.mixer = MambaMixer(width)
        self.norm = RootMeanSquareNorm(width)
        nn.init.kaiming_uniform_(self.mixer.out_proj.weight, a=math.sqrt(5))
        with torch.no_grad():
            self.mixer.out_proj.weight /= math.sqrt(blocks)  # as every block adds to the same sum

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mixer(self.norm(x))


def _read_out(attention: nn.Linear, frames: Tensor) -> Tensor:
    """(B, T', width) -> (B, width), a mean weighed by attention."""
    return (attention(frames).softmax(1).transpose(1, 2) @ frames).squeeze(1)
