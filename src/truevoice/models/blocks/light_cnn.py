"""The trunk of the light CNN: convolutions whose channels compete in pairs, then bidirectional LSTMs.

Source: Wu et al., "Light CNN for anti-spoofing" (Interspeech 2020) for the layers; Wang & Yamagishi, "A comparative
study on recent neural spoofing countermeasures" (Interspeech 2021, arXiv 2103.11326) for the LSTMs;
asvspoof-challenge/2021, Baseline-LFCC-LCNN (BSD-3). Modules stand at the published places of their sequences.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

DROPOUT = 0.7
POOLED = 16  # frames and features to one of the trunk's output
CHANNELS = 32  # of the trunk's output


class MaxFeatureMap(nn.Module):
    """(B, 2C, ...) -> (B, C, ...): the greater of channel i and channel C + i."""

    def forward(self, maps: Tensor) -> Tensor:
        first, second = maps.chunk(2, dim=1)
        return torch.maximum(first, second)


class PlainNorm(nn.BatchNorm2d):
    """Batch norm over (B, C, ...) without a scale and an offset of its own."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels, affine=False)

    def forward(self, input: Tensor) -> Tensor:
        if not torch.onnx.is_in_onnx_export():  # the exporter loses count of the channels after a maximum
            return super().forward(input)
        scale = torch.rsqrt(self.running_var + self.eps)
        return (input - self.running_mean[:, None, None]) * scale[:, None, None]


def light_cnn(channels: int) -> nn.Sequential:
    """(B, channels, T, D) -> (B, 32, T // 16, D // 16)."""
    layers: list[nn.Module] = []

    def stage(cin: int, cout: int, width: int, *, pool: bool = False, norm: bool = False) -> None:
        layers.extend([nn.Conv2d(cin, 2 * cout, width, padding=width // 2), MaxFeatureMap()])
        if pool:
            layers.append(nn.MaxPool2d(2))
        if norm:
            layers.append(PlainNorm(cout))

    stage(channels, 32, 5, pool=True)
    stage(32, 32, 1, norm=True)
    stage(32, 48, 3, pool=True, norm=True)
    stage(48, 48, 1, norm=True)
    stage(48, 64, 3, pool=True)
    stage(64, 64, 1, norm=True)
    stage(64, 32, 3, norm=True)
    stage(32, 32, 1, norm=True)
    stage(32, 32, 3, pool=True)
    return nn.Sequential(*layers, nn.Dropout(DROPOUT))


class BLSTM(nn.Module):
    """(B, T, width) -> (B, T, width), half of it from either direction."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.l_blstm = nn.LSTM(width, width // 2, bidirectional=True, batch_first=True)

    def forward(self, frames: Tensor) -> Tensor:
        return self.l_blstm(frames)[0]


def recurrent_layers(width: int) -> nn.Sequential:
    """Two bidirectional LSTMs: (B, T, width) -> (B, T, width)."""
    return nn.Sequential(BLSTM(width), BLSTM(width))


def pooled_frames(maps: Tensor, recurrent: nn.Module) -> Tensor:
    """The trunk's output (B, C, T, D) -> (B, C * D), the mean over time of the frames and of what the LSTMs add."""
    frames = maps.transpose(1, 2).flatten(2)
    return (recurrent(frames) + frames).mean(1)
