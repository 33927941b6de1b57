"""`truevoice score`: any number of recordings through one detector, resumable, written in any format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from numbers import Integral
from os import PathLike
from pathlib import Path

from truevoice.audio import DEFAULT_LIMITS, Limits
from truevoice.detectors.deciding import decided
from truevoice.detectors.detector import Detector
from truevoice.detectors.register import load
from truevoice.detectors.result import Result
from truevoice.errors import UsageError
from truevoice.report.format import Format
from truevoice.report.writing import parse_formats, write
from truevoice.scoring.inputs import expand
from truevoice.scoring.run import Run
from truevoice.scoring.session import Progress, Session, score_session
from truevoice.windows import WindowPolicy, default_policy, parse_length, whole_policy

Source = str | PathLike[str]


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
    precision: str = "float32",
    windows: str | None = None,
    window: str | int | None = None,
    hop: str | int | None = None,
    pooling: str | None = None,
    calibration: Source | None = None,
    prior: float | None = None,
    threshold: float | str | None = None,
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

    model, checkpoint, device, engine, precision: as in `truevoice.load`; or a `detector` already loaded.
    windows: "overlap", "first" or "whole"; window, hop: samples, or a string with a unit ("2.5s"); pooling: a name of
    `truevoice.windows.POOLINGS`. calibration: a file of `truevoice calibrate`; prior: P(spoof) beforehand; threshold:
    verdict `bonafide` from this score on, or the name of one of the calibration's.
    jobs: decoding threads, 0 = as many as cores. batch_size: windows a batch, 0 = what the engine likes.
    out: a folder for the results in `formats`; a run killed at any moment goes on where it stopped when it is started
    again, and what was scored there before stays in the table; force begins anew. progress: called after each result.

    A recording that cannot be read is a result with `error`. Raises UsageError and the errors of `truevoice.load`.
    """
    wanted = parse_formats(formats)
    if jobs < 0 or batch_size < 0:
        raise UsageError("jobs (--jobs) and batch_size (--batch-size) must be 0 or more")
    inputs = expand([sources] if isinstance(sources, str | PathLike) else sources)
    detector = detector or load(
        model,
        checkpoint=checkpoint,  # type: ignore[arg-type]
        device=device,
        engine=engine,
        precision=precision,
    )
    detector = decided(detector, calibration=calibration, prior=prior, threshold=threshold)
    policy = detector.checked_policy(choose_policy(detector, windows, window, hop, pooling))
    folder = Path(out) if out is not None else None
    session = score_session(
        detector,
        inputs.trials,
        policy,
        out=folder,
        fresh=force,
        limits=limits,
        jobs=jobs,
        batch_size=batch_size,
        progress=progress,
    )
    session.run.passed_over = inputs.passed_over
    written = _write_all(session, folder, wanted) if folder else []
    return Scores(session.run, written, session.results)


def _write_all(session: Session, out: Path, wanted: list[Format]) -> list[Path]:
    """Writes the trials of this run and, after them, those of earlier runs into the same folder."""
    run = session.run
    of_all = replace(run, total=0, failed=0, bonafide=0, spoof=0, abstained=0, audio_seconds=0.0)
    of_all.count(session.everything())
    run.earlier = of_all.total - run.total
    return write(session.everything, of_all, out, wanted)


def choose_policy(
    detector: Detector,
    windows: str | None = None,
    window: str | int | None = None,
    hop: str | int | None = None,
    pooling: str | None = None,
    *,
    default: WindowPolicy | None = None,
) -> WindowPolicy:
    """`default` (the detector's own) with what the user asked for in place of its parts. Raises UsageError."""
    default = default or detector.policy
    if windows in ("first", "whole"):
        hop = None  # its step means nothing
    if windows == "whole" and default.kind != "whole":
        default = whole_policy()
    if windows in ("overlap", "first") and default.kind not in ("overlap", windows):
        default = default_policy(detector.window)
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
