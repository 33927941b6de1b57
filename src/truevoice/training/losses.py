"""What a training makes small: cross-entropy, focal loss, OC-softmax and AM-softmax over bona fide and spoof.

Sources: Lin et al., "Focal loss for dense object detection" (ICCV 2017, arXiv 1708.02002), equation 5; Zhang, Jiang,
Duan, "One-class learning towards synthetic voice spoofing detection" (IEEE SPL 28, 2021, arXiv 2010.13995), equation 4;
Wang, Cheng, Liu, Liu, "Additive margin softmax for face verification" (IEEE SPL 25, 2018, arXiv 1801.05599),
equation 5. Each loss is a weighted mean over the batch: the sum of weight times loss, over the sum of the weights, a
trial's weight being its class's.
"""

from __future__ import annotations

import difflib
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.errors import UsageError, one_line
from truevoice.models.head_kinds import AM_SOFTMAX, OC_SOFTMAX
from truevoice.training import settings

CROSS_ENTROPY, FOCAL = "ce", "focal"
FIELD = (0.1, 0.9)  # spoof, bona fide: a tenth of ASVspoof 2019 LA's training trials are bona fide
NAMED_WEIGHTS = ("none", "field", "balanced")


def make_loss(chosen: settings.Loss, n_bonafide: int, n_spoof: int, bonafide_index: int) -> nn.Module:
    """A module (logits (B, 2) or (B, 1), bonafide (B,) bool) -> the scalar loss, computed in float32 or better.

    `n_bonafide`, `n_spoof`: counts of the training trials, for "balanced"; `bonafide_index`: of the two logits, from
    the card that `begin` gives. A single logit is the log-odds of bona fide, so its cross-entropy is the binary one.
    Raises UsageError for values that cannot be meant.
    """
    weights = class_weights(chosen.class_weights, n_bonafide, n_spoof)
    if chosen.label_smoothing and chosen.loss != CROSS_ENTROPY:
        raise UsageError(f"--label-smoothing is of cross-entropy (ce); the loss is {chosen.loss}")
    if not 0 <= chosen.label_smoothing < 1:
        raise UsageError(f"--label-smoothing {chosen.label_smoothing:g} is outside 0 to below 1")
    if chosen.loss in (OC_SOFTMAX, AM_SOFTMAX) and not 0 < chosen.scale < math.inf:
        raise UsageError(f"--scale {chosen.scale:g} must be above 0")
    if chosen.loss == CROSS_ENTROPY:
        return CrossEntropy(weights, bonafide_index, chosen.label_smoothing)
    if chosen.loss == FOCAL:
        if not 0 <= chosen.focal_gamma < math.inf:
            raise UsageError(f"--focal-gamma {chosen.focal_gamma:g} must be 0 or more")
        return Focal(weights, bonafide_index, chosen.focal_gamma)
    if chosen.loss == OC_SOFTMAX:
        above, below = chosen.oc_margins
        if not -1 <= below < above <= 1:
            raise UsageError(f"--oc-margins {above:g} {below:g}: the first is above the second, both from -1 to 1")
        return OCSoftmax(weights, chosen.scale, above, below)
    if chosen.loss == AM_SOFTMAX:
        if not 0 <= chosen.margin < 2:
            raise UsageError(f"--margin {chosen.margin:g} is outside 0 to below 2")
        return AMSoftmax(weights, bonafide_index, chosen.scale, chosen.margin)
    known = (CROSS_ENTROPY, FOCAL, OC_SOFTMAX, AM_SOFTMAX)
    near = difflib.get_close_matches(str(chosen.loss), known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(known)}"
    raise UsageError(f"loss {one_line(chosen.loss, 40)!r} is not known; {hint}")


def class_weights(words: str, n_bonafide: int, n_spoof: int) -> tuple[float, float]:
    """The weights of spoof and of bona fide, in that order.

    "balanced": trials / (2 * trials of the class), so that both classes weigh as much. Raises UsageError for unknown
    words, numbers that are not above 0, and for "balanced" without trials of a class.
    """
    if words == "none":
        return 1.0, 1.0
    if words == "field":
        return FIELD
    if words == "balanced":
        if not n_bonafide or not n_spoof:
            raise UsageError(f"--class-weights balanced needs both classes; there are {n_bonafide} bonafide, "
                             f"{n_spoof} spoof")  # fmt: skip
        return (n_bonafide + n_spoof) / (2 * n_spoof), (n_bonafide + n_spoof) / (2 * n_bonafide)
    try:
        spoof, bonafide = (float(part) for part in words.split(","))
    except ValueError:
        near = difflib.get_close_matches(words, NAMED_WEIGHTS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(NAMED_WEIGHTS)}, or two numbers"
        raise UsageError(f"--class-weights {one_line(words, 40)!r}: {hint} (spoof,bonafide, as in 0.1,0.9)") from None
    if not (0 < spoof < math.inf and 0 < bonafide < math.inf):
        raise UsageError(f"--class-weights {words}: both must be above 0")
    return spoof, bonafide


class _Weighted(nn.Module):
    """What all losses share: the weights of the classes, (2,) by `bonafide`."""

    weights: Tensor

    def __init__(self, weights: tuple[float, float]) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float64), persistent=False)

    def mean(self, losses: Tensor, bonafide: Tensor) -> Tensor:
        """(B,) losses -> their weighted mean."""
        weights = self.weights.to(losses.dtype)[bonafide.long()]
        return (weights * losses).sum() / weights.sum()


class CrossEntropy(_Weighted):
    """With label smoothing as PyTorch defines it: a share `smoothing` of the target goes to both classes alike."""

    def __init__(self, weights: tuple[float, float], bonafide_index: int, smoothing: float) -> None:
        super().__init__(weights)
        self.bonafide_index = bonafide_index
        self.smoothing = smoothing

    def forward(self, logits: Tensor, bonafide: Tensor) -> Tensor:
        ordered = spoof_and_bonafide(logits, self.bonafide_index)
        return F.cross_entropy(ordered, bonafide.long(), self.weights.to(ordered.dtype), label_smoothing=self.smoothing)


class Focal(_Weighted):
    """-(1 - p)^gamma log p, p the probability of the true class; with gamma 0, cross-entropy."""

    def __init__(self, weights: tuple[float, float], bonafide_index: int, gamma: float) -> None:
        super().__init__(weights)
        self.bonafide_index = bonafide_index
        self.gamma = gamma

    def forward(self, logits: Tensor, bonafide: Tensor) -> Tensor:
        logs = spoof_and_bonafide(logits, self.bonafide_index).log_softmax(1)
        true = bonafide.long()[:, None]
        # 1 - p is the other class's probability; through its logarithm, no digits are lost where p is near 1.
        log_true, log_other = logs.gather(1, true)[:, 0], logs.gather(1, 1 - true)[:, 0]
        return self.mean(-(self.gamma * log_other).exp() * log_true, bonafide)


class OCSoftmax(_Weighted):
    """log(1 + exp(scale * (above - cos))) of bona fide, log(1 + exp(scale * (cos - below))) of spoof."""

    def __init__(self, weights: tuple[float, float], scale: float, above: float, below: float) -> None:
        super().__init__(weights)
        self.scale, self.above, self.below = scale, above, below

    def forward(self, cosines: Tensor, bonafide: Tensor) -> Tensor:
        if cosines.shape[1] != 1:
            raise ValueError(f"OC-softmax takes one cosine a trial, not {cosines.shape[1]}")
        cosine = _exact(cosines)[:, 0]
        return self.mean(
            F.softplus(self.scale * torch.where(bonafide, self.above - cosine, cosine - self.below)), bonafide
        )


class AMSoftmax(_Weighted):
    """Cross-entropy of scale * cosines, the true class's less `margin`."""

    def __init__(self, weights: tuple[float, float], bonafide_index: int, scale: float, margin: float) -> None:
        super().__init__(weights)
        self.bonafide_index = bonafide_index
        self.scale, self.margin = scale, margin

    def forward(self, cosines: Tensor, bonafide: Tensor) -> Tensor:
        if cosines.shape[1] != 2:
            raise ValueError(f"AM-softmax takes two cosines a trial, not {cosines.shape[1]}")
        ordered = spoof_and_bonafide(cosines, self.bonafide_index)
        true = F.one_hot(bonafide.long(), 2).to(ordered.dtype)
        return self.mean(
            F.cross_entropy(self.scale * (ordered - self.margin * true), bonafide.long(), reduction="none"), bonafide
        )


def spoof_and_bonafide(logits: Tensor, bonafide_index: int) -> Tensor:
    """(B, 2) or (B, 1) -> (B, 2): the logit of spoof, then that of bona fide; of a single one, 0 and itself."""
    exact = _exact(logits)
    if exact.shape[1] == 1:
        return torch.cat([torch.zeros_like(exact), exact], dim=1)
    return exact if bonafide_index == 1 else exact.flip(1)


def _exact(logits: Tensor) -> Tensor:
    """Out of autocast's half precision."""
    return logits if logits.dtype == torch.float64 else logits.float()
