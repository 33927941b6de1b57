"""The light CNN, on LFCC and in the form of the Whisper repository, against recorded outputs with seeded weights."""

import pytest
import torch

from published import (
    assert_near,
    parameters,
    recorded,
    scores_of_the_graph,
    scores_through_the_register,
    seeded_maps,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.models.blocks.light_cnn import MaxFeatureMap, PlainNorm
from truevoice.models.front_ends.lfcc import LFCC
from truevoice.models.lcnn import LCNN, WhisperLCNN

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")

FIXED = ("m_frontend.", "input_", "output_")


@pytest.fixture(scope="module")
def folder(shared):
    return shared("reference/vectors_other")


@pytest.fixture(scope="module")
def network(folder):
    return with_seeded_weights(LCNN(), folder / "lcnn_asvspoof2021_keys.json", kept=FIXED)


@pytest.fixture(scope="module")
def waves(folder):
    return torch.load(folder / "wave.pt", weights_only=True)["wave"]


@pytest.fixture(scope="module")
def expected(folder):
    return torch.load(folder / "lcnn_asvspoof2021_expected.pt", weights_only=True)


def test_size_is_the_published_one(network):
    assert parameters(network) == 269_729 == cards()["lcnn"].parameters
    assert parameters(WhisperLCNN(features=["lfcc"])) == 7_248_449
    assert parameters(WhisperLCNN()) == 7_248_449 + 7_632_384 == cards()["lcnn-whisper"].parameters


def test_lfcc_is_that_of_the_original(waves, expected):
    front_end = LFCC()
    assert_near(front_end.lfcc_fb, expected["lfcc_fb"], 2e-6)
    assert_near(front_end.l_dct.weight, expected["dct_weight"], 1e-6)
    features = front_end(waves)
    assert features.shape == (2, 404, 60)
    assert_near(features[:, ::4], expected["lfcc"], 1e-5)
    assert_near(features[:, :12], expected["lfcc_first12"], 1e-5)
    assert_near(features[:, -4:], expected["lfcc_last4"], 1e-5)
    assert_near(LFCC(max_freq=1.0)(waves)[:, ::4], expected["lfcc_fullband"], 1e-5)


def test_lfcc_of_silence_is_finite():
    assert LFCC()(torch.zeros(1, 3200)).isfinite().all()


def test_parity_with_the_original(network, waves, expected):
    seen = recorded(network, "m_transform.0", "m_before_pooling.0")
    assert_near(network(waves)[:, 0], expected["score"])
    assert_near(seen["m_transform.0"][:, ::4], expected["transform_sub"])
    assert_near(seen["m_before_pooling.0"], expected["blstm_sub"])


def test_scores_through_the_register(network, waves, expected, tmp_path):
    assert_near(scores_through_the_register("lcnn", network, tmp_path, waves), expected["score"])


def test_scores_of_the_exported_graph(network, waves, expected, tmp_path):
    assert_near(scores_of_the_graph(network, tmp_path / "graph.onnx", waves, index=0), expected["score"])


def test_the_shortest_window_is_the_shortest(network, waves):
    shortest = cards()["lcnn"].shortest_window
    assert network(waves[:, :shortest]).shape == (2, 1)
    with pytest.raises(RuntimeError):
        network(waves[:, : shortest - 1])


def test_whisper_form_has_the_recorded_output(folder):
    network = with_seeded_weights(WhisperLCNN(features=["lfcc"]), folder / "lcnn_whisperrepo_1ch_keys.json")
    values = torch.load(folder / "specrnet_mesonet_lcnn_expected.pt", weights_only=True)
    assert_near(network.classify(seeded_maps()["384x600"]), values["lcnn_384x600"])


def test_channel_i_competes_with_the_one_half_the_channels_on():
    maps = torch.tensor([1.0, 5.0, 3.0, 2.0])[None, :, None, None]
    assert MaxFeatureMap()(maps).flatten().tolist() == [3.0, 5.0]


def test_plain_norm_has_running_statistics_alone():
    assert set(PlainNorm(3).state_dict()) == {"running_mean", "running_var", "num_batches_tracked"}
