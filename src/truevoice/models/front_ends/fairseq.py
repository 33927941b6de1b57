"""Self-supervised encoders as published: fairseq's wav2vec 2.0, XLS-R, MMS and HuBERT, Microsoft's WavLM.

What their state dicts tell of the architecture, and what their keys are called in `transformers`. Sources: fairseq
`models/wav2vec/wav2vec2.py` (Baevski et al. 2020, arXiv 2006.11477; Babu et al. 2021, arXiv 2111.09296) and
microsoft/unilm `wavlm` (Chen et al. 2022, arXiv 2110.13900). Three things a state dict does not show: the strides of
the convolutions, the number of heads (but for WavLM), and whether a layer normalises before it adds or after. A
configuration in the file settles them, else the rules beside the constants below, which hold for every encoder that
these authors published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from truevoice.errors import CheckpointError

HEADS = {768: 12, 1024: 16, 1280: 16, 1920: 16}  # by width, of base, large, 1B and 2B models
HEAD_DIM = 64  # of any other
KERNELS = (10, 3, 3, 3, 3, 2, 2)
STRIDES = (5, 2, 2, 2, 2, 2, 2)  # 320 samples in all
# More than any that was published has, and little enough to build without harm: a file's own word is not trusted.
MOST_LAYERS, WIDEST = 256, 2**15

# fairseq's name of each part -> transformers' name; {n} is a number. In the order of the data's way.
PARTS = (
    ("feature_extractor.conv_layers.{n}.0", "feature_extractor.conv_layers.{n}.conv"),
    ("feature_extractor.conv_layers.{n}.2.1", "feature_extractor.conv_layers.{n}.layer_norm"),
    ("feature_extractor.conv_layers.{n}.2", "feature_extractor.conv_layers.{n}.layer_norm"),  # the group norm
    ("layer_norm", "feature_projection.layer_norm"),
    ("post_extract_proj", "feature_projection.projection"),
    ("encoder.pos_conv.0", "encoder.pos_conv_embed.conv"),
    *(
        (f"encoder.layers.{{n}}.self_attn.{name}_proj", f"encoder.layers.{{n}}.attention.{name}_proj")
        for name in ("q", "k", "v", "out")
    ),
    ("encoder.layers.{n}.self_attn.grep_linear", "encoder.layers.{n}.attention.gru_rel_pos_linear"),
    ("encoder.layers.{n}.self_attn.relative_attention_bias", "encoder.layers.{n}.attention.rel_attn_embed"),
    ("encoder.layers.{n}.self_attn_layer_norm", "encoder.layers.{n}.layer_norm"),
    ("encoder.layers.{n}.fc1", "encoder.layers.{n}.feed_forward.intermediate_dense"),
    ("encoder.layers.{n}.fc2", "encoder.layers.{n}.feed_forward.output_dense"),
    ("encoder.layers.{n}.final_layer_norm", "encoder.layers.{n}.final_layer_norm"),
    ("encoder.layer_norm", "encoder.layer_norm"),
)
BARE = ("encoder.layers.{n}.self_attn.grep_a", "encoder.layers.{n}.attention.gru_rel_pos_const")  # with no leaf
LEAVES = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}

POSITIONS = "encoder.pos_conv_embed.conv."

# Parts of the pre-training alone: nothing at inference sees them.
UNUSED = (
    *("mask_emb", "masked_spec_embed", "label_embs_concat"),
    *("final_proj.", "project_hid.", "project_q.", "quantizer.", "target_glu."),
)


@dataclass(frozen=True)
class EncoderShape:
    """The dimensions of an encoder. `convolutions`: (channels, kernel, stride) of each, in samples of the layer before.

    `pre_norm`: each transformer layer normalises what it reads, and one norm more stands behind the last of them.
    `group_norm`: the first convolution alone is normalised, over time; otherwise each is, over its channels.
    `buckets`: WavLM's relative positions; 0 for the others. `position_norm`: the positional convolution's weight is
    stored as direction and length; False where it has been folded.
    """

    kind: str
    layers: int
    dim: int
    ffn: int
    heads: int
    convolutions: tuple[tuple[int, int, int], ...]
    conv_bias: bool
    group_norm: bool
    pre_norm: bool
    position_kernel: int
    position_groups: int
    buckets: int = 0
    position_norm: bool = True

    def describe(self) -> str:
        """In one line, for people."""
        extractor = "group norm" if self.group_norm else "layer norm"
        return (
            f"{self.kind}: {self.layers} layers, {self.dim} wide, {self.heads} heads, feed-forward {self.ffn}, "
            f"{len(self.convolutions)} convolutions of {self.convolutions[-1][0]} channels ({extractor}), "
            f"{'pre' if self.pre_norm else 'post'}-norm"
        )


def is_encoder(keys: Iterable[str]) -> bool:
    """Whether these are the keys of such an encoder, in either set of names, with nothing before them."""
    return bool({"post_extract_proj.weight", "feature_projection.projection.weight"} & set(keys))


def to_transformers(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str], list[str]]:
    """The state dict in transformers' names, those names -> the names in the file, and the unused keys left out.

    Keys that are transformers' already stay; unknown ones stay as well, for the strict loading to name them.
    """
    renamed, names, unused = {}, {}, []
    for key, tensor in state.items():
        if key.startswith(UNUSED):
            unused.append(key)
            continue
        name = _translate(key, to_fairseq=False)
        renamed[name], names[name] = tensor, key
    return renamed, names, unused


def fairseq_name(key: str) -> str:
    """fairseq's name of a parameter that transformers calls `key`; of a norm in the extractor, its layer norm's."""
    return _translate(key, to_fairseq=True)


def infer_shape(state: Mapping[str, Tensor], origin: str, settings: Mapping[str, Any] | None = None) -> EncoderShape:
    """The dimensions of the encoder with the weights `state`, in transformers' names.

    `settings`: a fairseq configuration found beside them. Raises CheckpointError, beginning with `origin`, where the
    tensors are not those of such an encoder.
    """
    try:
        shape = _shape(state, origin, settings or {})
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        what = f"lacks {fairseq_name(str(error.args[0]))}" if isinstance(error, KeyError) else "has other parts"
        raise CheckpointError(f"{origin}: is no whole wav2vec 2.0, HuBERT or WavLM encoder: {what}") from None
    sizes = (shape.dim, shape.ffn, shape.position_kernel, *(size for row in shape.convolutions for size in row))
    divided = shape.heads > 0 and shape.position_groups > 0
    if not all(0 < size <= WIDEST for size in sizes) or not divided or shape.dim % shape.heads:
        raise CheckpointError(f"{origin}: is no wav2vec 2.0, HuBERT or WavLM encoder: its sizes do not fit each other")
    return shape


def _shape(state: Mapping[str, Tensor], origin: str, settings: Mapping[str, Any]) -> EncoderShape:
    """What `infer_shape` gives, unchecked; what a lookup or a division raises where the tensors are others."""
    layers = _count(state, "encoder.layers")
    convolutions = [
        state[f"feature_extractor.conv_layers.{n}.conv.weight"]
        for n in range(_count(state, "feature_extractor.conv_layers"))
    ]
    folded = state.get(POSITIONS + "weight")
    positions = folded if folded is not None else state[POSITIONS + LEAVES["weight_v"]]
    first = "encoder.layers.0"
    dim, per_group, kernel = positions.shape
    ffn = state[f"{first}.feed_forward.intermediate_dense.weight"].shape[0]
    kernels = tuple(weight.shape[2] for weight in convolutions)
    groups = dim // per_group
    gate = state.get(f"{first}.attention.gru_rel_pos_const")
    buckets = state.get(f"{first}.attention.rel_attn_embed.weight")
    group_norm = "feature_extractor.conv_layers.1.layer_norm.weight" not in state
    return EncoderShape(
        kind="wav2vec2" if gate is None else "wavlm",
        layers=layers,
        dim=dim,
        ffn=ffn,
        heads=gate.shape[1] if gate is not None else _heads(dim, settings, origin),
        convolutions=tuple(
            zip((weight.shape[0] for weight in convolutions), kernels, _strides(kernels, settings, origin), strict=True)
        ),
        conv_bias="feature_extractor.conv_layers.0.conv.bias" in state,
        group_norm=group_norm,
        pre_norm=bool(
            settings.get("layer_norm_first", not group_norm)
        ),  # the two go together in all that are published
        position_kernel=kernel,
        position_groups=groups,
        buckets=0 if buckets is None else buckets.shape[0],
        position_norm=folded is None,
    )


def _count(state: Mapping[str, Tensor], name: str) -> int:
    """How many layers `name` has that any key belongs to. Raises ValueError for none, or for more than `MOST_LAYERS`.

    Gaps in their numbers come out as missing and unexpected keys when the weights are loaded."""
    dots = name.count(".") + 1
    count = len({key.split(".")[dots] for key in state if key.startswith(f"{name}.")})
    if not 0 < count <= MOST_LAYERS:
        raise ValueError(f"{count} layers")
    return count


def _heads(dim: int, settings: Mapping[str, Any], origin: str) -> int:
    heads = settings.get("encoder_attention_heads", HEADS.get(dim, dim // HEAD_DIM))
    if not isinstance(heads, int) or isinstance(heads, bool) or heads < 1 or dim % heads:
        raise CheckpointError(f"{origin}: how many attention heads an encoder {dim} wide has cannot be told")
    return heads


def _strides(kernels: tuple[int, ...], settings: Mapping[str, Any], origin: str) -> tuple[int, ...]:
    """From the configuration, "[(512, 10, 5)] + [(512, 3, 2)] * 4 + …", else those of every published encoder."""
    found: list[tuple[int, int]] = []
    rows = re.findall(
        r"\[\s*((?:\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)\s*,?\s*)+)\](?:\s*\*\s*(\d+))?", _layers_text(settings)
    )
    for row, times in rows:
        triples = re.findall(r"\(\s*\d+\s*,\s*(\d+)\s*,\s*(\d+)\s*\)", row)
        found += [(int(kernel), int(stride)) for kernel, stride in triples] * min(int(times or 1), len(kernels))
    if tuple(kernel for kernel, _ in found) == kernels:
        return tuple(stride for _, stride in found)
    if len(kernels) != len(STRIDES):
        raise CheckpointError(f"{origin}: the strides of its {len(kernels)} convolutions cannot be told")
    return STRIDES


def _layers_text(settings: Mapping[str, Any]) -> str:
    return str(settings.get("conv_feature_layers", ""))[:1000]


def _translate(key: str, *, to_fairseq: bool) -> str:
    if key.startswith(POSITIONS) and not to_fairseq:  # transformers' own older names of the same two tensors
        leaf = key.removeprefix(POSITIONS)
        return POSITIONS + LEAVES.get(leaf, leaf)
    for pattern, template in _RULES[to_fairseq]:
        if found := pattern.fullmatch(key):
            leaf = found["leaf"] or ""
            return template.format(n=found.groupdict().get("n")) + (_LEAF_NAMES[to_fairseq].get(leaf, leaf))
    return key


def _rules(to_fairseq: bool) -> list[tuple[re.Pattern[str], str]]:
    rules = []
    for pair in (*PARTS, BARE):
        source, target = reversed(pair) if to_fairseq else pair
        leaf = "(?P<leaf>)" if pair is BARE else r"(?P<leaf>\.(?:weight|bias|weight_[gv]|parametrizations\.[\w.]+))"
        rules.append((re.compile(re.escape(source).replace(r"\{n\}", r"(?P<n>\d+)") + leaf), target))
    return rules


_RULES = {way: _rules(way) for way in (False, True)}
_LEAF_NAMES = {
    False: {f".{old}": f".{new}" for old, new in LEAVES.items()},
    True: {f".{new}": f".{old}" for old, new in LEAVES.items()},
}
