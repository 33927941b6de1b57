"""What a run must remember to go on after a stop, beside weights and optimiser. Needs no torch."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truevoice.data.trial import LeftOut, Trial
from truevoice.errors import CheckpointError, UsageError
from truevoice.training.epochs import VALIDATION, Epoch
from truevoice.training.settings import BEST_BY

LEDGER = "run.json"
ALL_DONE = "all epochs done"
EPOCHS = "schedule.epochs"
# What may differ when a run goes on: none of it changes what is learnt until then.
FREE = {
    *("schedule.patience", "schedule.workers", "schedule.save_every", "schedule.device"),
    *("schedule.eval_batch_size", "data.leak_report", "data.test"),
}


@dataclass
class Ledger:
    """Kept with each checkpoint.

    settings: as plain values, with the trials' fingerprint under "trials". losses: sum of the losses of the running
    epoch's steps, and their number. metrics: bytes of metrics.jsonl that this checkpoint stands for. seconds: of all
    processes until then; epoch_seconds: of the running epoch. stopped: why the run is over, "" while it is not.
    """

    settings: dict[str, Any]
    epochs: list[Epoch] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    loss_sum: float = 0.0
    loss_count: int = 0
    metrics: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    stopped: str = ""

    @property
    def best(self) -> Epoch | None:
        """The best epoch so far: the last that bettered all before it."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.is_best), None)

    def betters(self, figures: Mapping[str, float], best_by: str) -> bool:
        """Whether these figures of validation are better than those of all epochs so far; NaN never is."""
        value = figures[best_by]
        if math.isnan(value):
            return False
        if self.best is None:
            return True
        before = self.best.sets[VALIDATION][best_by]
        return value > before if BEST_BY[best_by] else value < before

    def epochs_since_best(self) -> int:
        return len(self.epochs) - (self.best.epoch if self.best else 0)

    def note_skipped(self, failures: Iterable[LeftOut]) -> list[LeftOut]:
        """Those that are new."""
        new = {one.name: one for one in failures if one.name not in self.skipped}
        self.skipped.update({name: one.reason for name, one in new.items()})
        return list(new.values())

    def left_out(self) -> list[LeftOut]:
        return [LeftOut(name, reason) for name, reason in sorted(self.skipped.items())]

    def write(self, folder: Path) -> None:
        facts = {**vars(self), "epochs": [epoch.to_dict() for epoch in self.epochs]}
        (folder / LEDGER).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """Raises CheckpointError where it is not whole."""
        try:
            facts = json.loads((folder / LEDGER).read_text(encoding="utf-8"))
            return cls(**{**facts, "epochs": [Epoch.from_dict(raw) for raw in facts["epochs"]]})
        except (OSError, ValueError, KeyError, TypeError):
            raise CheckpointError(
                f"{folder}: is not whole, so the run cannot go on from it; --force begins anew"
            ) from None

    def check_same(self, settings: Mapping[str, Any], where: Path) -> None:
        """Raises UsageError, one line, that names each setting with which the run was begun and that is another now."""
        before, now = _flat(self.settings), _flat(settings)
        falls = now.get("optimiser.schedule", "constant") != "constant" or bool(now.get("optimiser.warmup"))
        free = FREE if falls else FREE | {EPOCHS}
        changed = [
            f"{name} was {_shown(before.get(name))}, is {_shown(now.get(name))}"
            + (", and the learning rate's course follows it" if name == EPOCHS else "")
            for name in sorted({*before, *now})
            if before.get(name) != now.get(name) and not any(name == one or name.startswith(f"{one}.") for one in free)
        ]
        if changed:
            raise UsageError(
                f"{where}: was begun with other settings ({'; '.join(changed[:4])}"
                f"{f'; {len(changed) - 4} more' if len(changed) > 4 else ''}); give the same to resume, "
                "--force begins anew, -o names another folder"
            )


def fingerprint(trials: Iterable[Trial]) -> str:
    """A word for a list of trials: other names, labels or order give another."""
    digest = hashlib.sha256()
    for trial in trials:
        digest.update(f"{trial.name}\0{trial.label}\0".encode(errors="surrogatepass"))
    return digest.hexdigest()[:16]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def _shown(value: Any) -> str:
    text = "not set" if value in (None, "") else str(value)
    return text if len(text) < 40 else f"{text[:39]}…"
