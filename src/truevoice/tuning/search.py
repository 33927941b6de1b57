"""The search itself: one process takes trials until none is left, and tells the study what became of each."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.report.search_words import TITLES, figure_in_words, short_names, value_in_words
from truevoice.training.recipe import changed
from truevoice.tuning.drawing import pruner
from truevoice.tuning.files import write_tables
from truevoice.tuning.outcome import Objective, Outcome
from truevoice.tuning.plan import Plan
from truevoice.tuning.record import OUTCOME, REASON, SECONDS, best_of, records
from truevoice.tuning.storage import open_study, plan_of, turn
from truevoice.tuning.taking import Taken, take

Tell = Callable[[str], None]

FAILURES_AT_FIRST = 3  # without one success: the request is wrong, not the values
_ONE_TRIALS = (TruevoiceError, RuntimeError, MemoryError)  # such as too little memory for this batch size


def work(out: Path, objective: Objective, tell: Tell | None = None) -> None:
    """Takes trials of the study in `out` until none is left that no other process is at.

    A trial that fails is kept with its reason, and the next is taken. Raises TruevoiceError where the first trials all
    fail. Interrupted or killed, its trial is begun again, by whoever comes next, from its last checkpoint.
    """
    study = open_study(out)
    failures = 0
    while True:
        with turn(out):
            plan = plan_of(study)
            study.pruner = pruner(plan)
            if failures >= FAILURES_AT_FIRST:
                _check_sense(study)
            taken = take(study, plan, out)
        if taken is None:
            return
        try:
            failures += not _try(study, plan, taken, objective)
        finally:
            taken.lock.free()
        with turn(out):
            write_tables(out, plan, records(study))
            if tell is not None:
                tell(_line(study, plan, taken.number))


def _try(study: Any, plan: Plan, taken: Taken, objective: Objective) -> bool:
    """Whether it went well; the study is told either way."""
    from optuna.trial import TrialState

    trial, pruned = taken.trial, False
    settings = changed(plan.settings, trial.params)

    def watch(epoch: int, value: float) -> bool:
        nonlocal pruned
        if math.isnan(value):
            return False
        known = study.get_trials(deepcopy=False)[trial.number].intermediate_values
        if epoch not in known:
            trial.report(value, epoch)
        pruned = epoch < settings.schedule.epochs and bool(trial.should_prune())  # after the last nothing is saved
        return pruned

    started = time.monotonic()
    try:
        settings.check()
        outcome = objective(settings, taken.folder, watch)
        if not math.isfinite(outcome.value):
            raise TruevoiceError(f"its {plan.figure} on validation is no number")
    except _ONE_TRIALS as error:
        kind = "" if isinstance(error, TruevoiceError) else f"{type(error).__name__}: "
        trial.set_user_attr(REASON, f"{kind}{one_line(error)}")
        study.tell(trial, state=TrialState.FAIL)
        return False
    trial.set_user_attr(SECONDS, time.monotonic() - started)
    trial.set_user_attr(OUTCOME, _kept(outcome))
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, outcome.value)
    return True


def _kept(outcome: Outcome) -> dict[str, Any]:
    """As JSON has it, which knows no number that is not finite."""
    figures = {
        name: {key: value if math.isfinite(value) else None for key, value in given.items()}
        for name, given in outcome.figures.items()
    }
    told = {"best_epoch": outcome.best_epoch, "figures": figures, "stopped": outcome.stopped}
    return {"value": float(outcome.value), **told}


def _check_sense(study: Any) -> None:
    found = records(study)
    failed = [one for one in found if one.state == "failed"]
    if failed and not any(one.state in ("complete", "pruned") for one in found):
        raise UsageError(f"the first {len(failed)} trials all failed; the last of them: {failed[-1].reason}")


def _line(study: Any, plan: Plan, number: int) -> str:
    """One trial in a line: its values, what came of it, the best so far."""
    found = records(study)
    one = next(one for one in found if one.trial == number)
    names = short_names(axis.name for axis in plan.axes)
    values = ", ".join(f"{names[name]} {value_in_words(value)}" for name, value in one.params.items())
    done = sum(other.state in ("complete", "pruned", "failed") for other in found)
    told = f"{done:,} of {plan.trials:,}: trial {number:03d}: {values}:"
    if one.state == "failed":
        return f"{told} failed ({one.reason})"
    early = ", stopped early" if one.state == "pruned" else ""
    result = f"{TITLES[plan.figure]} {figure_in_words(plan.figure, one.value)}{early} in {one.seconds:.0f} s"
    best = best_of(found, plan.higher_is_better)
    so_far = f"; best so far {figure_in_words(plan.figure, best.value)}, trial {best.trial:03d}" if best else ""
    return f"{told} {result}{so_far}".replace("\u00a0", " ")  # a terminal's line, not a page's
