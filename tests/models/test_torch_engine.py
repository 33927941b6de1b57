"""The engine's choices: device, missing parts, threads."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from truevoice.detectors.card import cards
from truevoice.detectors.torch_engine import TorchEngine, open_torch
from truevoice.errors import CheckpointError, MissingExtraError, UsageError
from truevoice.models.aasist import AASIST


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "random.pth"
    torch.save(AASIST(**cards()["aasist-l"].arguments).state_dict(), path)
    return path


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cpu:0", "cuda:99", ""])
def test_a_device_that_is_not_there_is_a_usage_error(device, checkpoint):
    with pytest.raises(UsageError, match="device"):
        open_torch(cards()["aasist-l"], checkpoint, device)


def test_auto_takes_a_device_that_is_there(checkpoint):
    engine = open_torch(cards()["aasist-l"], checkpoint, "auto")
    assert engine.device == ("cuda" if torch.cuda.is_available() else engine.device)
    assert engine.name == "torch"


def test_weights_of_the_other_model_are_refused(checkpoint):
    with pytest.raises(CheckpointError, match="another model"):
        open_torch(cards()["aasist"], checkpoint, "cpu")


def test_a_card_without_a_network_is_refused(checkpoint):
    with pytest.raises(UsageError, match="no network"):
        open_torch(replace(cards()["aasist-l"], network=None), checkpoint, "cpu")


def test_without_torch_the_message_says_how_to_get_it(checkpoint, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'truevoice\[torch\]'"):
        open_torch(cards()["aasist-l"], checkpoint, "cpu")


def test_importing_engine_and_cards_brings_no_torch():
    code = "import sys, truevoice.detectors.torch_engine, truevoice.models; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_callers_number_of_threads_stays(checkpoint):
    before = torch.get_num_threads()
    engine = open_torch(cards()["aasist-l"], checkpoint, "cpu")
    engine.run(np.zeros((3, 4000), np.float32))
    assert torch.get_num_threads() == before


def test_a_network_without_a_cpu_form_runs_in_chunks_as_it_is():
    class Mean(torch.nn.Module):
        largest = 0

        def forward(self, waves):
            self.largest = max(self.largest, len(waves))
            return torch.stack([-waves.mean(1), waves.mean(1)], dim=1)

    network = Mean()
    windows = np.random.default_rng(0).standard_normal((11, 50)).astype(np.float32)
    scores = TorchEngine(network, bonafide_index=1).run(windows)
    assert scores == pytest.approx(windows.mean(1), abs=1e-6)
    assert network.largest <= 4


@pytest.mark.parametrize("count", [1, 2, 5])
def test_scores_do_not_depend_on_the_company_in_a_batch(count, checkpoint):
    engine = open_torch(cards()["aasist-l"], checkpoint, "cpu")
    windows = (0.1 * np.random.default_rng(1).standard_normal((count, 8000))).astype(np.float32)
    alone = np.concatenate([engine.run(window[None]) for window in windows])
    assert engine.run(windows) == pytest.approx(alone, abs=1e-5)
