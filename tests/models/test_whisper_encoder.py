"""Whisper's encoder as a front-end: equal to transformers on half a minute, and to itself after saving."""

import pytest
import torch
import transformers

from truevoice.detectors.register import card_of_parts
from truevoice.errors import CheckpointError, UsageError
from truevoice.models.build import build
from truevoice.models.front_ends.hub import build_untrained, open_encoder
from truevoice.models.front_ends.whisper_encoder import WhisperEncoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small Whisper with random weights, as `save_pretrained` writes it."""
    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        d_model=128, encoder_layers=3, encoder_attention_heads=2, encoder_ffn_dim=256, decoder_layers=1,
        decoder_attention_heads=2, decoder_ffn_dim=128, vocab_size=50, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=1, max_target_positions=8, suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    place = tmp_path_factory.mktemp("whisper")
    transformers.WhisperModel(config).save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def waves():
    return 0.1 * torch.randn(2, 480_000, generator=torch.Generator().manual_seed(1))


def test_half_a_minute_equals_transformers(folder, waves):
    encoder = open_encoder(str(folder))
    assert isinstance(encoder, WhisperEncoder)
    assert (encoder.dim, encoder.layers_count, encoder.hop, encoder.normalise) == (128, 3, 320, False)
    original = transformers.WhisperModel.from_pretrained(folder, attn_implementation="eager").encoder.eval()
    with torch.inference_mode():
        mel = encoder.log_mel(waves)
        told = original(mel, output_hidden_states=True)
        assert torch.allclose(encoder(waves), told.last_hidden_state, atol=1e-5)
        states = encoder.states(waves)
        assert states.shape == (4, 2, 1500, 128)
        assert torch.allclose(encoder.layers(waves)[0], states[1], atol=1e-6)
        assert torch.allclose(states[1], told.hidden_states[1], atol=1e-5)


def test_shorter_recordings_are_not_padded(folder, waves):
    encoder = open_encoder(str(folder))
    with torch.inference_mode():
        assert encoder(waves[:, :64_600]).shape == (2, 202, 128)
    with pytest.raises(UsageError, match="at most 30 s"):
        encoder(torch.zeros(1, 480_320))


def test_a_detector_upon_it_is_saved_and_built_again(folder, waves):
    where, card = card_of_parts(f"ssl:{folder}+nes2net-x")
    torch.manual_seed(2)
    detector = build_untrained(card, where).eval()
    again = build(card, detector.state_dict(), "saved")
    with torch.inference_mode():
        assert torch.equal(again(waves[:, :32_000]), detector(waves[:, :32_000]))


def test_other_weights():
    with pytest.raises(CheckpointError, match="holds no Whisper encoder"):
        WhisperEncoder.from_state({"x": torch.zeros(1)}, "file.pt")


@pytest.mark.parametrize(
    ("key", "size"),
    [
        *(("conv1.weight", size) for size in [(), (3,), (2, 3, 4, 5), (10**9, 1, 0), (96, 80, 3)]),
        ("embed_positions.weight", (3,)),
        ("layers.0.fc1.weight", (0, 128)),
    ],
)
def test_odd_sizes_are_refused_before_anything_is_built(key, size, folder):
    state = dict(open_encoder(str(folder)).model.state_dict())
    with pytest.raises(CheckpointError, match="holds no Whisper encoder"):
        WhisperEncoder.from_state({**state, key: torch.zeros(size)}, "file.pt")


@pytest.mark.parametrize("key", ["layers.", "layers.x", "layers.99999999.fc1.weight"])
def test_keys_of_layers_that_are_none(key, folder):
    state = dict(open_encoder(str(folder)).model.state_dict())
    with pytest.raises(CheckpointError, match="another model"):
        WhisperEncoder.from_state({**state, key: torch.zeros(1)}, "file.pt")
