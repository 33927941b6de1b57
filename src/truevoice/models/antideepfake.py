"""AntiDeepfake: the mean of an encoder's features over time and one linear layer.

Source: Ge et al., "Post-training for deepfake speech detection" (arXiv 2506.21090), and
nii-yamagishilab/AntiDeepfake (code BSD-3, weights CC BY-NC-SA 4.0). Logit 0 is fake, logit 1 is real; the published
score is the probability of real, whose order is that of logit 1 less logit 0 and not that of logit 1 alone.
"""

from __future__ import annotations

from torch import Tensor, nn


class AntiDeepfake(nn.Module):
    """Last layer of the encoder (B, T', dim) -> (B, 2) logits: spoof, bona fide. Any T' from 1."""

    takes = "last"

    def __init__(self, *, dim: int = 1024) -> None:
        super().__init__()
        self.proj_fc = nn.Linear(dim, 2)

    def forward(self, features: Tensor) -> Tensor:
        return self.proj_fc(features.mean(1))
