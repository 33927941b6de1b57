"""The mixer of Mamba: a gated, causal way of carrying what was heard along time.

Source: Gu & Dao, "Mamba" (arXiv 2312.00752), figure 3, and state-spaces/mamba (Apache-2.0), class `Mamba`, whose keys
and initial values these are.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.selective_scan import selective_scan

EXPANSION = 2
STATE = 16  # numbers that each channel remembers
KERNEL = 4  # frames
RANK_DIVISOR = 16
STEPS = (1e-3, 0.1)  # range of the first step sizes
SMALLEST_STEP = 1e-4


class MambaMixer(nn.Module):
    """(B, T, width) -> (B, T, width); frame t hears the frames up to t."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner, self.rank = EXPANSION * width, math.ceil(width / RANK_DIVISOR)
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, KERNEL, groups=inner, padding=KERNEL - 1)
        self.x_proj = nn.Linear(inner, self.rank + 2 * STATE, bias=False)
        self.dt_proj = nn.Linear(self.rank, inner)
        self.A_log = nn.Parameter(torch.arange(1.0, STATE + 1).log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, width, bias=False)
        self._set_first_steps()

    def _set_first_steps(self) -> None:
        nn.init.uniform_(self.dt_proj.weight, -(self.rank**-0.5), self.rank**-0.5)
        low, high = (math.log(step) for step in STEPS)
        steps = torch.empty_like(self.dt_proj.bias).uniform_(low, high).exp().clamp(min=SMALLEST_STEP)
        with torch.no_grad():
            self.dt_proj.bias.copy_(steps + torch.log(-torch.expm1(-steps)))  # softplus gives the steps back

    def forward(self, u: Tensor) -> Tensor:
        x, gate = self.in_proj(u).chunk(2, dim=-1)
        x = self._heard_shortly(x)
        step, into, out = self.x_proj(x).split([self.rank, STATE, STATE], dim=-1)
        # The recurrence is float32 whatever the rest is: its decays are too close to 1 for fewer digits.
        with torch.autocast(x.device.type, enabled=False):
            steps = F.softplus(F.linear(step.float(), self.dt_proj.weight.float(), self.dt_proj.bias.float()))
            rates = -torch.exp(self.A_log.float())
            y = selective_scan(x.float(), steps, rates, into.float(), out.float()) + self.D.float() * x.float()
        return self.out_proj(y.to(gate.dtype) * F.silu(gate))

    def _heard_shortly(self, x: Tensor) -> Tensor:
        """(B, T, inner) -> the same, each channel convolved with its last `KERNEL` frames."""
        convolved = self.conv1d(x.transpose(1, 2))[..., : x.shape[1]]
        return F.silu(convolved.transpose(1, 2))


class RootMeanSquareNorm(nn.Module):
    """(..., width) -> the same over its root mean square, times a weight."""

    def __init__(self, width: int, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight
