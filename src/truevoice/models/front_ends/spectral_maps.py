"""The channels that SpecRNet, MesoNet and LCNN of the Whisper repository look at: Whisper's encoder, LFCC, MFCC.

Source: Kawa et al., "Improved DeepFake detection using Whisper features" (Interspeech 2023, arXiv 2306.01428);
piotrkawa/deepfake-whisper-features (MIT). The encoder is held at the top level of the network, as the published
checkpoints name it, so these are functions on a network and not a layer of its own. Which cepstra a checkpoint knows
cannot be seen in it: LFCC and MFCC load alike, and the wrong one gives scores without a meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from truevoice.models.front_ends.cepstra import COEFFICIENTS, KINDS, Cepstra
from truevoice.models.front_ends.whisper_features import WhisperFeatures

WHISPER = "whisper"
ROWS = 3 * COEFFICIENTS  # of a map, and as many as the encoder of tiny.en is wide
FRAMES = 3000  # the most that a map holds: 30 s
COMBINATIONS = ((WHISPER,), *((kind,) for kind in KINDS), *((WHISPER, kind) for kind in KINDS))


def add_front_ends(network: nn.Module, features: Sequence[str]) -> None:
    """Gives `network` what computes `features`: "whisper", "lfcc" or "mfcc", or "whisper" and one of the others.

    Raises ValueError for another list.
    """
    if tuple(features) not in COMBINATIONS:
        known = ", ".join("+".join(kinds) for kinds in COMBINATIONS)
        raise ValueError(f"features {'+'.join(features)!r} are not known: choose {known}")
    for kind in features:
        if kind == WHISPER:
            network.add_module("whisper_model", WhisperFeatures())
        else:
            network.add_module("cepstra", Cepstra(kind))


def spectral_maps(network: Any, waves: Tensor) -> Tensor:
    """(B, T) waves -> (B, 1 or 2, 384, at most 3000); with Whisper's encoder T is 480000."""
    channels = []
    if hasattr(network, "whisper_model"):
        channels.append(network.whisper_model(waves))
    if hasattr(network, "cepstra"):
        channels.append(network.cepstra(waves)[..., :FRAMES])
    return torch.stack(channels, dim=1)
