"""A speech encoder for inference on a CPU: the same features with fewer and larger operations.

Everything lies as (frames, channels): the convolutions are products over windows of rows, the norms run over memory as
it lies. They go clip by clip and in tiles of time, which stay in the cache. Query, key and value are one product. The
residual stream, norms, activations and attention are float32 in every precision; what `precision` names is how the
products with weights are computed (`blocks.narrow_linear`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.narrow_linear import narrow_linear, unfolded
from truevoice.models.front_ends.encoder import SpeechEncoder, normalised
from truevoice.models.front_ends.streams import Streams
from truevoice.models.pages import let_go

TILE = 34  # frames in one pass through the convolutions; by measurement, see benchmarks/ssl_speed.py


class EncoderForCPU(Streams):
    """What the `SpeechEncoder` it is made from gives, from `forward`, `layers` and `states` alike. Not for training.

    It takes over that encoder's weights, part by part, so that they are never held twice: the encoder is of no use
    afterwards. `can_take` tells which encoders have this form.
    """

    def __init__(self, encoder: SpeechEncoder, precision: str = "float32") -> None:
        super().__init__()
        encoder.eval().requires_grad_(False).fold()
        model: Any = encoder.model
        self.precision = precision
        self.normalise, self.unused = encoder.normalise, encoder.unused
        self.dim, self.layers_count, self.hop = encoder.dim, encoder.layers_count, encoder.hop
        self.pre_norm = encoder.pre_norm
        self.convolutions = ConvolutionStack(model.feature_extractor, precision)
        projection = model.feature_projection
        self.feature_norm = getattr(projection, "layer_norm", None) or nn.Identity()
        self.projection = _linear(projection.projection, precision)
        self.positions = _positions(model.encoder.pos_conv_embed, precision)
        self.norm = model.encoder.layer_norm
        self.blocks = nn.ModuleList()
        layers = model.encoder.layers
        for index in range(self.layers_count):
            old = [parameter.detach() for parameter in layers[index].parameters()]
            self.blocks.append(EncoderLayer(layers[index], model.config.num_attention_heads, self.pre_norm, precision))
            layers[index] = nn.Identity()
            if precision != "float32":
                let_go(old)
        if precision != "float32":  # what is left of the old weights is little; with a copy, a mapped file is let go
            self._apply(torch.clone)

    @staticmethod
    def can_take(encoder: SpeechEncoder) -> bool:
        """Whether the encoder has nothing between its layers, as adapters of a fine-tuned recogniser."""
        layers: Any = encoder.model.encoder.layers  # type: ignore[union-attr]
        return all(getattr(layer, "adapter_layer", None) is None for layer in layers)

    def _streams(self, waves: Tensor) -> Iterator[Tensor]:
        if self.normalise:
            waves = normalised(waves)
        x = self.projection(self.feature_norm(self.convolutions(waves)))
        x = x + self.positions(x)
        if not self.pre_norm:
            x = self.norm(x)
        yield x
        first: Any = self.blocks[0]
        bias = first.attention.relative_bias(x.shape[1])
        for block in self.blocks:
            x = block(x, bias)
            yield x

    def _final(self, last: Tensor) -> Tensor:
        return self.norm(last) if self.pre_norm else last


class Positions(nn.Module):
    """(B, T', D) -> (B, T', D), the positional convolution: group by group over windows of frames."""

    def __init__(self, embedding: Any, precision: str) -> None:
        super().__init__()
        convolution = embedding.conv
        self.kernel: int = convolution.kernel_size[0]
        self.before: int = convolution.padding[0]
        weights = convolution.weight.permute(0, 2, 1).flatten(1).chunk(convolution.groups)
        biases = convolution.bias.chunk(convolution.groups)
        self.groups = nn.ModuleList(narrow_linear(*group, precision) for group in zip(weights, biases, strict=True))
        self.activation: nn.Module = embedding.activation

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (0, 0, self.before, self.kernel - 1 - self.before))  # an output for every frame
        parts = padded.unflatten(2, (len(self.groups), -1)).transpose(1, 2).contiguous()
        groups: list[Any] = [*self.groups]
        clips = [
            torch.cat([group.windows(part, self.kernel, 1) for group, part in zip(groups, clip)], 1) for clip in parts
        ]
        return self.activation(torch.stack(clips))


def _positions(embedding: Any, precision: str) -> nn.Module:
    """In float32, or with a norm between, the module as it is."""
    plain = precision == "float32" or getattr(embedding, "batch_norm", None) is not None
    return embedding if plain else Positions(embedding, precision)


class ConvolutionStack(nn.Module):
    """(B, T) waveforms -> (B, T', C), the extractor of `transformers`, over windows of rows."""

    def __init__(self, extractor: Any, precision: str) -> None:
        super().__init__()
        self.over_time = any(
            isinstance(getattr(one, "layer_norm", None), nn.GroupNorm) for one in extractor.conv_layers
        )
        # Without a norm in each layer, soft frames need a scale of their own.
        steps = [ConvolutionStep(one, precision, window_scales=self.over_time) for one in extractor.conv_layers]
        self.steps = nn.Sequential(*steps)
        self.hop, self.reach = 1, 1  # samples from frame to frame, and those that a frame sees
        for step in steps:
            self.reach += (step.kernel - 1) * self.hop
            self.hop *= step.stride

    def forward(self, waves: Tensor) -> Tensor:
        frames = (waves.shape[1] - self.reach) // self.hop + 1
        tile = frames if self.over_time else TILE
        return torch.stack(
            [
                torch.cat([self._tile(wave, start, min(start + tile, frames)) for start in range(0, frames, tile)])
                for wave in waves
            ]
        )

    def _tile(self, wave: Tensor, start: int, end: int) -> Tensor:
        """(T,) -> its frames from `start` to `end`, (end - start, C)."""
        return self.steps(wave[start * self.hop : (end - 1) * self.hop + self.reach, None])


class ConvolutionStep(nn.Module):
    """(T, C) -> (T', N): one convolution, its norm and its activation. `window_scales`: see `narrow_linear`."""

    def __init__(self, layer: Any, precision: str, *, window_scales: bool) -> None:
        super().__init__()
        convolution = layer.conv
        self.kernel: int = convolution.kernel_size[0]
        self.stride: int = convolution.stride[0]
        small = convolution.in_channels == 1  # the first one would gain nothing by another precision
        weight = convolution.weight.permute(0, 2, 1).flatten(1)
        self.linear = narrow_linear(weight, convolution.bias, "float32" if small else precision)
        self.copied = small or (window_scales and precision != "float32")
        self.norm = (
            _OverTime(layer.layer_norm)
            if window_scales and hasattr(layer, "layer_norm")
            else getattr(layer, "layer_norm", None) or nn.Identity()
        )
        self.activation = layer.activation

    def forward(self, x: Tensor) -> Tensor:
        if self.copied:
            y = self.linear(unfolded(x, self.kernel, self.stride))
        else:
            y = self.linear.windows(x, self.kernel, self.stride)
        return self.activation(self.norm(y))


class _OverTime(nn.Module):
    """A group norm of one channel a group, on (T, C)."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, 0, correction=0)
        scale = self.weight * (variance + self.eps).rsqrt()
        return torch.addcmul(self.bias - mean * scale, x, scale)


class EncoderLayer(nn.Module):
    """(B, T', D) -> (B, T', D): attention and feed-forward, each added to what it reads."""

    def __init__(self, layer: Any, heads: int, pre_norm: bool, precision: str) -> None:
        super().__init__()
        self.pre_norm = pre_norm
        self.attention = Attention(layer.attention, heads, precision)
        self.attention_norm, self.final_norm = layer.layer_norm, layer.final_layer_norm
        self.wide = _linear(layer.feed_forward.intermediate_dense, precision)
        self.activation = layer.feed_forward.intermediate_act_fn
        self.narrow = _linear(layer.feed_forward.output_dense, precision)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        if self.pre_norm:
            x = x + self.attention(self.attention_norm(x), bias)
            return x + self._feed_forward(self.final_norm(x))
        x = self.attention_norm(x + self.attention(x, bias))
        return self.final_norm(x + self._feed_forward(x))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.narrow(self.activation(self.wide(x)))


class Attention(nn.Module):
    """(B, T', D) -> (B, T', D). WavLM's has a bias by relative position, weighed by a gate for each head and frame."""

    def __init__(self, attention: Any, heads: int, precision: str) -> None:
        super().__init__()
        self.heads = heads
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        if precision == "float32":  # one product of the three would need a copy of the weights
            self.into = nn.ModuleList(_linear(part, precision) for part in parts)
        else:
            weight, bias = (torch.cat([getattr(part, name) for part in parts]) for name in ("weight", "bias"))
            self.into = nn.ModuleList([narrow_linear(weight, bias, precision)])
        self.out = _linear(attention.out_proj, precision)
        self.gate = getattr(attention, "gru_rel_pos_linear", None)
        self.gate_scale = getattr(attention, "gru_rel_pos_const", None)
        self.relative = attention if hasattr(attention, "rel_attn_embed") else None
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(attention, name, nn.Identity())  # what has been taken over is let go

    def relative_bias(self, frames: int) -> Tensor | None:
        """(H, T', T') of WavLM's first layer, which all its layers share; None for the others."""
        relative: Any = self.relative
        return None if relative is None else relative.compute_bias(frames, frames)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        batch, frames, dim = x.shape
        parts = [part for into in self.into for part in into(x).split(dim, -1)]
        query, key, value = (part.view(batch, frames, self.heads, -1).transpose(1, 2) for part in parts)
        mask = None if bias is None else self._gates(x) * bias
        heard = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out(heard.transpose(1, 2).reshape(batch, frames, dim))

    def _gates(self, x: Tensor) -> Tensor:
        """(B, T', D) -> (B, H, T', 1)."""
        assert self.gate is not None
        assert self.gate_scale is not None
        heads = x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
        opened, scaled = self.gate(heads).unflatten(-1, (2, 4)).sum(-1).sigmoid().chunk(2, dim=-1)
        return opened * (scaled * self.gate_scale - 1.0) + 2.0


def _linear(linear: Any, precision: str) -> nn.Module:
    return narrow_linear(linear.weight, linear.bias, precision)
