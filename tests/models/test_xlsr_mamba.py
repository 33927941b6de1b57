"""XLSR-Mamba against the original implementation's recorded outputs, and the selective scan against its definition."""

import pytest
import torch
from torch.nn import functional as F

from back_ends import (
    VECTORS,
    check_batch,
    check_graph,
    close,
    expected,
    features,
    idle_after_training,
    parameters,
    with_seeded_weights,
)
from truevoice.detectors.card import cards
from truevoice.models.blocks.mamba import MambaMixer
from truevoice.models.blocks.selective_scan import CHUNK, scan_by_chunks, scan_in_order
from truevoice.models.xlsr_mamba import XLSRMamba

pytestmark = pytest.mark.usefixtures("one_thread")

PARAMETERS = 1_936_950
SCANS = (scan_in_order, scan_by_chunks)


def scan_input(batch, frames, channels=6, state=4, dtype=torch.float32):
    torch.manual_seed(frames)
    x, step = torch.randn(2, batch, frames, channels, dtype=dtype)
    into, out = torch.randn(2, batch, frames, state, dtype=dtype)
    return x, F.softplus(step), -torch.exp(torch.randn(channels, state, dtype=dtype)), into, out


def by_definition(x, step, rates, into, out):
    """One frame after the other, each as the page on Mamba has it."""
    state = torch.zeros(x.shape[0], *rates.shape, dtype=x.dtype)
    rows = []
    for t in range(x.shape[1]):
        state = torch.exp(step[:, t, :, None] * rates) * state + (step[:, t] * x[:, t])[..., None] * into[:, t, None]
        rows.append((state * out[:, t, None]).sum(-1))
    return torch.stack(rows, dim=1)


@pytest.mark.parametrize("scan", SCANS)
@pytest.mark.parametrize("frames", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 201])
def test_both_scans_are_the_recurrence(scan, frames):
    given = scan_input(3, frames)
    assert close(scan(*given), by_definition(*given), 1e-5)


@pytest.mark.parametrize("scan", SCANS)
def test_both_scans_can_be_differentiated(scan):
    given = [tensor.requires_grad_() for tensor in scan_input(1, CHUNK + 3, 2, 2, torch.float64)]
    assert torch.autograd.gradcheck(scan, given)


@pytest.mark.parametrize("scan", SCANS)
def test_long_and_fast_decays_do_not_overflow(scan):
    x, step, rates, into, out = scan_input(1, 4000, 2, 2)
    given = (x, 50 * step, 50 * rates, into, out)
    assert close(scan(*given), by_definition(*given), 1e-3)


def test_parity_with_the_original(shared):
    folder = shared(VECTORS)
    network = with_seeded_weights(XLSRMamba(), folder / "xlsr_mamba_keys.json")
    assert parameters(network) == PARAMETERS
    assert cards()["xlsr-mamba"].parameters == 317_390_592 + PARAMETERS
    recorded = expected(folder, "xlsr_mamba")
    with torch.inference_mode():
        logits = network(features(folder))
        frames = network.narrow(features(folder))
        forward, backward = network.conformer.columns(frames)
        assert close(network.conformer.forward_layers[0].mixer(recorded["mixer0_in"]), recorded["mixer0_out"])
        assert close(forward[:, ::10, ::12], recorded["fwd_normed_sub"])
        assert close(backward[:, ::10, ::12], recorded["bwd_normed_sub"])
        assert close(network.conformer.pool(frames), recorded["pooled"])
    assert close(logits, recorded["logits"])
    assert not close(logits, recorded["logits_WRONG_unfused"], 1e-2)


def test_a_batch_scores_as_its_members_do_at_any_length():
    torch.manual_seed(1)
    network = XLSRMamba(dim=32, width=16)
    for frames in (1, 20, 208):
        check_batch(network, torch.randn(3, frames, 32))


def test_the_last_blocks_alone_are_never_trained():
    torch.manual_seed(2)
    network = XLSRMamba(dim=32, width=16)
    idle = idle_after_training(network, torch.randn(3, 20, 32))
    last = tuple(f"conformer.{column}_layers.5." for column in ("forward", "backward"))
    # A bias before a softmax over time changes nothing either.
    without_effect = {f"conformer.{side}_attention_pool.bias" for side in "fb"}
    assert idle - without_effect == {name for name, _ in network.named_parameters() if name.startswith(last)}


def test_the_graph_takes_any_batch(tmp_path):
    torch.manual_seed(3)
    check_graph(XLSRMamba(dim=32, width=16), torch.randn(2, 30, 32), tmp_path / "graph.onnx")


def test_a_mixer_hears_the_past_alone_and_starts_as_published():
    torch.manual_seed(4)
    mixer = MambaMixer(144)
    x = torch.randn(1, 30, 144)
    changed = x.clone()
    changed[:, 20:] += 1
    with torch.inference_mode():
        assert torch.equal(mixer(x)[:, :20], mixer(changed)[:, :20])
    steps = F.softplus(mixer.dt_proj.bias.detach())
    assert steps.min() >= 0.99e-3
    assert steps.max() <= 0.101
    assert close(mixer.A_log[5].detach().exp(), torch.arange(1.0, 17), 1e-5)
