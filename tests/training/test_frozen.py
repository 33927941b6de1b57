"""What a frozen front-end gave is kept: it is the same, it is worked out once, and it is refused where it would lie."""

import numpy as np
import pytest
import torch

from speech import clips, speech
from tiny_encoders import tiny_encoder
from truevoice.errors import TruevoiceError
from truevoice.training import frozen
from truevoice.training.frozen import FrozenFeatures, content_key, why_not
from truevoice.training.settings import Network
from truevoice.training.start import begin

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


def started(encoder, model="antideepfake", trainable="back_end", window=16000):
    return begin(Network(model=model, encoder=encoder, trainable=trainable), "ce", window)


def waves(window):
    return [np.resize(speech(), window), np.resize(0.3 * speech()[::-1], window)]


@pytest.mark.parametrize(
    ("model", "window"), [("antideepfake", 16000), ("mhfa", 16000), ("sls", 64600), ("nes2net", 16000)]
)
def test_the_rest_on_kept_features_is_the_network(model, window, encoder, tmp_path):
    start = started(encoder, model, "back_end", window)
    cache = FrozenFeatures(start.network, tmp_path)
    rows = torch.stack([cache.features(f"trial {at}", wave) for at, wave in enumerate(waves(window))])
    start.network.eval()
    with torch.no_grad():
        ours = cache.rest(rows)
        theirs = start.network(torch.from_numpy(np.stack(waves(window))).float())
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_mel_cnn_and_its_spectrogram(tmp_path):
    start = begin(Network(model="mel-cnn"), "ce", None)
    assert why_not(start.network, augmented=False, crop="first") == ""
    cache = FrozenFeatures(start.network, tmp_path)
    row = cache.features("a", waves(32000)[0])
    assert row.shape == (128, 80)
    start.network.eval()
    with torch.no_grad():
        theirs = start.network(torch.from_numpy(waves(32000)[0])[None].float())
    assert torch.allclose(cache.rest(row[None]), theirs, atol=1e-5)


def test_what_learns_on_them_learns_in_the_network(encoder, tmp_path):
    start = started(encoder)
    cache = FrozenFeatures(start.network, tmp_path)
    cache.rest(cache.features("a", waves(16000)[0])[None]).sum().backward()
    assert start.network.back_end.proj_fc.weight.grad.any()
    assert all(one.grad is None for one in start.network.front_end.parameters())


def test_each_is_worked_out_once(encoder, tmp_path):
    start = started(encoder)
    calls = []
    start.network.front_end.register_forward_pre_hook(lambda *_: calls.append(1))

    def wave():
        calls.append("decoded")
        return waves(16000)[0]

    cache = FrozenFeatures(start.network, tmp_path)
    first = cache.features("a", wave)
    assert calls == ["decoded", 1]
    # Another process goes on with the same files, and decodes nothing.
    again = FrozenFeatures(start.network, tmp_path)
    assert again.has("a")
    assert not again.has("b")
    assert torch.equal(again.features("a", wave), first)
    assert calls == ["decoded", 1]


def test_a_damaged_file_is_worked_out_again(encoder, tmp_path):
    cache = FrozenFeatures(started(encoder).network, tmp_path)
    first = cache.features("a", waves(16000)[0])
    [file] = tmp_path.rglob("*.npy")
    file.write_bytes(file.read_bytes()[:200])
    assert torch.equal(cache.features("a", waves(16000)[0]), first)
    assert torch.equal(cache.features("a", lambda: pytest.fail("it is there")), first)


def test_other_weights_never_read_them(encoder, tmp_path):
    start = started(encoder)
    FrozenFeatures(start.network, tmp_path).features("a", waves(16000)[0])
    with torch.no_grad():
        start.network.back_end.proj_fc.weight.add_(1)
    assert FrozenFeatures(start.network, tmp_path).has("a")  # the front-end is the same
    with torch.no_grad():
        start.network.front_end.model.encoder.layers[0].feed_forward.output_dense.bias[0] += 1e-6
    assert not FrozenFeatures(start.network, tmp_path).has("a")


def test_the_size_is_told_beforehand(encoder, tmp_path, monkeypatch):
    cache = FrozenFeatures(started(encoder).network, tmp_path)
    first, second = (str(clip) for clip in clips()[:2])
    cache.of_recording(first, 16000, lambda: waves(16000)[0])
    [file] = tmp_path.rglob("*.npy")
    assert cache.bytes_of_a_trial(16000) == file.stat().st_size
    assert "2 windows, 0.01 MB each" in cache.told([first, second, first, "nowhere"], 16000)
    assert cache.told([first, second], 16000).endswith("1 are there")
    monkeypatch.setattr(frozen.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100})())
    assert cache.told([first], 16000).endswith("1 are there")  # nothing is missing
    with pytest.raises(TruevoiceError, match="leave it out, or free some room"):
        cache.told([first, second], 16000)


def test_where_it_may_not_be_used(encoder):
    network = started(encoder).network
    assert why_not(network, augmented=False, crop="first") == ""
    assert "augmentation" in why_not(network, augmented=True, crop="first")
    assert "random" in why_not(network, augmented=False, crop="random")
    for trainable in ("all", "ssl.layers[2]", "lora"):
        learning = started(encoder, trainable=trainable).network
        assert "the front-end learns" in why_not(learning, augmented=False, crop="first")
    assert "no front-end" in why_not(
        begin(Network(model="aasist-l"), "ce", 8000).network, augmented=False, crop="first"
    )


def test_a_key_tells_contents_apart(tmp_path):
    one, other = clips()[:2]
    (tmp_path / "copy").write_bytes(one.read_bytes())
    assert content_key(one, 100) == content_key(tmp_path / "copy", 100)
    assert content_key(one, 100) != content_key(other, 100)
    assert content_key(one, 100) != content_key(one, 101)
    (tmp_path / "copy").write_bytes(other.read_bytes())
    assert content_key(tmp_path / "copy", 100) == content_key(other, 100)
