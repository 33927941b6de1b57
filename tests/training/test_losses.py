"""The losses against their formulas written plainly, number by number, and their gradients."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.training.losses import class_weights, make_loss
from truevoice.training.settings import Loss

BONAFIDE = torch.tensor([True, False, False, True, False])


def logits(outputs, seed=0, scale=1.0):
    return scale * torch.randn(5, outputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def cosines(outputs):
    return torch.tanh(logits(outputs))


def weighted_mean(losses, spoof, bonafide):
    weights = [bonafide if real else spoof for real in BONAFIDE.tolist()]
    return sum(w * one for w, one in zip(weights, losses)) / sum(weights)


def probabilities(row, index):
    """Of spoof and of bona fide."""
    if len(row) == 1:
        real = 1 / (1 + math.exp(-row[0]))
        return 1 - real, real
    powers = [math.exp(value) for value in row]
    return powers[1 - index] / sum(powers), powers[index] / sum(powers)


@pytest.mark.parametrize(("outputs", "index"), [(2, 1), (2, 0), (1, 0)])
@pytest.mark.parametrize("weights", ["none", "field", "balanced", "2,0.5"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(outputs, index, weights, smoothing):
    given = logits(outputs)
    spoof, bonafide = {"none": (1, 1), "field": (0.1, 0.9), "balanced": (5 / 6, 5 / 4), "2,0.5": (2, 0.5)}[weights]
    total, divisor = 0.0, 0.0
    for row, real in zip(given.tolist(), BONAFIDE.tolist()):
        p_spoof, p_real = probabilities(row, index)
        true, weight = (p_real, bonafide) if real else (p_spoof, spoof)
        even = -(spoof * math.log(p_spoof) + bonafide * math.log(p_real)) / 2
        total += (1 - smoothing) * weight * -math.log(true) + smoothing * even
        divisor += weight
    loss = make_loss(Loss(class_weights=weights, label_smoothing=smoothing), 2, 3, index)
    assert float(loss(given, BONAFIDE)) == pytest.approx(total / divisor, rel=1e-9)


@pytest.mark.parametrize(("outputs", "index"), [(2, 1), (2, 0), (1, 0)])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal(outputs, index, gamma):
    given = logits(outputs)
    losses = []
    for row, real in zip(given.tolist(), BONAFIDE.tolist()):
        true = probabilities(row, index)[int(real)]
        losses.append(-((1 - true) ** gamma) * math.log(true))
    loss = make_loss(Loss("focal", class_weights="field", focal_gamma=gamma), 2, 3, index)
    assert float(loss(given, BONAFIDE)) == pytest.approx(weighted_mean(losses, 0.1, 0.9), rel=1e-9)


def test_focal_without_focus_is_cross_entropy():
    given = logits(2, scale=3.0)
    focal = make_loss(Loss("focal", class_weights="field", focal_gamma=0.0), 1, 1, 1)(given, BONAFIDE)
    assert float(focal) == pytest.approx(float(make_loss(Loss(class_weights="field"), 1, 1, 1)(given, BONAFIDE)))


def test_focal_keeps_its_gradient_where_it_is_sure():
    given = torch.tensor([[-40.0, 40.0], [40.0, -40.0]], requires_grad=True)
    make_loss(Loss("focal", focal_gamma=0.5), 1, 1, 1)(given, torch.tensor([True, False])).backward()
    assert given.grad.isfinite().all()


def test_oc_softmax():
    given = cosines(1)
    losses = [
        math.log(1 + math.exp(20 * (0.9 - value) if real else 20 * (value - 0.2)))
        for [value], real in zip(given.tolist(), BONAFIDE.tolist())
    ]
    loss = make_loss(Loss("oc-softmax", class_weights="2,1"), 2, 3, 0)
    assert float(loss(given, BONAFIDE)) == pytest.approx(weighted_mean(losses, 2, 1), rel=1e-9)


@pytest.mark.parametrize("index", [0, 1])
def test_am_softmax(index):
    given = cosines(2)
    losses = []
    for row, real in zip(given.tolist(), BONAFIDE.tolist()):
        true, other = (row[index], row[1 - index]) if real else (row[1 - index], row[index])
        top = math.exp(20 * (true - 0.2))
        losses.append(-math.log(top / (top + math.exp(20 * other))))
    loss = make_loss(Loss("am-softmax"), 2, 3, index)
    assert float(loss(given, BONAFIDE)) == pytest.approx(weighted_mean(losses, 1, 1), rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "outputs"), [("ce", 2), ("ce", 1), ("focal", 2), ("focal", 1), ("oc-softmax", 1), ("am-softmax", 2)]
)
def test_gradients(kind, outputs):
    loss = make_loss(Loss(kind, class_weights="field", scale=3.0), 2, 3, outputs - 1)
    assert torch.autograd.gradcheck(lambda x: loss(x, BONAFIDE), (cosines(outputs).requires_grad_(),))


@given(st.sampled_from(["ce", "focal", "oc-softmax", "am-softmax"]), st.integers(0, 1), st.integers(0, 50))
def test_a_step_against_the_gradient_parts_the_classes(kind, index, seed):
    outputs = 1 if kind == "oc-softmax" else 2
    given = 0.1 * logits(outputs, seed)
    given.requires_grad_()
    index = 0 if outputs == 1 else index
    make_loss(Loss(kind), 1, 1, index)(given, BONAFIDE).backward()
    bonafide = -given.grad[:, index]
    assert (bonafide[BONAFIDE] >= 0).all()
    assert (bonafide[~BONAFIDE] <= 0).all()
    assert bonafide.abs().sum() > 0


def test_it_is_exact_on_half_precision():
    given = logits(2).bfloat16()
    loss = make_loss(Loss(), 1, 1, 1)(given, BONAFIDE)
    assert loss.dtype == torch.float32
    assert float(loss) == pytest.approx(float(make_loss(Loss(), 1, 1, 1)(given.double(), BONAFIDE)), rel=1e-6)


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_balanced_classes_weigh_the_same(n_bonafide, n_spoof):
    spoof, bonafide = class_weights("balanced", n_bonafide, n_spoof)
    assert spoof * n_spoof == pytest.approx(bonafide * n_bonafide)
    assert spoof * n_spoof + bonafide * n_bonafide == pytest.approx(n_bonafide + n_spoof)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (Loss(class_weights="balanced"), "needs both classes; there are 3 bonafide, 0 spoof"),
        (Loss(class_weights="balance"), "did you mean balanced"),
        (Loss(class_weights="1,2,3"), "spoof,bonafide, as in 0.1,0.9"),
        (Loss(class_weights="0,1"), "both must be above 0"),
        (Loss(class_weights="nan,1"), "both must be above 0"),
        (Loss("focall"), "did you mean focal"),  # type: ignore[arg-type]
        (Loss("focal", label_smoothing=0.1), "label-smoothing is of cross-entropy"),
        (Loss(label_smoothing=1.0), "outside 0 to below 1"),
        (Loss("focal", focal_gamma=-1), "focal-gamma -1 must be 0 or more"),
        (Loss("oc-softmax", oc_margins=(0.2, 0.9)), "the first is above the second"),
        (Loss("am-softmax", margin=-0.1), "margin -0.1"),
        (Loss("am-softmax", scale=0), "scale 0 must be above 0"),
    ],
)
def test_what_cannot_be_meant(chosen, words):
    with pytest.raises(UsageError, match=words) as caught:
        make_loss(chosen, 3, 0, 1)
    assert "\n" not in str(caught.value)


def test_a_head_and_a_loss_that_do_not_belong_together():
    with pytest.raises(ValueError, match="takes one cosine"):
        make_loss(Loss("oc-softmax"), 1, 1, 0)(cosines(2), BONAFIDE)
    with pytest.raises(ValueError, match="takes two cosines"):
        make_loss(Loss("am-softmax"), 1, 1, 1)(cosines(1), BONAFIDE)


def test_it_moves_to_another_device_with_its_weights():
    loss = make_loss(Loss(class_weights="field"), 1, 1, 1).to("cpu")
    assert np.allclose(loss.weights, [0.1, 0.9])
    assert not loss.state_dict()
