"""The shared blocks against facts stated in the reference pages, and against formulas written out."""

import numpy as np
import pytest
import torch

from truevoice.models.blocks.graph import GraphAttention, GraphPool, HeterogeneousAttention
from truevoice.models.blocks.residual import ResidualBlock
from truevoice.models.blocks.sinc import SincBank, mel_edges, sinc_filters


def test_band_edges_in_hertz():
    edges = mel_edges(70, 16000)
    assert edges[:6] == pytest.approx([0, 25.6591, 52.2587, 79.8334, 108.4188, 138.052], abs=1e-4)
    assert edges[-3:] == pytest.approx([7395.6193, 7692.3708, 8000], abs=1e-4)


def test_sinc_filters_have_the_published_centre_taps_and_are_symmetric():
    filters = sinc_filters(70, 129)
    assert filters.shape == (70, 129)
    assert filters.dtype == torch.float32
    assert filters[[0, 1, 69], 64].tolist() == pytest.approx([0.00320738, 0.00332495, 0.03845365], abs=1e-8)
    assert torch.allclose(filters, filters.flip(1), atol=1e-8)


def test_a_tone_comes_out_strongest_from_the_band_that_holds_it():
    tone = torch.sin(2 * np.pi * 1000.0 / 16000 * torch.arange(4000))
    levels = SincBank(70, 128)(tone[None])[0].pow(2).mean(1)
    edges = mel_edges(70, 16000)
    strongest = int(levels.argmax())
    assert edges[strongest] <= 1000 <= edges[strongest + 1]


def test_sinc_bank_is_not_part_of_the_state_dict():
    assert not SincBank(70, 128).state_dict()


@pytest.mark.parametrize("pool", [1, 3])
def test_residual_block_never_applies_bn1(pool):
    torch.manual_seed(0)
    block = ResidualBlock(32, 64, pool=pool).eval()
    x = torch.randn(2, 32, 5, 31)
    before = block(x)
    block.bn1.running_mean += 5.0
    block.bn1.weight.data *= 3.0
    assert before.shape == (2, 64, 5, 31 // pool)
    assert torch.equal(block(x), before)


def test_residual_block_can_be_trained_despite_its_work_in_place():
    block = ResidualBlock(4, 4)
    block(torch.randn(2, 4, 5, 9)).pow(2).sum().backward()
    assert all(p.grad is not None for name, p in block.named_parameters() if not name.startswith("bn1"))


def test_graph_pool_keeps_the_best_nodes_in_descending_order():
    pool = GraphPool(0.5, 1).eval()
    pool.proj.weight.data.fill_(1.0)
    pool.proj.bias.data.zero_()
    nodes = torch.tensor([[[0.5], [3.0], [-1.0], [2.0], [1.0]]])
    expected = torch.tensor([3.0, 2.0])
    assert torch.allclose(pool(nodes)[0, :, 0], expected * torch.sigmoid(expected))
    assert GraphPool(0.1, 1).eval()(nodes).shape == (1, 1, 1)


def test_graph_attention_follows_its_formula():
    torch.manual_seed(0)
    layer = GraphAttention(3, 4, temperature=2.0).eval()
    nodes = torch.randn(1, 5, 3)
    rows = []
    for i in range(5):
        logits = torch.stack(
            [torch.tanh(layer.att_proj(nodes[0, i] * nodes[0, j])) @ layer.att_weight[:, 0] / 2.0 for j in range(5)]
        )
        heard = torch.softmax(logits, 0) @ nodes[0]
        rows.append(layer.proj_with_att(heard) + layer.proj_without_att(nodes[0, i]))
    assert torch.allclose(layer(nodes)[0], torch.selu(layer.bn(torch.stack(rows))), atol=1e-6)


def test_heterogeneous_attention_chooses_the_vector_by_the_kinds_of_a_pair():
    torch.manual_seed(0)
    layer = HeterogeneousAttention(3, 4, temperature=100.0).eval()
    first, second, master = torch.randn(1, 2, 3), torch.randn(1, 3, 3), torch.randn(1, 1, 3)
    nodes = torch.cat([layer.proj_type1(first), layer.proj_type2(second)], 1)[0]
    rows = []
    for i in range(5):
        logits = []
        for j in range(5):
            kinds = (i < 2) + (j < 2)
            vector = {2: layer.att_weight11, 1: layer.att_weight12, 0: layer.att_weight22}[kinds][:, 0]
            logits.append(torch.tanh(layer.att_proj(nodes[i] * nodes[j])) @ vector / 100.0)
        heard = torch.softmax(torch.stack(logits), 0) @ nodes
        rows.append(layer.proj_with_att(heard) + layer.proj_without_att(nodes[i]))
    out_first, out_second, out_master = layer(first, second, master)
    expected = torch.selu(layer.bn(torch.stack(rows)))
    assert torch.allclose(torch.cat([out_first, out_second], 1)[0], expected, atol=1e-6)
    assert out_master.shape == (1, 1, 4)
