"""AASIST and AASIST-L: a sinc filter bank, a residual encoder and graph attention over bands and over time.

Source: Jung et al., "AASIST: Audio anti-spoofing using integrated spectro-temporal graph attention networks" (ICASSP
2022, arXiv 2110.01200), and its published implementation clovaai/aasist (MIT, NAVER Corp.), whose weights load here
unchanged. Logit 0 is spoof, logit 1 is bona fide; the published score is logit 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.branches import add_graph_layers, read_out_graphs
from truevoice.models.blocks.residual import ResidualBlock
from truevoice.models.blocks.sinc import FIRST_POOL, SincBank

if TYPE_CHECKING:
    from truevoice.models.aasist_tiled import TiledAASIST

BLOCK_POOL = 3  # in time, after each residual block
EMBEDDING_DROPOUT = 0.5


class AASIST(nn.Module):
    """(B, T) waveforms at 16 kHz in [-1, 1] -> (B, 2) logits.

    `filts` is [bands, [cin, cout], ...], one pair for each kind of residual block; the last pair is used three times.
    `first_conv` is the length of the sinc filters in taps, raised to an odd number. `gat_dims`, `pool_ratios` and
    `temperatures` are those of `add_graph_layers`. Any T from 2315 samples runs; the published weights know 64600.
    """

    def __init__(
        self,
        *,
        filts: Sequence[int | Sequence[int]],
        first_conv: int,
        gat_dims: Sequence[int],
        pool_ratios: Sequence[float],
        temperatures: Sequence[float],
    ) -> None:
        super().__init__()
        bands, channels = filts[0], [pair for pair in filts[1:] if not isinstance(pair, int)]
        assert isinstance(bands, int)
        channels += [channels[-1]] * 2
        nodes_wide = channels[-1][1]

        self.conv_time = SincBank(bands, first_conv)
        self.first_bn = nn.BatchNorm2d(1)
        self.encoder = nn.Sequential(
            *(
                nn.Sequential(ResidualBlock(cin, cout, first=index == 0, pool=BLOCK_POOL))
                for index, (cin, cout) in enumerate(channels)
            )
        )
        self.pos_S = nn.Parameter(torch.randn(1, bands // FIRST_POOL, nodes_wide))
        self.master1 = nn.Parameter(torch.randn(1, 1, gat_dims[0]))
        self.master2 = nn.Parameter(torch.randn(1, 1, gat_dims[0]))
        add_graph_layers(self, nodes_wide, gat_dims, pool_ratios, temperatures)
        self.drop = nn.Dropout(EMBEDDING_DROPOUT)
        self.out_layer = nn.Linear(5 * gat_dims[1], 2)

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 2) logits: spoof, bona fide."""
        return self.out_layer(self.embed(waves))

    def embed(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 5 * gat_dims[1]), what the last layer sees; in training after its dropout."""
        bands = self.conv_time(waves)[:, None]
        x = self.normalise(F.max_pool2d(bands.abs(), FIRST_POOL))
        return self.embed_encoded(self.encoder(x))

    def normalise(self, pooled: Tensor) -> Tensor:
        """What happens between the pooled filter bank (B, 1, F, T) and the encoder."""
        return F.selu(self.first_bn(pooled))

    def embed_encoded(self, encoded: Tensor) -> Tensor:
        """The encoder's output (B, C, F, T) -> the embedding."""
        strength = encoded.abs()
        spectral = strength.amax(3).transpose(1, 2) + self.pos_S
        temporal = strength.amax(2).transpose(1, 2)
        return self.drop(read_out_graphs(self, spectral, temporal))

    def for_cpu(self) -> TiledAASIST:
        """The same network in the form that is fastest on a CPU; for inference alone."""
        from truevoice.models.aasist_tiled import TiledAASIST

        return TiledAASIST(self)
