"""Attention over fully connected graphs of nodes, and the pooling of nodes, of the AASIST family.

Source: Jung et al., "AASIST" (arXiv 2110.01200), sections 3.1 to 3.3; clovaai/aasist, classes `GraphAttentionLayer`,
`HtrgGraphAttentionLayer`, `GraphPool`. Nodes are rows: N nodes of width D are (B, N, D).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

INPUT_DROPOUT = 0.2
POOL_DROPOUT = 0.3


def attention_vector(width: int) -> nn.Parameter:
    """The (width, 1) vector that turns a pair's features into one attention logit."""
    return nn.Parameter(nn.init.xavier_normal_(torch.empty(width, 1)))


def products_of_pairs(nodes: Tensor) -> Tensor:
    """(B, N, D) -> (B, N, N, D), the element-wise product of every node with every node."""
    return nodes[:, :, None] * nodes[:, None]


def normalised(batch_norm: nn.BatchNorm1d, nodes: Tensor) -> Tensor:
    """SELU of the batch norm over the features of (B, N, D); every node counts as one sample."""
    return F.selu(batch_norm(nodes.flatten(0, 1)).view_as(nodes))


class GraphAttention(nn.Module):
    """(B, N, cin) -> (B, N, cout). The logits of the attention are divided by `temperature`."""

    def __init__(self, cin: int, cout: int, temperature: float) -> None:
        super().__init__()
        self.att_weight = attention_vector(cout)
        self.att_proj = nn.Linear(cin, cout)
        self.proj_with_att = nn.Linear(cin, cout)
        self.proj_without_att = nn.Linear(cin, cout)
        self.bn = nn.BatchNorm1d(cout)
        self.dropout = nn.Dropout(INPUT_DROPOUT)
        self.temperature = temperature

    def forward(self, nodes: Tensor) -> Tensor:
        nodes = self.dropout(nodes)
        logits = (torch.tanh(self.att_proj(products_of_pairs(nodes))) @ self.att_weight).squeeze(-1)
        attention = torch.softmax(logits / self.temperature, dim=-1)
        return normalised(self.bn, self.proj_with_att(attention @ nodes) + self.proj_without_att(nodes))


class HeterogeneousAttention(nn.Module):
    """Attention over nodes of two kinds together, with a master node that listens to all of them.

    (B, N1, cin), (B, N2, cin), master (B or 1, 1, cin) -> (B, N1, cout), (B, N2, cout), (B, 1, cout).
    Pairs of the first kind, of the second and of mixed kind have an attention vector each. Neither batch norm nor
    activation touches the master.
    """

    def __init__(self, cin: int, cout: int, temperature: float) -> None:
        super().__init__()
        self.att_weight11 = attention_vector(cout)
        self.att_weight22 = attention_vector(cout)
        self.att_weight12 = attention_vector(cout)
        self.att_weightM = attention_vector(cout)
        self.proj_type1 = nn.Linear(cin, cin)
        self.proj_type2 = nn.Linear(cin, cin)
        self.att_proj = nn.Linear(cin, cout)
        self.att_projM = nn.Linear(cin, cout)
        self.proj_with_att = nn.Linear(cin, cout)
        self.proj_without_att = nn.Linear(cin, cout)
        self.proj_with_attM = nn.Linear(cin, cout)
        self.proj_without_attM = nn.Linear(cin, cout)
        self.bn = nn.BatchNorm1d(cout)
        self.dropout = nn.Dropout(INPUT_DROPOUT)
        self.temperature = temperature

    def forward(self, first: Tensor, second: Tensor, master: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        split = first.shape[1]
        nodes = self.dropout(torch.cat([self.proj_type1(first), self.proj_type2(second)], dim=1))
        attention = torch.softmax(self._pair_logits(nodes, split) / self.temperature, dim=-1)
        master = self._updated_master(nodes, master)
        nodes = normalised(self.bn, self.proj_with_att(attention @ nodes) + self.proj_without_att(nodes))
        return nodes[:, :split], nodes[:, split:], master

    def _pair_logits(self, nodes: Tensor, split: int) -> Tensor:
        """(B, N, cin) -> (B, N, N)."""
        features = torch.tanh(self.att_proj(products_of_pairs(nodes)))
        first, second = slice(None, split), slice(split, None)
        within_first = features[:, first, first] @ self.att_weight11
        within_second = features[:, second, second] @ self.att_weight22
        first_to_second = features[:, first, second] @ self.att_weight12
        second_to_first = features[:, second, first] @ self.att_weight12
        rows_of_first = torch.cat([within_first, first_to_second], dim=2)
        rows_of_second = torch.cat([second_to_first, within_second], dim=2)
        return torch.cat([rows_of_first, rows_of_second], dim=1).squeeze(-1)

    def _updated_master(self, nodes: Tensor, master: Tensor) -> Tensor:
        """(B, 1, cout): what the master hears from the nodes, plus what it was."""
        logits = torch.tanh(self.att_projM(nodes * master)) @ self.att_weightM
        attention = torch.softmax(logits / self.temperature, dim=1)
        return self.proj_with_attM(attention.transpose(1, 2) @ nodes) + self.proj_without_attM(master)


class GraphPool(nn.Module):
    """(B, N, D) -> (B, max(int(N * ratio), 1), D): the best-scored nodes, each times its score in (0, 1).

    The kept nodes come in descending order of their scores. That order is part of the model: two branches are later
    compared position by position.
    """

    def __init__(self, ratio: float, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 1)
        self.dropout = nn.Dropout(POOL_DROPOUT)
        self.ratio = ratio

    def forward(self, nodes: Tensor) -> Tensor:
        scores = torch.sigmoid(self.proj(self.dropout(nodes)))
        kept = max(int(nodes.shape[1] * self.ratio), 1)
        order = torch.topk(scores, kept, dim=1).indices
        return (nodes * scores).gather(1, order.expand(-1, -1, nodes.shape[2]))
