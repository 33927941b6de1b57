"""The AASIST family's filter bank and residual blocks, computed in slices of time small enough to stay in the cache.

A residual block at full length works on tensors of tens of megabytes. Layer after layer, such tensors travel to memory
and back, which takes longer than the arithmetic. Here each block runs to its end on one tile of its time axis before
the next tile is begun; tiles are independent, so they can be spread over threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from truevoice.models.blocks.residual import REACH, ResidualBlock
from truevoice.models.blocks.sinc import FIRST_POOL

Piece = Callable[[int, int], Tensor]
Map = Callable[[Piece, list[int], list[int]], Iterable[Tensor]]

# Longest tiles, in samples after the pooling. Chosen by measurement: shorter ones lose time in calls, longer ones in
# memory. Below about 300, PyTorch sends the first block's single channel to a slow general kernel.
BLOCK_TILE = 320
BANK_TILE = 1536


def pooled_bank(waves: Tensor, filters: Tensor, map_: Map = map) -> Tensor:
    """(B, T) waves, (bands, 1, taps) filters -> (B, 1, bands // 3, T' // 3): largest magnitude in cells of 3 by 3.

    The three samples of a cell are three convolutions of stride 3, which spares the pooling over time.
    """
    taps, rows = filters.shape[2], filters.shape[0] // FIRST_POOL
    filters = filters[: rows * FIRST_POOL]

    def piece(start: int, end: int) -> Tensor:
        largest = None
        for phase in range(FIRST_POOL):
            first = start * FIRST_POOL + phase
            last = (end - 1) * FIRST_POOL + phase + taps
            strength = F.conv1d(waves[:, None, first:last], filters, stride=FIRST_POOL).abs()
            largest = strength if largest is None else torch.maximum(largest, strength)
        assert largest is not None
        return largest.unflatten(1, (rows, FIRST_POOL)).amax(2)

    length = (waves.shape[1] - taps + 1) // FIRST_POOL
    return torch.cat(list(map_(piece, *_bounds(length, BANK_TILE))), dim=-1)[:, None]


def in_tiles(block: ResidualBlock, x: Tensor, map_: Map = map) -> Tensor:
    """`block(x)`, tile by tile of the time axis.

    Each tile is cut with a margin of one pooled sample, which covers the block's reach, and the margin is dropped again
    after the pooling. At the ends of `x` there is none, so the block's own zero padding applies there.
    """
    assert block.pool >= REACH
    length = x.shape[3] // block.pool

    def piece(start: int, end: int) -> Tensor:
        before = min(start, 1)
        after = None if end == length else (end + 1) * block.pool
        return block(x[..., (start - before) * block.pool : after])[..., before : before + end - start]

    tiles = list(map_(piece, *_bounds(length, BLOCK_TILE)))
    return tiles[0] if len(tiles) == 1 else torch.cat(tiles, dim=3)


def _bounds(length: int, longest: int) -> tuple[list[int], list[int]]:
    """Starts and ends that cut `length` into the fewest parts of nearly equal size, none over `longest`."""
    count = math.ceil(length / longest)
    edges = [length * index // count for index in range(count + 1)]
    return edges[:-1], edges[1:]
