"""Taking the next trial of a study, so that no two processes have the same one and none is lost with its process.

A running trial holds a lock in its folder. Whoever finds a running trial whose lock is free knows that its process has
died, and puts the same values back in the queue: the next attempt goes on in the same folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truevoice.tuning.drawing import distributions, sampler
from truevoice.tuning.locks import Lock
from truevoice.tuning.plan import Plan
from truevoice.tuning.record import ATTEMPT, BEFORE, DIED, IN_VAIN, REASON, ROOT, folder_name

MOST_ATTEMPTS = 3  # in a row that end without a further epoch: it is the trial that kills its process
RUNNING = ".running"
_FIXED = "fixed_params"  # where Optuna keeps the values of a trial in its queue


@dataclass(frozen=True)
class Taken:
    """A trial that is ours now: Optuna's object, its number and folder, and the lock to free when it has been told."""

    trial: Any
    number: int
    folder: Path
    lock: Lock


def take(study: Any, plan: Plan, out: Path) -> Taken | None:
    """The next trial, or None where none is left that nobody is at. To be called in one's turn (storage.turn)."""
    revive(study, out)
    trials = study.get_trials(deepcopy=False)
    if not any(trial.state.name == "WAITING" for trial in trials):
        if len(_roots(trials)) >= plan.trials:
            return None
        if plan.method == "grid":
            known = [trial.system_attrs.get(_FIXED) for trial in trials if not trial.user_attrs.get(DIED)]
            cell = next((cell for cell in plan.cells() if cell not in known), None)
            if cell is None:
                return None
            study.enqueue_trial(cell)
    study.sampler = sampler(plan, len(study.get_trials(deepcopy=False)))
    trial = study.ask(distributions(plan))
    number = trial.user_attrs.get(ROOT, trial.number)
    folder = out / folder_name(number)
    folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / RUNNING)
    lock.try_take()
    trial.set_user_attr(ROOT, number)
    _remember(study, trial)
    return Taken(trial, number, folder, lock)


def revive(study: Any, out: Path) -> None:
    """Puts the trials of dead processes back in the queue; after some attempts in vain they count as failed."""
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name != "RUNNING":
            continue
        root = trial.user_attrs.get(ROOT)
        if root is not None:
            lock = Lock(out / folder_name(root) / RUNNING)
            if not lock.try_take():
                continue
            lock.free()
        _bury(study, trial, root)


def give_another_chance(study: Any) -> None:
    """Where every trial so far has failed, what was wrong lay outside of their values: all go back in the queue."""
    newest = {trial.user_attrs.get(ROOT, trial.number): trial for trial in study.get_trials(deepcopy=False)}
    if not all(trial.state.name == "FAIL" for trial in newest.values()):
        return
    for root, trial in sorted(newest.items()):
        if not trial.user_attrs.get(DIED):
            study.enqueue_trial(dict(trial.params), user_attrs={ROOT: root, BEFORE: trial.number})


def _bury(study: Any, dead: Any, root: int | None) -> None:
    """The attempt fails; its values go back in the queue first, so that a kill between both loses nothing."""
    attempt = dead.user_attrs.get(ATTEMPT, 1)
    in_vain = 1 if _got_on(study, dead) else dead.user_attrs.get(IN_VAIN, 0) + 1
    storage = study._storage
    if root is not None and in_vain >= MOST_ATTEMPTS:
        storage.set_trial_user_attr(dead._trial_id, REASON, f"its process died {attempt} times")
    else:
        follower = any(trial.user_attrs.get(BEFORE) == dead.number for trial in study.get_trials(deepcopy=False))
        if root is not None and not follower:  # without a root it died before it began, and counts for nothing
            again = {ROOT: root, ATTEMPT: attempt + 1, IN_VAIN: in_vain, BEFORE: dead.number}
            study.enqueue_trial(dead.system_attrs.get(_FIXED) or dict(dead.params), user_attrs=again)
        storage.set_trial_user_attr(dead._trial_id, DIED, True)
    _fail(study, dead)


def _got_on(study: Any, dead: Any) -> bool:
    """Whether the attempt finished an epoch that those before it had not: then it was stopped from outside."""
    before = dead.user_attrs.get(BEFORE)
    known = {} if before is None else study.get_trials(deepcopy=False)[before].intermediate_values
    return len(dead.intermediate_values) > len(known)


def _fail(study: Any, trial: Any) -> None:
    from optuna.trial import TrialState

    study.tell(trial.number, state=TrialState.FAIL)


def _remember(study: Any, trial: Any) -> None:
    """The epochs of the attempt before, so that a pruner compares like with like."""
    before = trial.user_attrs.get(BEFORE)
    if before is not None:
        for epoch, value in study.get_trials(deepcopy=False)[before].intermediate_values.items():
            trial.report(value, epoch)


def _roots(trials: list[Any]) -> set[int]:
    """The trials that are under way, waiting or done, each once."""
    newest = {trial.user_attrs.get(ROOT, trial.number): trial for trial in trials}
    return {root for root, trial in newest.items() if not trial.user_attrs.get(DIED)}
