"""`truevoice tune`: many training runs over a space of settings, and which of them is best on validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truevoice.commands.train import train
from truevoice.errors import TruevoiceError
from truevoice.training.recipe import changed
from truevoice.training.settings import Settings
from truevoice.tuning.files import BEST, REPORT, STUDY, TABLE, write_report
from truevoice.tuning.outcome import Objective, Outcome, Watch
from truevoice.tuning.plan import Method, Plan, Prune, settle_plan
from truevoice.tuning.record import Record, best_of, ranked, records
from truevoice.tuning.space import Axis
from truevoice.tuning.storage import begin, open_study, turn
from truevoice.tuning.workers import check_jobs, work_together

if TYPE_CHECKING:
    from truevoice.training.fit import Epoch

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Tuning:
    """A search as it stands: what was asked for, its trials by number, and study.json."""

    folder: Path
    plan: Plan
    trials: list[Record]
    study: dict[str, Any]

    @property
    def best(self) -> Record | None:
        """The best of those that ran to their end."""
        return best_of(self.trials, self.plan.higher_is_better)

    @property
    def ranked(self) -> list[Record]:
        """The best first."""
        return ranked(self.trials, self.plan.higher_is_better)

    @property
    def written(self) -> list[Path]:
        """Files of the search itself."""
        return [path for name in (REPORT, STUDY, TABLE, BEST) if (path := self.folder / name).exists()]


def tune(
    settings: Settings,
    out: str | Path,
    axes: Sequence[Axis],
    *,
    method: Method = "tpe",
    trials: int = 0,
    prune: Prune = "none",
    prune_after: int = 1,
    seed: int = 0,
    jobs: int = 1,
    tell: Tell | None = None,
    objective: Objective | None = None,
) -> Tuning:
    """Searches for the settings that are best by `settings.schedule.best_by` on validation.

    settings: what all trials share; axes: what they differ in (`truevoice.tuning.space`). method: grid (every
    combination, or `trials` of them), random, tpe. trials: in all, also over several calls; 0: the whole grid, else 20.
    prune: none, median or halving: stop a trial early that is worse than the others were at the same epoch, once it has
    had prune_after epochs. seed: of the search; that of training is settings.schedule.seed. jobs: processes.
    objective: in place of training; known by its name in a module where jobs > 1.

    Writes OUT/trials/NNN (a run each), trials.csv, study.json, best.yaml, report.html. A search that was stopped or
    killed goes on in the same folder. Raises UsageError for a space or settings that cannot be meant, and where the
    folder holds another search; TruevoiceError where all trials failed.
    """
    folder = Path(out)
    asked = Plan(settings, tuple(axes), method, trials, prune, prune_after, seed)
    check_jobs(jobs)
    plan = begin(folder, settle_plan(asked), as_many_as_before=not trials and method != "grid")
    if tell is not None:
        axes_in_words = ", ".join(axis.name for axis in plan.axes)
        tell(f"{plan.method} search over {axes_in_words}: {plan.trials:,} trials in {folder}")
    work_together(folder, objective or train_trial, jobs, tell)
    study = open_study(folder)
    with turn(folder):
        found = records(study)
        document = write_report(folder, plan, found, study)
    if found and all(one.state == "failed" for one in found):
        raise TruevoiceError(f"all {len(found)} trials failed; the last of them: {found[-1].reason}")
    return Tuning(folder, plan, found, document)


def train_trial(settings: Settings, folder: Path, watch: Watch) -> Outcome:
    """One training run. The leak report is the same for all of them, so only the first trial's folder gets one."""
    figure = settings.schedule.best_by

    def follow(epoch: Epoch) -> bool:
        return watch(epoch.epoch, epoch.sets["validation"][figure])

    wanted = settings.data.leak_report and folder.name == "000"
    run = train(changed(settings, {"data.leak_report": wanted}), folder, resume=True, watch=follow).best
    trained = run.trained
    return Outcome(trained.best["validation"][figure], trained.best_epoch, trained.best, trained.stopped)
