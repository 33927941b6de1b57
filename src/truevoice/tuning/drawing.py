"""How trials get their values, and which of them stop early: Optuna's samplers and pruners.

Random search: J. Bergstra and Y. Bengio, Random search for hyper-parameter optimization, JMLR 13 (2012). TPE:
J. Bergstra et al., Algorithms for hyper-parameter optimization, NeurIPS 2011. Successive halving: K. Jamieson and
A. Talwalkar, Non-stochastic best arm identification, AISTATS 2016. All as implemented by Optuna (T. Akiba et al., KDD
2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from truevoice.tuning.plan import Plan
from truevoice.tuning.space import Axis

RANDOM_AT_FIRST = 8  # trials of a TPE search before it learns from them
COMPARED_WITH = 4  # finished trials before the median says something


def sampler(plan: Plan, number: int) -> Any:
    """For the trial `number`: seeded by it, so that a search that was stopped goes on as if it had not been."""
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.default_rng([plan.seed, number]).integers(2**31))
    if plan.method == "tpe":
        return TPESampler(seed=seed, n_startup_trials=RANDOM_AT_FIRST, constant_liar=True)
    return RandomSampler(seed=seed)  # a grid's values are given, none is drawn


def pruner(plan: Plan) -> Any:
    from optuna.pruners import MedianPruner, NopPruner, SuccessiveHalvingPruner

    if plan.prune == "median":
        return MedianPruner(n_startup_trials=COMPARED_WITH, n_warmup_steps=plan.prune_after)
    if plan.prune == "halving":
        return SuccessiveHalvingPruner(min_resource=max(1, plan.prune_after), reduction_factor=2)
    return NopPruner()


def distributions(plan: Plan) -> dict[str, Any]:
    """The axes as Optuna has them."""
    return {axis.name: _distribution(axis) for axis in plan.axes}


def _distribution(axis: Axis) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not axis.is_range:
        return CategoricalDistribution(axis.values)
    if isinstance(axis.low, int) and isinstance(axis.high, int):
        return IntDistribution(axis.low, axis.high, log=axis.log, step=int(axis.step) or 1)
    return FloatDistribution(axis.low, axis.high, log=axis.log, step=axis.step or None)
