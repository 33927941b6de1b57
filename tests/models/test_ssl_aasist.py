"""The back-end of SSL-AASIST: its keys, shapes and behaviour. Its numbers are tested with an encoder."""

import pytest
import torch

from back_ends import FRONT_ENDS, check_batch, check_graph, parameters, with_seeded_weights
from seeded import published_shapes
from truevoice.detectors.card import cards
from truevoice.models.ssl_aasist import SSLAASIST

pytestmark = pytest.mark.usefixtures("one_thread")

PARAMETERS = 447_242


@pytest.mark.parametrize("size", ["full", "tiny"])
def test_size_and_keys_are_the_published_ones(size, shared):
    keys = shared("reference/vectors") / f"{size}_keys.json"
    assert len(published_shapes(keys, skip=FRONT_ENDS)) == 245
    network = with_seeded_weights(SSLAASIST(), keys)
    assert parameters(network) == PARAMETERS
    assert cards()["ssl-aasist"].parameters == 317_390_592 + PARAMETERS
    with torch.inference_mode():
        logits = network(torch.randn(2, 201, 1024, generator=torch.Generator().manual_seed(1)))
    assert logits.shape == (2, 2)
    assert logits.isfinite().all()


def test_widths_on_the_way():
    torch.manual_seed(2)
    network = SSLAASIST().eval()
    with torch.inference_mode():
        assert network.encode(torch.randn(1, 201, 1024)).shape == (1, 64, 42, 67)
        assert network.embed(torch.randn(3, 201, 1024)).shape == (3, 160)


def test_a_batch_scores_as_its_members_do_at_any_length():
    torch.manual_seed(3)
    network = SSLAASIST(dim=64)
    for frames in (3, 50, 201):
        check_batch(network, torch.randn(3, frames, 64), tolerance=1e-5)


def test_bn1_is_never_applied():
    torch.manual_seed(4)
    network = SSLAASIST(dim=64).eval()
    given = torch.randn(2, 30, 64)
    with torch.inference_mode():
        before = network(given)
        for key, value in network.state_dict().items():
            if ".bn1." in key and value.is_floating_point():
                value.add_(3.0)
        assert torch.equal(network(given), before)


def test_every_parameter_but_those_of_bn1_can_be_trained():
    torch.manual_seed(5)
    network = SSLAASIST(dim=64)
    network.train()
    network(torch.randn(4, 60, 64)).pow(2).sum().backward()
    idle = {name for name, one in network.named_parameters() if one.grad is None}
    assert idle == {f"encoder.{index}.0.bn1.{leaf}" for index in range(1, 6) for leaf in ("weight", "bias")}


def test_the_graph_takes_any_batch(tmp_path):
    torch.manual_seed(6)
    check_graph(SSLAASIST(dim=64), torch.randn(2, 60, 64), tmp_path / "graph.onnx")
