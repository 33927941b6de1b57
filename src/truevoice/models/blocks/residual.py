"""The residual block of the AASIST family's encoder.

Source: clovaai/aasist and TakHemlata/SSL_Anti-spoofing, class `Residual_block`.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

REACH = 2  # samples in time to either side of an output: one for each of the two convolutions


class ResidualBlock(nn.Module):
    """(B, cin, F, T) -> (B, cout, F, T // pool), a sum of two convolutions over (2, 3) and the input.

    `pool` is the width of the max pooling over time after the sum; 1 means none, as SSL-AASIST has it.

    The original computes `selu(bn1(x))` and then throws it away: `conv1` sees x itself. `bn1` is kept only because it
    is in every checkpoint; it is never applied, and a block that applied it would not give the published scores.
    """

    def __init__(self, cin: int, cout: int, *, first: bool = False, pool: int = 1) -> None:
        super().__init__()
        if not first:
            self.bn1 = nn.BatchNorm2d(cin)
        self.conv1 = nn.Conv2d(cin, cout, (2, 3), padding=(1, 1))
        self.bn2 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, (2, 3), padding=(0, 1))
        self.conv_downsample = nn.Conv2d(cin, cout, (1, 3), padding=(0, 1)) if cin != cout else None
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        total = self.before_pool(x)
        return total if self.pool == 1 else F.max_pool2d(total, (1, self.pool))

    def before_pool(self, x: Tensor) -> Tensor:
        """(B, cin, F, T) -> (B, cout, F, T): the sum, which reaches `REACH` samples of `x` to either side in time."""
        identity = x if self.conv_downsample is None else self.conv_downsample(x)
        total = self.conv2(F.selu(self.bn2(self.conv1(x)), inplace=True))
        total += identity
        return total
