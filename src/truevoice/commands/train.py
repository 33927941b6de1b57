"""`truevoice train`: one run, or one for each of several seeds, or of several shares of the training trials."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truevoice.data.subsets import parse_share
from truevoice.data.trial import LeftOut
from truevoice.errors import MissingExtraError, UsageError
from truevoice.files import replace_file
from truevoice.training.recipe import changed, to_dict
from truevoice.training.run_folder import METRICS, SUMMARY, has_checkpoint
from truevoice.training.settings import BEST_BY, Settings

if TYPE_CHECKING:
    from truevoice.training.fit import Epoch, Trained

FIGURES = ("eer", "auc", "accuracy", "loss")
AVERAGE = "average"
Tell = Callable[[str], None]
Progress = Callable[[int, int, str], None]
Watch = Callable[["Epoch"], bool]


@dataclass(frozen=True)
class Run:
    """One training. seed: of weights, order and augmentation; share: of the training trials, as it was asked for."""

    name: str
    seed: int
    share: str
    trained: Trained


@dataclass(frozen=True)
class Training:
    """What training gave. `best`: the run that is best by the validation figure that chose its epoch.

    spread: of several seeds, by set and figure: mean, sample standard deviation, and each run's value. average: figures
    by set of the detector whose weights are the mean of all the seeds' best ones, {} where there is one seed.
    """

    folder: Path
    runs: list[Run]
    best_by: str
    spread: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    average: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def best(self) -> Run:
        sign = -1 if BEST_BY[self.best_by] else 1
        return min(
            self.runs, key=lambda run: sign * run.trained.best.get("validation", {}).get(self.best_by, sign * 1e9)
        )

    @property
    def is_main(self) -> bool:
        """Whether this process is the one of several that writes and talks."""
        return is_main_process()

    @property
    def skipped(self) -> list[LeftOut]:
        """Recordings that could not be used, of all runs, each once."""
        return list({one.name: one for run in self.runs for one in run.trained.skipped}.values())

    def to_dict(self) -> dict[str, Any]:
        """As summary.json holds it; rates are fractions."""
        return {
            "folder": str(self.folder),
            "best": self.best.name,
            "best_by": self.best_by,
            "runs": [
                {
                    "name": run.name,
                    "folder": str(run.trained.folder),
                    "seed": run.seed,
                    "share": run.share,
                    "best_epoch": run.trained.best_epoch,
                    "stopped": run.trained.stopped,
                    "seconds": run.trained.seconds,
                    "sets": run.trained.best,
                    "skipped": [vars(one) for one in run.trained.skipped],
                }
                for run in self.runs
            ],
            "spread": self.spread,
            "average": self.average,
        }


def train(
    settings: Settings,
    out: str | Path,
    *,
    resume: bool = False,
    force: bool = False,
    seeds: int = 1,
    subset_study: Sequence[str] = (),
    log_to: Sequence[str] = (),
    watch: Watch | None = None,
    tell: Tell | None = None,
    progress: Progress | None = None,
) -> Training:
    """Trains a detector and writes it into the folder `out`: config.yaml, metrics.jsonl, best/, last/, scores/.

    settings: all of the run (`truevoice.training.recipe` reads and writes them). resume: go on where a run in the
    folder stopped; force: begin anew there. seeds: as many runs, in out/seed-N, and the average of their weights in
    out/average. subset_study: shares of the training trials ("10%"), a run each, in out/share-N. log_to: tensorboard,
    wandb, trackio. watch: is given each epoch and stops training by True. tell: is given lines about what goes on.

    Raises UsageError for settings that cannot be meant, MissingExtraError where the extra `train` is absent, and what
    loading and reading raise; what was written before an error stays and can be resumed.
    """
    settings.check()
    if seeds < 1:
        raise UsageError("--seeds must be 1 or more")
    if seeds > 1 and subset_study:
        raise UsageError("--seeds and --subset-study are two studies: run one after the other")
    if log_to:
        from truevoice.tracking import check_trackers

        check_trackers(log_to)
    fit = _fit()
    folder = Path(out)
    say = tell if tell and is_main_process() else _silent
    plans = _plans(settings, folder, seeds, subset_study)
    runs = []
    for number, (name, planned, where) in enumerate(plans, 1):
        if len(plans) > 1:
            say(f"{name} ({number} of {len(plans)})")
        with _tracked(log_to, where, name, planned, resume and not force, say) as logged:
            trained = fit(
                planned,
                where,
                resume=resume,
                force=force,
                watch=_both(logged, watch),
                tell=say,
                progress=progress if is_main_process() else None,
            )
        runs.append(Run(name, planned.schedule.seed, planned.data.subset, trained))
    found = Training(folder, runs, settings.schedule.best_by, _spread(runs) if seeds > 1 else {})
    if not is_main_process():
        return found
    if seeds > 1:
        from truevoice.training.average import average_runs

        say("averaging the weights of all seeds")
        found = Training(
            folder,
            runs,
            found.best_by,
            found.spread,
            average_runs([run.trained.folder for run in runs], folder / AVERAGE, settings),
        )
    _write(found)
    return found


def shares(words: str) -> tuple[str, ...]:
    """ "10%,50%,100%" -> its parts."""
    return tuple(word.strip() for word in words.split(",") if word.strip())


def is_main_process() -> bool:
    """Of the processes that torchrun started, the first; alone, always."""
    return os.environ.get("RANK", "0") == "0"


def _fit() -> Callable[..., Trained]:
    # Every step asks for its activations anew; in pages of two megabytes a CPU gets them a third faster. PyTorch reads
    # this when it is loaded.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    try:
        import accelerate  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtraError("training", "train") from None
    from truevoice.training.fit import fit

    return fit


def _plans(
    settings: Settings, folder: Path, seeds: int, subset_study: Sequence[str]
) -> list[tuple[str, Settings, Path]]:
    """Name, settings and folder of each run. One of several looks for leaks: all seeds hear the same trials, and the
    largest share holds the others."""

    def with_leaks(one: bool, values: dict[str, Any]) -> Settings:
        return changed(settings, {**values, "data.leak_report": settings.data.leak_report and one})

    if seeds > 1:
        first = settings.schedule.seed
        return [
            (f"seed-{seed}", with_leaks(seed == first, {"schedule.seed": seed}), folder / f"seed-{seed}")
            for seed in range(first, first + seeds)
        ]
    if subset_study:
        largest = max(subset_study, key=parse_share)
        return [
            (f"share-{one}", with_leaks(one == largest, {"data.subset": one}), folder / f"share-{one.rstrip('%')}")
            for one in subset_study
        ]
    return [(folder.name or "run", settings, folder)]


def _spread(runs: Sequence[Run]) -> dict[str, dict[str, dict[str, Any]]]:
    """Over seeds: a figure's mean and spread say more than its best, which is chosen among them."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for one in runs[0].trained.best:
        found[one] = {}
        for figure in FIGURES:
            figures = [run.trained.best.get(one, {}).get(figure) for run in runs]  # a set may be newer than a run
            if values := [value for value in figures if value is not None]:
                sd = statistics.stdev(values) if len(values) > 1 else None
                found[one][figure] = {"mean": statistics.fmean(values), "sd": sd, "values": values}
    return found


@contextmanager
def _tracked(
    log_to: Sequence[str], folder: Path, name: str, settings: Settings, resume: bool, tell: Tell
) -> Iterator[Watch | None]:
    if not log_to or not is_main_process():
        yield None
        return
    from truevoice.tracking import open_trackers, watcher

    goes_on = resume and has_checkpoint(folder)  # without one, the run begins, and so does its place in the tracker
    trackers = open_trackers(log_to, folder=folder, run=name, config=to_dict(settings), resume=goes_on, tell=tell)
    follow = watcher(trackers, folder / METRICS)
    try:
        yield lambda epoch: bool(follow(epoch))
    finally:
        for tracker in trackers:
            tracker.close()


def _both(first: Watch | None, second: Watch | None) -> Watch | None:
    """Both are told of each epoch; either may stop."""
    watches = [watch for watch in (first, second) if watch]
    if not watches:
        return None

    def watch_all(epoch: Epoch) -> bool:
        answers = [watch(epoch) for watch in watches]
        return any(answers)

    return watch_all


def _write(found: Training) -> None:
    """summary.json of several runs, and the pictures of their learning."""
    from truevoice.report.learning_page import learning_page, write_learning_page

    for run in found.runs:
        learning_page(run.trained.folder)
    if len(found.runs) > 1:
        content = json.dumps(found.to_dict(), indent=1, ensure_ascii=False, default=str)
        replace_file(found.folder / SUMMARY, [content.encode() + b"\n"])
        write_learning_page({run.name: run.trained.folder for run in found.runs}, found.folder / "curves.html")


def _silent(_: str) -> None:
    pass
