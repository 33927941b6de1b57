"""Cards and weights -> networks: detectors with an encoder, the faults of files, any back-end on any encoder."""

import json
from dataclasses import replace

import pytest
import torch

from seeded import seeded_state
from truevoice.detectors.card import FrontEnd, cards
from truevoice.errors import CheckpointError, UsageError
from truevoice.models.build import build, split
from truevoice.models.front_ends.encoder import SpeechEncoder
from truevoice.models.front_ends.hub import build_untrained

pytestmark = pytest.mark.usefixtures("one_thread")

ENCODER = "ssl_model.model."  # what stands before the encoder's keys in the recorded lists
# Recorded lists of published keys, by the name of the card. Each holds the keys of XLS-R 300M besides its own.
LISTS = {
    "sls": "sls",
    "nes2net-x": "nes2net_x",
    "conformer": "conformer",
    "conformer-tcm": "conformer_tcm",
    "xlsr-mamba": "xlsr_mamba",
    "antideepfake": "antideepfake_300m",
}
ON_ENCODERS = [name for name, card in cards().items() if card.front_end and card.front_end.is_encoder]


@pytest.fixture(scope="module")
def tiny_shapes(shared):
    """Keys and shapes of SSL-AASIST on an encoder of one layer."""
    return json.loads(shared("reference/vectors/tiny_keys.json").read_text())


@pytest.fixture
def tiny_state(tiny_shapes):
    return seeded_state(tiny_shapes)


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory):
    """A folder with a WavLM of five layers, 128 wide."""
    import transformers

    folder = tmp_path_factory.mktemp("wavlm")
    torch.manual_seed(0)
    config = transformers.WavLMConfig(
        hidden_size=128,
        num_hidden_layers=5,
        num_attention_heads=4,
        intermediate_size=48,
        conv_dim=[16] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="layer",
        do_stable_layer_norm=True,
    )
    transformers.WavLMModel(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("name", LISTS)
def test_a_file_with_the_published_keys_becomes_the_detector(name, shared, tiny_shapes):
    """The encoder is scaled down to one layer; all other keys and shapes are the published ones."""
    card = cards()[name]
    [prefix] = card.front_end.prefixes
    listed = json.loads(shared(f"reference/vectors_other/{LISTS[name]}_keys.json").read_text())
    assert sum(key.startswith(prefix) for key in listed) == 429
    shapes = {key: shape for key, shape in listed.items() if not key.startswith(prefix)}
    shapes |= {prefix + k.removeprefix(ENCODER): shape for k, shape in tiny_shapes.items() if k.startswith(ENCODER)}
    state = seeded_state(shapes)
    network = build(card, state, "file.pth")
    assert not network.training
    with torch.inference_mode():
        logits = network(torch.randn(1, 64600, generator=torch.Generator().manual_seed(1)))
    assert logits.shape == (1, 2)
    assert torch.isfinite(logits).all()
    own = sorted(key for key in shapes if not key.startswith(prefix))[0]
    with pytest.raises(CheckpointError, match=rf"lacks {own} \(1 in all\)"):
        build(card, {key: value for key, value in state.items() if key != own}, "file.pth")


@pytest.mark.parametrize("name", ON_ENCODERS)
def test_any_back_end_on_any_encoder(name, wavlm):
    network = build_untrained(cards()[name], wavlm)
    assert network.front_end.normalise == cards()[name].front_end.normalise
    waves = 0.1 * torch.randn(2, 64600, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        logits = network.eval()(waves)
    assert logits.shape[0] == 2
    assert logits.shape[1] in (1, 2)
    assert torch.isfinite(logits).all()
    # What was trained here is loaded as anybody's file is.
    again = build(replace(cards()[name], front_end=FrontEnd("wavlm", normalise=network.front_end.normalise)),
                  network.state_dict(), "file.pth", {"encoder_attention_heads": 4})  # fmt: skip
    with torch.inference_mode():
        assert torch.allclose(again(waves), logits, atol=1e-5)


def test_a_network_on_the_wave_itself_takes_no_encoder(wavlm):
    with pytest.raises(UsageError, match="aasist does not take the features"):
        build_untrained(cards()["aasist"], wavlm)


def test_a_front_end_that_is_no_encoder_is_a_class_beside_it(tiny_state):
    """The seam for other front-ends: built with its arguments, its weights under its own prefix or absent."""
    front_end = FrontEnd("lfcc:LFCC")
    assert not front_end.is_encoder
    heard, decided = split("mine", front_end, {"back_end.weight": torch.zeros(1), "bias": torch.zeros(1)}, "file")
    assert heard == {}
    assert set(decided) == {"weight", "bias"}


CHANGES = {
    "a missing key of the encoder": (
        lambda state: state.pop(ENCODER + "encoder.layers.0.fc1.bias"),
        r"lacks encoder\.layers\.0\.fc1\.bias \(1 in all\)",
    ),
    "a missing key of the back-end": (lambda state: state.pop("LL.bias"), r"lacks LL\.bias \(1 in all\)"),
    "an unexpected key": (lambda state: state.update(extra=torch.zeros(1)), r"unexpected extra \(1 in all\)"),
    "a wrong shape": (
        lambda state: state.update({"out_layer.weight": torch.zeros(3, 160)}),
        r"out_layer\.weight \(3, 160\) instead of \(2, 160\)",
    ),
    "no back-end": (
        lambda state: [state.pop(key) for key in list(state) if not key.startswith(ENCODER)],
        "holds the front-end of ssl-aasist alone",
    ),
    "no encoder": (
        lambda state: [state.pop(key) for key in list(state) if key.startswith(ENCODER)],
        r"lacks the front-end of ssl-aasist \(no key begins with ssl_model\.model\.\)",
    ),
    "not finite": (lambda state: state["LL.weight"].fill_(float("inf")), r"not finite in LL\.weight"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_file_that_does_not_fit_is_refused_in_one_line(kind, tiny_state):
    change, words = CHANGES[kind]
    change(tiny_state)
    with pytest.raises(CheckpointError, match=words) as caught:
        build(cards()["ssl-aasist"], tiny_state, "file.pth")
    assert str(caught.value).startswith("file.pth: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["", "w2v_encoder.w2v_model."])
def test_an_encoder_alone_is_told_apart_from_a_detector(prefix, tiny_state):
    encoder = {prefix + k.removeprefix(ENCODER): v for k, v in tiny_state.items() if k.startswith(ENCODER)}
    with pytest.raises(CheckpointError, match=r"holds an encoder alone \(wav2vec2: 1 layers, 1024 wide.*ssl-aasist"):
        build(cards()["ssl-aasist"], encoder, "xlsr2_300m.pt")


def test_an_encoder_alone_is_no_network_on_the_wave_either(tiny_state):
    encoder = {k.removeprefix(ENCODER): v for k, v in tiny_state.items() if k.startswith(ENCODER)}
    with pytest.raises(CheckpointError, match=r"holds an encoder alone \(wav2vec2.*not the detector aasist"):
        build(cards()["aasist"], encoder, "xlsr2_300m.pt")


def test_weights_of_another_family(shared, tiny_state):
    from truevoice.models.checkpoint import read_state_dict

    with pytest.raises(CheckpointError, match="another model"):
        build(cards()["ssl-aasist"], read_state_dict(shared("weights/AASIST.pth")), "AASIST.pth")
    with pytest.raises(CheckpointError, match="another model"):
        build(cards()["aasist"], tiny_state, "LA_model.pth")
    with pytest.raises(CheckpointError, match="another model"):
        build(cards()["sls"], tiny_state, "LA_model.pth")


def test_the_dimensions_are_those_of_the_file(tiny_state):
    network = build(cards()["ssl-aasist"], tiny_state, "file.pth")
    assert isinstance(network.front_end, SpeechEncoder)
    assert (network.front_end.layers_count, network.front_end.dim) == (1, 1024)
    assert "quantizer.vars" in network.front_end.unused
    assert not any(tensor.is_meta for tensor in network.state_dict().values())
