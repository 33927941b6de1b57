"""Arrays of every number type, channel mixing, and that blocks make no difference."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats import encode_sf
from truevoice.audio import load_audio, reader
from truevoice.errors import UsageError

RAMP = np.linspace(-1, 0.99, 1600)


@pytest.mark.parametrize(
    ("kind", "full", "middle", "tolerance"),
    [
        ("int8", 128, 0, 1 / 128),
        ("uint8", 128, 128, 1 / 128),
        ("int16", 2**15, 0, 2**-15),
        ("uint16", 2**15, 2**15, 2**-15),
        ("int32", 2**31, 0, 1e-6),
        ("int64", 2**63, 0, 1e-6),
        ("float16", 1, 0, 1e-3),
        ("float32", 1, 0, 1e-7),
        ("float64", 1, 0, 1e-7),
    ],
)
def test_number_types_share_one_scale(kind, full, middle, tolerance):
    samples = (RAMP * full + middle).astype(kind)
    np.testing.assert_allclose(load_audio(samples, sr=16000), RAMP, atol=tolerance)


def test_both_orders_of_axes():
    stereo = np.stack([RAMP, 0 * RAMP], axis=1)
    for array in (stereo, stereo.T, np.asfortranarray(stereo), stereo[::-1][::-1]):
        np.testing.assert_allclose(load_audio(array, sr=16000), RAMP / 2, atol=1e-7)


def test_channels_are_averaged_or_chosen():
    many = np.stack([RAMP * weight for weight in np.linspace(0, 1, 96)], axis=1).astype(np.float32)
    np.testing.assert_allclose(load_audio(encode_sf(many, 16000, "WAV", "FLOAT")), RAMP / 2, atol=1e-6)
    np.testing.assert_allclose(load_audio(many, sr=16000, channel=95), RAMP, atol=1e-6)
    with pytest.raises(UsageError, match="no channel 96"):
        load_audio(many, sr=16000, channel=96)
    np.testing.assert_allclose(load_audio(many, sr=16000, channel=np.int64(95)), RAMP, atol=1e-6)
    for channel in ("left", True, 1.0):
        with pytest.raises(UsageError, match="not known"):
            load_audio(many, sr=16000, channel=channel)


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(3, 60_000), rate=st.sampled_from([8000, 16000, 22050, 44100]), block=st.integers(100, 50_000))
def test_blocks_make_no_difference(frames, rate, block):
    samples = np.random.default_rng(frames).normal(0, 0.1, frames).astype(np.float32)
    whole = load_audio(samples, sr=rate)
    usual = reader.ARRAY_BLOCK_FRAMES
    reader.ARRAY_BLOCK_FRAMES = block
    try:
        pieces = load_audio(samples, sr=rate)
    finally:
        reader.ARRAY_BLOCK_FRAMES = usual
    assert len(whole) == pytest.approx(frames * 16000 / rate, abs=1.5)
    np.testing.assert_allclose(pieces, whole, atol=1e-5)
