"""How the 144-wide back-ends begin: the encoder's features made narrow, normalised as one image, and activated.

Source: the layers `LL` and `first_bn` of ErosRos/conformer-based-classifier-for-anti-spoofing,
ductuantruong/tcm_add and swagshaw/XLSR-Mamba, which all took them over from SSL_Anti-spoofing.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class NarrowingNetwork(nn.Module):
    """Base of networks whose published keys hold `LL` (dim -> width) and `first_bn` at the top level."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.LL = nn.Linear(dim, width)
        self.first_bn = nn.BatchNorm2d(1)  # one mean and one variance for all channels and frames

    def narrow(self, features: Tensor) -> Tensor:
        """(B, T', dim) -> (B, T', width)."""
        return F.selu(self.first_bn(self.LL(features)[:, None])).squeeze(1)
