"""What a training starts from: weights, arguments, windows, heads, and gradients in every network of the register."""

import re
from dataclasses import replace

import pytest
import torch

from tiny_encoders import tiny_encoder
from truevoice.detectors.card import cards
from truevoice.errors import CheckpointError, UsageError
from truevoice.models.build import build
from truevoice.models.checkpoint import read_checkpoint
from truevoice.training.kept import write_trained
from truevoice.training.losses import make_loss
from truevoice.training.settings import Loss, Network
from truevoice.training.start import begin
from truevoice.training.trainable import example_of

pytestmark = pytest.mark.usefixtures("one_thread")

# In checkpoints, never read: what the published code throws away, or leaves out of the score.
IDLE = {
    "aasist": r"encoder\.[1-5]\.0\.bn1\.",
    "aasist-l": r"encoder\.[1-5]\.0\.bn1\.",
    "ssl-aasist": r"back_end\.encoder\.[1-5]\.0\.bn1\.",
    "rawgat-st": r"encoder[12]\.[1-5]\.0\.(bn1|conv_1)\.",
    "rawnet2": r"block[1-5]\.0\.bn1\.",
    "specrnet": r"block[24]\.0\.bn1\.|gru\.weight_hh_l1_reverse",  # of a GRU's backward half, its first step is read
    "sls": r"front_end\.model\.encoder\.layer_norm\.",
    "xlsr-mamba": r"back_end\.conformer\.(backward|forward)_layers\.5\.",
}
WHISPER = {"lcnn-whisper", "mesonet", "mesonet-whisper", "specrnet-whisper"}
LARGE = WHISPER | {"rawgat-st", "rawgat-st-add", "rawgat-st-cat", "aasist"}
LENGTHS = {"specrnet": 32000, "mel-cnn": 32000, "sls": 64600}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    return {kind: tiny_encoder(folder / kind, kind) for kind in ("wav2vec2", "wavlm", "whisper")}


@pytest.fixture(scope="module")
def published(shared):
    return shared("weights/AASIST-L.pth")


def check_gradients(name, encoders):
    card = cards()[name]
    encoder = encoders[card.front_end.kind] if card.front_end else ""
    start = begin(Network(model=name, encoder=encoder), "ce", None)
    assert start.network.training
    waves = example_of(card.window if name in LARGE else LENGTHS.get(name, 16000)) * torch.tensor([[1.0], [2.0]])
    loss = make_loss(Loss(), 1, 1, start.card.bonafide_index)(start.network(waves), torch.tensor([True, False]))
    loss.backward()
    gradients = {key: one.grad for key, one in start.network.named_parameters() if one.requires_grad}
    assert all(one.isfinite().all() for one in gradients.values() if one is not None)
    idle = {key for key, one in gradients.items() if one is None or not one.any()}
    pattern = IDLE.get(name) or IDLE.get(name.removesuffix("-whisper").removesuffix("-add").removesuffix("-cat"))
    known = {key for key in gradients if re.match(pattern, key)} if pattern and name != "rawnet2-eurecom" else set()
    assert idle == known


@pytest.mark.parametrize("name", sorted(set(cards()) - LARGE))
def test_gradients_reach_every_parameter(name, encoders):
    check_gradients(name, encoders)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LARGE))
def test_gradients_reach_every_parameter_of_the_large(name, encoders):
    check_gradients(name, encoders)


def test_published_weights(published):
    start = begin(Network(model="aasist-l", checkpoint=str(published)), "ce", None)
    read = read_checkpoint(published)
    assert all(torch.equal(tensor, read.state[key]) for key, tensor in start.network.state_dict().items())
    assert start.card == cards()["aasist-l"]
    assert start.origin["file"] == "AASIST-L.pth"
    assert start.origin["sha256"] == cards()["aasist-l"].weights.sha256
    with torch.no_grad():  # the weights are its own: the file stays as it is
        for parameter in start.network.parameters():
            parameter.zero_()
    again = read_checkpoint(published)
    assert any(tensor.any() for tensor in again.state.values())


def test_a_detector_on_an_encoder_from_a_file(shared):
    path = shared("reference/vectors/tiny_ssl_aasist.pth")
    start = begin(Network(model="ssl-aasist", checkpoint=str(path), trainable="ssl.layers[0]"), "ce", 16000)
    waves = example_of(16000)
    read = read_checkpoint(path)
    theirs = build(cards()["ssl-aasist"], read.state, "file", read.settings)
    assert all(torch.equal(tensor, theirs.state_dict()[key]) for key, tensor in start.network.state_dict().items())
    with torch.no_grad():
        assert torch.allclose(start.network.eval()(waves), theirs(waves), atol=1e-5)
    assert all(name.startswith("front_end.model.encoder.layers.0.") for name in start.told.names)
    start.network(waves).sum().backward()
    assert all(start.network.get_parameter(name).grad is not None for name in start.told.names)


def test_random_weights_are_the_seeds_and_nobody_elses():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    states = [begin(Network(model="mel-cnn"), "ce", None, seed=seed).network.state_dict() for seed in (1, 1, 2)]
    assert torch.equal(torch.rand(3), wanted)
    assert torch.equal(states[0]["output.weight"], states[1]["output.weight"])
    assert not torch.equal(states[0]["output.weight"], states[2]["output.weight"])


@pytest.mark.parametrize("given", [{"channels": "1", "dropout": "0.3"}, {"channels": 1, "dropout": 0.3}])
def test_arguments_as_words_and_as_values(given):
    start = begin(Network(model="mel-cnn", arguments=given), "ce", None)
    assert start.network.convolution.out_channels == 1
    assert start.network.dropout.p == 0.3
    assert start.card.arguments == {"channels": 1, "dropout": 0.3}
    assert start.told.n_all == 10 + 2 + 4916


def test_lists_and_words_among_the_arguments(encoders):
    given = {"features": "[lfcc]"}
    assert begin(Network(model="specrnet", arguments=given), "ce", 32000).card.arguments == {"features": ["lfcc"]}
    wanted = Network(model="nes2net-x", encoder=encoders["wav2vec2"], arguments={"outputs": "1", "pooling": "astp"})
    start = begin(wanted, "ce", 16000)
    assert start.network(example_of(16000).repeat(2, 1)).shape == (2, 1)
    assert (start.card.bonafide_index, start.card.log_odds) == (0, False)  # a single logit is the score


def test_names_of_parts_and_encoders(encoders):
    whole = begin(Network(model=f"ssl:{encoders['wavlm']}+sls"), "ce", None)
    assert whole.card.name == f"ssl:{encoders['wavlm']}+sls"
    assert whole.origin["encoder"] == encoders["wavlm"]
    heard = begin(Network(model="antideepfake", encoder=encoders["whisper"]), "ce", 16000)
    assert heard.network(example_of(16000)).shape == (1, 2)
    assert heard.card.window == 16000


@pytest.mark.parametrize("loss", ["oc-softmax", "am-softmax"])
@pytest.mark.parametrize("name", ["aasist-l", "rawnet2", "lcnn", "sls", "mel-cnn"])
def test_heads(name, loss, encoders):
    encoder = encoders["wav2vec2"] if name == "sls" else ""
    start = begin(Network(model=name, encoder=encoder), loss, 8000 if name == "aasist-l" else None)
    waves = example_of(start.card.window) * torch.tensor([[1.0], [0.5]])
    cosines = start.network.eval()(waves)
    assert cosines.shape == (2, 1 if loss == "oc-softmax" else 2)
    assert (cosines.abs() <= 1 + 1e-6).all()  # no soft-max behind them
    assert start.card.head == loss
    assert start.card.log_odds == (loss == "am-softmax")
    value = make_loss(Loss(loss), 1, 1, start.card.bonafide_index)(cosines, torch.tensor([True, False]))
    assert value.isfinite()
    if name == "aasist-l":
        assert begin(Network(model=name, trainable="none"), loss, 16000).told.names == ("out_layer.weight",)


def test_a_head_goes_on_with_its_own_loss_alone(tmp_path):
    start = begin(Network(model="mel-cnn"), "oc-softmax", None)
    write_trained(tmp_path / "best", start.network, start.card, start.origin, calibration=None, training={})
    again = begin(Network(model="mel-cnn", checkpoint=str(tmp_path / "best")), "oc-softmax", None)
    assert again.card.head == "oc-softmax"
    assert torch.equal(again.network.output.weight, start.network.output.weight)
    with pytest.raises(UsageError, match="train it on with --loss oc-softmax"):
        begin(Network(model="mel-cnn", checkpoint=str(tmp_path / "best")), "ce", None)


def test_from_a_trained_folder(tmp_path):
    start = begin(Network(model="aasist-l", arguments={"first_conv": 64}), "ce", 32000)
    write_trained(tmp_path / "best", start.network, start.card, start.origin, calibration=None, training={})
    for model in ("", "aasist-l"):
        again = begin(Network(model=model, checkpoint=str(tmp_path / "best")), "ce", None)
        assert (again.card.window, again.card.arguments["first_conv"]) == (32000, 64)
        assert again.origin["file"] == "best"
        assert again.origin["before"] == {"model": "aasist-l"}
        assert all(
            torch.equal(tensor, start.network.state_dict()[key]) for key, tensor in again.network.state_dict().items()
        )
    with pytest.raises(CheckpointError, match=r"is of aasist-l, not of aasist; pass --model aasist-l"):
        begin(Network(model="aasist", checkpoint=str(tmp_path / "best")), "ce", None)


def test_gradient_checkpointing_changes_no_gradient(encoders):
    wanted = Network(model="ssl-aasist", encoder=encoders["wav2vec2"], trainable="ssl.layers[1-2],none")
    found = []
    for settings in (wanted, replace(wanted, gradient_checkpointing=True)):
        network = begin(settings, "ce", 16000).network
        calls = [0]
        network.front_end.model.encoder.layers[2].attention.q_proj.register_forward_pre_hook(
            lambda *_, calls=calls: calls.__setitem__(0, calls[0] + 1)
        )
        network.back_end.drop.p = 0.0
        network(example_of(16000)).sum().backward()
        found.append(({k: p.grad for k, p in network.named_parameters() if p.grad is not None}, calls[0]))
    (plain, once), (saved, twice) = found
    assert (once, twice) == (1, 2)  # the layer is computed again on the way back
    assert plain.keys() == saved.keys()
    assert all(torch.allclose(plain[key], saved[key], atol=1e-6) for key in plain)


def test_what_is_random_and_stays_so_is_told(encoders):
    def remarks(trainable):
        return begin(Network(model="antideepfake", encoder=encoders["wav2vec2"], trainable=trainable), "ce",
                     16000).told.remarks  # fmt: skip

    assert "add back_end to --trainable" in remarks("ssl.layers[2]")[0]
    assert remarks("ssl.layers[2],back_end") == remarks("all") == ()


WRONG = {
    "an unknown model": (Network(model="asist"), None, "did you mean aasist"),
    "no model": (Network(), None, "which model"),
    "an unknown argument": (Network(model="mel-cnn", arguments={"chanels": 1}), None, "did you mean channels"),
    "a value of another type": (Network(model="mel-cnn", arguments={"channels": "x"}), None, "is not a whole number"),
    "a fraction for a number": (Network(model="mel-cnn", arguments={"channels": 1.5}), None, "is not a whole number"),
    "truth for a number": (Network(model="mel-cnn", arguments={"channels": True}), None, "is not a whole number"),
    "the encoder's own": (Network(model="sls", encoder="x", arguments={"dim": 8}), None, "no argument 'dim'"),
    "features that do not exist": (
        Network(model="specrnet", arguments={"features": ["x"]}),
        None,
        "cannot be built with these arguments",
    ),
    "a window that is too short": (Network(model="aasist"), 1000, "at least 2315 samples, not 1000"),
    "a window of another length": (Network(model="mel-cnn"), 16000, "does not hear windows of 16000 samples"),
    "no encoder": (Network(model="ssl-aasist"), None, "name it with --encoder"),
    "an encoder for none": (Network(model="aasist", encoder="x"), None, "does not take the features"),
    "two encoders": (Network(model="ssl:x+sls", encoder="y"), None, "names its encoder already"),
    "an encoder twice": (Network(model="sls", encoder="x", checkpoint="y"), None, "holds its own encoder"),
    "checkpointing without an encoder": (
        Network(model="mel-cnn", gradient_checkpointing=True),
        None,
        "mel-cnn has none",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_meant(kind):
    settings, window, words = WRONG[kind]
    with pytest.raises(UsageError, match=words) as caught:
        begin(settings, "ce", window)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_another_model(published, tmp_path):
    for settings, words in (
        (Network(model="rawnet2", checkpoint=str(published)), "another model"),
        (Network(model="aasist-l", checkpoint=str(published), arguments={"gat_dims": [32, 16]}), "wrong shapes"),
        (Network(model="aasist-l", checkpoint=str(tmp_path / "absent.pth")), "no such weight file"),
    ):
        with pytest.raises(CheckpointError, match=words) as caught:
            begin(settings, "ce", None)
        assert "\n" not in str(caught.value)
