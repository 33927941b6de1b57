"""The names and dimensions of published encoders, held against the recorded key lists and against transformers."""

import contextlib
import json

import pytest
import torch

from truevoice.errors import CheckpointError
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.front_ends.fairseq import (
    MOST_LAYERS,
    WIDEST,
    fairseq_name,
    infer_shape,
    is_encoder,
    to_transformers,
)

PREFIX = "ssl_model.model."
CONVOLUTION = "encoder.pos_conv_embed.conv"
LAYER = "encoder.layers.0"
KERNELS = (10, 3, 3, 3, 3, 2, 2)


@pytest.fixture(scope="module")
def published(shared):
    """The 429 keys of XLS-R 300M with tensors that have shapes and no memory."""
    shapes = json.loads(shared("reference/vectors/full_keys.json").read_text())
    return {
        key.removeprefix(PREFIX): torch.zeros(shape, device="meta")
        for key, shape in shapes.items()
        if key.startswith(PREFIX)
    }


def test_the_dimensions_of_xls_r_come_from_its_tensors(published):
    assert len(published) == 429
    shape = infer_shape(to_transformers(published)[0], "file")
    assert (shape.kind, shape.layers, shape.dim, shape.ffn, shape.heads) == ("wav2vec2", 24, 1024, 4096, 16)
    assert shape.convolutions == ((512, 10, 5), *[(512, 3, 2)] * 4, *[(512, 2, 2)] * 2)
    assert (shape.conv_bias, shape.group_norm, shape.pre_norm) == (True, False, True)
    assert (shape.position_kernel, shape.position_groups) == (128, 16)
    assert shape.describe().startswith("wav2vec2: 24 layers, 1024 wide, 16 heads")


def test_every_key_has_its_place_and_the_rest_is_named(published):
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    renamed, names, unused = to_transformers(published)
    assert sorted(unused) == [
        *("final_proj.bias", "final_proj.weight", "mask_emb", "project_q.bias", "project_q.weight"),
        *("quantizer.vars", "quantizer.weight_proj.bias", "quantizer.weight_proj.weight"),
    ]
    with torch.device("meta"):
        model = Wav2Vec2Model(
            Wav2Vec2Config(
                hidden_size=1024,
                num_hidden_layers=24,
                num_attention_heads=16,
                intermediate_size=4096,
                feat_extract_norm="layer",
                conv_bias=True,
                do_stable_layer_norm=True,
                mask_time_prob=0.0,
            )
        )
    expected = model.state_dict()
    assert set(renamed) == set(expected)
    assert all(renamed[key].shape == expected[key].shape for key in expected)
    assert sum(tensor.numel() for tensor in published.values()) == 317_390_592
    for ours, theirs in names.items():
        assert fairseq_name(ours) == theirs


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("layer_norm.weight", "feature_projection.layer_norm.weight"),
        ("encoder.layer_norm.weight", "encoder.layer_norm.weight"),
        ("encoder.layers.11.self_attn_layer_norm.bias", "encoder.layers.11.layer_norm.bias"),
        ("encoder.layers.3.final_layer_norm.bias", "encoder.layers.3.final_layer_norm.bias"),
        ("feature_extractor.conv_layers.0.2.weight", "feature_extractor.conv_layers.0.layer_norm.weight"),
        ("encoder.pos_conv.0.weight_g", f"{CONVOLUTION}.parametrizations.weight.original0"),
        ("encoder.pos_conv.0.parametrizations.weight.original1", f"{CONVOLUTION}.parametrizations.weight.original1"),
        (f"{CONVOLUTION}.weight_v", f"{CONVOLUTION}.parametrizations.weight.original1"),
        ("encoder.layers.2.self_attn.grep_a", "encoder.layers.2.attention.gru_rel_pos_const"),
        (f"{LAYER}.self_attn.relative_attention_bias.weight", f"{LAYER}.attention.rel_attn_embed.weight"),
        ("something.else", "something.else"),
    ],
)
def test_the_traps_of_the_names(theirs, ours):
    assert set(to_transformers({theirs: torch.zeros(1)})[0]) == {ours}


def shapes_of(dim, *, group_norm=False, layers=1, ffn=8):
    """The tensors that tell the dimensions of an encoder."""
    norms = ["0.2"] if group_norm else [f"{n}.2.1" for n in range(7)]
    made = {f"feature_extractor.conv_layers.{n}.0.weight": torch.zeros(4, 4, k) for n, k in enumerate(KERNELS)}
    made |= {f"feature_extractor.conv_layers.{norm}.weight": torch.zeros(4) for norm in norms}
    made |= {f"encoder.layers.{n}.fc1.weight": torch.zeros(ffn, dim) for n in range(layers)}
    return to_transformers({**made, "encoder.pos_conv.0.weight_v": torch.zeros(dim, dim // 16, 8)})[0]


@pytest.mark.parametrize(("dim", "heads"), [(768, 12), (1024, 16), (1280, 16), (1920, 16), (512, 8)])
def test_heads_of_the_published_widths(dim, heads):
    assert infer_shape(shapes_of(dim), "file").heads == heads
    assert infer_shape(shapes_of(dim), "file", {"encoder_attention_heads": 4}).heads == 4


def test_where_the_norms_stand_goes_with_the_extractor_unless_the_file_says_otherwise():
    assert infer_shape(shapes_of(64), "file").pre_norm
    base = infer_shape(shapes_of(64, group_norm=True), "file")
    assert (base.group_norm, base.pre_norm, base.conv_bias) == (True, False, False)
    assert infer_shape(shapes_of(64, group_norm=True), "file", {"layer_norm_first": True}).pre_norm


def test_strides_come_from_the_configuration_where_it_fits():
    text = "[(4, 10, 4)] + [(4, 3, 1)] * 4 + [(4,2,2)] + [(4,2,2)]"
    shape = infer_shape(shapes_of(64), "file", {"conv_feature_layers": text})
    assert [stride for *_, stride in shape.convolutions] == [4, 1, 1, 1, 1, 2, 2]
    wrong = infer_shape(shapes_of(64), "file", {"conv_feature_layers": "[(4, 9, 4)] * 99999999"})
    assert [stride for *_, stride in wrong.convolutions] == [5, 2, 2, 2, 2, 2, 2]


def test_the_recorded_fairseq_file(shared):
    read = read_checkpoint(shared("reference/vectors/tiny_xlsr_fairseq.pt"))
    assert is_encoder(read.state)
    shape = infer_shape(to_transformers(read.state)[0], "file", read.settings)
    assert (shape.layers, shape.dim, shape.ffn, shape.heads) == (1, 1024, 128, 16)
    assert (shape.position_kernel, shape.position_groups) == (16, 16)
    assert {channels for channels, *_ in shape.convolutions} == {32}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["encoder.layers.0.feed_forward.intermediate_dense.weight"], "has other parts"),
        (["feature_extractor.conv_layers.3.conv.weight"], r"lacks feature_extractor\.conv_layers\.3\.0\.weight"),
        ([f"{CONVOLUTION}.parametrizations.weight.original1"], r"lacks encoder\.pos_conv\.0\.weight_v"),
        ([f"feature_extractor.conv_layers.6.{part}.weight" for part in ("conv", "layer_norm")], "strides of its 6"),
    ],
)
def test_what_is_no_whole_encoder_is_told_in_one_line(missing, words):
    state = {key: tensor for key, tensor in shapes_of(64).items() if key not in missing}
    with pytest.raises(CheckpointError, match=words) as caught:
        infer_shape(state, "file.pt")
    assert str(caught.value).startswith("file.pt: ")


def test_a_width_that_no_head_divides():
    with pytest.raises(CheckpointError, match="attention heads"):
        infer_shape(shapes_of(64), "file", {"encoder_attention_heads": 7})


@pytest.mark.parametrize("size", [(), (0,), (1, 1), (5, 0, 0), (10**9, 1, 0), (63, 3, 3), (1, 2, 1, 1)])
def test_odd_sizes_are_refused_before_anything_is_built(size):
    """Whichever tensor it is: the sizes are taken from the file, and nothing of theirs may fail with a traceback."""
    state = shapes_of(64) | {
        "encoder.layers.0.attention.gru_rel_pos_const": torch.zeros(1, 4, 1, 1),
        "encoder.layers.0.attention.rel_attn_embed.weight": torch.zeros(8, 4),
    }
    assert infer_shape(state, "file.pt").kind == "wavlm"
    for key in state:
        with contextlib.suppress(CheckpointError):
            shape = infer_shape({**state, key: torch.zeros(size)}, "file.pt")
            assert shape.dim % shape.heads == 0
            assert max(shape.dim, shape.ffn) <= WIDEST


@pytest.mark.parametrize("stride", ["0", "9" * 900])
def test_strides_that_cannot_be(stride):
    text = f"[(4, 10, {stride})] + [(4, 3, 1)] * 4 + [(4,2,2)] * 2"
    with pytest.raises(CheckpointError, match="sizes do not fit"):
        infer_shape(shapes_of(64), "file", {"conv_feature_layers": text})


def test_a_layer_of_a_great_number_is_one_layer():
    far = {"encoder.layers.99999999.fc1.weight": torch.zeros(1)}
    assert infer_shape(shapes_of(64) | far, "file").layers == infer_shape(shapes_of(64), "file").layers + 1
    many = {f"encoder.layers.{number}.x": torch.zeros(0) for number in range(MOST_LAYERS + 1)}
    with pytest.raises(CheckpointError, match="has other parts"):
        infer_shape(shapes_of(64) | many, "file")
