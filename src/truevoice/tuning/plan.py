"""A search as it was asked for. It is kept with the study, so every process and every later start does the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from truevoice.errors import UsageError
from truevoice.training.recipe import settle, to_dict
from truevoice.training.settings import BEST_BY, Settings
from truevoice.tuning.space import Axis, Value, grid_of, settle_axes

Method = Literal["grid", "random", "tpe"]
Prune = Literal["none", "median", "halving"]
TRIALS = 20  # of a random or TPE search where no number is given


@dataclass(frozen=True)
class Plan:
    """settings: what all trials share. axes: what they differ in. trials: how many in all; 0: the whole grid.

    prune: which trials stop early, and prune_after: epochs that every trial is given. seed: of the search alone.
    """

    settings: Settings
    axes: tuple[Axis, ...]
    method: Method = "tpe"
    trials: int = 0
    prune: Prune = "none"
    prune_after: int = 1
    seed: int = 0

    @property
    def figure(self) -> str:
        """What is searched for, on the validation trials: eer, auc, loss or accuracy."""
        return self.settings.schedule.best_by

    @property
    def higher_is_better(self) -> bool:
        return BEST_BY[self.figure]

    def cells(self) -> list[dict[str, Value]]:
        """The grid's combinations in the order of the search: shuffled, so that a part of them is a fair sample."""
        cells = grid_of(self.axes)
        return [cells[at] for at in np.random.default_rng(self.seed).permutation(len(cells))]

    def to_dict(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "trials": self.trials,
            "figure": self.figure,
            "prune": self.prune,
            "prune_after": self.prune_after,
            "seed": self.seed,
            "space": [axis.to_dict() for axis in self.axes],
            "settings": to_dict(self.settings),
        }

    @classmethod
    def of_dict(cls, raw: dict[str, Any]) -> Plan:
        """The inverse of `to_dict`."""
        axes = tuple(Axis.of_dict(one) for one in raw["space"])
        kept = {key: raw[key] for key in ("method", "trials", "prune", "prune_after", "seed")}
        return cls(settings=settle(raw["settings"]), axes=axes, **kept)


def settle_plan(plan: Plan) -> Plan:
    """The plan with its axes checked and its trials counted. Raises UsageError."""
    if plan.method not in get_args(Method):
        raise UsageError(f"method {plan.method!r} is not known: choose among {', '.join(get_args(Method))}")
    if plan.prune not in get_args(Prune):
        raise UsageError(f"--prune {plan.prune!r} is not known: choose among {', '.join(get_args(Prune))}")
    if plan.trials < 0 or plan.prune_after < 0 or plan.seed < 0:
        raise UsageError("--trials, --prune-after and --search-seed: 0 or more")
    plan.settings.check()
    plan = replace(plan, axes=settle_axes(plan.axes, plan.settings))
    if plan.method == "grid":
        cells = len(grid_of(plan.axes))
        return replace(plan, trials=min(plan.trials or cells, cells))
    return replace(plan, trials=plan.trials or TRIALS)


def differences(ours: Plan, kept: Plan) -> list[str]:
    """What the plan asks for otherwise than the one kept in a folder; the number of trials may differ."""
    one, other = ours.to_dict(), kept.to_dict()
    found = [name for name in ("method", "prune", "prune_after", "seed", "space") if one[name] != other[name]]
    for section, content in one["settings"].items():
        before = other["settings"][section]
        if isinstance(content, dict):
            found += [f"{section}.{name}" for name in content if content[name] != before.get(name)]
        elif content != before:
            found.append(section)
    return found
