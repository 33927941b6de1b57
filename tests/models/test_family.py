"""What a state dict is: every published list of keys finds its family, and what differs is said."""

import json
from dataclasses import replace

import pytest
import torch

from truevoice.detectors.card import cards
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.family import find_encoder, identify
from truevoice.models.front_ends.encoder import _config, empty_model
from truevoice.models.front_ends.fairseq import EncoderShape
from truevoice.models.front_ends.layout import encoder_layout, whisper_layout

pytestmark = pytest.mark.usefixtures("one_thread")

ENCODER = "ssl_model.model."
# Recorded list of published keys -> the families that it fits.
LISTS = {
    "antideepfake_300m": ["antideepfake"],
    "conformer": ["conformer"],
    "conformer_tcm": ["conformer-tcm"],
    "lcnn_asvspoof2021": ["lcnn"],
    "nes2net_x": ["nes2net-x"],
    "rawgat_st_cat": ["rawgat-st-cat"],
    "rawgat_st_mul": ["rawgat-st", "rawgat-st-add"],  # multiplied or added: no key shows which
    "rawnet2_asvspoof2021": ["rawnet2"],
    "rawnet2_eurecom": ["rawnet2-eurecom"],
    "sls": ["sls"],
    "specrnet": ["specrnet"],
    "xlsr_mamba": ["xlsr-mamba"],
}


def identified(state):
    return identify(state, cards().values())


def empty(shapes):
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


@pytest.fixture
def tiny(shared):
    return empty(json.loads(shared("reference/vectors/tiny_keys.json").read_text()))


@pytest.mark.parametrize("name", LISTS)
def test_published_keys_find_their_family(name, shared):
    shapes = json.loads(shared(f"reference/vectors_other/{name}_keys.json").read_text())
    assert list(identified(empty(shapes)).exact) == LISTS[name]


def test_the_published_size_of_ssl_aasist(shared):
    found = identified(empty(json.loads(shared("reference/vectors/full_keys.json").read_text())))
    assert found.exact == ("ssl-aasist",)
    assert found.encoder.prefix == ENCODER
    assert "24 layers, 1024 wide" in found.encoder.words
    assert len(found.encoder.unused) == 8


def test_what_differs_is_named(tiny):
    del tiny["LL.bias"], tiny[ENCODER + "encoder.layers.0.fc1.bias"]
    tiny["extra"] = torch.empty(1)
    tiny["out_layer.weight"] = torch.empty(3, 160)
    found = identified(tiny)
    assert not found.exact
    [near, *others] = found.fits
    assert near.name == "ssl-aasist"
    assert 0.97 < near.share < 1
    assert all(other.share < near.share for other in others)
    assert set(near.differences.missing) == {"LL.bias", ENCODER + "encoder.layers.0.fc1.bias"}
    assert near.differences.extra == ("extra",)
    assert near.differences.shapes == ("out_layer.weight (3, 160) instead of (2, 160)",)


def test_an_encoder_elsewhere_is_found_and_told(tiny):
    moved = {key.replace(ENCODER, "front.w2v."): tensor for key, tensor in tiny.items()}
    found = identified(moved)
    assert not found.exact
    assert found.encoder.prefix == "front.w2v."
    assert found.fits[0].name == "ssl-aasist"
    assert found.fits[0].misplaced == "front.w2v."
    assert not found.fits[0].differences


def test_half_a_detector(tiny):
    back_end = {key: tensor for key, tensor in tiny.items() if not key.startswith(ENCODER)}
    [near, *_] = identified(back_end).fits
    assert (near.name, near.share) == ("ssl-aasist", 1.0)
    assert near.differences.missing == ("ssl_model.model.… (its encoder)",)
    front_end = {key: tensor for key, tensor in tiny.items() if key.startswith(ENCODER)}
    found = identified(front_end)
    assert found.fits == ()
    assert found.rest == ()
    assert found.encoder.fairseq
    del front_end[ENCODER + "encoder.pos_conv.0.weight_v"]
    found = identified(front_end)
    assert found.encoder.layers == 0
    assert "lacks encoder.pos_conv.0.weight_v" in found.encoder.words


def test_a_fairseq_file_is_an_encoder_alone(shared):
    read = read_checkpoint(shared("reference/vectors/tiny_xlsr_fairseq.pt"))
    found = identify(read.state, cards().values(), read.settings)
    assert found.fits == ()
    assert not found.encoder.differences
    assert "optimizer_history" in read.beside


def test_nothing_in_common():
    found = identified({"resnet.conv1.weight": torch.empty(64, 3, 7, 7)})
    assert found.fits == ()
    assert found.encoder is None


SHAPE = EncoderShape(
    kind="wav2vec2",
    layers=2,
    dim=64,
    ffn=48,
    heads=4,
    convolutions=((16, 10, 5), (16, 3, 2), (16, 2, 2)),
    conv_bias=True,
    group_norm=False,
    pre_norm=True,
    position_kernel=16,
    position_groups=4,
)


@pytest.mark.parametrize(
    "shape",
    [
        SHAPE,
        replace(SHAPE, kind="wavlm", buckets=320),
        replace(SHAPE, group_norm=True, pre_norm=False, conv_bias=False),
    ],
)
def test_the_layout_is_that_of_the_network(shape):
    network = empty_model(_config(shape))
    assert encoder_layout(shape) == {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}


def test_whisper_encoders_in_transformers_names():
    import transformers
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = transformers.WhisperConfig(d_model=64, encoder_layers=2, encoder_attention_heads=1, encoder_ffn_dim=32)
    with torch.device("meta"):
        state = WhisperEncoder(config).state_dict()
    assert whisper_layout(state) == {key: tuple(tensor.shape) for key, tensor in state.items()}
    within = {f"model.encoder.{key}": tensor for key, tensor in state.items()}
    decoder = {"model.decoder.embed_positions.weight": torch.empty(4, 4)}
    assert find_encoder({**decoder, **within}) == "model.encoder."
    found = identified({f"front_end.model.{key}": tensor for key, tensor in state.items()})
    assert found.encoder.words == "whisper: 2 layers, 64 wide"
    assert not found.encoder.differences
