"""What `make detector` puts into the package: the graph of a trained run, and a description that loads."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import truevoice
from speech import clips
from truevoice.cli.__main__ import main

SCRIPT = Path(__file__).parents[1] / "scripts" / "ship_detector.py"


@pytest.fixture(scope="module")
def run(tmp_path_factory, labelled_clips):
    folder = tmp_path_factory.mktemp("ship") / "run"
    words = ("--arguments", "channels=2", "--epochs", "4", "--batch-size", "4", "--average", "none")
    words = (*words, "--augment", "none", "--no-leak-report", "--device", "cpu")
    with pytest.raises(SystemExit) as left:
        main(["train", "--preset", "mel-cnn-shipped", "--data", str(labelled_clips), *words, "-q", "-o", str(folder)])
    assert left.value.code == 0
    return folder


def ship(folder, out):
    words = [sys.executable, SCRIPT, folder, "--name", "mel-cnn", "--out", out]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_graph_scores_as_the_run_does(run, tmp_path):
    shipped = subprocess.run(
        [sys.executable, SCRIPT, run, "--name", "mel-cnn", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shipped.returncode == 0, shipped.stderr
    assert "validation EER" in shipped.stdout
    told = json.loads((tmp_path / "mel-cnn.json").read_text())
    assert told["parameters"] == 2 * 63 * 39 * 2 + 2 + 2 * 10 + 2 * 2  # the full layer, though an even one learnt
    assert told["training"]["network"]["arguments"]["even"] is True
    graph, trained = truevoice.load(tmp_path / "mel-cnn.onnx"), truevoice.load(checkpoint=run / "best")
    assert graph.policy == trained.policy
    for clip in clips()[:3]:
        one, other = graph.score(clip), trained.score(clip)
        assert np.isclose(one.score, other.score, atol=1e-4)
        assert (one.verdict, round(one.p_spoof, 3)) == (other.verdict, round(other.p_spoof, 3))


def test_a_folder_that_is_no_run_is_one_line(tmp_path):
    shipped = subprocess.run(
        [sys.executable, SCRIPT, tmp_path, "--name", "x", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shipped.returncode, shipped.stderr.count("\n")) == (1, 1)
