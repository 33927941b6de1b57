"""Linear maps for inference on a CPU, in four precisions: float32 goes in and comes out, the inside differs.

A processor with AMX or VNNI multiplies bytes five to ten times as fast as floats, and adds the products without error.
`IntegerLinear` uses that and loses next to nothing: every factor is written as two bytes, 256 high + low, so a product
of two factors is three products of bytes; the fourth, low by low, is below the rounding of the others. With the high
bytes alone one product is left, and the usual error of 8 bits. The rows of the weight and of the input have scales of
their own, so what comes out of a recording does not depend on the others in its batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 127 * 256  # of the 16-bit form: the largest value of a row is so many steps from zero
LOW_STEPS = 254  # a high byte of a weight is so many low ones
SMALLEST = 1e-30  # a row of zeros has no scale of its own
ROWS = 201  # for which the kernels lay out the weights: the frames of four seconds


def narrow_linear(weight: Tensor, bias: Tensor | None, precision: str) -> ExactLinear | Bfloat16Linear | IntegerLinear:
    """(N, K) weight and (N,) bias -> the map (…, K) -> (…, N) in one of `truevoice.models.precision.PRECISIONS`."""
    if precision == "float32":
        return ExactLinear(weight, bias)
    if precision == "bfloat16":
        return Bfloat16Linear(weight, bias)
    return IntegerLinear(weight, bias, two_bytes=precision == "int16")


class ExactLinear(nn.Module):
    """In float32, on the tensors it is given."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor | None
        self.register_buffer("weight", weight.detach(), persistent=False)
        self.register_buffer("bias", None if bias is None else bias.detach(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def windows(self, x: Tensor, kernel: int, stride: int) -> Tensor:
        """(T, C) -> (T', N): the map of each window of `kernel` rows, `stride` apart; K = kernel · C."""
        count, wide = (len(x) - kernel) // stride + 1, x.shape[1]
        if not stride < kernel <= 2 * stride:
            return self(unfolded(x, kernel, stride))
        # Two products over rows that lie apart as they are, in place of one over windows that had to be copied.
        split = stride * wide
        first = x[: count * stride].view(count, split)
        rest = x.as_strided((count, (kernel - stride) * wide), (split, 1), x.storage_offset() + split)
        ours = self.weight.t()
        y = torch.mm(first, ours[:split]) if self.bias is None else torch.addmm(self.bias, first, ours[:split])
        return y.addmm_(rest, ours[split:])


class Bfloat16Linear(nn.Module):
    """Factors of 8 bits, sums in float32 within the kernel, results of 8 bits."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.outputs = len(weight)
        self.bias = None if bias is None else bias.detach().bfloat16()
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.detach().bfloat16(), ROWS)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).bfloat16()
        y = torch.ops.mkldnn._linear_pointwise(rows, self.packed, self.bias, "none", [], "")
        return y.float().view(*x.shape[:-1], self.outputs)

    def windows(self, x: Tensor, kernel: int, stride: int) -> Tensor:
        """(T, C) -> (T', N), as `ExactLinear.windows`."""
        return self(unfolded(x.bfloat16(), kernel, stride))


class IntegerLinear(nn.Module):
    """Factors of two bytes (15 bits and a sign), or of one; integer sums without error; float32 results."""

    def __init__(self, weight: Tensor, bias: Tensor | None, *, two_bytes: bool) -> None:
        super().__init__()
        weight = weight.detach()
        self.outputs = len(weight)
        self.two_bytes = two_bytes
        self.bias = None if bias is None else bias.detach().clone()
        scale = weight.abs().amax(1, keepdim=True).clamp_(min=SMALLEST) / 127
        scaled = weight / scale
        high = scaled.round()
        self.high = _packed(high)
        self.high_scale = scale[:, 0] * 256 / STEPS
        self.low = _packed((scaled - high).mul_(LOW_STEPS).round_()) if two_bytes else None
        self.low_scale = self.high_scale / LOW_STEPS
        self.zero = torch.zeros(self.outputs, dtype=torch.long)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        scale = _largest(rows, 1)
        return self._product(self._bytes(rows, scale), scale).view(*x.shape[:-1], self.outputs)

    def windows(self, x: Tensor, kernel: int, stride: int) -> Tensor:
        """(T, C) -> (T', N), as `ExactLinear.windows`; all rows have one scale, as windows overlap."""
        scale = _largest(x.reshape(1, -1), 1)
        return self._product([unfolded(part, kernel, stride) for part in self._bytes(x, scale)], scale)

    def _bytes(self, x: Tensor, scale: Tensor) -> list[Tensor]:
        """(M, K) float32 -> its high bytes and, with two, its low ones, (M, K) int8 each."""
        if not self.two_bytes:
            return [(x * (127 / scale)).round_().to(torch.int8)]
        steps = (x * (STEPS / scale)).to(torch.int16)
        return [steps.add(128).bitwise_right_shift_(8).to(torch.int8), steps.to(torch.int8)]  # the latter wraps round

    def _product(self, parts: list[Tensor], scale: Tensor) -> Tensor:
        """The bytes of the input -> (M, N) float32, scaled and with the bias. A NaN in the input is one in `scale`."""
        y = self._add(None, parts[0], self.high, self.high_scale, 1.0)
        if self.two_bytes:  # the high bytes of the weight twice in succession: they may still be in the cache
            y = self._add(y, parts[1], self.high, self.high_scale, 1 / 256)
            y = self._add(y, parts[0], self.low, self.low_scale, 1.0)
        return y.mul_(scale) if self.bias is None else torch.addcmul(self.bias, y, scale, out=y)

    def _add(self, total: Tensor | None, x: Tensor, weight: Any, scale: Tensor, by: float) -> Tensor:
        """`total` and the product of the bytes `x` and `weight`, scaled."""
        how = (x, by, 0, weight, scale, self.zero)
        if total is None:
            return torch.ops.onednn.qlinear_pointwise(*how, None, 1.0, 0, torch.float32, "none", [], "")
        return torch.ops.onednn.qlinear_pointwise.binary(
            *how, total, None, 1.0, 0, torch.float32, 1.0, 0, "sum", 1.0, "none", [], ""
        )


def _largest(x: Tensor, dim: int) -> Tensor:
    """The largest magnitude along `dim`, which stays; two passes that only read are faster than one that writes."""
    return torch.maximum(x.amax(dim, keepdim=True), -x.amin(dim, keepdim=True)).clamp_(min=SMALLEST)


def unfolded(x: Tensor, kernel: int, stride: int) -> Tensor:
    """(T, C) -> (T', kernel · C): each window of `kernel` rows, `stride` apart, as one row; a copy."""
    count, wide = (len(x) - kernel) // stride + 1, x.shape[1]
    return x.as_strided((count, kernel * wide), (stride * wide, 1), x.storage_offset()).contiguous()


def _packed(whole: Tensor) -> Tensor:
    """(N, K) of whole numbers from -127 to 127 -> int8 in the kernel's own layout."""
    return torch.ops.onednn.qlinear_prepack(whole.to(torch.int8), [ROWS, whole.shape[1]])
