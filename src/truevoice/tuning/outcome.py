"""What a trial gives: its figures at its best epoch; and what one of a search's trials is asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from truevoice.training.settings import Settings

Watch = Callable[[int, float], bool]  # (epoch, from 1; its figure on validation) -> whether to stop


@dataclass(frozen=True)
class Outcome:
    """value: the figure that is searched for, on validation, at best_epoch; figures: all sets' figures there.

    stopped: why training ended, in words.
    """

    value: float
    best_epoch: int = 0
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    stopped: str = ""


class Objective(Protocol):
    """Trains with the settings into the folder (going on where an earlier attempt stopped), telling `watch` of every
    epoch. To be known by its name in its module, where several processes work: each imports it."""

    def __call__(self, settings: Settings, folder: Path, watch: Watch) -> Outcome: ...
