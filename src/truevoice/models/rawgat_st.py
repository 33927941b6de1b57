"""RawGAT-ST: sinc filters, two residual encoders, a graph over bands and one over time, fused into a third.

Source: Tak et al., "End-to-end spectro-temporal graph attention networks for speaker verification anti-spoofing and
speech deepfake detection" (ASVspoof workshop 2021, arXiv 2107.12710), and its published implementation
eurecom-asp/RawGAT-ST-antispoofing (MIT), whose weights load here unchanged. Logit 0 is spoof, logit 1 is bona fide.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.graph import GraphAttention, GraphPool
from truevoice.models.blocks.residual import ResidualBlock
from truevoice.models.blocks.sinc import FIRST_POOL, SincBank

if TYPE_CHECKING:
    from truevoice.models.rawgat_tiled import TiledRawGATST

BANDS = 70
TAPS = 129
CHANNELS = (32, 32, 32, 64, 64, 64, 64)
BLOCK_POOL = 3
WIDTH = 32  # of a node in the graphs over bands and over time
FUSED_NODES = 12
SPECTRAL_NODES, TEMPORAL_NODES, KEPT_NODES = 14, 23, 7  # left by the poolings of a window of 64600 samples
SPECTRAL_RATIO, TEMPORAL_RATIO, FUSED_RATIO = 0.64, 0.81, 0.64
FUSIONS = ("mul", "add", "cat")


class RawGATBlock(ResidualBlock):
    """The residual block of AASIST, with a second opening convolution `conv_1` from one channel.

    The first block opens with it and has no `conv1`; its one input channel is added to all of its outputs. In the
    other blocks it is dead, and is there only because it is in every checkpoint.
    """

    def __init__(self, cin: int, cout: int, *, first: bool) -> None:
        super().__init__(cin, cout, first=first, pool=BLOCK_POOL)
        self.conv_1 = nn.Conv2d(1, cout, (2, 3), padding=(1, 1))
        self.first = first
        if first:
            del self.conv1

    def before_pool(self, x: Tensor) -> Tensor:
        if not self.first:
            return super().before_pool(x)
        return self.conv2(F.selu(self.bn2(self.conv_1(x)))) + x


def encoder() -> nn.Sequential:
    """(B, 1, F, T) -> (B, 64, F, T // 729)."""
    return nn.Sequential(
        *(
            nn.Sequential(RawGATBlock(cin, cout, first=index == 0))
            for index, (cin, cout) in enumerate(pairwise(CHANNELS))
        )
    )


class RawGATST(nn.Module):
    """(B, T) waveforms at 16 kHz in [-1, 1] -> (B, 2) logits.

    `fusion` of the two graphs, node by node: "mul", "add", or "cat" of their features. T is 64600: the projections
    count the nodes in time, so only lengths that give as many (63551 to 65737) run.
    """

    def __init__(self, *, fusion: str = "mul") -> None:
        super().__init__()
        if fusion not in FUSIONS:
            raise ValueError(f"fusion {fusion!r} is not known: choose {', '.join(FUSIONS)}")
        wide = 2 * WIDTH if fusion == "cat" else WIDTH
        self.fusion = fusion
        self.sinc = SincBank(BANDS, TAPS)
        self.first_bn = nn.BatchNorm2d(1)
        self.encoder1 = encoder()
        self.encoder2 = encoder()
        self.GAT_layer1 = GraphAttention(CHANNELS[-1], WIDTH, temperature=1.0)
        self.pool1 = GraphPool(SPECTRAL_RATIO, WIDTH)
        self.GAT_layer2 = GraphAttention(CHANNELS[-1], WIDTH, temperature=1.0)
        self.pool2 = GraphPool(TEMPORAL_RATIO, WIDTH)
        self.GAT_layer3 = GraphAttention(wide, wide // 2, temperature=1.0)
        self.pool3 = GraphPool(FUSED_RATIO, wide // 2)
        self.proj1 = nn.Linear(SPECTRAL_NODES, FUSED_NODES)
        self.proj2 = nn.Linear(TEMPORAL_NODES, FUSED_NODES)
        self.proj = nn.Linear(wide // 2, 1)
        self.proj_node = nn.Linear(KEPT_NODES, 2)

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 2) logits: spoof, bona fide."""
        bands = self.sinc(waves)[:, None]
        x = self.normalise(F.max_pool2d(bands.abs(), FIRST_POOL))
        return self.read_out(self.encoder1(x), self.encoder2(x))

    def normalise(self, pooled: Tensor) -> Tensor:
        """What happens between the pooled filter bank (B, 1, F, T) and the encoders."""
        return F.selu(self.first_bn(pooled))

    def read_out(self, by_band: Tensor, by_time: Tensor) -> Tensor:
        """The outputs (B, 64, F, T) of the two encoders -> (B, 2) logits."""
        spectral = by_band.abs().amax(3).transpose(1, 2)
        temporal = by_time.abs().amax(2).transpose(1, 2)
        # The projections act on the nodes: (B, N, D) is turned, projected to twelve, and turned back.
        spectral = self.proj1(self.pool1(self.GAT_layer1(spectral)).transpose(1, 2)).transpose(1, 2)
        temporal = self.proj2(self.pool2(self.GAT_layer2(temporal)).transpose(1, 2)).transpose(1, 2)
        nodes = self.pool3(self.GAT_layer3(self._fused(spectral, temporal)))
        return self.proj_node(self.proj(nodes).squeeze(-1))

    def for_cpu(self) -> TiledRawGATST:
        """The same network in the form that is fastest on a CPU; for inference alone."""
        from truevoice.models.rawgat_tiled import TiledRawGATST

        return TiledRawGATST(self)

    def _fused(self, spectral: Tensor, temporal: Tensor) -> Tensor:
        if self.fusion == "mul":
            return spectral * temporal
        if self.fusion == "add":
            return spectral + temporal
        return torch.cat([spectral, temporal], dim=2)
