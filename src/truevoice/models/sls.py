"""SLS: a gate for each layer of XLS-R, the gated sum as one image, and two linear layers.

Source: Zhang et al., "Audio deepfake detection with self-supervised XLS-R and SLS classifier" (ACM Multimedia 2024),
and QiShanZhang/SLSforASVspoof-2021-DF. Output 0 is spoof, output 1 is bona fide; the published score is output 1, a
log-probability. SELU is applied to the logits themselves and bounds them below at -1.758, so that scores saturate.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.errors import UsageError

POOL = 3  # in time and in features


class SLS(nn.Module):
    """The encoder's layers, before its final norm, (L, B, frames, dim) -> (B, 2) log-probabilities: spoof, bona fide.

    The number of frames is fixed by `fc1`: the published 201 are 64,600 samples. Any L. `log_probabilities`: without
    it the output is that of `fc3` alone, as a cosine head needs it.
    """

    takes = "layers"

    def __init__(
        self, *, dim: int = 1024, frames: int = 201, hidden: int = 1024, log_probabilities: bool = True
    ) -> None:
        super().__init__()
        self.log_probabilities = log_probabilities
        self.frames = frames
        self.first_bn = nn.BatchNorm2d(1)
        self.fc0 = nn.Linear(dim, 1)
        self.fc1 = nn.Linear((frames // POOL) * (dim // POOL), hidden)
        self.fc3 = nn.Linear(hidden, 2)  # there is no fc2

    def forward(self, layers: Tensor) -> Tensor:
        hidden = F.selu(self.fc1(self.pool(layers)))
        logits = self.fc3(hidden)
        return torch.log_softmax(F.selu(logits), dim=1) if self.log_probabilities else logits

    def gates(self, layers: Tensor) -> Tensor:
        """(L, B, T', dim) -> (L, B) in (0, 1), each of its own and not a share of one."""
        return torch.sigmoid(self.fc0(layers.mean(2))).squeeze(-1)

    def pool(self, layers: Tensor) -> Tensor:
        """The gated sum of the layers, normalised and pooled: what `fc1` sees, frame by frame in one row."""
        if layers.shape[2] != self.frames:
            raise UsageError(f"SLS hears {self.frames} frames (64,600 samples as published), not {layers.shape[2]}")
        fused = torch.einsum("lb,lbtd->btd", self.gates(layers), layers)
        return F.max_pool2d(F.selu(self.first_bn(fused[:, None])), POOL).flatten(1)
