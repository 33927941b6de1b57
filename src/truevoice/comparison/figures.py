"""EER, AUC and accuracy of two systems on the same trials: each with its interval, and the change with its own.

Every round of the bootstrap draws the same trials for both (`truevoice.metrics.paired`). The change is the second's
figure less the first's. Accuracy needs a threshold: each system's own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.comparison.matching import Matched
from truevoice.comparison.significance import mcnemar
from truevoice.evaluation.evaluation import Interval
from truevoice.evaluation.options import Options
from truevoice.metrics import auc, bootstrap, eer, paired_bootstrap
from truevoice.metrics.resampling import chunks, plan

NAMES = ("eer", "auc", "accuracy")
LOWER_IS_BETTER = frozenset({"eer"})
BOOTSTRAP, EXACT = "paired bootstrap", "exact McNemar test"

Mask = NDArray[np.bool_]
Clusters = tuple[list[str], list[str]]


@dataclass(frozen=True)
class Change:
    """One figure of both systems; `change` = second - first, as a fraction, with its interval (low, high).

    Intervals and p-values are None where none were asked for. p_adjusted: after Holm's correction for all figures of
    the comparison. test: which test the p-value is of.
    """

    name: str
    first: float
    second: float
    change: float
    first_ci: Interval | None = None
    second_ci: Interval | None = None
    ci: Interval | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    test: str = ""

    @property
    def gain(self) -> float:
        """The change, turned so that above 0 means that the second is better."""
        return -self.change if self.name in LOWER_IS_BETTER else self.change

    def is_significant(self, confidence: float) -> bool:
        """Whether the corrected p-value is below 1 - confidence."""
        return self.p_adjusted is not None and self.p_adjusted < 1 - confidence

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            name: list(ends) if (ends := getattr(self, name)) else None for name in ("first_ci", "second_ci", "ci")
        }


def changes(matched: Matched, thresholds: tuple[float, float], options: Options) -> dict[str, Change]:
    """EER, AUC and accuracy, by name. p-values stand alone here; `holm` adjusts them later."""
    clusters = clusters_of(matched, options)
    first, second = matched.first, matched.second
    rights = rights_of(matched, thresholds)
    points = {
        "eer": (eer(*first.split())[0], eer(*second.split())[0]),
        "auc": (auc(*first.split()), auc(*second.split())),
        "accuracy": (float(rights[0].mean()), float(rights[1].mean())),
    }
    if not options.rounds:
        return {name: Change(name, *both, both[1] - both[0]) for name, both in points.items()}
    own = [
        bootstrap(
            *one.split(),
            rounds=options.rounds,
            confidence=options.confidence,
            seed=options.seed,
            clusters=clusters,
            threshold=threshold,
            figures=NAMES,
        )
        for one, threshold in zip((first, second), thresholds)
    ]
    moved = {
        name: (one.low, one.high, one.p_value, BOOTSTRAP)
        for name, one in paired_bootstrap(
            second.split(),
            first.split(),
            rounds=options.rounds,
            confidence=options.confidence,
            seed=options.seed,
            clusters=clusters,
        ).items()
    }
    moved["accuracy"] = _of_accuracy(matched.first.bonafide, rights, clusters, options)
    return {
        name: Change(
            name,
            *points[name],
            points[name][1] - points[name][0],
            own[0].get(name),
            own[1].get(name),
            (low, high),
            p_value,
            test=test,
        )
        for name, (low, high, p_value, test) in moved.items()
    }


def rights_of(matched: Matched, thresholds: tuple[float, float]) -> tuple[Mask, Mask]:
    """(N,) each: which trials the first, and the second, decides rightly at its threshold."""
    truth = matched.first.bonafide
    first, second = ((one.scores >= at) == truth for one, at in zip((matched.first, matched.second), thresholds))
    return first, second


def clusters_of(matched: Matched, options: Options) -> Clusters | None:
    """Each trial's cluster for (bona fide, spoof), None without --cluster; one without a value is its own cluster.

    Raises UsageError for a column that neither system's trials have.
    """
    if not options.cluster:
        return None
    columns = {**matched.second.columns, **matched.first.columns}
    options.check_column(options.cluster, list(columns), "--cluster")
    cells = [cell or f"\0{at}" for at, cell in enumerate(columns[options.cluster])]
    truth = matched.first.bonafide.tolist()
    return [c for c, real in zip(cells, truth) if real], [c for c, real in zip(cells, truth) if not real]


def _of_accuracy(
    bonafide: Mask, rights: tuple[Mask, Mask], clusters: Clusters | None, options: Options
) -> tuple[float, float, float, str]:
    """(low, high, p-value, test) of the change of accuracy. With clusters the exact test, which takes trials for
    independent, gives way to the bootstrap's share of rounds on the other side of zero."""
    gain = rights[1].astype(np.int64) - rights[0].astype(np.int64)
    of_class = (gain[bonafide], gain[~bonafide])
    orders = (np.arange(of_class[0].size), np.arange(of_class[1].size))
    rounds = [
        (draws.bonafide @ of_class[0] + draws.spoof @ of_class[1])
        / (draws.bonafide.sum(axis=1) + draws.spoof.sum(axis=1))
        for draws in chunks(plan(clusters, orders), options.rounds, options.seed, gain.size)
    ]
    moved = np.concatenate(rounds)
    low, high = np.quantile(moved, [(1 - options.confidence) / 2, (1 + options.confidence) / 2])
    if clusters is None:
        only_first, only_second = int((gain < 0).sum()), int((gain > 0).sum())
        return float(low), float(high), mcnemar(only_first, only_second), EXACT
    fewer = min(int((moved <= 0).sum()), int((moved >= 0).sum()))
    return float(low), float(high), min(1.0, 2 * (fewer + 1) / (moved.size + 1)), BOOTSTRAP
