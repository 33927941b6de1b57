"""Conformer: four Conformer blocks with relative positions and a class token, on features of XLS-R.

Source: Rosello et al., "A conformer-based classifier for variable-length utterance processing in anti-spoofing"
(Interspeech 2023), and ErosRos/conformer-based-classifier-for-anti-spoofing; the attention is that of Shaw et al.,
"Self-attention with relative position representations" (arXiv 1803.02155) as in lucidrains/conformer 0.3.2 (MIT).
Logit 0 is spoof, logit 1 is bona fide; the published score is logit 1. No weights are published.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.conformer_block import ConformerBlock
from truevoice.models.blocks.narrowing import NarrowingNetwork

FARTHEST = 512  # frames; those farther apart count as this far


class Conformer(NarrowingNetwork):
    """Last layer of the encoder (B, T', dim) -> (B, 2) logits: spoof, bona fide. Any T' from 1."""

    takes = "last"

    def __init__(self, *, dim: int = 1024, width: int = 144, heads: int = 4, blocks: int = 4) -> None:
        super().__init__(dim, width)
        attentions = (RelativeAttention(width, heads) for _ in range(blocks))
        self.conformer = ClassTokenEncoder(width, *attentions)

    def forward(self, features: Tensor) -> Tensor:
        return self.conformer(self.narrow(features))


class ClassTokenEncoder(nn.Module):
    """(B, T', width) -> (B, 2): a learnt token before the frames, one block for each attention; the token is read."""

    def __init__(self, width: int, *attentions: nn.Module) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.rand(1, width))
        self.encoder_blocks = nn.ModuleList(ConformerBlock(width, attention) for attention in attentions)
        self.fc5 = nn.Linear(width, 2)

    def forward(self, frames: Tensor) -> Tensor:
        x = torch.cat([self.class_token.expand(frames.shape[0], 1, -1), frames], dim=1)
        for block in self.encoder_blocks:
            x = block(x)
        return self.fc5(x[:, 0])


class RelativeAttention(nn.Module):
    """(B, N, width) -> (B, N, width). A query also meets a vector learnt for its distance from the key.

    The class token counts as position 0, so every distance is one of 2 * FARTHEST + 1.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(width, 2 * width, bias=False)
        self.to_out = nn.Linear(width, width)
        self.rel_pos_emb = nn.Embedding(2 * FARTHEST + 1, width // heads)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (self._by_head(part) for part in (self.to_q(x), *self.to_kv(x).chunk(2, dim=-1)))
        bias = self._distance_logits(query) * query.shape[-1] ** -0.5
        heard = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.to_out(heard.transpose(1, 2).flatten(2))

    def _by_head(self, x: Tensor) -> Tensor:
        """(B, N, width) -> (B, heads, N, width / heads). An unflatten here would fix N in an exported graph."""
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def _distance_logits(self, query: Tensor) -> Tensor:
        """(B, heads, N, N): query i with the vector of the distance i - j.

        Every query meets every distance once and the right ones are picked: N * 1025 numbers instead of N * N * 36.
        """
        place = torch.arange(query.shape[2], device=query.device)
        distance = (place[:, None] - place).clamp(-FARTHEST, FARTHEST) + FARTHEST
        logits = query @ self.rel_pos_emb.weight.T
        return logits[:, :, place[:, None], distance]
