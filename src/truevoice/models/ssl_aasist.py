"""The back-end of SSL-AASIST: AASIST without its filter bank, on features of XLS-R.

Source: Tak et al., "Automatic speaker verification spoofing and deepfake detection using wav2vec 2.0 and data
augmentation" (Odyssey 2022, arXiv 2202.12233), and TakHemlata/SSL_Anti-spoofing (MIT). Logit 0 is spoof, logit 1 is
bona fide; the published score is logit 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.branches import add_graph_layers, read_out_graphs
from truevoice.models.blocks.residual import ResidualBlock

CHANNELS = ((1, 32), (32, 32), (32, 64), (64, 64), (64, 64), (64, 64))
BOTTLENECK = 128  # channels between the two convolutions that weigh the nodes
FIRST_POOL = 3  # in features and in time
NODE_WIDTHS = (64, 32)
POOL_RATIOS = (0.5, 0.5, 0.5)
TEMPERATURES = (2.0, 2.0, 100.0)
EMBEDDING_DROPOUT = 0.5


class SSLAASIST(nn.Module):
    """Last layer of the encoder (B, T', dim) -> (B, 2) logits: spoof, bona fide. Any T' from 3.

    `width` is what the features are narrowed to; a third of it are the spectral nodes.
    """

    takes = "last"

    def __init__(self, *, dim: int = 1024, width: int = 128) -> None:
        super().__init__()
        nodes_wide = CHANNELS[-1][1]
        self.LL = nn.Linear(dim, width)
        self.first_bn = nn.BatchNorm2d(1)
        self.first_bn1 = nn.BatchNorm2d(nodes_wide)
        self.encoder = nn.Sequential(
            *(nn.Sequential(ResidualBlock(cin, cout, first=index == 0)) for index, (cin, cout) in enumerate(CHANNELS))
        )
        self.attention = nn.Sequential(
            nn.Conv2d(nodes_wide, BOTTLENECK, 1),
            nn.SELU(),
            nn.BatchNorm2d(BOTTLENECK),
            nn.Conv2d(BOTTLENECK, nodes_wide, 1),
        )
        self.pos_S = nn.Parameter(torch.randn(1, width // FIRST_POOL, nodes_wide))
        self.master1 = nn.Parameter(torch.randn(1, 1, NODE_WIDTHS[0]))
        self.master2 = nn.Parameter(torch.randn(1, 1, NODE_WIDTHS[0]))
        add_graph_layers(self, nodes_wide, NODE_WIDTHS, POOL_RATIOS, TEMPERATURES)
        self.drop = nn.Dropout(EMBEDDING_DROPOUT)
        self.out_layer = nn.Linear(5 * NODE_WIDTHS[1], 2)

    def forward(self, features: Tensor) -> Tensor:
        return self.out_layer(self.embed(features))

    def embed(self, features: Tensor) -> Tensor:
        """(B, T', dim) -> (B, 160), what the last layer sees; in training after its dropout."""
        encoded = self.encode(features)
        weights = self.attention(encoded)
        spectral = (encoded * weights.softmax(3)).sum(3).transpose(1, 2) + self.pos_S
        temporal = (encoded * weights.softmax(2)).sum(2).transpose(1, 2)
        return self.drop(read_out_graphs(self, spectral, temporal))

    def encode(self, features: Tensor) -> Tensor:
        """(B, T', dim) -> (B, 64, width // 3, T' // 3)."""
        image = F.max_pool2d(self.LL(features).transpose(1, 2)[:, None], FIRST_POOL)
        return F.selu(self.first_bn1(self.encoder(F.selu(self.first_bn(image)))))
