"""`truevoice score`: any number of recordings through one detector, resumable, written in any format."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from numbers import Integral
from os import PathLike
from pathlib import Path

from truevoice.audio import DEFAULT_LIMITS, Limits
from truevoice.data.trial import Trial
from truevoice.detectors.detector import Detector
from truevoice.detectors.register import load
from truevoice.detectors.result import Result
from truevoice.errors import UsageError
from truevoice.report.format import Format
from truevoice.report.writing import parse_formats, write
from truevoice.scoring.inputs import expand
from truevoice.scoring.journal import Journal
from truevoice.scoring.pipeline import score_listed
from truevoice.scoring.run import Run
from truevoice.windows import WindowPolicy, parse_length

Source = str | PathLike[str]
Progress = Callable[[int, int, Result | None], None]  # done, in all, the newest result


@dataclass
class Scores:
    """What scoring gave: iterate it for the results of the recordings asked for, in their order.

    `run` counts them; `written` names the files made, which also hold what was scored into that folder before. With an
    output folder, results are read back from its journal, so millions of them need no memory.
    """

    run: Run
    written: list[Path]
    _read: Callable[[], Iterable[Result]]

    def __iter__(self) -> Iterator[Result]:
        return iter(self._read())

    def __len__(self) -> int:
        return self.run.total


def score(
    sources: Source | Iterable[Source],
    *,
    model: str | None = None,
    checkpoint: Source | None = None,
    device: str = "auto",
    engine: str = "auto",
    windows: str | None = None,
    window: str | int | None = None,
    hop: str | int | None = None,
    pooling: str | None = None,
    prior: float | None = None,
    threshold: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
    jobs: int = 0,
    batch_size: int = 0,
    out: Source | None = None,
    formats: str = "csv,json",
    force: bool = False,
    progress: Progress | None = None,
    detector: Detector | None = None,
) -> Scores:
    """Scores files, folders, quoted patterns, lists, and "-" for standard input.

    model, checkpoint, device, engine: as in `truevoice.load`; or a `detector` already loaded.
    windows: "overlap" or "first"; window, hop: samples, or a string with a unit ("2.5s"); pooling: a name of
    `truevoice.windows.POOLINGS`. prior: P(spoof) beforehand; threshold: verdict `bonafide` from this score on.
    jobs: decoding threads, 0 = as many as cores. batch_size: windows a batch, 0 = what the engine likes.
    out: a folder for the results in `formats`; a run killed at any moment goes on where it stopped when it is started
    again, and what was scored there before stays in the table; force begins anew. progress: called after each result.

    A recording that cannot be read is a result with `error`. Raises UsageError and the errors of `truevoice.load`.
    """
    wanted = parse_formats(formats)
    if jobs < 0 or batch_size < 0:
        raise UsageError("jobs (--jobs) and batch_size (--batch-size) must be 0 or more")
    inputs = expand([sources] if isinstance(sources, str | PathLike) else sources)
    detector = detector or load(model, checkpoint=checkpoint, device=device, engine=engine)  # type: ignore[arg-type]
    detector = _decided(detector, prior, threshold)
    policy = detector.checked_policy(choose_policy(detector, windows, window, hop, pooling))
    run = Run.of(detector, policy)
    run.passed_over = inputs.passed_over
    started = time.perf_counter()
    journal = Journal(Path(out), run.settings(), fresh=force) if out is not None else None
    found: dict[str, Result] = {}
    try:
        trials = journal.rename(inputs.trials) if journal else inputs.trials
        todo = [trial for trial in trials if journal is None or not journal.is_done(trial)]
        run.kept = len(trials) - len(todo)
        if progress:
            progress(run.kept, len(trials), None)
        options = {"policy": policy, "limits": limits, "jobs": jobs, "batch_size": batch_size}
        for done, result in enumerate(score_listed(detector, todo, journal, **options), start=run.kept + 1):
            if journal is None:
                found[result.trial] = result
            if progress:
                progress(done, len(trials), result)

        def read() -> Iterable[Result]:
            return journal.results(trials) if journal else [found[trial.name] for trial in trials]

        run.count(read())
        run.seconds = time.perf_counter() - started
        written = _write_all(run, trials, journal, Path(out), wanted) if journal and out is not None else []
    finally:
        if journal:
            journal.close()
    return Scores(run, written, read)


def _write_all(run: Run, trials: list[Trial], journal: Journal, out: Path, wanted: list[Format]) -> list[Path]:
    """Writes the trials of this run and, after them, those of earlier runs into the same folder."""

    def everything() -> Iterable[Result]:
        return chain(journal.results(trials), journal.earlier(trials))

    of_all = replace(run, total=0, failed=0, bonafide=0, spoof=0, abstained=0, audio_seconds=0.0)
    of_all.count(everything())
    run.earlier = of_all.total - run.total
    return write(everything, of_all, out, wanted)


def _decided(detector: Detector, prior: float | None, threshold: float | None) -> Detector:
    """The detector with the user's prior and threshold; both need a calibration to act on."""
    if prior is None and threshold is None:
        return detector
    calibration = detector.calibration
    if calibration is None:
        raise UsageError(f"{detector.name} has no calibration, so --prior and --threshold have nothing to act on")
    if prior is not None:
        calibration = calibration.with_prior(prior)
    if threshold is not None:
        if not math.isfinite(threshold):
            raise UsageError(f"a threshold (--threshold) is a number, not {threshold}")
        calibration = replace(calibration, threshold=threshold)
    return replace(detector, calibration=calibration)


def choose_policy(
    detector: Detector,
    windows: str | None = None,
    window: str | int | None = None,
    hop: str | int | None = None,
    pooling: str | None = None,
) -> WindowPolicy:
    """The detector's own policy with what the user asked for in place of its parts. Raises UsageError."""
    default = detector.policy
    if windows == "first":
        hop = None  # its step means nothing
    size = default.window if window is None else _samples(window)
    if hop is not None:
        step = _samples(hop)
    else:  # keep the overlap's proportion when only the window changes
        step = default.hop if size == default.window else max(1, round(size * default.hop / default.window))
    return WindowPolicy(windows or default.kind, size, step, pooling or default.pooling)


def _samples(length: str | int) -> int:
    if isinstance(length, str):
        return parse_length(length)
    if isinstance(length, bool) or not isinstance(length, Integral):
        raise UsageError(f"{length!r} is not a length: give whole samples (64600) or a string with a unit ('2.5s')")
    return int(length)
