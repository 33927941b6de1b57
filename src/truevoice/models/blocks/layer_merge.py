"""All hidden states of an encoder made one, with weights that are learnt.

Source: Liu et al., "Nes2Net" (arXiv 2504.05657), and Liu-Tianchi/Nes2Net, class `SSLModel`, options SEA and
WeightedSum. The third option there, AttM, is not built: no published checkpoint is said to use it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GatedMerge(nn.Module):
    """(L, B, T', D) -> (B, T', D): each state times a gate in (0, 1) that sees the means of all of them ("SEA")."""

    def __init__(self, states: int) -> None:
        super().__init__()
        inner = states // 3
        self.fc_att_merge = nn.Sequential(
            nn.Linear(states, inner, bias=False),
            nn.ReLU(),
            nn.Linear(inner, states, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, states: Tensor) -> Tensor:
        gates = self.fc_att_merge(states.mean((2, 3)).T)
        return torch.einsum("bl,lbtd->btd", gates, states)


class WeightedMerge(nn.Module):
    """(L, B, T', D) -> (B, T', D): a mean with fixed shares, the same for every recording ("WeightedSum")."""

    def __init__(self, states: int) -> None:
        super().__init__()
        self.weight_hidd = nn.Parameter(torch.ones(states))

    def forward(self, states: Tensor) -> Tensor:
        return torch.einsum("l,lbtd->btd", self.weight_hidd.softmax(0), states)


MERGES: dict[str, type[GatedMerge] | type[WeightedMerge]] = {"sea": GatedMerge, "weighted": WeightedMerge}
