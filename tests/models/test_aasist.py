"""AASIST and AASIST-L against the original implementation's recorded outputs, in every form we run them in."""

import numpy as np
import pytest
import torch

from truevoice.detectors.card import cards
from truevoice.detectors.torch_engine import open_torch
from truevoice.models.aasist import AASIST
from truevoice.models.checkpoint import load_strictly, read_state_dict
from truevoice.models.export import export_onnx

pytestmark = pytest.mark.usefixtures("one_thread")


NAMES = {"aasist": "AASIST", "aasist-l": "AASIST-L"}
PARAMETERS = {"aasist": 297_866, "aasist-l": 85_306}
TOLERANCE = 1e-4


def published_keys() -> set[str]:
    """The 229 keys, built from the reference page's section 4 and not from our code."""
    linear = ("weight", "bias")
    batch_norm = (*linear, "running_mean", "running_var", "num_batches_tracked")
    keys = {"pos_S", "master1", "master2"}

    def add(prefix, leaves=linear):
        keys.update(f"{prefix}.{leaf}" for leaf in leaves)

    add("first_bn", batch_norm)
    for index in range(6):
        block = f"encoder.{index}.0"
        if index:
            add(f"{block}.bn1", batch_norm)
        add(f"{block}.bn2", batch_norm)
        for conv in ("conv1", "conv2", *(["conv_downsample"] if index in (0, 2) else [])):
            add(f"{block}.{conv}")
    for layer in ("GAT_layer_S", "GAT_layer_T"):
        keys.add(f"{layer}.att_weight")
        for projection in ("att_proj", "proj_with_att", "proj_without_att"):
            add(f"{layer}.{projection}")
        add(f"{layer}.bn", batch_norm)
    projections = [
        "proj_type1",
        "proj_type2",
        "att_proj",
        "att_projM",
        "proj_with_att",
        "proj_without_att",
        "proj_with_attM",
    ]
    for branch in ("ST11", "ST12", "ST21", "ST22"):
        layer = f"HtrgGAT_layer_{branch}"
        keys.update(f"{layer}.att_weight{kinds}" for kinds in ("11", "22", "12", "M"))
        for projection in (*projections, "proj_without_attM"):
            add(f"{layer}.{projection}")
        add(f"{layer}.bn", batch_norm)
    for pool in ("pool_S", "pool_T", "pool_hS1", "pool_hT1", "pool_hS2", "pool_hT2"):
        add(f"{pool}.proj")
    add("out_layer")
    return keys


def build(name):
    return AASIST(**cards()[name].arguments).eval()


@pytest.fixture(scope="module")
def published(shared):
    """Network with the authors' weights, checkpoint path, recorded input, embedding and logits, by name."""
    expected = torch.load(shared("reference/vectors/aasist_expected.pt"), weights_only=True)
    found = {}
    for name, title in NAMES.items():
        path = shared(f"weights/{title}.pth")
        network = build(name)
        load_strictly(network, read_state_dict(path), str(path))
        found[name] = network, path, expected["input"], expected[f"{title}.embedding"], expected[f"{title}.logits"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_size_and_keys_are_the_published_ones(name):
    network = build(name)
    assert sum(parameter.numel() for parameter in network.parameters()) == PARAMETERS[name]
    assert len(published_keys()) == 229
    assert set(network.state_dict()) == published_keys()


@pytest.mark.parametrize("name", NAMES)
def test_card_agrees_with_the_published_file(name, published):
    import hashlib

    _, path, *_ = published[name]
    card = cards()[name]
    assert card.parameters == PARAMETERS[name]
    assert card.weights.bytes == path.stat().st_size
    assert card.weights.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card.weights.file == path.name
    assert card.weights.url.endswith("/" + path.name)


@pytest.mark.parametrize("name", NAMES)
def test_parity_with_the_original(name, published):
    network, _, waves, embedding, logits = published[name]
    with torch.inference_mode():
        ours = network.embed(waves)
        assert (ours - embedding).abs().max() <= TOLERANCE
        assert (network.out_layer(ours) - logits).abs().max() <= TOLERANCE
        assert (network.for_cpu()(waves) - logits).abs().max() <= TOLERANCE


@pytest.mark.parametrize("name", NAMES)
def test_parity_through_the_torch_engine_alone_and_in_a_batch(name, published):
    _, path, waves, _, logits = published[name]
    torch.set_num_threads(2)
    engine = open_torch(cards()[name], path, "cpu")
    expected = logits[:, 1].numpy()
    batched = engine.run(waves.numpy()[:3])
    assert batched.dtype == np.float32
    assert batched == pytest.approx(expected[:3], abs=TOLERANCE)
    assert engine.run(waves.numpy()[3:]) == pytest.approx(expected[3:], abs=TOLERANCE)
    assert engine.run(np.zeros((0, 64600), np.float32)).shape == (0,)


def check_onnx(network, waves, expected, path):
    import onnxruntime

    export_onnx(network, path, window=waves.shape[1])
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [item.name for item in session.get_inputs()] == ["waveform"]
    assert [item.name for item in session.get_outputs()] == ["score"]
    for count in (1, 3):
        (scores,) = session.run(None, {"waveform": waves[:count].numpy()})
        assert scores.shape == (count,)
        assert scores.dtype == np.float32
        assert scores == pytest.approx(expected[:count].numpy(), abs=TOLERANCE)


@pytest.mark.parametrize("name", NAMES)
def test_parity_of_the_exported_graph(name, published, tmp_path):
    network, _, waves, _, logits = published[name]
    check_onnx(network, waves, logits[:, 1], tmp_path / "graph.onnx")


@pytest.mark.parametrize("length", [2315, 2316, 9000, 16001, 80000])
def test_tiles_change_nothing_at_any_length(length):
    torch.manual_seed(length)
    network = build("aasist-l")
    waves = 0.1 * torch.randn(2, length)
    with torch.inference_mode():
        plain = network(waves)
        assert plain.shape == (2, 2)
        assert torch.allclose(network.for_cpu()(waves), plain, atol=TOLERANCE)


def test_for_cpu_leaves_the_network_as_it_was():
    network = build("aasist-l").train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.for_cpu()
    after = network.state_dict()
    assert network.training
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_a_batch_scores_as_its_members_do(published):
    network, _, waves, *_ = published["aasist-l"]
    with torch.inference_mode():
        together = network(waves[:3, :16000])
        alone = torch.cat([network(wave[None, :16000]) for wave in waves[:3]])
    assert torch.allclose(together, alone, atol=TOLERANCE)


def test_every_parameter_but_those_of_bn1_can_be_trained():
    network = build("aasist-l").train()
    network(torch.randn(3, 4000)).pow(2).sum().backward()
    idle = {name for name, parameter in network.named_parameters() if parameter.grad is None}
    assert idle == {f"encoder.{index}.0.bn1.{leaf}" for index in range(1, 6) for leaf in ("weight", "bias")}
