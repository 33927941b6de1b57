"""Conformer and Conformer-TCM against the original implementations' recorded outputs."""

import math

import pytest
import torch

from back_ends import (
    VECTORS,
    check_batch,
    check_graph,
    close,
    expected,
    features,
    heard,
    idle_after_training,
    parameters,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.errors import UsageError
from truevoice.models.conformer import Conformer, RelativeAttention
from truevoice.models.conformer_tcm import ConformerTCM

pytestmark = pytest.mark.usefixtures("one_thread")

FRONT_END = 317_390_592
MODELS = {"conformer": (Conformer, 2_506_324), "conformer-tcm": (ConformerTCM, 2_382_628 + 1_440_000)}
FIXED = "conformer.positional_emb"


@pytest.mark.parametrize("name", MODELS)
def test_parity_with_the_original(name, shared):
    made_by, count = MODELS[name]
    folder = shared(VECTORS)
    stem = name.replace("-", "_")
    network = with_seeded_weights(made_by(), folder / f"{stem}_keys.json", fixed=(FIXED,))
    assert parameters(network) == count
    assert cards()[name].parameters == FRONT_END + count
    given, recorded = {}, expected(folder, stem)
    heard(network.conformer.encoder_blocks[0], given, "block")
    with torch.inference_mode():
        assert close(network(features(folder)), recorded["logits"])
    assert close(given["block"][:, ::10, ::12], recorded["block0_sub"])


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_scores_as_its_members_do_at_any_length(name):
    torch.manual_seed(1)
    network = MODELS[name][0](dim=64)
    for frames in (1, 50, 208):
        check_batch(network, torch.randn(3, frames, 64))


@pytest.mark.parametrize("name", MODELS)
def test_everything_but_the_stored_positions_is_trained(name):
    torch.manual_seed(2)
    network = MODELS[name][0](dim=32)
    idle = idle_after_training(network, torch.randn(3, 20, 32))
    # The last block's frames are not read, but its token is; and no vector of a distance that is not there.
    assert idle == set()
    assert {name for name, one in network.named_parameters() if not one.requires_grad} <= {FIXED}


@pytest.mark.parametrize("name", MODELS)
def test_the_graph_takes_any_batch_and_length(name, tmp_path):
    torch.manual_seed(3)
    network = MODELS[name][0](dim=32)
    check_graph(network, torch.randn(2, 30, 32), tmp_path / "graph.onnx", others=[torch.randn(3, 45, 32)])


def test_distances_are_learnt_up_to_512_frames():
    """Against the definition, written out for every pair."""
    torch.manual_seed(4)
    attention = RelativeAttention(8, 2)
    x = torch.randn(1, 600, 8)
    query = attention.to_q(x).view(600, 2, 4)
    key, value = (part.reshape(600, 2, 4) for part in attention.to_kv(x)[0].chunk(2, dim=-1))
    place = torch.arange(600)
    vectors = attention.rel_pos_emb((place[:, None] - place).clamp(-512, 512) + 512)
    logits = torch.einsum("ihd,jhd->hij", query, key) + torch.einsum("ihd,ijd->hij", query, vectors)
    mixed = torch.einsum("hij,jhd->ihd", (logits / math.sqrt(4)).softmax(-1), value).reshape(1, 600, 8)
    assert close(attention(x), attention.to_out(mixed), 1e-5)


def test_positions_of_tcm_are_the_sinusoids_by_definition():
    stored = ConformerTCM(dim=8).conformer.positional_emb
    assert stored.shape == (1, 10_000, 144)
    for place, channel in ((0, 0), (7, 10), (201, 11), (9999, 143)):
        angle = place / 10000 ** (2 * (channel // 2) / 144)
        wanted = math.cos(angle) if channel % 2 else math.sin(angle)
        assert float(stored[0, place, channel].detach()) == pytest.approx(wanted, abs=1e-6)


def test_tcm_says_when_a_recording_is_too_long():
    with pytest.raises(UsageError, match="at most 10000 frames"):
        ConformerTCM(dim=8)(torch.zeros(1, 10_001, 8))
