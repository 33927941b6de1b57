"""Cosine heads: the output layer of a network trained with OC-softmax or AM-softmax.

Sources: Zhang, Jiang, Duan, "One-class learning towards synthetic voice spoofing detection" (IEEE Signal Processing
Letters 28, 2021, arXiv 2010.13995), equation 4; Wang, Cheng, Liu, Liu, "Additive margin softmax for face verification"
(IEEE Signal Processing Letters 25, 2018, arXiv 1801.05599). Scale and margins belong to the losses; a head gives bare
cosines, from -1 to 1, so that scores do not depend on them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.head_kinds import OC_SOFTMAX


class CosineHead(nn.Module):
    """(B, D) embeddings -> (B, N) cosines between each and the N rows of `weight` (N, D)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.detach().clone())

    def forward(self, embeddings: Tensor) -> Tensor:
        return F.linear(_unit(embeddings), _unit(self.weight))


def _unit(rows: Tensor) -> Tensor:
    """Rows of length one, whatever autocast makes of the rest: a cosine of 8 bits would be a coarse score."""
    rows = rows if rows.dtype == torch.float64 else rows.float()
    return rows / rows.norm(dim=-1, keepdim=True).clamp(min=1e-8)


def output_layer(network: nn.Module) -> str:
    """The name of the layer that gives the logits: the last linear layer of the network, as all networks here have it.

    Raises ValueError for a network that ends with none of one or two outputs.
    """
    found = [(name, one) for name, one in network.named_modules() if isinstance(one, nn.Linear | CosineHead)]
    if not found or outputs_of(found[-1][1]) not in (1, 2):
        raise ValueError(f"{type(network).__name__} does not end with a linear layer of one or two outputs")
    return found[-1][0]


def outputs_of(layer: nn.Module) -> int:
    """How many values a linear layer or a cosine head gives."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight.shape[0]


def put_head(network: nn.Module, kind: str, bonafide_index: int) -> None:
    """Puts the head `kind`, one of `HEADS`, in the place of the network's output layer.

    It begins in that layer's directions: for OC-softmax that of bona fide less that of spoof (of a single logit, its
    own), for AM-softmax both, at their old places. So nothing is drawn, and what a checkpoint has learnt is not lost.
    """
    name = output_layer(network)
    weight = network.get_submodule(name).weight
    assert isinstance(weight, Tensor)
    single = len(weight) == 1
    bonafide = weight[:1] if single else weight[bonafide_index, None] - weight[1 - bonafide_index, None]
    both = torch.cat([-weight, weight]) if single else weight
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, CosineHead(bonafide if kind == OC_SOFTMAX else both))
