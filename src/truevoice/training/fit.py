"""One training run, from its settings to a folder that every command reads: begun, resumed, finished."""

from __future__ import annotations

import contextlib
import os
import random
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from truevoice.data.division import balanced_weights
from truevoice.data.trial import BONAFIDE
from truevoice.detectors.cache import cache_folder
from truevoice.errors import TruevoiceError, UsageError, one_line
from truevoice.training.dataset import TrainingSet
from truevoice.training.epochs import Epoch, Trained
from truevoice.training.examiner import Examiner
from truevoice.training.frozen import FrozenFeatures, why_not
from truevoice.training.keeper import Keeper
from truevoice.training.ledger import ALL_DONE, Ledger, fingerprint
from truevoice.training.losses import class_weights, make_loss
from truevoice.training.metrics_log import MetricsLog
from truevoice.training.processes import WORKER_DIED, by_main, gathered, is_main, rank, world
from truevoice.training.recipe import to_dict, write_settings
from truevoice.training.recordings import Recordings, UndecodableError, room_for_waves
from truevoice.training.run_folder import RunFolder
from truevoice.training.sampling import Batches
from truevoice.training.sets import Sets, open_sets, policy_of, window_of
from truevoice.training.settings import Settings
from truevoice.training.start import Start, begin
from truevoice.training.validation import MeasuredSet, evaluating

__all__ = ["Epoch", "Trained", "fit"]

Tell = Callable[[str], None]
Progress = Callable[[int, int, str], None]
LET_MAIN_TELL = 10.0  # seconds


def fit(
    settings: Settings,
    out: Path,
    *,
    resume: bool = False,
    force: bool = False,
    watch: Callable[[Epoch], bool] | None = None,
    tell: Tell | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Trains a network as `settings` say and keeps it in `out`.

    resume: go on from out/last where there is one; the end is that of a run that was never stopped. force: begin anew
    in a folder that holds a run. watch: called after every epoch; True ends the training. tell: gets sentences.
    progress: gets steps done, steps in all, and what is being done. Both, and `watch`, in the main process only.

    Raises UsageError for what cannot be meant (see `Settings.check`, `divide`, `begin`), among it a folder that holds a
    run and a checkpoint of other settings; TruevoiceError, one line, where a loss is not a number, a worker process was
    killed or something cannot be written: the last checkpoint is whole then, and the run can be resumed.
    """
    settings.check()
    silent: Tell = lambda _: None  # noqa: E731
    say = tell if tell and is_main() else silent
    run = _Run(settings, Path(out), watch, say, progress if is_main() else None)
    with _alone_in_process(settings), _told_once():
        return run.go(resume=resume, force=force)


@dataclass
class _Run:
    settings: Settings
    out: Path
    watch: Callable[[Epoch], bool] | None
    tell: Tell
    progress: Progress | None

    def go(self, *, resume: bool, force: bool) -> Trained:
        from truevoice.training.trainer import Course, VoiceTrainer
        from truevoice.training.trainer_arguments import check_machine, training_arguments

        settings = self.settings
        device = check_machine(settings)
        sets = open_sets(settings.data)
        batches = self._batches(sets)
        chain = _chain(settings)
        arguments = training_arguments(settings, self.out, device, batches.steps)
        arguments.device  # noqa: B018  # here the processes meet
        start = begin(settings.network, settings.loss.loss, window_of(settings.data), seed=settings.schedule.seed)
        policy = policy_of(settings.data, start.card)
        losses = [_loss(settings, sets, start) for _ in range(2)]
        frozen = _frozen(settings, start, augmented=bool(chain))
        # From here on the folder changes: whatever cannot be meant was told before.
        folder = RunFolder(self.out)
        known = {**to_dict(settings), "trials": fingerprint(sets.train)}
        goes_on = by_main(lambda: folder.enter(resume=resume, force=force))
        ledger = self._ledger(folder, known) if goes_on else Ledger(known)
        keeper = Keeper(folder, start.card, start.origin, ledger, policy)
        by_main(lambda: write_settings(settings, folder.config))
        log = MetricsLog(folder.metrics, keep=ledger.metrics) if is_main() else None
        try:
            self._begin_log(log, sets, start, ledger)
            if settings.data.leak_report:
                by_main(lambda: self._look_for_leaks(sets, folder))
            if not ledger.stopped:
                room = room_for_waves(world())
                each = room // 2 // len(sets.measured)
                measured = [
                    MeasuredSet(name, own, policy, room=each, frozen=frozen) for name, own in sets.measured.items()
                ]
                examiner = Examiner(
                    measured,
                    start.card,
                    losses[0],
                    settings.schedule.best_by,
                    settings.schedule.eval_batch_size or settings.schedule.batch_size,
                    settings.data.data,
                )
                course = Course(settings, ledger, keeper, examiner, log, self.watch, self.tell)
                course.progress = self.progress or course.progress
                examples = self._examples(sets, start, chain, room // 2, frozen)
                if frozen:
                    self._fill(frozen, examples, measured, device)
                trainer = VoiceTrainer(start.network, losses[1], examples, batches, arguments, course)
                self._train(trainer, folder.state if goes_on else None)
            elif ledger.best and (new := [name for name in sets.measured if name not in ledger.best.sets]):
                self.tell(f"the run is over, so {', '.join(new)} is not measured: truevoice evaluate does it")
            return self._end(folder, ledger, log)
        finally:
            if log:
                log.close()

    def _ledger(self, folder: RunFolder, known: dict[str, Any]) -> Ledger:
        """What the run knew at its last checkpoint, once the settings are found to be those of then."""
        ledger = Ledger.read(folder.state)
        ledger.check_same(known, self.out)
        ledger.settings = known
        if self._more_is_asked(ledger):
            ledger.stopped = ""
        elif not ledger.stopped:  # fewer epochs are asked for than when it was begun
            ledger.stopped = ALL_DONE
        return ledger

    def _more_is_asked(self, ledger: Ledger) -> bool:
        """Whether a run that was over goes on: for more epochs, or more patience, than it had then."""
        schedule = self.settings.schedule
        patient = not schedule.patience or ledger.epochs_since_best() < schedule.patience
        return len(ledger.epochs) < schedule.epochs and patient

    def _batches(self, sets: Sets) -> Batches:
        schedule, data = self.settings.schedule, self.settings.data
        of_spoof, of_bonafide = class_weights(self.settings.loss.class_weights, *_counts(sets))
        return Batches(
            len(sets.train),
            schedule.batch_size,
            seed=schedule.seed,
            parts=schedule.accumulate,
            drop_last=schedule.drop_last,
            weights=balanced_weights(sets.train, data.balance) if data.balance else None,
            importance=np.array([of_bonafide if one.label == BONAFIDE else of_spoof for one in sets.train]),
            rank=rank(),
            world=world(),
        )

    def _train(self, trainer: Any, state: Path | None) -> None:
        keeper, batches = trainer.course.keeper, trainer.batches
        if state:
            trainer.load_average(state)
            done = batches.steps * len(keeper.ledger.epochs) + keeper.ledger.loss_count
            keeper.resumed(done)
            self.tell(f"{self.out}: goes on after step {done:,} of {batches.steps * self.settings.schedule.epochs:,}")
        if world() > 1:  # Trainer seeds all processes alike, and so would all drop the same units
            torch.manual_seed(self.settings.schedule.seed + rank())
        try:
            trainer.train(resume_from_checkpoint=str(state) if state else None)
        except RuntimeError as error:
            if WORKER_DIED not in str(error):
                raise
            raise TruevoiceError(
                f"a worker process was killed ({one_line(error, 80)}), perhaps for want of memory: fewer --workers; "
                f"--resume goes on from the last checkpoint ({keeper.whole})"
            ) from None
        finally:
            trainer.stop_workers()

    def _fill(
        self, frozen: FrozenFeatures, examples: TrainingSet, measured: list[MeasuredSet], device: torch.device
    ) -> None:
        """The frozen front-end's output of all training trials, worked out where it is not there yet: worker processes
        then only read it. That of measured sets is kept as they are heard, where they hear first windows only."""
        kept = [one for one in measured if one.frozen]
        if not kept:
            self.tell("validation hears whole recordings, so its output of the front-end is not kept; --windows first")
        sources = [
            trial.source for trials in (examples.recordings.trials, *(one.trials for one in kept)) for trial in trials
        ]
        with evaluating(frozen.network.to(device)):
            self.tell(by_main(lambda: frozen.told(sources, examples.window)))
            for index in range(rank(), len(examples), world()):
                with contextlib.suppress(UndecodableError):  # told when it is drawn
                    examples.features_of(index)
                if self.progress:
                    self.progress(index + 1, len(examples), "output of the frozen front-end")
        gathered(None)

    def _examples(self, sets: Sets, start: Start, chain: Any, room: int, frozen: FrozenFeatures | None) -> TrainingSet:
        settings = self.settings
        on_recording, on_window = (chain.on("recording"), chain.on("window")) if chain else (None, None)
        window = start.card.window
        whole = settings.data.crop == "random" or bool(on_recording)
        room //= max(1, settings.schedule.workers)  # each of them keeps its own
        recordings = Recordings(sets.train, first=0 if whole else window, room=room)
        return TrainingSet(
            recordings,
            window=window,
            seed=settings.schedule.seed,
            crop=settings.data.crop,
            on_recording=on_recording,
            on_window=on_window,
            frozen=frozen,
        )

    def _look_for_leaks(self, sets: Sets, folder: RunFolder) -> None:
        """leaks.json, once for a run."""
        if folder.leaks.exists():
            return
        from truevoice.leaks.report import leak_report

        show = self.progress
        told = (lambda done, of: show(done, of, "looking for leaks")) if show else None
        report = leak_report(sets.all(), progress=told)
        report.write(folder.leaks)
        for finding in report.findings:
            self.tell(f"{finding.severity}: {finding}")

    def _begin_log(self, log: MetricsLog | None, sets: Sets, start: Start, ledger: Ledger) -> None:
        for line in [*sets.notes, *start.told.lines()]:
            self.tell(line)
        if log and not ledger.metrics:
            log.add(
                "start",
                time=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
                model=start.card.name,
                n_train=len(sets.train),
                sets={name: len(trials) for name, trials in sets.measured.items()},
                trained=start.told.n_trained,
                parameters=start.told.n_all,
                origin=start.origin,
                notes=sets.notes,
            )

    def _end(self, folder: RunFolder, ledger: Ledger, log: MetricsLog | None) -> Trained:
        best = ledger.best
        if best is None:
            raise TruevoiceError(f"{self.out}: no epoch has a {self.settings.schedule.best_by} that is a number")
        trained = Trained(
            self.out, ledger.epochs, best.epoch, best.sets, ledger.stopped, ledger.left_out(), ledger.seconds
        )
        if log:
            log.add("end", stopped=ledger.stopped, best_epoch=best.epoch, seconds=round(ledger.seconds, 3))
            folder.write_skipped(trained.skipped)
            folder.write_summary(trained.to_dict())
        if trained.skipped:
            self.tell(f"{len(trained.skipped):,} recordings could not be decoded: {folder.skipped}")
        return trained


def _chain(settings: Settings) -> Any:
    """The steps of augmentation; None where there are none."""
    if not settings.augment:
        return None
    from truevoice.augment import Chain

    return Chain.from_list(settings.augment)


def _frozen(settings: Settings, start: Start, *, augmented: bool) -> FrozenFeatures | None:
    if not settings.network.cache_frozen:
        return None
    if why := why_not(start.network, augmented=augmented, crop=settings.data.crop):
        raise UsageError(f"--cache-frozen: {why}; leave it out")
    return FrozenFeatures(start.network, cache_folder() / "features")


def _loss(settings: Settings, sets: Sets, start: Start) -> nn.Module:
    return make_loss(settings.loss, *_counts(sets), start.card.bonafide_index)


def _counts(sets: Sets) -> tuple[int, int]:
    """Training trials that are bona fide, and that are spoofed."""
    n_bonafide = sum(trial.label == BONAFIDE for trial in sets.train)
    return n_bonafide, len(sets.train) - n_bonafide


@contextlib.contextmanager
def _told_once() -> Iterator[None]:
    """What all processes find at once, the main one tells: torchrun ends the others when it has ended."""
    try:
        yield
    except TruevoiceError:
        if not is_main():
            time.sleep(LET_MAIN_TELL)
        raise


@contextlib.contextmanager
def _alone_in_process(settings: Settings) -> Iterator[None]:
    """What Trainer sets for the whole process is put back: random states, determinism, its own and others' warnings."""
    from transformers.utils import logging

    before = random.getstate(), np.random.get_state(), logging.get_verbosity()
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if settings.schedule.deterministic and torch.cuda.is_available():
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])
            logging.set_verbosity(before[2])
            torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn
