"""Whisper's encoder as a front-end, of any size: a `transformers` model that hears up to 30 s as they are.

Whisper itself pads every recording to 30 s. Here the positions are cut to the recording instead, so nothing is computed
on padding; features of short recordings therefore differ from Whisper's own, slightly. Source: Radford et al., "Robust
speech recognition via large-scale weak supervision" (arXiv 2212.04356).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.errors import CheckpointError, UsageError
from truevoice.models.checkpoint import load_strictly
from truevoice.models.front_ends.encoder import import_transformers
from truevoice.models.front_ends.fairseq import MOST_LAYERS, WIDEST
from truevoice.models.front_ends.layout import whisper_layers
from truevoice.models.front_ends.streams import Streams
from truevoice.models.front_ends.whisper_features import LogMel

HEAD = 64  # width of an attention head, in every published size
HOP = 320  # samples from frame to frame
QUIET = {"dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0, "encoder_layerdrop": 0.0}
# By these it is known, and by how many axes each has.
FIRST_KEYS = {"conv1.weight": 3, "conv2.weight": 3, "embed_positions.weight": 2, "layers.0.fc1.weight": 2}


class WhisperEncoder(Streams):
    """(B, T) float32 at 16 kHz, at most 30 s -> (B, T / 320, D), as `SpeechEncoder` gives it.

    `dim` is D, `layers_count` L, `hop` the samples from frame to frame. `normalise` is always False: the log-mel
    spectrogram has a scale of its own. `unused`: keys of the weight file that were dropped (the decoder's).
    """

    normalise = False
    hop = HOP

    def __init__(self, model: nn.Module, *, unused: tuple[str, ...] = ()) -> None:
        super().__init__()
        config: Any = model.config
        self.model = model
        self.unused = unused
        self.dim: int = config.d_model
        self.layers_count: int = config.encoder_layers
        self.longest = HOP * config.max_source_positions
        self.log_mel = LogMel(config.num_mel_bins)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], origin: str) -> WhisperEncoder:
        """An encoder with the weights `state`, in transformers' names, its dimensions taken from them; it takes over
        the tensors themselves. Raises CheckpointError, beginning with `origin`, for other weights."""
        if not is_whisper(state):
            raise CheckpointError(f"{origin}: holds no Whisper encoder")
        transformers = import_transformers()
        from transformers.models.whisper.modeling_whisper import WhisperEncoder as Original

        layers = whisper_layers(state)
        width, bands, _ = state["conv1.weight"].shape
        ffn, places = state["layers.0.fc1.weight"].shape[0], state["embed_positions.weight"].shape[0]
        if width % HEAD or layers > MOST_LAYERS or not all(0 < size <= WIDEST for size in (width, bands, ffn, places)):
            raise CheckpointError(f"{origin}: holds no Whisper encoder: its sizes do not fit each other")
        config = transformers.WhisperConfig(
            d_model=width,
            encoder_layers=layers,
            encoder_attention_heads=width // HEAD,
            encoder_ffn_dim=ffn,
            num_mel_bins=bands,
            max_source_positions=places,
            **QUIET,
        )
        config._attn_implementation = "sdpa"
        with torch.device("meta"):
            model = Original(config)
        encoder = cls(model)
        load_strictly(encoder.model, state, origin, assign=True)
        return encoder.eval()

    def fold(self) -> None:
        """Nothing in it can be folded."""

    def _streams(self, waves: Tensor) -> Iterator[Tensor]:
        if waves.shape[1] > self.longest:
            most, asked = self.longest // 16000, waves.shape[1] / 16000
            raise UsageError(f"a Whisper encoder hears at most {most} s at once, not {asked:.1f} s: shorten --window")
        model: Any = self.model
        x = F.gelu(model.conv1(self.log_mel(waves)))
        x = F.gelu(model.conv2(x)).transpose(1, 2)
        x = x + model.embed_positions.weight[: x.shape[1]]
        yield x
        for layer in model.layers:
            given = layer(x, None)
            x = given[0] if isinstance(given, tuple) else given
            yield x

    def _final(self, last: Tensor) -> Tensor:
        return self.model.layer_norm(last)  # type: ignore[operator]


def is_whisper(state: Mapping[str, Tensor]) -> bool:
    """Whether these are the keys of a Whisper encoder in transformers' names."""
    return all(key in state and len(state[key].shape) == axes for key, axes in FIRST_KEYS.items())
