"""RawGAT-ST for inference on a CPU: the same numbers, its encoders computed tile by tile of time.

Batch norms are folded into convolutions and the weights are laid out channels-last, for which the vectorised kernels
need no reordering. See `blocks.tiles` for why tiles are faster.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from truevoice.models.blocks.residual import ResidualBlock
from truevoice.models.blocks.tiles import Map, in_tiles, pooled_bank


class TiledRawGATST(nn.Module):
    """(B, T) waveforms -> (B, 2) logits, as the `RawGATST` it is built from, to rounding. Not for training.

    `network` is left as it is. `map_` in `forward` says how to run the tiles of one layer: the built-in `map` one after
    another, or the `map` of a pool of threads.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.encoders = [[stage[0] for stage in encoder] for encoder in (self.network.encoder1, self.network.encoder2)]
        for encoder in self.encoders:
            for block in encoder:
                opening = "conv_1" if block.first else "conv1"
                block.add_module(opening, fuse_conv_bn_eval(getattr(block, opening), block.bn2))
                block.add_module("bn2", nn.Identity())
                nn.Module.to(block, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, waves: Tensor, map_: Map = map) -> Tensor:
        x = self.network.normalise(pooled_bank(waves, self.network.sinc.filters, map_))
        return self.network.read_out(*(_encoded(blocks, x, map_) for blocks in self.encoders))


def _encoded(blocks: list[ResidualBlock], x: Tensor, map_: Map) -> Tensor:
    for block in blocks:
        x = in_tiles(block, x, map_)
    return x
