"""Conformer-TCM: the Conformer detector whose attention also hears one summary token for each of its heads.

Source: Truong et al., "Temporal-channel modeling in multi-head self-attention for synthetic speech detection"
(Interspeech 2024, arXiv 2406.17376), and ductuantruong/tcm_add (MIT). Logit 0 is spoof, logit 1 is bona fide; the
published score is logit 1. The original also returns its attention maps; here `forward` gives the logits alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.errors import UsageError
from truevoice.models.blocks.narrowing import NarrowingNetwork
from truevoice.models.conformer import ClassTokenEncoder

LONGEST = 10_000  # frames for which a position is stored: 200 seconds


class ConformerTCM(NarrowingNetwork):
    """Last layer of the encoder (B, T', dim) -> (B, 2) logits: spoof, bona fide. T' from 1 to `LONGEST`."""

    takes = "last"

    def __init__(self, *, dim: int = 1024, width: int = 144, heads: int = 4, blocks: int = 4) -> None:
        super().__init__(dim, width)
        attentions = (HeadTokenAttention(width, heads) for _ in range(blocks))
        self.conformer = PositionedEncoder(width, *attentions)

    def forward(self, features: Tensor) -> Tensor:
        return self.conformer(self.narrow(features))


class PositionedEncoder(ClassTokenEncoder):
    """`ClassTokenEncoder` with sinusoids added to the frames, but not to the class token.

    The sinusoids are part of the published state dict, as a parameter that is never trained.
    """

    def __init__(self, width: int, *attentions: nn.Module) -> None:
        super().__init__(width, *attentions)
        self.positional_emb = nn.Parameter(sinusoids(LONGEST, width)[None], requires_grad=False)

    def forward(self, frames: Tensor) -> Tensor:
        if frames.shape[1] > LONGEST:
            raise UsageError(f"Conformer-TCM hears at most {LONGEST} frames (200 s) at once, not {frames.shape[1]}")
        return super().forward(frames + self.positional_emb[:, : frames.shape[1]])


def sinusoids(positions: int, width: int) -> Tensor:
    """(positions, width): sines on even and cosines on odd channels, of p / 10000^(2 * (channel // 2) / width)."""
    channel = torch.arange(0, width, 2, dtype=torch.float64)
    angle = torch.arange(positions, dtype=torch.float64)[:, None] / 10000 ** (channel / width)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()


class HeadTokenAttention(nn.Module):
    """(B, N, width) -> (B, N, width), of which row 0 is the class token.

    The mean over time of each head's channels becomes a token of its own. The tokens take part in the attention as
    frames do; afterwards their mean, and that of the frames, is added to the class token.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.pos_embed = nn.Parameter(torch.zeros(1, heads, width))
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)
        self.ht_proj = nn.Linear(width // heads, width)
        self.ht_norm = nn.LayerNorm(width // heads)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        heard = self._attend(torch.cat([x, self._head_tokens(x)], dim=1))
        token, frames, heads = heard.split([1, x.shape[1] - 1, self.heads], dim=1)
        token = token + heads.mean(1, keepdim=True) + frames.mean(1, keepdim=True)
        return torch.cat([token, frames], dim=1)

    def _head_tokens(self, x: Tensor) -> Tensor:
        """(B, N, width) -> (B, heads, width)."""
        means = x.mean(1).unflatten(-1, (self.heads, -1))
        parts = self.ht_norm(self.ht_proj(means).unflatten(-1, (self.heads, -1)))
        return F.gelu(parts).flatten(2) + self.pos_embed

    def _attend(self, x: Tensor) -> Tensor:
        query, key, value = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))
