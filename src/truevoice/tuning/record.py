"""The trials of a study as they are told to people: one a folder, whatever attempts it took."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["complete", "pruned", "failed", "running", "waiting"]
# Attributes that a trial carries in Optuna's study.
ROOT, ATTEMPT, IN_VAIN, BEFORE, DIED, REASON, OUTCOME, SECONDS = (
    *("root", "attempt", "in_vain", "before", "died", "reason", "outcome", "seconds"),
)


@dataclass(frozen=True)
class Record:
    """trial: its number, which is its folder's. value: the figure searched for, None where there is none.

    epochs: that figure after each epoch, by its number. figures: of every set, at the best epoch. reason: why it
    failed or stopped. seconds: of its last attempt.
    """

    trial: int
    state: State
    params: dict[str, Any]
    value: float | None = None
    best_epoch: int = 0
    epochs: dict[int, float] = field(default_factory=dict)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    attempts: int = 1

    @property
    def folder(self) -> str:
        return folder_name(self.trial)


def folder_name(trial: int) -> str:
    """Within the search's folder."""
    return f"trials/{trial:03d}"


def records(study: Any) -> list[Record]:
    """Every trial by number, each as its last attempt left it; what died before it began is left out."""
    newest: dict[int, Any] = {}
    for trial in study.get_trials(deepcopy=False):
        newest[trial.user_attrs.get(ROOT, trial.number)] = trial
    return [_record(root, trial) for root, trial in sorted(newest.items()) if not trial.user_attrs.get(DIED)]


def best_of(found: Iterable[Record], higher_is_better: bool) -> Record | None:
    """The best of the trials that ran to their end; the first of equals."""
    sign = -1 if higher_is_better else 1
    complete = [one for one in found if one.state == "complete" and one.value is not None]
    return min(complete, key=lambda one: (sign * (one.value or 0.0), one.trial), default=None)


def ranked(found: Sequence[Record], higher_is_better: bool) -> list[Record]:
    """The best first; then what was stopped early, then the rest."""
    order = ("complete", "pruned", "running", "waiting", "failed")
    sign = -1 if higher_is_better else 1

    def key(one: Record) -> tuple[int, float, int]:
        return order.index(one.state), math.inf if one.value is None else sign * one.value, one.trial

    return sorted(found, key=key)


def _record(root: int, trial: Any) -> Record:
    words = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running", "WAITING": "waiting"}
    outcome = trial.user_attrs.get(OUTCOME, {})
    return Record(
        trial=root,
        state=words[trial.state.name],  # type: ignore[arg-type]
        params=trial.params or dict(trial.system_attrs.get("fixed_params", {})),
        value=outcome.get("value"),
        best_epoch=outcome.get("best_epoch", 0),
        epochs=dict(sorted(trial.intermediate_values.items())),
        figures=outcome.get("figures", {}),
        reason=trial.user_attrs.get(REASON, "") or outcome.get("stopped", ""),
        seconds=trial.user_attrs.get(SECONDS, 0.0),
        attempts=trial.user_attrs.get(ATTEMPT, 1),
    )
