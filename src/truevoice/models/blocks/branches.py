"""What the AASIST family does with its spectral and temporal nodes: two branches of graphs, merged and read out.

Source: Jung et al., "AASIST" (arXiv 2110.01200), section 3.4 (max graph operation) and 3.5 (readout); the same in
TakHemlata/SSL_Anti-spoofing. The layers are held at the top level of the network, as the published checkpoints name
them, so these are functions on a network and not a layer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from truevoice.models.blocks.graph import GraphAttention, GraphPool, HeterogeneousAttention

BRANCH_DROPOUT = 0.2


def add_graph_layers(
    network: nn.Module, channels: int, dims: Sequence[int], ratios: Sequence[float], temperatures: Sequence[float]
) -> None:
    """Gives `network` the graph layers of both branches, for nodes `channels` wide.

    `dims` are the widths of the nodes in the attention layers before and after the merging of kinds. `ratios` are
    those of `pool_S`, `pool_T` and all `pool_h*`, `temperatures` those of `GAT_layer_S`, `GAT_layer_T` and all
    heterogeneous layers; the published configurations end both lists with a fourth value that nothing reads.
    """
    wide, narrow = dims
    layers: dict[str, nn.Module] = {
        "GAT_layer_S": GraphAttention(channels, wide, temperatures[0]),
        "GAT_layer_T": GraphAttention(channels, wide, temperatures[1]),
        "HtrgGAT_layer_ST11": HeterogeneousAttention(wide, narrow, temperatures[2]),
        "HtrgGAT_layer_ST12": HeterogeneousAttention(narrow, narrow, temperatures[2]),
        "HtrgGAT_layer_ST21": HeterogeneousAttention(wide, narrow, temperatures[2]),
        "HtrgGAT_layer_ST22": HeterogeneousAttention(narrow, narrow, temperatures[2]),
        "pool_S": GraphPool(ratios[0], wide),
        "pool_T": GraphPool(ratios[1], wide),
        "pool_hS1": GraphPool(ratios[2], narrow),
        "pool_hT1": GraphPool(ratios[2], narrow),
        "pool_hS2": GraphPool(ratios[2], narrow),
        "pool_hT2": GraphPool(ratios[2], narrow),
        "drop_way": nn.Dropout(BRANCH_DROPOUT),
    }
    for name, layer in layers.items():
        network.add_module(name, layer)


def read_out_graphs(network: Any, spectral: Tensor, temporal: Tensor) -> Tensor:
    """Spectral nodes (B, Ns, C) and temporal nodes (B, Nt, C) -> embedding (B, 5 * narrow).

    `network` holds the layers of `add_graph_layers` and the starting masters `master1`, `master2`. The embedding is
    [max |T|, mean T, max |S|, mean S, master], each over the nodes of that kind.
    """
    spectral = network.pool_S(network.GAT_layer_S(spectral))
    temporal = network.pool_T(network.GAT_layer_T(temporal))
    branches = [_branch(network, number, spectral, temporal) for number in (1, 2)]
    temporal, spectral, master = (torch.maximum(one, other) for one, other in zip(*branches, strict=True))
    return torch.cat(
        [
            temporal.abs().amax(1),
            temporal.mean(1),
            spectral.abs().amax(1),
            spectral.mean(1),
            master.squeeze(1),
        ],
        dim=1,
    )


def _branch(network: Any, number: int, spectral: Tensor, temporal: Tensor) -> list[Tensor]:
    """Temporal nodes, spectral nodes and master at the end of branch 1 or 2."""
    merge = getattr(network, f"HtrgGAT_layer_ST{number}1")
    refine = getattr(network, f"HtrgGAT_layer_ST{number}2")
    temporal, spectral, master = merge(temporal, spectral, getattr(network, f"master{number}"))
    spectral = getattr(network, f"pool_hS{number}")(spectral)
    temporal = getattr(network, f"pool_hT{number}")(temporal)
    before = (temporal, spectral, master)
    after = refine(temporal, spectral, master)
    return [network.drop_way(old + new) for old, new in zip(before, after, strict=True)]
