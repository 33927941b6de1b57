"""The light CNN with LSTMs, on LFCC (baseline of ASVspoof 2021) and on the features of the Whisper repository.

Source: Wang & Yamagishi, "A comparative study on recent neural spoofing countermeasures for synthetic speech
detection" (Interspeech 2021, arXiv 2103.11326), asvspoof-challenge/2021 Baseline-LFCC-LCNN (BSD-3); Kawa et al.,
"Improved DeepFake detection using Whisper features" (Interspeech 2023, arXiv 2306.01428),
piotrkawa/deepfake-whisper-features (MIT). One logit: the higher, the more bona fide.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from truevoice.models.blocks.light_cnn import CHANNELS, POOLED, light_cnn, pooled_frames, recurrent_layers
from truevoice.models.front_ends.lfcc import LFCC
from truevoice.models.front_ends.spectral_maps import ROWS, add_front_ends, spectral_maps

LFCC_WIDTH = 60


class LCNN(nn.Module):
    """(B, T) waveforms at 16 kHz in [-1, 1] -> (B, 1) logits of bona fide speech, before the sigmoid.

    Any T of at least 2400 samples runs; the published weights know whole recordings. The means and deviations of
    input and output are stored in every checkpoint, and nothing reads them.
    """

    def __init__(self) -> None:
        super().__init__()
        width = LFCC_WIDTH // POOLED * CHANNELS
        # The published code could hold several sub-models side by side, and holds one: hence the lists.
        self.m_frontend = nn.ModuleList([LFCC()])
        self.m_transform = nn.ModuleList([light_cnn(1)])
        self.m_before_pooling = nn.ModuleList([recurrent_layers(width)])
        self.m_output_act = nn.ModuleList([nn.Linear(width, 1)])
        for name in ("input", "output"):
            self.register_buffer(f"{name}_mean", torch.zeros(1))
            self.register_buffer(f"{name}_std", torch.ones(1))

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 1) logits."""
        maps = self.m_transform[0](self.m_frontend[0](waves)[:, None])
        return self.m_output_act[0](pooled_frames(maps, self.m_before_pooling[0]))


class WhisperLCNN(nn.Module):
    """(B, 480000) waveforms at 16 kHz in [-1, 1] -> (B, 1) logits of bona fide speech, before the sigmoid.

    `features` are those of `add_front_ends`: Whisper's alone or with cepstra, or cepstra alone (then any T runs).
    """

    def __init__(self, *, features: Sequence[str] = ("whisper",)) -> None:
        super().__init__()
        width = ROWS // POOLED * CHANNELS
        add_front_ends(self, features)
        self.m_transform = light_cnn(len(features))
        self.m_before_pooling = recurrent_layers(width)
        self.m_output_act = nn.Linear(width, 1)

    def forward(self, waves: Tensor) -> Tensor:
        """(B, T) -> (B, 1) logits."""
        return self.classify(spectral_maps(self, waves))

    def classify(self, maps: Tensor) -> Tensor:
        """(B, channels, 384, frames) -> (B, 1) logits."""
        return self.m_output_act(pooled_frames(self.m_transform(maps.transpose(2, 3)), self.m_before_pooling))
