"""The encoder's form for CPUs: equal in float32 for every family, close in the others, the same in every batch."""

import pytest
import torch
from torch import nn

from truevoice.models import precision as precision_module
from truevoice.models.blocks.narrow_linear import IntegerLinear, narrow_linear
from truevoice.models.front_ends.encoder import SpeechEncoder
from truevoice.models.front_ends.encoder_cpu import EncoderForCPU
from truevoice.models.precision import PRECISIONS, chosen_precision
from truevoice.models.speech_detector import SpeechDetector

pytestmark = pytest.mark.usefixtures("one_thread", "no_gradients")

FAMILIES = ("Wav2Vec2", "Hubert", "WavLM")
# Relative to the largest feature; the tiny model's few channels average less away than a real one's.
BOUNDS = {"float32": 1e-5, "int16": 1e-3, "bfloat16": 5e-2, "int8": 1e-1}


@pytest.fixture(scope="module")
def waves():
    """Two recordings of several tiles of the convolutions, the second one soft and with a stretch of zeros."""
    drawn = torch.randn(2, 26_000, generator=torch.Generator().manual_seed(3))
    drawn[1] *= 0.01
    drawn[1, 9_000:14_000] = 0
    return drawn


def tiny(family, large, **changes):
    import transformers

    torch.manual_seed(5)
    config = getattr(transformers, f"{family}Config")(
        **{
            "hidden_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "intermediate_size": 96,
            "conv_dim": [32] * 7,
            "num_conv_pos_embeddings": 16,
            "num_conv_pos_embedding_groups": 4,
            "feat_extract_norm": "layer" if large else "group",
            "do_stable_layer_norm": large,
            "conv_bias": large,
            "attn_implementation": "eager" if family == "WavLM" else "sdpa",
            **changes,
        }
    )
    return SpeechEncoder(getattr(transformers, f"{family}Model")(config).eval(), normalise=large)


def there(precision):
    has = {"bfloat16": precision_module.multiplies_bfloat16, "float32": lambda: True}
    return has.get(precision, precision_module.multiplies_bytes)()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_gives_what_the_encoder_gives(family, large, precision, waves):
    if not there(precision):
        pytest.skip(f"no {precision} on this processor")
    plain = tiny(family, large)
    expected = plain(waves), plain.layers(waves), plain.states(waves)
    ours = EncoderForCPU(tiny(family, large), precision)
    for found, right in zip((ours(waves), ours.layers(waves), ours.states(waves)), expected, strict=True):
        assert found.shape == right.shape
        error = (found - right).abs().max() / right.abs().max()
        assert error <= BOUNDS[precision]
        assert error > 0 or precision == "float32", "the precision had no effect"
    assert (ours.dim, ours.layers_count, ours.hop) == (plain.dim, plain.layers_count, plain.hop)


@pytest.mark.parametrize("precision", ["float32", "int16", "int8"])
def test_what_comes_of_a_recording_does_not_depend_on_its_batch(precision, waves):
    if not there(precision):
        pytest.skip(f"no {precision} on this processor")
    encoder = EncoderForCPU(tiny("Wav2Vec2", True), precision)
    together = encoder(waves)
    for wave, features in zip(waves, together, strict=True):
        assert torch.allclose(encoder(wave[None])[0], features, atol=1e-5)


def test_the_integer_map_keeps_fifteen_bits():
    if not there("int16"):
        pytest.skip("no int16 on this processor")
    torch.manual_seed(1)
    weight, bias = torch.randn(40, 512), torch.randn(40)
    x = torch.randn(3, 7, 512) * torch.logspace(-6, 6, 21).view(3, 7, 1)  # rows of very different strength
    x[0, 0] = 0
    exact = nn.functional.linear(x.double(), weight.double(), bias.double())
    errors = {}
    for precision in ("int16", "int8"):
        difference = (narrow_linear(weight, bias, precision)(x) - exact).norm(dim=-1)
        errors[precision] = (difference / (exact - bias).norm(dim=-1).clamp(min=1e-9))[1:].max()
    assert errors["int16"] < 2e-4
    assert 2e-3 < errors["int8"] < 5e-2
    assert torch.equal(narrow_linear(weight, bias, "int16")(x)[0, 0], bias)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_stays_so(bad):
    if not there("int16"):
        pytest.skip("no int16 on this processor")
    x = torch.ones(2, 64)
    x[1, 5] = bad
    found = IntegerLinear(torch.ones(16, 64), None, two_bytes=True)(x)
    assert torch.isfinite(found[0]).all()
    assert not torch.isfinite(found[1]).any()


@pytest.mark.parametrize("precision", ["int16", "bfloat16", "int8"])
def test_the_old_weights_are_let_go(precision):
    if not there(precision):
        pytest.skip(f"no {precision} on this processor")
    import weakref

    encoder = tiny("WavLM", True)
    held = [weakref.ref(parameter) for parameter in encoder.parameters()]
    ours = EncoderForCPU(encoder, precision)
    del encoder
    wide = [alive for ref in held if (alive := ref()) is not None and alive.shape[-2:] == (96, 64)]
    assert not wide
    assert sum(buffer.numel() for buffer in ours.buffers()) < 32 * 10 + 10_000


def test_an_encoder_with_adapters_stays_as_it_is(waves):
    adapted = tiny("Wav2Vec2", True, adapter_attn_dim=8)
    expected = adapted(waves)
    detector = SpeechDetector(adapted, nn.Identity())
    assert not detector.quicken("cpu", "int16")
    assert torch.equal(detector(waves), expected)


def test_a_precision_that_the_processor_has_not_is_refused(monkeypatch):
    from truevoice.errors import UsageError

    monkeypatch.setattr(precision_module, "_has", lambda *tests: False)
    assert chosen_precision("auto") == "float32"
    with pytest.raises(UsageError, match=r"no fast way for it; it has float32$"):
        chosen_precision("int16")
    with pytest.raises(UsageError, match="choose auto, float32"):
        chosen_precision("fp16")
