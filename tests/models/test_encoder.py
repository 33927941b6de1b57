"""Encoders at work: equal to transformers in every family, in fairseq's names, from folders, and quiet in training."""

import os

import pytest
import torch
from torch.nn import functional as F

from truevoice.errors import CheckpointError, MissingExtraError, UsageError
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.front_ends import encoder as encoder_module
from truevoice.models.front_ends.encoder import SpeechEncoder
from truevoice.models.front_ends.fairseq import fairseq_name
from truevoice.models.front_ends.hub import open_encoder

pytestmark = pytest.mark.usefixtures("one_thread")

FAMILIES = ("Wav2Vec2", "Hubert", "WavLM")
HEADS = {"encoder_attention_heads": 4}  # an odd width, whose heads the file must tell
TOLERANCE = 1e-6


def tiny(family, large):
    """A model of transformers with random weights, of the shape of the family's large models or of its base models."""
    import transformers

    torch.manual_seed(5)
    config = getattr(transformers, f"{family}Config")(
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=48,
        conv_dim=[16] * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="layer" if large else "group",
        do_stable_layer_norm=large,
        conv_bias=large,
    )
    return getattr(transformers, f"{family}Model")(config).eval()


def in_fairseq_names(model, large):
    """The state dict as fairseq (and Microsoft, for WavLM) would have saved it, unused parts and all."""
    state = {fairseq_name(key): value for key, value in model.state_dict().items() if key != "masked_spec_embed"}
    if not large:  # the group norm stands in the place of the whole layer norm block
        state = {key.replace("conv_layers.0.2.1", "conv_layers.0.2"): value for key, value in state.items()}
    return {**state, "mask_emb": torch.zeros(32), "final_proj.weight": torch.zeros(4, 32)}


@pytest.fixture(scope="module")
def waves():
    return torch.randn(2, 4000, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_from_a_folder_and_in_fairseq_names_it_is_the_model_of_transformers(family, large, waves, tmp_path):
    model = tiny(family, large)
    model.save_pretrained(tmp_path)
    with torch.inference_mode():
        expected = model(waves, output_hidden_states=True)
        for encoder in (
            open_encoder(str(tmp_path)),
            SpeechEncoder.from_state(in_fairseq_names(model, large), "file", settings=HEADS),
        ):
            last = encoder(waves)
            layers, states = encoder.layers(waves), encoder.states(waves)
            assert torch.allclose(last, expected.last_hidden_state, atol=TOLERANCE)
            assert layers.shape == (3, *last.shape)
            assert states.shape == (4, *last.shape)
            for ours, theirs in zip(states[:-1], expected.hidden_states[:-1], strict=True):
                assert torch.allclose(ours, theirs, atol=TOLERANCE)
            assert torch.equal(layers[:-1], states[1:-1])
            assert torch.equal(states[-1], last)
            assert torch.equal(layers[-1], last) != large, "only a large model has one more norm behind the last layer"
            assert (encoder.dim, encoder.layers_count, encoder.hop) == (32, 3, 320)
    assert encoder.unused == ("mask_emb", "final_proj.weight")


def test_the_last_layer_of_a_large_model_is_taken_before_the_final_norm(waves):
    encoder = SpeechEncoder.from_state(tiny("Wav2Vec2", True).state_dict(), "file", settings=HEADS)
    with torch.inference_mode():
        last = encoder.layers(waves)[-1]
        norm = encoder.model.encoder.layer_norm
        assert torch.allclose(F.layer_norm(last, (32,), norm.weight, norm.bias), encoder(waves), atol=TOLERANCE)


@pytest.mark.parametrize("family", FAMILIES)
def test_training_mode_changes_nothing_here(family, waves, tmp_path):
    """No SpecAugment, no dropout, no skipped layer: what is trained is what is scored."""
    tiny(family, True).save_pretrained(tmp_path)
    for encoder in (
        open_encoder(str(tmp_path)),
        SpeechEncoder.from_state(tiny(family, True).state_dict(), "file", settings=HEADS),
    ):
        with torch.no_grad():
            assert torch.equal(encoder.train()(waves), encoder.eval()(waves))
        encoder.train()(waves).sum().backward()
        assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_the_waveform_is_normalised_where_that_is_said_and_only_there(waves):
    state = tiny("Wav2Vec2", True).state_dict()
    raw = SpeechEncoder.from_state(state, "file", settings=HEADS)
    normalised = SpeechEncoder.from_state(state, "file", settings=HEADS, normalise=True)
    mean, variance = waves.mean(1, keepdim=True), waves.var(1, keepdim=True, correction=0)
    with torch.inference_mode():
        assert not torch.allclose(raw(0.1 * waves + 0.05), raw(waves), atol=1e-3)
        assert torch.allclose(normalised(0.1 * waves + 0.05), normalised(waves), atol=1e-2)
        assert torch.allclose(normalised(waves), raw((waves - mean) / (variance + 1e-5).sqrt()), atol=1e-5)


def test_folding_the_positional_convolution_changes_no_feature(waves):
    encoder = SpeechEncoder.from_state(tiny("WavLM", True).state_dict(), "file")
    with torch.inference_mode():
        before = encoder(waves)
        encoder.fold()
        encoder.fold()
        assert "encoder.pos_conv_embed.conv.weight" in encoder.model.state_dict()
        assert torch.allclose(encoder(waves), before, atol=TOLERANCE)
        again = SpeechEncoder.from_state(encoder.model.state_dict(), "file")
        assert torch.equal(again(waves), encoder(waves))


def test_the_weights_are_taken_over_and_attention_is_the_fused_one():
    state = tiny("Wav2Vec2", True).state_dict()
    encoder = SpeechEncoder.from_state(state, "file", settings=HEADS)
    ours = encoder.model.state_dict()
    assert all(ours[key].data_ptr() == state[key].data_ptr() for key in ours)
    assert encoder.model.config._attn_implementation == "sdpa"
    assert not any(tensor.is_meta for tensor in [*encoder.parameters(), *encoder.buffers()])


def test_half_precision_becomes_float32(waves):
    half = {key: value.half() for key, value in tiny("Wav2Vec2", True).state_dict().items()}
    encoder = SpeechEncoder.from_state(half, "file", settings=HEADS)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}
    assert encoder.bfloat16()(waves).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("encoder.layers.1.fc1.bias"), r"lacks encoder\.layers\.1\.fc1\.bias \(1 in all\)"),
        (lambda state: state.update(odd=torch.zeros(1)), r"unexpected odd \(1 in all\)"),
        (
            lambda state: state.update({"post_extract_proj.weight": torch.zeros(32, 9)}),
            r"post_extract_proj\.weight \(32, 9\) instead of \(32, 16\)",
        ),
        (
            lambda state: state["encoder.layers.0.fc2.bias"].fill_(float("nan")),
            r"not finite in encoder\.layers\.0\.fc2",
        ),
        (lambda state: state.clear(), "is no whole"),
    ],
)
def test_faults_are_told_in_the_words_of_the_file(change, words):
    state = {key: value.clone() for key, value in in_fairseq_names(tiny("Wav2Vec2", True), True).items()}
    change(state)
    with pytest.raises(CheckpointError, match=words) as caught:
        SpeechEncoder.from_state(state, "file.pt", settings=HEADS)
    assert str(caught.value).startswith("file.pt: ")


def test_the_recorded_fairseq_file_becomes_an_encoder(shared):
    path = shared("reference/vectors/tiny_xlsr_fairseq.pt")
    encoder = open_encoder(str(path))
    with torch.inference_mode():
        assert encoder(torch.randn(1, 64600)).shape == (1, 201, 1024)
    assert "quantizer.vars" in encoder.unused
    assert len(encoder.unused) + len(encoder.model.state_dict()) == len(read_checkpoint(path).state)


def test_what_is_not_there(tmp_path, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bert = tmp_path / "bert"
    bert.mkdir()
    (bert / "config.json").write_text('{"model_type": "bert"}')
    empty = tmp_path / "empty"
    empty.mkdir()
    cut = tmp_path / "cut"
    tiny("Hubert", False).save_pretrained(cut)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    for where, error, words in (
        ("nobody/has-this", CheckpointError, "not in the Hub's cache, and HF_HUB_OFFLINE is set"),
        (str(tmp_path / "none"), CheckpointError, "no such file or folder"),
        ("~nobody-of-this-name/encoder", CheckpointError, "no such file or folder"),
        ("x" * 5000, CheckpointError, "not in the Hub's cache"),
        (str(empty), CheckpointError, "holds no encoder"),
        (str(cut), CheckpointError, "holds no encoder"),
        (str(bert), UsageError, "is a bert model"),
    ):
        with pytest.raises(error, match=words) as caught:
            open_encoder(where)
        assert "\n" not in str(caught.value)


class Hostile:
    """Unpickling this creates the folder whose path is in the environment."""

    def __reduce__(self):
        return os.mkdir, (os.environ["TRUEVOICE_TEST_TRAP"],)


def test_a_folder_with_a_hostile_pickle_or_code_of_its_own_runs_nothing(tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    monkeypatch.setenv("TRUEVOICE_TEST_TRAP", str(trap))
    pickled = tmp_path / "pickled"
    tiny("Wav2Vec2", True).save_pretrained(pickled)
    (pickled / "model.safetensors").unlink()
    torch.save({"weight": Hostile()}, pickled / "pytorch_model.bin")
    code = tmp_path / "code"
    code.mkdir()
    (code / "config.json").write_text('{"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}')
    (code / "own.py").write_text(f"import os\nos.mkdir({str(trap)!r})\n")
    for where in (pickled, code):
        with pytest.raises(CheckpointError, match="holds no encoder that can be read") as caught:
            open_encoder(str(where))
        assert "\n" not in str(caught.value)
        assert not trap.exists()


def test_a_folder_that_lacks_weights_is_not_filled_with_random_ones(tmp_path):
    from safetensors.torch import load_file, save_file

    tiny("Wav2Vec2", True).save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    del state["encoder.layers.2.attention.q_proj.weight"]
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks encoder\.layers\.2\.attention\.q_proj\.weight \(1 in all\)"):
        open_encoder(str(tmp_path))


def test_without_transformers_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"truevoice\[ssl\]"):
        encoder_module.import_transformers()
