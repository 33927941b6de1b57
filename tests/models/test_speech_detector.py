"""SSL-AASIST against the original implementation's recorded outputs, scaled down and at its real size."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import truevoice
from seeded import seeded_state
from truevoice.detectors.card import cards
from truevoice.errors import CheckpointError
from truevoice.models.build import build
from truevoice.models.checkpoint import read_state_dict
from truevoice.models.speech_detector import SpeechDetector

pytestmark = pytest.mark.usefixtures("one_thread")

TOLERANCE = 1e-4
PARAMETERS = 317_837_834
COUNTERS = "num_batches_tracked"
MEMORY = 2e9  # bytes at batch 1, Python and its libraries in it
LOADING = 60  # s


@pytest.fixture(scope="module")
def path(shared):
    return shared("reference/vectors/tiny_ssl_aasist.pth")


@pytest.fixture(scope="module")
def expected(shared):
    return torch.load(shared("reference/vectors/tiny_expected.pt"), weights_only=True)


def test_features_and_logits_are_the_originals(path, expected):
    network = build(cards()["ssl-aasist"], read_state_dict(path), str(path))
    with torch.inference_mode():
        for _ in range(2):
            features = network.features(expected["input"])
            assert features.shape == (2, 201, 1024)
            assert (features[:, ::20, ::64] - expected["features"]).abs().max() <= TOLERANCE
            assert (network(expected["input"]) - expected["logits"]).abs().max() <= TOLERANCE
            network.fold()


def bare(state, path):
    torch.save(state, path)


def parallel(state, path):
    torch.save({f"module.{key}": value for key, value in state.items()}, path)


def fine_tuned(state, path):
    torch.save({"model_state_dict": state, "optimizer_state_dict": {"state": {0: torch.zeros(3)}}, "epoch": 7}, path)


def lightning(state, path):
    values = {f"net.{key}": value for key, value in state.items()}
    torch.save({"state_dict": {**values, "criterion.weight": torch.tensor([0.1, 0.9])}, "callbacks": {}}, path)


def old_format(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


def safe(state, path):
    save_file(state, path)


@pytest.mark.parametrize("saved", [bare, parallel, fine_tuned, lightning, old_format, safe])
def test_however_it_was_saved_it_scores_as_published(saved, path, expected, tmp_path):
    saved(torch.load(path, weights_only=True), tmp_path / "LA_model.pth")
    detector = truevoice.load("ssl-aasist", checkpoint=tmp_path / "LA_model.pth", device="cpu")
    scores = detector.scores(expected["input"].numpy())
    np.testing.assert_allclose(scores, expected["logits"][:, 1].numpy(), atol=TOLERANCE)


def test_half_precision_files_load_and_score_nearly_the_same(path, expected, tmp_path):
    state = torch.load(path, weights_only=True)
    half = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    torch.save(half, tmp_path / "half.pth")
    scores = truevoice.load("ssl-aasist", checkpoint=tmp_path / "half.pth", device="cpu").scores(expected["input"])
    np.testing.assert_allclose(scores, expected["logits"][:, 1].numpy(), atol=0.05)


def test_the_encoders_own_file_is_no_detector(shared):
    encoder = shared("reference/vectors/tiny_xlsr_fairseq.pt")
    with pytest.raises(CheckpointError, match="holds an encoder alone") as caught:
        truevoice.load("ssl-aasist", checkpoint=encoder)
    assert "\n" not in str(caught.value)


def test_a_cut_file_is_told_in_one_line(path, tmp_path):
    (tmp_path / "cut.pth").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="damaged, cut short"):
        truevoice.load("ssl-aasist", checkpoint=tmp_path / "cut.pth")


def test_the_back_end_says_what_it_is_given():
    class Front(torch.nn.Module):
        def forward(self, waves):
            return waves + 1

        def layers(self, waves):
            return waves + 2

    class Layers(torch.nn.Identity):
        takes = "layers"

    waves = torch.zeros(1, 3)
    assert torch.equal(SpeechDetector(Front(), torch.nn.Identity())(waves), waves + 1)
    assert torch.equal(SpeechDetector(Front(), Layers())(waves), waves + 2)
    SpeechDetector(Front(), Layers()).fold()


MEASURED = """
import json, resource, sys, time
import numpy as np
import torch
import truevoice

def peak():
    try:
        lines = open("/proc/self/status").read().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

checkpoint, vectors = sys.argv[1:]
expected = torch.load(vectors, weights_only=True)
windows = expected["input"].numpy()
began = time.perf_counter()
detector = truevoice.load("ssl-aasist", checkpoint=checkpoint, device="cpu")
loading = time.perf_counter() - began
scores = [detector.scores(windows[:1])[0]]
memory = peak()
scores.append(detector.scores(windows[1:])[0])
network = detector.engine._network
with torch.inference_mode():
    features = network.features(expected["input"][:1])[:, ::20, ::64]
print(json.dumps({
    "logits": float(np.abs(np.array(scores) - expected["logits"][:, 1].numpy()).max()),
    "features": float((features - expected["features"][:1]).abs().max()),
    "memory": memory, "loading": loading,
}))
"""


def test_the_real_size_with_seeded_weights(shared, tmp_path):
    """1.27 GB written as DataParallel saves it, loaded and scored in a process of its own, whose memory is measured."""
    shapes = json.loads(shared("reference/vectors/full_keys.json").read_text())
    vectors = shared("reference/vectors/full_expected.pt")
    assert len(shapes) == 674
    state = seeded_state(shapes)
    assert cards()["ssl-aasist"].parameters == PARAMETERS
    assert (
        sum(
            tensor.numel()
            for key, tensor in state.items()
            if not key.endswith((COUNTERS, "running_mean", "running_var"))
        )
        == PARAMETERS
    )
    checkpoint = tmp_path / "Best_LA_model_for_DF.pth"
    try:
        parallel(state, checkpoint)
        del state
        command = [sys.executable, "-c", MEASURED, str(checkpoint), str(vectors)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        checkpoint.unlink(missing_ok=True)  # pytest would keep it for three runs
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    print(measured)
    assert measured["logits"] <= TOLERANCE
    assert measured["features"] <= TOLERANCE
    assert measured["memory"] <= MEMORY, "a second copy of the weights?"
    assert measured["loading"] <= LOADING
