"""Whisper's spectrogram and encoder against recorded values; the cepstra beside them against their definition."""

import numpy as np
import pytest
import torch

from published import assert_near, parameters, with_seeded_weights
from truevoice.models.blocks import spectrum
from truevoice.models.front_ends.cepstra import Cepstra
from truevoice.models.front_ends.whisper_features import WhisperFeatures

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")


@pytest.fixture(scope="module")
def folder(shared):
    return shared("reference/vectors_other")


@pytest.fixture(scope="module")
def wave(folder):
    return torch.load(folder / "wave.pt", weights_only=True)["wave"][:1]


def test_parity_with_the_original(folder, wave):
    keys = folder / "whisper_tiny_encoder_keys.json"
    network = with_seeded_weights(WhisperFeatures(), keys, kept=["encoder.positional_embedding"])
    expected = torch.load(folder / "whisper_tiny_encoder_expected.pt", weights_only=True)
    assert parameters(network) == 7_632_384
    assert_near(network.encoder.positional_embedding[::100, ::16], expected["positional_embedding_sub"])
    waves = wave.repeat(1, 8)[:, :480000]
    mel = network.log_mel(waves)
    assert_near(mel[0, :, ::25], expected["log_mel_sub"])
    assert_near(network.encoder(mel)[:, ::25, ::8], expected["encoder_sub"])
    features = network(waves)
    assert features.shape == (1, 384, 3000)
    assert torch.equal(features[..., :1500], features[..., 1500:])
    assert_near(features[:, ::8, :1500:25].transpose(1, 2), expected["encoder_sub"])


def test_another_length_is_refused():
    with pytest.raises(ValueError, match="480000"):
        WhisperFeatures()(torch.zeros(1, 64600))


def decibels(wave, edges):
    """Band powers in decibels, straight from the definition: (128, frames) in double precision."""
    padded = np.pad(wave, 256, mode="reflect")
    window = np.zeros(512)
    window[56:456] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    starts = range(0, len(padded) - 511, 160)
    power = np.stack([np.abs(np.fft.rfft(padded[start : start + 512] * window)) ** 2 for start in starts], axis=1)
    bins = np.arange(257) * 16000 / 512
    filters = [np.interp(bins, edges[i : i + 3], [0, 1, 0], left=0, right=0) for i in range(128)]
    bands = 10 * np.log10(np.maximum(np.stack(filters) @ power, 1e-10))
    return np.maximum(bands, bands.max() - 80)


def slopes(rows):
    """The slope of the line through 399 values around each, with the first and the last repeated beyond the ends."""
    padded = np.pad(rows, ((0, 0), (199, 199)), mode="edge")
    places = np.arange(399)
    return np.stack([np.polyfit(places, padded[:, at : at + 399].T, 1)[0] for at in range(rows.shape[1])], axis=1)


@pytest.mark.parametrize("kind", ["lfcc", "mfcc"])
def test_cepstra_are_as_defined(kind, wave):
    from scipy.fft import dct

    part = wave[:, :16000]
    top = 2595 * np.log10(1 + 8000 / 700)
    mels = np.linspace(0, top, 130)
    edges = np.linspace(0, 8000, 130) if kind == "lfcc" else 700 * (10 ** (mels / 2595) - 1)
    static = dct(decibels(part[0].double().numpy(), edges), axis=0, norm="ortho")
    delta = slopes(static)
    expected = np.concatenate([static, delta, slopes(delta)])
    ours = Cepstra(kind)(part)
    assert ours.shape == (1, 384, 101)
    np.testing.assert_allclose(ours[0].numpy(), expected, atol=2e-3)
    np.testing.assert_allclose(ours[0, 128:].numpy(), expected[128:], atol=1e-4)


@pytest.mark.parametrize(
    ("fft", "frame", "padding"), [(1024, 320, "constant"), (512, 400, "reflect"), (400, 400, "reflect")]
)
def test_spectrum_of_a_graph_is_that_of_the_transform(fft, frame, padding, wave, monkeypatch):
    window = torch.hann_window(frame)
    arguments = {"fft": fft, "hop": 160, "padding": padding}
    expected = spectrum.power_spectrum(wave[:, :16001], window, **arguments)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    ours = spectrum.power_spectrum(wave[:, :16001], window, **arguments)
    assert_near(ours, expected, 1e-5 * float(expected.max()))
