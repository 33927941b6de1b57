"""The network's shape, and its features against a plain computation of the same definition."""

import numpy as np
import pytest
import torch

from truevoice.detectors.card import Card
from truevoice.models import mel_cnn
from truevoice.models.mel_cnn import LogMel, MelCNN

pytestmark = pytest.mark.usefixtures("one_thread")


def plain_log_mel(wave):
    """Frames, FFT, triangles, decibels, one after another in float64: (128, 80) from (32000,)."""

    def mel(hertz):
        return 15 + np.log(hertz / 1000) / (np.log(6.4) / 27) if hertz >= 1000 else hertz / (200 / 3)

    def hertz(mels):
        return 1000 * np.exp((mels - 15) * np.log(6.4) / 27) if mels >= 15 else mels * 200 / 3

    edges = [hertz(m) for m in np.linspace(0, mel(8000), 130)]
    padded = np.pad(wave.astype(np.float64), 512, mode="reflect")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    power = np.array([np.abs(np.fft.rfft(padded[400 * t : 400 * t + 1024] * hann)) ** 2 for t in range(80)])
    bins = np.arange(513) * 15.625
    bands = np.zeros((128, 80))
    for band in range(128):
        low, peak, high = edges[band : band + 3]
        triangle = np.interp(bins, [low, peak, high], [0, 2 / (high - low), 0], left=0, right=0)
        bands[band] = power @ triangle
    decibels = 10 * np.log10(np.maximum(bands, 1e-30) / max(bands.max(), 1e-12))
    return (np.maximum(decibels, -80) + 40) / 40


def speech_like(seed=0, level=0.1):
    """A gliding harmonic tone that swells and fades, with a little noise: (32000,) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(32000) / 16000
    phase = 2 * np.pi * np.cumsum(120 + 40 * np.sin(3 * time)) / 16000
    tone = sum(np.sin(k * phase) / k for k in range(1, 30)) * (0.55 + 0.45 * np.sin(2 * np.pi * 2.3 * time))
    return (level * (tone + 0.003 * rng.standard_normal(32000))).astype(np.float32)


WAVES = {
    "speech-like": speech_like(),
    "noise": np.random.default_rng(1).standard_normal(32000).astype(np.float32) * 0.2,
    "tone": np.sin(2 * np.pi * 440 * np.arange(32000) / 16000).astype(np.float32),
    "click": np.eye(1, 32000, 12345, dtype=np.float32)[0],
    "silence": np.zeros(32000, np.float32),
    "square at full scale": np.sign(np.sin(np.arange(32000) * 0.05)).astype(np.float32),
    "half silent": speech_like() * (np.arange(32000) < 16000).astype(np.float32),
}


@pytest.mark.parametrize("name", WAVES)
def test_log_mel_is_the_plain_definition(name):
    wave = WAVES[name]
    features = LogMel()(torch.from_numpy(wave[None]))[0].numpy()
    assert features.shape == (128, 80)
    # 2e-3 is 0.08 dB: what float32 leaves of bands 80 dB below the loudest one.
    np.testing.assert_allclose(features, plain_log_mel(wave), atol=2e-3)


def test_no_mel_band_is_empty_and_all_have_area_one():
    filters = mel_cnn.mel_filters().numpy()
    assert filters.shape == (128, 513)
    assert (filters > 0).any(axis=1).all()
    # Wide bands are sampled densely enough for the sum over bins to be the area.
    np.testing.assert_allclose(filters[64:].sum(axis=1) * 15.625, 1, atol=0.02)


def test_power_of_a_long_wave_holds_that_of_its_windows():
    wave = torch.from_numpy(np.concatenate([speech_like(1), speech_like(2)])[None])
    features = LogMel()
    whole = features.power(wave)
    assert whole.shape == (1, 160, 128)
    inside = features.power(wave[:, 16000:48000])
    # Two frames at each end see the reflection instead of what lies beyond.
    torch.testing.assert_close(whole[:, 42:118], inside[:, 2:78], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("gain", [2.0, 0.5, 2**-6, 0.1, 7.3])
def test_gain_does_not_matter(gain):
    torch.manual_seed(0)
    network = MelCNN(4).eval()
    wave = torch.from_numpy(speech_like()[None])
    with torch.no_grad():
        torch.testing.assert_close(network.features(wave * gain), network.features(wave), atol=1e-3, rtol=0)
        torch.testing.assert_close(network(wave * gain), network(wave), atol=1e-4, rtol=0)


def test_silence_is_the_lowest_feature_throughout():
    assert (LogMel()(torch.zeros(2, 32000)) == -1).all()


@pytest.mark.parametrize("channels", [1, 8, 32])
def test_shapes_and_parameters(channels):
    network = MelCNN(channels).eval()
    assert network(torch.randn(3, 32000)).shape == (3, 2)
    # convolution 9 + 1, normalisation 2, linear layer 63 * 39 inputs to 2 outputs and 2 biases
    assert sum(p.numel() for p in network.parameters()) == channels * (10 + 2 + 63 * 39 * 2) + 2


def test_an_even_layer_is_a_full_one_with_equal_weights():
    torch.manual_seed(0)
    even = MelCNN(3, even=True).eval()
    waves = torch.randn(2, 32_000)
    full = even.spread()
    assert full.output.in_features == 39 * even.output.in_features
    assert torch.allclose(full(waves), even(waves), atol=1e-5)
    plain = MelCNN(3).eval()
    assert torch.equal(plain.spread()(waves), plain(waves))


def test_only_learnt_weights_are_saved():
    assert {key.split(".")[0] for key in MelCNN(2).state_dict()} == {"convolution", "norm", "output"}


@pytest.mark.parametrize("shape", [(1, 31999), (1, 32001), (32000,), (1, 1, 32000), (1, 0)])
def test_another_length_is_refused(shape):
    with pytest.raises(ValueError, match="32000"):
        MelCNN(2)(torch.zeros(shape))


def test_rows_of_a_batch_do_not_mix():
    network = MelCNN(4).eval()
    waves = torch.from_numpy(np.stack([WAVES["speech-like"], WAVES["silence"], WAVES["noise"]]))
    with torch.no_grad():
        torch.testing.assert_close(network(waves)[2:], network(waves[2:]), atol=1e-5, rtol=1e-5)


def test_the_card_is_that_of_the_network():
    from importlib import resources

    import yaml

    text = (resources.files("truevoice.models") / "mel-cnn.yaml").read_text(encoding="utf-8")
    card = Card.from_dict(yaml.safe_load(text), "mel-cnn.yaml")
    assert card.network == "mel_cnn:MelCNN"
    network = MelCNN(**card.arguments)
    assert card.parameters == sum(p.numel() for p in network.parameters())
    assert (card.window, card.sample_rate, card.bonafide_index) == (mel_cnn.WINDOW, mel_cnn.SAMPLE_RATE, 1)
