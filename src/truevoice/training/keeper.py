"""Checkpoints: best/ and last/, each whole at any moment, and what a run goes on from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card
from truevoice.errors import TruevoiceError, one_line
from truevoice.evaluation.score_set import ScoreSet
from truevoice.training.kept import write_trained
from truevoice.training.ledger import Ledger
from truevoice.training.processes import WORKER_DIED, gathered, is_main
from truevoice.training.run_folder import STATE, RunFolder, beside, drop_staged, put_in_place, staged
from truevoice.windows import WindowPolicy


@dataclass
class Found:
    """The best epoch, until it is kept: its scores, and the calibration of validation's, None where none can be."""

    score_sets: dict[str, ScoreSet]
    calibration: Calibration | None


class Keeper:
    """Writes what a run keeps. Both folders are staged first, and then put in place at once."""

    def __init__(
        self, folder: RunFolder, card: Card, origin: dict[str, Any], ledger: Ledger, policy: WindowPolicy
    ) -> None:
        """policy: how validation hears."""
        self.folder, self.card, self.origin, self.ledger, self.policy = folder, card, origin, ledger, policy
        self.found: Found | None = None  # a best epoch that is not kept yet
        self.calibration: Calibration | None = None  # of the newest epoch
        self._whole = "none yet"

    def keep(self, network: nn.Module, step: int, write_state: Callable[[Path], None]) -> None:
        """last/, and best/ where the newest epoch is the best. write_state(folder) is called in every process.

        Raises TruevoiceError where something cannot be written: what was there before is whole then.
        """
        why = gathered(self._try(lambda: self._stage(network) if is_main() else None))
        if not any(why):
            state = beside(self.folder.last) / STATE
            why = gathered(self._try(lambda: write_state(state)))
        if not any(why):
            why = gathered(self._try(lambda: self._put(state) if is_main() else None))
        self.found = None
        if failure := next((one for one in why if one), ""):
            for one in (self.folder.best, self.folder.last):
                if is_main():
                    drop_staged(one)
            raise TruevoiceError(
                f"{self.folder.path}: the checkpoint of step {step} cannot be written ({failure}); the one before it "
                f"({self._whole}) is whole: make room, then --resume"
            )
        self._whole = f"step {step}"

    def resumed(self, step: int) -> None:
        self._whole = f"step {step}"

    @property
    def whole(self) -> str:
        """The last checkpoint that is whole, in words."""
        return self._whole

    def _stage(self, network: nn.Module) -> None:
        targets = [(self.folder.last, self.calibration)]
        if self.found:
            targets.append((self.folder.best, self.found.calibration))
        for target, calibration in targets:
            write_trained(
                staged(target),
                network,
                self.card,
                self.origin,
                calibration=calibration,
                training=self._facts(),
                windows=self.policy,
            )
        (beside(self.folder.last) / STATE).mkdir()

    def _put(self, state: Path) -> None:
        self.ledger.write(state)
        if self.found:
            self.folder.write_scores(self.found.score_sets)
            put_in_place(self.folder.best)
        put_in_place(self.folder.last)

    def _facts(self) -> dict[str, Any]:
        """What is told of the training in a kept folder."""
        newest = self.ledger.epochs[-1] if self.ledger.epochs else None
        data = self.ledger.settings["data"]
        return {
            "data": " ".join(filter(None, [data["data"], data["train_splits"], data["subset"].replace("100%", "")])),
            "settings": {name: value for name, value in self.ledger.settings.items() if name != "trials"},
            "epoch": newest.epoch if newest else 0,
            "figures": newest.sets if newest else {},
        }

    @staticmethod
    def _try(work: Callable[[], None]) -> str:
        """Why it failed; "" where it did not. Libraries tell of a full disk in errors of their own kinds."""
        try:
            work()
        except TruevoiceError as error:
            return str(error)
        except OSError as error:
            return error.strerror or one_line(error)
        except Exception as error:
            of_writing = isinstance(error, RuntimeError) or type(error).__name__ == "SafetensorError"
            if not of_writing or WORKER_DIED in str(error):
                raise
            return one_line(error, 120)
        return ""
