"""Self-supervised speech encoders at work: a `transformers` model, cut down to what scoring needs and nothing hidden.

No SpecAugment, no dropout, no skipped layers; whether the waveform is normalised is said, never taken from a file
beside the weights; which layer's output is used is the caller's choice of method. Attention is PyTorch's fused one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from truevoice.errors import MissingExtraError
from truevoice.models.checkpoint import load_strictly
from truevoice.models.front_ends.fairseq import EncoderShape, fairseq_name, infer_shape, to_transformers
from truevoice.models.front_ends.streams import Streams

if TYPE_CHECKING:
    from transformers import PretrainedConfig

KINDS = ("wav2vec2", "hubert", "wavlm")
# All that a training run may switch on in the encoder, switched off.
QUIET = {
    **dict.fromkeys(("hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout"), 0.0),
    **dict.fromkeys(("layerdrop", "mask_time_prob", "mask_feature_prob"), 0.0),
    "apply_spec_augment": False,
}
WAVLM_DISTANCE = 800  # frames to the last bucket of relative positions, in all published models
WAVE_EPS = 1e-5  # under the root when a waveform is normalised, as fairseq and AntiDeepfake have it


class SpeechEncoder(Streams):
    """A wav2vec 2.0, HuBERT or WavLM model of `transformers` as a front-end: (B, T) float32 at 16 kHz -> (B, T', D).

    `dim` is D, `layers_count` L, `hop` the samples from frame to frame. `normalise`: each waveform is brought to zero
    mean and unit variance first. `unused`: keys of the weight file that inference has no use for and that were dropped.
    """

    def __init__(self, model: nn.Module, *, normalise: bool = False, unused: tuple[str, ...] = ()) -> None:
        super().__init__()
        config: Any = model.config
        self.model = model
        self.normalise = normalise
        self.unused = unused
        self.dim: int = config.hidden_size
        self.layers_count: int = config.num_hidden_layers
        self.hop = prod(config.conv_stride)
        self.pre_norm: bool = config.do_stable_layer_norm

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, Tensor],
        origin: str,
        *,
        normalise: bool = False,
        settings: Mapping[str, Any] | None = None,
    ) -> SpeechEncoder:
        """An encoder with the weights `state`, in fairseq's or transformers' names, its dimensions taken from them.

        It takes over the tensors themselves, where they are float32: no second copy arises. `settings`: a fairseq
        configuration that came with them. Raises CheckpointError, beginning with `origin`, for other weights than those
        of such an encoder; MissingExtraError without transformers.
        """
        renamed, names, unused = to_transformers(state)
        shape = infer_shape(renamed, origin, settings)
        encoder = cls(empty_model(_config(shape)), normalise=normalise, unused=tuple(unused))
        if not shape.position_norm:
            encoder.fold()
        missing = {key: fairseq_name(key) for key in encoder.model.state_dict() if key not in names}
        load_strictly(encoder.model, renamed, origin, assign=True, published={**names, **missing})
        return encoder.eval()

    def fold(self) -> None:
        """Writes the positional convolution's weight as one tensor, instead of direction and length: for inference."""
        model: Any = self.model
        convolution = model.encoder.pos_conv_embed.conv
        if parametrize.is_parametrized(convolution):
            parametrize.remove_parametrizations(convolution, "weight")

    def _streams(self, waves: Tensor) -> Iterator[Tensor]:
        """The residual stream before the first layer and after each: L + 1 times (B, T', D)."""
        model: Any = self.model
        if self.normalise:
            waves = normalised(waves)
        waves = waves.to(model.feature_extractor.conv_layers[0].conv.weight.dtype)
        x = _first(model.feature_projection(model.feature_extractor(waves).transpose(1, 2)))
        x = x + model.encoder.pos_conv_embed(x)
        if not self.pre_norm:
            x = model.encoder.layer_norm(x)
        yield x
        positions: dict[str, Tensor] = {}  # WavLM: what the first layer works out of them, the others are given
        for layer in model.encoder.layers:
            given = layer(x, **positions)
            x = _first(given)
            if model.config.model_type == "wavlm":
                positions = {"position_bias": given[1]}
            yield x

    def _final(self, last: Tensor) -> Tensor:
        return self.model.encoder.layer_norm(last) if self.pre_norm else last  # type: ignore[union-attr,operator]


def normalised(waves: Tensor) -> Tensor:
    """(B, T) -> each with zero mean and unit variance. Written out: in a graph `F.layer_norm` would fix the length."""
    centred = waves - waves.mean(-1, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + WAVE_EPS)


def _first(given: Any) -> Tensor:
    return given[0] if isinstance(given, tuple) else given


def empty_model(config: PretrainedConfig) -> nn.Module:
    """The model of `config` without memory for its weights, on the meta device, and quiet."""
    transformers = import_transformers()
    config.update(QUIET)
    with torch.device("meta"):
        model: nn.Module = transformers.AutoModel.from_config(
            config, dtype=torch.float32, attn_implementation=attention(config.model_type)
        )
    return model


def attention(model_type: str) -> str:
    """The fused attention, but for WavLM, whose gated positions transformers has in plain form alone."""
    return "eager" if model_type == "wavlm" else "sdpa"


def import_transformers() -> Any:
    """The package, imported when it is needed: that takes seconds. Raises MissingExtraError where it is not there."""
    try:
        import transformers
    except ImportError:
        raise MissingExtraError("A self-supervised front-end", "ssl") from None
    return transformers


def _config(shape: EncoderShape) -> PretrainedConfig:
    transformers = import_transformers()
    channels, kernels, strides = zip(*shape.convolutions, strict=True)
    common = {
        "hidden_size": shape.dim,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.ffn,
        "hidden_act": "gelu",
        "feat_extract_norm": "group" if shape.group_norm else "layer",
        "feat_extract_activation": "gelu",
        "conv_dim": list(channels),
        "conv_kernel": list(kernels),
        "conv_stride": list(strides),
        "conv_bias": shape.conv_bias,
        "do_stable_layer_norm": shape.pre_norm,
        "num_conv_pos_embeddings": shape.position_kernel,
        "num_conv_pos_embedding_groups": shape.position_groups,
        "layer_norm_eps": 1e-5,
    }
    if shape.kind == "wavlm":
        return transformers.WavLMConfig(
            **common,
            num_buckets=shape.buckets,
            max_bucket_distance=WAVLM_DISTANCE,
            num_feat_extract_layers=len(kernels),
        )
    return transformers.Wav2Vec2Config(**common)
