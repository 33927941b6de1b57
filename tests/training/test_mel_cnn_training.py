"""The training command on a tiny made-up corpus, and what it writes."""

import csv
import hashlib
import json
from importlib import resources

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch

from truevoice.audio import load_audio
from truevoice.detectors.register import load
from truevoice.metrics.calibration import fit
from truevoice.models.export import Score
from truevoice.models.mel_cnn import HOP, LogMel, MelCNN
from truevoice.training import mel_cnn as training
from truevoice.training.augment import augment
from truevoice.training.corpus import clips
from truevoice.training.export import to_graph


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


def make_clip(bonafide, seconds, rng):
    """Noise that falls with frequency (bona fide) or rises (spoof): easy to tell apart, at any level."""
    white = rng.standard_normal(int(seconds * 16000) + 1)
    coloured = white[1:] + (0.9 if bonafide else -0.9) * white[:-1]
    return (coloured * 10 ** rng.uniform(-3, -1)).astype(np.float32)


@pytest.fixture(scope="module")
def tiny_corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus")
    (root / "dev").mkdir()
    rng = np.random.default_rng(0)
    with (root / "dev" / "manifest.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "label", "split", "source"])
        for split, count in (("train", 16), ("val", 10)):
            for number in range(count):
                bonafide = number % 2 == 0
                seconds = [1.3, 2.0, 2.7, 4.1][number % 4]
                name = f"{split}{number}.wav"
                soundfile.write(root / "dev" / name, make_clip(bonafide, seconds, rng), 16000, subtype="PCM_16")
                table.writerow([name, "bonafide" if bonafide else "spoof", split, f"source{number % 3}"])
    return root


def command(corpus, out, *more):
    sizes = ["--channels", "2", "--epochs", "2", "--seeds", "2", "--threads", "1"]
    return training.main(["--corpus", str(corpus), "--out", str(out), *sizes, *more])


@pytest.fixture(scope="module")
def trained(tiny_corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("weights")
    assert command(tiny_corpus, out) == 0
    return out


def test_the_same_command_gives_the_same_bytes(tiny_corpus, trained, tmp_path):
    assert command(tiny_corpus, tmp_path) == 0
    for name in ("mel-cnn.onnx", "mel-cnn.json"):
        assert (tmp_path / name).read_bytes() == (trained / name).read_bytes()


def test_another_seed_gives_other_weights(tiny_corpus):
    learn = training.whole_clips(clips(tiny_corpus, "train"))
    check = training.policy_windows(clips(tiny_corpus, "val"))
    first, second = (training.train(training.Recipe(2, epochs=1), seed, learn, check) for seed in (0, 1))
    assert not torch.equal(first.network.output.weight, second.network.output.weight)


def test_the_description_is_complete_and_true(tiny_corpus, trained):
    graph = (trained / "mel-cnn.onnx").read_bytes()
    told = json.loads((trained / "mel-cnn.json").read_text())
    assert told["format"] == 1
    assert told["name"] == "mel-cnn"
    assert told["sha256"] == hashlib.sha256(graph).hexdigest()
    assert told["parameters"] == sum(p.numel() for p in MelCNN(2).parameters())
    assert (told["sample_rate"], told["window"]) == (16000, 32000)
    assert told["windows"] == {"kind": "overlap", "window": 32000, "hop": 16000, "pooling": "mean"}
    assert told["calibration"]["fitted_on"] == {"set": "corpus/dev", "split": "val", "n_bonafide": 5, "n_spoof": 5}
    assert told["calibration"]["prior_spoof"] == 0.5
    assert (told["training"]["n_bonafide"], told["training"]["n_spoof"]) == (8, 8)
    assert told["training"]["channels"] == 2
    assert str(tiny_corpus) not in json.dumps(told)
    # The figures are those of the shipped graph on the validation clips.
    listed = clips(tiny_corpus, "val")
    scores = training.graph_scores(graph, listed)
    bonafide = np.array([clip.bonafide for clip in listed])
    slope, offset = fit(scores[bonafide], scores[~bonafide])
    assert (told["calibration"]["slope"], told["calibration"]["offset"]) == pytest.approx((slope, offset))
    assert slope * told["threshold"]["score"] + offset == pytest.approx(0, abs=1e-9)
    assert told["validation"]["n"] == 10
    # A colour of noise is easy: a chain with labels or signs mixed up would not learn it.
    assert told["validation"]["auc"] > 0.9


def test_no_path_of_the_exporting_machine_in_the_graph(trained):
    graph = (trained / "mel-cnn.onnx").read_bytes()
    for trace in (b"site-packages", b".py", b"/src/", b"truevoice/"):
        assert trace not in graph


def hard_waves():
    rng = np.random.default_rng(0)
    time = np.arange(32000) / 16000
    return np.stack(
        [
            np.zeros(32000),
            np.ones(32000),
            np.sign(np.sin(2 * np.pi * 300 * time)),
            rng.uniform(-1, 1, 32000),
            np.sin(2 * np.pi * 1000 * time),
            1e-4 * rng.standard_normal(32000),
            2.0**-15 * (rng.random(32000) < 0.01),
            np.eye(1, 32000, 777)[0],
        ]
    ).astype(np.float32)


def run_graph(graph, waves):
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(["score"], {"waveform": waves})[0]


def network_with_known_weights():
    torch.manual_seed(3)
    network = MelCNN(4)
    network.norm.running_mean.uniform_(-0.5, 0.5)
    network.norm.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.fixture(scope="module")
def known_graph():
    return to_graph(network_with_known_weights(), 32000)


def test_graph_equals_network_on_hard_waves(known_graph):
    network = network_with_known_weights()
    with torch.no_grad():
        expected = Score(network, log_odds=True)(torch.from_numpy(hard_waves())).numpy()
    scores = run_graph(known_graph, hard_waves())
    assert np.isfinite(scores).all()
    assert scores.shape == (8,)
    assert np.ptp(scores) > 0.01
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_graph_equals_network_on_real_clips(shared, known_graph):
    folder = shared("corpus/dev")
    paths = sorted(folder.glob("0*/*.opus"))[:12]
    waves = np.stack([np.resize(load_audio(path), 32000) for path in paths])
    network = network_with_known_weights()
    with torch.no_grad():
        expected = Score(network, log_odds=True)(torch.from_numpy(waves)).numpy()
    np.testing.assert_allclose(run_graph(known_graph, waves), expected, atol=1e-4)


def test_graph_takes_any_batch_and_no_other_length(known_graph):
    waves = hard_waves()
    alone = np.concatenate([run_graph(known_graph, wave[None]) for wave in waves])
    np.testing.assert_allclose(alone, run_graph(known_graph, waves), atol=1e-4)
    with pytest.raises(Exception, match="32000"):
        run_graph(known_graph, waves[:, :31000])


def test_committed_graph_is_small_intact_and_sound():
    folder = resources.files("truevoice") / "weights"
    graph = (folder / "mel-cnn.onnx").read_bytes()
    told = json.loads((folder / "mel-cnn.json").read_text())
    assert len(graph) <= 2 * 2**20
    assert hashlib.sha256(graph).hexdigest() == told["sha256"]
    scores = run_graph(graph, hard_waves())
    assert np.isfinite(scores).all()
    louder = run_graph(graph, hard_waves()[3:] * 4)
    np.testing.assert_allclose(louder, scores[3:], atol=1e-4)
    assert 0 < told["validation"]["eer"] < 0.5
    assert told["calibration"]["slope"] > 0


def test_committed_graph_loads_as_the_default_detector():
    detector = load()
    assert detector.card.name == "mel-cnn"
    assert detector.calibration is not None
    assert (
        detector.card.parameters
        == json.loads((resources.files("truevoice") / "weights" / "mel-cnn.json").read_text())["parameters"]
    )


def test_augmentation_keeps_shape_and_is_repeatable():
    windows = torch.randn(6, 80, 128) * 10 - 40
    first, again, other = (augment(windows, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert first.shape == windows.shape
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.isfinite(first).all()


def test_cached_decibels_give_the_features_of_the_network():
    waves = hard_waves()
    cached = torch.from_numpy(training._decibels(waves)).float()
    features = LogMel()(torch.from_numpy(waves))
    # float16 holds decibels to 0.06 near -100; a feature is 40 dB a unit.
    torch.testing.assert_close(training.relative_decibels(cached)[1:], features[1:], atol=2e-3, rtol=0)


def test_the_head_of_training_is_the_layer_of_the_network():
    torch.manual_seed(0)
    network, head = MelCNN(3).eval(), training.EvenHead(3, 0.2).eval()
    torch.nn.init.normal_(head.linear.weight)
    torch.nn.init.normal_(head.linear.bias)
    features = torch.rand(4, 128, 80) * 2 - 1
    head.spread_to(network.output)
    with torch.no_grad():
        torch.testing.assert_close(head(network.maps(features)), network.classify(features), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("option", ["--epochs", "--seeds", "--channels", "--threads"])
def test_nought_is_refused(tiny_corpus, tmp_path, capsys, option):
    with pytest.raises(SystemExit):
        command(tiny_corpus, tmp_path, option, "0")
    assert f"{option}: must be 1 or more" in capsys.readouterr().err


def test_windows_to_learn_from_are_whole_and_lie_anywhere(tiny_corpus):
    learn = training.whole_clips(clips(tiny_corpus, "train"))
    assert min(len(clip) for clip in learn.spectrograms) >= 32000 // HOP
    drawn = training._draw_windows(learn, np.zeros(40, np.int64), np.random.default_rng(0))
    assert drawn.shape == (40, 80, 128)
    assert len(np.unique(drawn[:, 0, 0])) > 5


def test_absent_corpus_is_one_line(tmp_path, capsys):
    assert command(tmp_path / "nowhere", tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "manifest.csv: no such file" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label,split\n", "lacks the column source"),
        ("path,label,split,source\na.wav,fake,train,s\n", "unknown label 'fake'"),
        ("path,label,split,source\na.wav,bonafide,train,s\n", "no spoof clip"),
        ("path,label,split,source\na.wav,spoof,test,s\n", "no spoof clip"),
    ],
)
def test_faulty_manifest_is_one_line(tmp_path, capsys, text, words):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "manifest.csv").write_text(text)
    assert command(tmp_path, tmp_path / "out") == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
