"""ResNet18 in the form of speaker verification: 80 filter-bank bands in, an embedding of a recording out.

Source: He et al., "Deep residual learning for image recognition" (CVPR 2016) for the blocks; zlin0/wedefense
(Apache-2.0) for this form, with mean and deviation over time in place of the average. The embedding alone is here:
its filter bank (Kaldi's) and its classifier are outside the network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BANDS = 80
STAGES = ((32, 1), (64, 2), (128, 2), (256, 2))  # channels and stride, over bands and time alike
BLOCKS = 2  # in each stage
EMBEDDING = 256
VARIANCE_FLOOR = 1e-7


class BasicBlock(nn.Module):
    """(B, cin, F, T) -> (B, cout, F / stride, T / stride), a sum of two convolutions and the input."""

    def __init__(self, cin: int, cout: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Sequential()
        if stride != 1 or cin != cout:
            self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1, stride=stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class ResNet18(nn.Module):
    """Filter-bank features (B, T, 80), T at least 9 -> embeddings (B, 256)."""

    def __init__(self) -> None:
        super().__init__()
        cin = STAGES[0][0]
        self.conv1 = nn.Conv2d(1, cin, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(cin)
        for number, (cout, stride) in enumerate(STAGES, start=1):
            blocks = [BasicBlock(cin, cout, stride), *(BasicBlock(cout, cout, 1) for _ in range(BLOCKS - 1))]
            self.add_module(f"layer{number}", nn.Sequential(*blocks))
            cin = cout
        self.seg_1 = nn.Linear(2 * cin * (BANDS // 8), EMBEDDING)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, 80) -> (B, 256)."""
        x = F.relu(self.bn1(self.conv1(features.transpose(1, 2)[:, None])))
        for number in range(1, len(STAGES) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        deviation = torch.sqrt(x.var(dim=-1) + VARIANCE_FLOOR)
        return self.seg_1(torch.cat([x.mean(-1).flatten(1), deviation.flatten(1)], dim=1))
