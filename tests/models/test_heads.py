"""Cosine heads: what they give, where they are put, and that every network of the register has a place for one."""

import pytest
import torch
from torch.nn import functional as F

from truevoice.detectors.card import cards
from truevoice.models.build import network_of
from truevoice.models.head_kinds import HEADS
from truevoice.models.heads import CosineHead, output_layer, outputs_of, put_head

# The layer that gives the logits, by the class of the network: named here by hand, found by the rule there.
LAST = {
    "aasist:AASIST": "out_layer",
    "antideepfake:AntiDeepfake": "proj_fc",
    "conformer:Conformer": "conformer.fc5",
    "conformer_tcm:ConformerTCM": "conformer.fc5",
    "lcnn:LCNN": "m_output_act.0",
    "lcnn:WhisperLCNN": "m_output_act",
    "mel_cnn:MelCNN": "output",
    "mesonet:MesoNet": "fc2",
    "mhfa:MHFA": "projection.trans.2",
    "nes2net:Nes2Net": "Nested_Res2Net_TDNN.fc",
    "nes2net_x:Nes2NetX": "Nested_Res2Net_TDNN.fc",
    "rawgat_st:RawGATST": "proj_node",
    "rawnet2:RawNet2": "fc2_gru",
    "sls:SLS": "fc3",
    "specrnet:SpecRNet": "fc2_gru",
    "ssl_aasist:SSLAASIST": "out_layer",
    "xlsr_mamba:XLSRMamba": "conformer.classifier",
}


@pytest.mark.parametrize("path", sorted({card.network for card in cards().values()}))
def test_the_output_layer_of_every_network(path):
    card = next(card for card in cards().values() if card.network == path)
    network = network_of(card)
    assert output_layer(network) == LAST[path]
    single = card.bonafide_index == 0
    assert outputs_of(network.get_submodule(LAST[path])) == (1 if single else 2)


def test_cosines():
    weight, embeddings = torch.randn(2, 7), torch.randn(5, 7)
    head = CosineHead(weight)
    ours = head(embeddings)
    theirs = F.cosine_similarity(embeddings[:, None], weight[None], dim=-1)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(head(1000 * embeddings), ours)
    assert head(torch.zeros(1, 7)).isfinite().all()
    half = head(embeddings.bfloat16())
    assert half.dtype == torch.float32


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("index", [0, 1])
def test_it_begins_where_the_output_layer_stood(kind, index):
    """At equal lengths and without offsets, a head orders recordings as the layer's own log-odds did."""
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 2, bias=False))
    with torch.no_grad():
        network[1].weight[1] = -network[1].weight[0]
    embeddings = F.normalize(torch.randn(20, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    before = network[1](embeddings)
    put_head(network, kind, index)
    after = network[1](embeddings)
    assert after.shape == (20, HEADS[kind])
    cosine = after[:, 0] if kind == "oc-softmax" else after[:, index] - after[:, 1 - index]
    assert (cosine.argsort() == (before[:, index] - before[:, 1 - index]).argsort()).all()


@pytest.mark.parametrize("kind", HEADS)
def test_in_the_place_of_a_single_logit(kind):
    network = torch.nn.Sequential(torch.nn.Linear(8, 1, bias=False))
    embeddings = F.normalize(torch.randn(20, 8, generator=torch.Generator().manual_seed(0)), dim=1)
    before = network(embeddings)[:, 0]
    put_head(network, kind, 1)
    after = network(embeddings)
    cosine = after[:, 0] if kind == "oc-softmax" else after[:, 1] - after[:, 0]
    assert (cosine.argsort() == before.argsort()).all()


def test_a_network_without_a_place_for_it():
    with pytest.raises(ValueError, match="does not end with a linear layer of one or two outputs"):
        output_layer(torch.nn.Sequential(torch.nn.Linear(3, 5)))
