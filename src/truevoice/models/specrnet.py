"""SpecRNet: three gated residual blocks over bands and time, then a bidirectional GRU.

Source: Kawa, Plata, Syga, "SpecRNet: towards faster and more accessible audio DeepFake detection" (TrustCom 2022,
arXiv 2210.06105), piotrkawa/specrnet; on Whisper's features in piotrkawa/deepfake-whisper-features (both MIT). One
logit: the higher, the more bona fide.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.leaky_residual import LeakyResidual, gated
from truevoice.models.front_ends.spectral_maps import add_front_ends, spectral_maps

POOL = 2  # over bands and time, once in each block and once after it
STAGES = {0: 20, 2: 64, 4: 64}  # channels by the published number of the block
HIDDEN = 64
GRU_LAYERS = 2


class SpecRNet(nn.Module):
    """(B, T) waveforms at 16 kHz in [-1, 1] -> (B, 1) logits of bona fide speech, before the sigmoid.

    `features` are those of `add_front_ends`. With cepstra alone any T of at least 10080 samples runs, with Whisper's
    encoder 480000 alone; the published weights know 480000.
    """

    def __init__(self, *, features: Sequence[str] = ("lfcc",)) -> None:
        super().__init__()
        add_front_ends(self, features)
        channels = len(features)
        self.first_bn = nn.BatchNorm2d(channels)
        for index, cout in STAGES.items():
            block = LeakyResidual(channels, cout, axes=2, pool=POOL, first=index == 0)
            self.add_module(f"block{index}", nn.Sequential(block))
            self.add_module(f"fc_attention{index}", nn.Sequential(nn.Linear(cout, cout)))
            channels = cout
        self.bn_before_gru = nn.BatchNorm2d(channels)
        self.gru = nn.GRU(channels, HIDDEN, GRU_LAYERS, batch_first=True, bidirectional=True)
        self.fc1_gru = nn.Linear(2 * HIDDEN, 2 * HIDDEN)
        self.fc2_gru = nn.Linear(2 * HIDDEN, 1)

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 1) logits."""
        return self.classify(spectral_maps(self, waves))

    def classify(self, maps: Tensor) -> Tensor:
        """(B, channels, bands, frames), at least 64 of either -> (B, 1) logits.

        The bands that are left are averaged, as in the Whisper repository; the original knows 80, which leave one.
        """
        x = F.selu(self.first_bn(maps))
        for index in STAGES:
            x = gated(self.get_submodule(f"block{index}")(x), self.get_submodule(f"fc_attention{index}"))
            x = F.max_pool2d(x, POOL)
        frames = F.selu(self.bn_before_gru(x)).mean(2).transpose(1, 2)
        steps, _ = self.gru(frames)
        return self.fc2_gru(self.fc1_gru(steps[:, -1]))
