"""Opening trackers by name."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from truevoice.errors import MissingExtraError, TruevoiceError, UsageError, one_line
from truevoice.tracking.child import ChildBackend
from truevoice.tracking.evidence import EvidenceRoom
from truevoice.tracking.guarded import GuardedTracker
from truevoice.tracking.ledger import Entry, Ledger
from truevoice.tracking.tracker import Backend, Tracker

Config = Mapping[str, Any]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Kind:
    """extra: of the package, that brings the library. open: (folder, entry, config, resumed) → backend."""

    extra: str
    open: Callable[[Path, Entry, Config, bool], Backend]


def check_trackers(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each once. Raises UsageError for an unknown one and MissingExtraError where a library is absent."""
    wanted = dict.fromkeys(name.strip().lower() for name in names if name.strip())
    for name in wanted:
        if name not in KINDS:
            near = difflib.get_close_matches(name, KINDS, n=1)
            known = f"did you mean {near[0]}?" if near else f"known: {', '.join(KINDS)}"
            raise UsageError(f"tracker {one_line(name, 60)!r} is not known; {known}")
        spec = find_spec(name)
        if spec is None or spec.origin is None:  # a folder called wandb, as wandb leaves them, is no library
            raise MissingExtraError(f"logging to {name}", KINDS[name].extra)
    return tuple(wanted)


def open_trackers(
    names: Sequence[str],
    *,
    folder: Path,
    run: str,
    config: Mapping[str, Any],
    resume: bool = False,
    tell: Tell | None = None,
) -> list[Tracker]:
    """Opens trackers for one run, in the main process only. names: tensorboard, wandb, trackio.

    folder: where their files go, and `trackers.json`, which says what they have been told. run: its name in them.
    config: settings, nested, shown beside the run. resume: go on with the run that the folder's trackers hold, where
    there is one; pass it only where training itself goes on, or the figures of a new run are taken for old ones. tell:
    hears of a tracker that fails; warnings.warn where None.

    Raises UsageError, MissingExtraError, and TruevoiceError where a tracker cannot begin. Later failures raise nothing.
    """
    wanted = check_trackers(names)
    say = tell or _warn
    opened: list[Tracker] = []
    at = ""
    if not wanted:
        return opened
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ledger, room = Ledger(folder), EvidenceRoom()
        if ledger.note:
            say(ledger.note)
        for name in wanted:
            at = f"{name}: "
            entry = ledger.entry(name, run, resume=resume)
            backend = KINDS[name].open(folder, entry, config, bool(entry.last))
            opened.append(GuardedTracker(name, backend, entry, ledger, room, say))
        ledger.save()
    except Exception as error:
        for tracker in opened:
            tracker.close()
        words = one_line(error, 200)
        if isinstance(error, OSError) and error.strerror:
            words = f"{error.filename or folder}: {error.strerror}"
        raise TruevoiceError(f"trackers cannot begin ({at}{words}): leave --log-to out, or mend it") from None
    return opened


def _warn(words: str) -> None:
    warnings.warn(words, stacklevel=4)


def _open_tensorboard(folder: Path, entry: Entry, config: Config, resumed: bool) -> Backend:
    from truevoice.tracking.tensorboard_run import TensorBoardRun

    return TensorBoardRun(folder / "tensorboard" / entry.name, entry.memory, {} if resumed else config)


def _open_wandb(folder: Path, entry: Entry, config: Config, resumed: bool) -> Backend:
    """Offline unless WANDB_MODE says otherwise: recordings of people leave a machine only where that is asked for.
    What wandb would keep in the home folder lies in the run's, for an offline run cannot be sent without it."""
    place = folder / "wandb"
    environment = {
        "WANDB_MODE": os.environ.get("WANDB_MODE", "offline"),
        "WANDB_DATA_DIR": os.environ.get("WANDB_DATA_DIR", str(place.resolve() / "data")),
        "WANDB_CACHE_DIR": os.environ.get("WANDB_CACHE_DIR", str(place.resolve() / "cache")),
        "WANDB_ERROR_REPORTING": os.environ.get("WANDB_ERROR_REPORTING", "false"),
        "WANDB_SILENT": "true",
    }
    return ChildBackend("wandb", folder, entry, config, place=place, resumed=resumed, environment=environment)


def _open_trackio(folder: Path, entry: Entry, config: Config, resumed: bool) -> Backend:
    """On this machine only: nothing is sent anywhere, no dashboard is started."""
    place = Path(os.environ.get("TRACKIO_DIR") or folder / "trackio")
    elsewhere = ("SPACE_ID", "SERVER_URL", "BUCKET_ID", "DATASET_ID", "WEBHOOK_URL")
    environment: dict[str, str | None] = {f"TRACKIO_{name}": None for name in elsewhere}
    environment |= {"TRACKIO_DIR": str(place.resolve()), "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment |= {"GRADIO_ANALYTICS_ENABLED": "False"}
    return ChildBackend("trackio", folder, entry, config, place=place, resumed=resumed, environment=environment)


KINDS = {
    "tensorboard": _Kind("train", _open_tensorboard),
    "wandb": _Kind("wandb", _open_wandb),
    "trackio": _Kind("trackio", _open_trackio),
}
