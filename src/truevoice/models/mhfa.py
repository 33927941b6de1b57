"""MHFA: multi-head factorised attentive pooling over all hidden states of an encoder.

Source: Peng et al., "An attention-based backend allowing efficient fine-tuning of transformer models for speaker
verification" (SLT 2022, arXiv 2210.01273), and its use against spoofing in zlin0/wedefense (Apache-2.0), class
`SSL_BACKEND_MHFA` with the projection "softmax". Logit 0 is spoof, logit 1 is bona fide.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


class MHFA(nn.Module):
    """All hidden states of the encoder (`states`, B, T', dim) -> (B, 2) logits: spoof, bona fide. Any T' from 1.

    The published pooling ends at an embedding; `projection` is the classifier that is trained and saved with it.
    `centred`: each frame of each state loses its mean over the features, as the published configurations do under the
    name of cepstral mean normalisation. `gradient` scales what flows back into the encoder in training.
    """

    takes = "states"

    def __init__(
        self,
        *,
        dim: int = 1024,
        states: int = 25,
        heads: int = 32,
        width: int = 128,
        embedding: int = 256,
        centred: bool = True,
        gradient: float = 0.1,
    ) -> None:
        super().__init__()
        self.centred = centred
        self.gradient = gradient
        self.weights_k = nn.Parameter(torch.ones(states))
        self.weights_v = nn.Parameter(torch.ones(states))
        self.cmp_linear_k = nn.Linear(dim, width)
        self.cmp_linear_v = nn.Linear(dim, width)
        self.att_head = nn.Linear(width, heads)
        self.pooling_fc = nn.Linear(heads * width, embedding)
        layers = (nn.BatchNorm1d(embedding), nn.ReLU(), nn.Linear(embedding, 2))
        self.projection = nn.Sequential(OrderedDict(trans=nn.Sequential(*layers)))

    def forward(self, states: Tensor) -> Tensor:
        if self.centred:
            states = states - states.mean(-1, keepdim=True)
        return self.projection(self.embed(states))

    def embed(self, states: Tensor) -> Tensor:
        """(states, B, T', dim), centred or not -> (B, embedding)."""
        if states.requires_grad:
            states = states * self.gradient + states.detach() * (1 - self.gradient)
        shares = torch.stack([self.weights_k, self.weights_v]).softmax(-1)
        for_keys, for_values = torch.einsum("sl,lbtd->sbtd", shares, states)
        attention = self.att_head(self.cmp_linear_k(for_keys)).softmax(1)
        pooled = attention.transpose(1, 2) @ self.cmp_linear_v(for_values)
        return self.pooling_fc(pooled.flatten(1))
