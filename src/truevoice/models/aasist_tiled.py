"""AASIST for inference on a CPU: the same numbers, computed in slices of time small enough to stay in the cache.

The filter bank and each residual block run tile by tile of time (`blocks.tiles`), and tiles can be spread over threads.
Batch norms are folded into convolutions and the weights are laid out channels-last, for which the vectorised kernels
need no reordering.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from truevoice.models.blocks.residual import ResidualBlock
from truevoice.models.blocks.tiles import Map, in_tiles, pooled_bank


class TiledAASIST(nn.Module):
    """(B, T) waveforms -> (B, 2) logits, as the `AASIST` it is built from, to rounding. Not for training.

    `network` is left as it is. `map_` in `forward` says how to run the tiles of one layer: the built-in `map` one after
    another, or the `map` of a pool of threads.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.blocks: list[ResidualBlock] = []
        for stage in self.network.encoder:
            assert isinstance(stage, nn.Sequential)
            block = stage[0]
            assert isinstance(block, ResidualBlock)
            block.conv1 = fuse_conv_bn_eval(block.conv1, block.bn2)
            block.add_module("bn2", nn.Identity())
            self.blocks.append(block)
        nn.Module.to(self.network.encoder, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, waves: Tensor, map_: Map = map) -> Tensor:
        x = self.network.normalise(pooled_bank(waves, self.network.conv_time.filters, map_))
        for block in self.blocks:
            x = in_tiles(block, x, map_)
        return self.network.out_layer(self.network.embed_encoded(x))
