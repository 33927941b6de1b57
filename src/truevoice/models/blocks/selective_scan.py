"""The selective scan of Mamba in plain PyTorch: a linear recurrence whose coefficients depend on the input.

Source: Gu & Dao, "Mamba: Linear-time sequence modeling with selective state spaces" (arXiv 2312.00752), section 3, with
the steps of state-spaces/mamba: exact for the state, Euler's for the input. Two forms of the same sum: in order, the
fastest on a CPU, and by chunks, with a seventh of the calls, for accelerators. On an NVIDIA GPU the fused kernel of
mamba_ssm is used where it is installed.

In every form: y_t = <h_t, out_t> of h_t = exp(step_t * rates) * h_{t-1} + step_t * x_t * into_t from a state of zero.
x and step are (B, T, E), rates (E, N) and negative, into and out (B, T, N), y (B, T, E). All can be differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

CHUNK = 16  # frames; in order: as many as the caches hold; by chunks: about the root of the usual 208


def selective_scan(x: Tensor, step: Tensor, rates: Tensor, into: Tensor, out: Tensor) -> Tensor:
    """y, in the form that suits the device, or an exported graph."""
    kernel = _fused_kernel() if x.is_cuda else None
    if kernel is not None:  # it wants time last, and every tensor laid out that way
        x, step, into, out = (tensor.transpose(1, 2).contiguous() for tensor in (x, step, into, out))
        return kernel(x, step, rates, into, out).transpose(1, 2)
    in_order = x.device.type == "cpu" and not torch.onnx.is_in_onnx_export()
    return (scan_in_order if in_order else scan_by_chunks)(x, step, rates, into, out)


def scan_in_order(x: Tensor, step: Tensor, rates: Tensor, into: Tensor, out: Tensor) -> Tensor:
    """One call for each frame; what does not depend on the state is computed for `CHUNK` frames at a time."""
    parts = zip(*(tensor.transpose(0, 1).split(CHUNK) for tensor in (step, step * x, into, out)), strict=True)
    state: Tensor | None = None
    done = []
    for steps, inputs, into_part, out_part in parts:
        states = _recur(torch.exp(steps[..., None] * rates), inputs[..., None] * into_part[..., None, :], state)
        state = states[-1]
        done.append(_read(torch.stack(states), out_part))
    return torch.cat(done).transpose(0, 1)


def scan_by_chunks(x: Tensor, step: Tensor, rates: Tensor, into: Tensor, out: Tensor) -> Tensor:
    """T / `CHUNK` + `CHUNK` calls: all chunks of time run side by side from a state of zero, then each hears what
    those before it left, weakened by the decay since. All decays are below 1: nothing can overflow."""
    frames = x.shape[1]
    step, inputs, into, out = (_by_chunk(tensor) for tensor in (step, step * x, into, out))
    decay = torch.exp(step[..., None] * rates)  # (CHUNK, B, chunks, E, N)
    states = torch.stack(_recur(decay, inputs[..., None] * into[..., None, :]))
    faded = torch.exp(step.cumsum(0)[..., None] * rates)  # the decays so far, multiplied
    left = torch.stack(_recur(faded[-1].transpose(0, 1), states[-1].transpose(0, 1)), dim=1)
    heard = F.pad(left, (0, 0, 0, 0, 1, 0))[:, :-1]  # (B, chunks, E, N): what the chunk before left
    return _read(torch.addcmul(states, faded, heard), out).permute(1, 2, 0, 3).flatten(1, 2)[:, :frames]


def _by_chunk(tensor: Tensor) -> Tensor:
    """(B, T, C) -> (CHUNK, B, chunks, C), filled up with zeros, which leave the state as it is."""
    padded = F.pad(tensor, (0, 0, 0, -tensor.shape[1] % CHUNK))
    return padded.unflatten(1, (-1, CHUNK)).permute(2, 0, 1, 3)


def _recur(decay: Tensor, new: Tensor, state: Tensor | None = None) -> list[Tensor]:
    """h_t = decay_t * h_{t-1} + new_t along the first axis, from `state` or zero."""
    states = []
    for weaken, add in zip(decay.unbind(0), new.unbind(0), strict=True):
        state = add if state is None else torch.addcmul(add, weaken, state)
        states.append(state)
    return states


def _read(states: Tensor, out: Tensor) -> Tensor:
    """(..., E, N) and (..., N) -> (..., E)."""
    return (states @ out[..., None]).squeeze(-1)


@cache
def _fused_kernel() -> Callable[..., Tensor] | None:
    try:
        from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
    except ImportError:
        return None
    return selective_scan_fn
