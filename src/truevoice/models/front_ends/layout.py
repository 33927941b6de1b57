"""Every key of an encoder and its shape, told from its dimensions alone: nothing is built, no transformers needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truevoice.models.front_ends.fairseq import LEAVES, POSITIONS, EncoderShape

Shape = tuple[int, ...]
GATE_WIDTH = 8  # outputs of WavLM's gate of relative positions, for each head alike


def encoder_layout(shape: EncoderShape) -> dict[str, Shape]:
    """Key in transformers' names -> shape, of what inference needs of such an encoder."""
    found = _extractor(shape)
    last = shape.convolutions[-1][0]
    found |= _norm("feature_projection.layer_norm", last)
    found |= _linear("feature_projection.projection", shape.dim, last)
    weight = (shape.dim, shape.dim // shape.position_groups, shape.position_kernel)
    if shape.position_norm:
        found[POSITIONS + LEAVES["weight_g"]] = (1, 1, shape.position_kernel)
        found[POSITIONS + LEAVES["weight_v"]] = weight
    else:
        found[POSITIONS + "weight"] = weight
    found[POSITIONS + "bias"] = (shape.dim,)
    for number in range(shape.layers):
        found |= _layer(shape, number)
    return found | _norm("encoder.layer_norm", shape.dim)


def whisper_layout(state: Mapping[str, Any]) -> dict[str, Shape]:
    """The same of a Whisper encoder (`is_whisper`), its dimensions taken from the first of its tensors in `state`."""
    width, bands, kernel = state["conv1.weight"].shape
    ffn = state["layers.0.fc1.weight"].shape[0]
    found: dict[str, Shape] = {"conv1.weight": (width, bands, kernel), "conv1.bias": (width,)}
    found |= {"conv2.weight": (width, width, kernel), "conv2.bias": (width,)}
    found["embed_positions.weight"] = (state["embed_positions.weight"].shape[0], width)
    for number in range(whisper_layers(state)):
        name = f"layers.{number}"
        for part in ("q", "k", "v", "out"):
            found |= _linear(f"{name}.self_attn.{part}_proj", width, width)
        del found[f"{name}.self_attn.k_proj.bias"]
        found |= _linear(f"{name}.fc1", ffn, width) | _linear(f"{name}.fc2", width, ffn)
        found |= _norm(f"{name}.self_attn_layer_norm", width) | _norm(f"{name}.final_layer_norm", width)
    return found | _norm("layer_norm", width)


def whisper_layers(state: Mapping[str, Any]) -> int:
    """How many layers a Whisper encoder has: those that any key belongs to."""
    return len({key.split(".")[1] for key in state if key.startswith("layers.")})


def _extractor(shape: EncoderShape) -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    inputs = 1
    for number, (channels, kernel, _) in enumerate(shape.convolutions):
        name = f"feature_extractor.conv_layers.{number}"
        found[f"{name}.conv.weight"] = (channels, inputs, kernel)
        if shape.conv_bias:
            found[f"{name}.conv.bias"] = (channels,)
        if number == 0 or not shape.group_norm:
            found |= _norm(f"{name}.layer_norm", channels)
        inputs = channels
    return found


def _layer(shape: EncoderShape, number: int) -> dict[str, Shape]:
    name = f"encoder.layers.{number}"
    found = _norm(f"{name}.layer_norm", shape.dim) | _norm(f"{name}.final_layer_norm", shape.dim)
    for part in ("q", "k", "v", "out"):
        found |= _linear(f"{name}.attention.{part}_proj", shape.dim, shape.dim)
    found |= _linear(f"{name}.feed_forward.intermediate_dense", shape.ffn, shape.dim)
    found |= _linear(f"{name}.feed_forward.output_dense", shape.dim, shape.ffn)
    if shape.kind == "wavlm":
        found[f"{name}.attention.gru_rel_pos_const"] = (1, shape.heads, 1, 1)
        found |= _linear(f"{name}.attention.gru_rel_pos_linear", GATE_WIDTH, shape.dim // shape.heads)
        if number == 0:
            found[f"{name}.attention.rel_attn_embed.weight"] = (shape.buckets, shape.heads)
    return found


def _linear(name: str, outputs: int, inputs: int) -> dict[str, Shape]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> dict[str, Shape]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
