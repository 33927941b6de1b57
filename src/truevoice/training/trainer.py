"""transformers.Trainer, told what is ours: batches, loss, measurement, checkpoints, and what is written down.

The loop itself, accumulation, clipping, schedules, DDP, FSDP and the skipping of batches on resume are Trainer's.
"""

from __future__ import annotations

import contextlib
import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from truevoice.data.trial import LeftOut
from truevoice.errors import AudioError, CheckpointError, TruevoiceError, one_line
from truevoice.training.averaging import AVERAGE, average_of
from truevoice.training.dataset import TrainingSet, together
from truevoice.training.epochs import Epoch
from truevoice.training.examiner import Examiner
from truevoice.training.keeper import Found, Keeper
from truevoice.training.ledger import ALL_DONE, Ledger
from truevoice.training.metrics_log import MetricsLog
from truevoice.training.processes import WORKER_DIED, gathered, is_main, of_main, share_buffers
from truevoice.training.sampling import Batches
from truevoice.training.settings import Settings
from truevoice.training.trainable import keep_frozen_in_eval
from truevoice.training.trainer_arguments import make_optimiser

WEIGHTS, TRAINER_STATE = "model.safetensors", "trainer_state.json"
FILES_NAMED = 4  # in an error's line

Progress = Callable[[int, int, str], None]  # steps done, steps in all, what is being done
Watch = Callable[[Epoch], bool]


@dataclass
class Course:
    """What goes with a run from its begin to its end. log: in the main process only."""

    settings: Settings
    ledger: Ledger
    keeper: Keeper
    examiner: Examiner
    log: MetricsLog | None = None
    watch: Watch | None = None
    tell: Callable[[str], None] = lambda _: None
    progress: Progress = lambda _done, _of, _words: None


class VoiceTrainer(Trainer):
    """Trains `network` with `loss` (waves' logits, bonafide) → scalar."""

    loss_is_scaled_for_ga = True  # by each part's share of its batch

    def __init__(
        self,
        network: nn.Module,
        loss: nn.Module,
        examples: TrainingSet,
        batches: Batches,
        arguments: TrainingArguments,
        course: Course,
    ) -> None:
        # Where parameters get sharded, what is kept is put together in a copy.
        self._whole = copy.deepcopy(network) if course.settings.schedule.fsdp and is_main() else None
        learning = examples.frozen.rest if examples.frozen else network
        super().__init__(
            learning, arguments, train_dataset=examples, eval_dataset=examples, callbacks=[Clockwork(self)]
        )
        self.remove_callback(PrinterCallback)
        self.network, self.examples = network, examples
        self.loss = loss.to(arguments.device)
        self.batches, self.course = batches, course
        self.average: AveragedModel | None = average_of(network, course.settings.optimiser)
        self._parts: list[tuple[list[int], Tensor]] = []  # trials and loss of each part since the last step
        self._failed: list[LeftOut] = []
        self._bf16 = course.settings.schedule.precision == "bf16"
        self._since = time.perf_counter()
        self._workers: Any = None  # the iterator over batches that holds them

    # Batches and loss

    def get_train_dataloader(self) -> DataLoader[Any]:
        workers = self.course.settings.schedule.workers
        return DataLoader(
            self.examples,
            batch_sampler=self.batches,
            collate_fn=together,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=self.args.device.type == "cuda",
            generator=torch.Generator().manual_seed(self.args.seed),  # so that an epoch's begin draws from no other
        )

    def get_batch_samples(self, epoch_iterator: Any, *more: Any) -> Any:
        if epoch_iterator is not self._workers:
            self.stop_workers()
            self._workers = epoch_iterator
        return super().get_batch_samples(epoch_iterator, *more)

    def stop_workers(self) -> None:
        """At once. The collector of garbage would leave them their memory for long, and wait five seconds for each.

        One that was killed is told of where a batch is missed; while they are sent away it is no news.
        """
        stop = getattr(self._workers, "_shutdown_workers", None)
        self._workers = None
        try:
            if stop:
                stop()
        except RuntimeError as error:
            if WORKER_DIED not in str(error):
                raise

    def compute_loss(self, model: nn.Module, inputs: dict[str, Any], *_: Any, **__: Any) -> Tensor:
        if inputs["error"]:
            raise AudioError(inputs["error"])
        keep_frozen_in_eval(self.network)
        with torch.autocast(self.args.device.type, torch.bfloat16) if self._bf16 else contextlib.nullcontext():
            logits = model(inputs["waves"])
        loss = self.loss(logits.float(), inputs["bonafide"]) * inputs["share"]
        self._parts.append((inputs["indices"], loss.detach()))
        self._failed += inputs["failed"]
        return loss

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            learning = self.network if model is None else model
            self.optimizer = make_optimiser(learning.parameters(), self.course.settings.optimiser, self.args.device)
        return self.optimizer

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> Any:
        return grad_norm  # none is measured where none is clipped: nobody reads it

    # What is written down

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" not in logs:  # Trainer's own last words
            return
        course, loss, step = self.course, logs["loss"], self.state.global_step
        if not math.isfinite(loss):
            self._stop_at_nan(loss)
        self._parts.clear()
        course.ledger.loss_sum += loss
        course.ledger.loss_count += 1
        if course.log:
            epoch = self.state.epoch or 0.0
            course.log.add("step", epoch=round(epoch, 6), step=step, loss=loss, lr=logs["learning_rate"])
        self.show(f"loss {loss:.3f}")

    def show(self, words: str) -> None:
        """Tells the progress bar."""
        epoch = min(self.state.global_step // self.batches.steps + 1, self.course.settings.schedule.epochs)
        self.course.progress(self.state.global_step, self.state.max_steps, f"epoch {epoch}, {words}")

    def _stop_at_nan(self, loss: float) -> None:
        bad = [index for indices, part in self._parts if not bool(torch.isfinite(part)) for index in indices]
        names = [self.examples.recordings.trials[index].name for index in bad]
        files = sorted({name for some in gathered(names) for name in some})
        epoch, step = (self.state.global_step - 1) // self.batches.steps + 1, self.state.global_step
        if self.course.log:
            self.course.log.add("failed", epoch=epoch, step=step, loss=str(loss), files=files)
        lr, whole = self.course.settings.optimiser.lr, self.course.keeper.whole
        shown = ", ".join(files[:FILES_NAMED]) + (f" and {len(files) - FILES_NAMED} more" * (len(files) > FILES_NAMED))
        raise TruevoiceError(
            f"the loss is {loss:g} in epoch {epoch}, step {step} (its batch: {shown}); try a lower --lr than {lr:g} "
            f"or --max-grad-norm 1; last whole checkpoint: {whole}"
        )

    def note_failures(self) -> None:
        """Brings what could not be decoded since the last time into the ledger; all processes at once."""
        failures = [one for some in gathered(self._failed) for one in some]
        self._failed = []
        new = self.course.ledger.note_skipped(failures)
        if self.course.log:
            for one in new:
                self.course.log.add("skipped", name=one.name, reason=one.reason)

    # Measurement

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        course, ledger = self.course, self.course.ledger
        epoch = self.state.global_step // self.batches.steps
        measured = self.average.module if self.average else self.network
        share_buffers(measured)
        ledger.epoch_seconds += self.clock()
        newest, calibration = course.examiner.examine(
            measured,
            ledger,
            epoch=epoch,
            step=self.state.global_step,
            train_loss=ledger.loss_sum / max(1, ledger.loss_count),
            device=self.args.device,
            clock=lambda: ledger.epoch_seconds + time.perf_counter() - self._since,
            progress=self.show,
            divided=not course.settings.schedule.fsdp,
        )
        self._failed += [one for found in newest.score_sets.values() for one in found.left_out]
        self.note_failures()
        ledger.epochs.append(newest)
        self.clock()  # what has passed is in the epoch's seconds
        ledger.seconds += newest.seconds
        ledger.loss_sum, ledger.loss_count, ledger.epoch_seconds = 0.0, 0, 0.0
        course.keeper.calibration = calibration
        if newest.is_best:
            course.keeper.found = Found(newest.score_sets, calibration)
        if course.log:
            course.log.add("epoch", **newest.to_dict())
        self._decide(newest)
        return {}

    def _decide(self, newest: Epoch) -> None:
        """Whether training goes on; what stops it stands in the ledger."""
        course, ledger = self.course, self.course.ledger
        asked = of_main(bool(course.watch(newest)) if course.watch and is_main() else False)
        patience = course.settings.schedule.patience
        if asked:
            ledger.stopped = "stopped by who watched it"
        elif newest.epoch >= course.settings.schedule.epochs:
            ledger.stopped = ALL_DONE
        elif patience and ledger.epochs_since_best() >= patience:
            ledger.stopped = f"no better {course.settings.schedule.best_by} for {patience} epochs"
        self.control.should_training_stop |= bool(ledger.stopped)

    def clock(self) -> float:
        """Seconds since it was last asked."""
        now = time.perf_counter()
        since, self._since = self._since, now
        return now - since

    # Checkpoints

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        ledger = self.course.ledger
        self.note_failures()
        ledger.epoch_seconds += self.clock() if ledger.loss_count else 0.0
        ledger.metrics = self.course.log.size() if self.course.log else 0
        kept = self.average.module if self.average else self.network
        self.course.keeper.keep(self._plain(kept), self.state.global_step, self._write_state)

    def _plain(self, network: nn.Module) -> nn.Module:
        """The network with all its parameters in one place, which they are not where they are sharded."""
        if not self.course.settings.schedule.fsdp:
            return network
        state = self.accelerator.get_state_dict(self.model)
        if self._whole is None:
            return network
        self._whole.load_state_dict(state)
        return self._whole

    def _write_state(self, folder: Path) -> None:
        self.save_model(str(folder), _internal_call=True)
        self._save_optimizer_and_scheduler(str(folder))
        self._save_scaler(str(folder))
        self._save_rng_state(str(folder))
        if is_main():
            self.state.save_to_json(str(folder / TRAINER_STATE))
            if self.average:
                torch.save(self.average.state_dict(), folder / AVERAGE)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        if is_main():
            assert output_dir is not None
            assert self.model is not None
            state = self.model.state_dict() if state_dict is None else state_dict
            # Clones: tensors that share memory are refused.
            save_file(
                {name: one.detach().clone().contiguous() for name, one in state.items()}, f"{output_dir}/{WEIGHTS}"
            )

    def _issue_warnings_after_load(self, load_result: Any) -> None:
        if load_result is not None and (load_result.missing_keys or load_result.unexpected_keys):
            odd = [*load_result.missing_keys, *load_result.unexpected_keys][0]
            raise CheckpointError(
                f"{self.course.keeper.folder.state}: is of another network ({one_line(odd, 80)}); --force begins anew"
            )

    def load_average(self, folder: Path) -> None:
        """The running mean of the weights, as it was at the checkpoint."""
        if self.average:
            state = torch.load(folder / AVERAGE, map_location=self.args.device, weights_only=True)
            self.average.load_state_dict(state)


class Clockwork(TrainerCallback):
    """What happens at fixed moments of the loop."""

    def __init__(self, trainer: VoiceTrainer) -> None:
        self.trainer = trainer

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.trainer.batches.set_epoch(state.global_step // self.trainer.batches.steps)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.trainer.average:
            self.trainer.average.update_parameters(self.trainer.network)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        every = self.trainer.course.settings.schedule.save_every
        ends_epoch = state.global_step % self.trainer.batches.steps == 0  # that one is saved once it is measured
        if every and state.global_step % every == 0 and not ends_epoch:
            control.should_save = True
