"""Many recordings through one detector: decoding in threads beside the model, batches across recordings.

Decoders (soundfile, PyAV, soxr) and the engines let go of Python's lock, so threads are enough. Each decoding thread
takes one recording at a time and hands its windows over through a bounded queue, so memory depends neither on the
number of recordings nor on their length.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import DEFAULT_LIMITS, Limits, open_audio
from truevoice.data.trial import Trial
from truevoice.detectors.detector import Detector, Hearing, failed
from truevoice.detectors.onnx_engine import usable_cores
from truevoice.detectors.result import Result
from truevoice.errors import AudioError, TruevoiceError, one_line
from truevoice.scoring.journal import Journal, fingerprint
from truevoice.windows import WindowPolicy

BATCH_BYTES = 16 * 2**20  # of windows given to the model at once; long windows make small batches
LEAVE_WITHIN = 2.0  # s; a thread that waits for a silent pipe is left behind
QUEUED_BYTES = 32 * 2**20  # of windows waiting for the model


@dataclass
class _Job:
    """One recording under way. `scores` fills in the order of `starts`; both are whole once its last piece came."""

    trial: Trial
    hearing: Hearing | None = None
    starts: list[NDArray[np.int64]] = field(default_factory=list)
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    error: str = ""


@dataclass(frozen=True)
class _Piece:
    """Windows of one job on their way to the model, or its end (`windows` None)."""

    job: _Job
    starts: NDArray[np.int64] | None = None
    windows: NDArray[np.float32] | None = None


class _StoppedError(Exception):
    """The consumer is gone; the decoding threads leave."""


def score_trials(
    detector: Detector,
    trials: Sequence[Trial],
    *,
    policy: WindowPolicy | None = None,
    limits: Limits = DEFAULT_LIMITS,
    jobs: int = 0,
    batch_size: int = 0,
) -> Iterator[Result]:
    """Scores trials, and gives each result as soon as it is ready: in the order of completion, exactly one a trial.

    jobs: decoding threads, 0 = as many as usable cores. batch_size: windows a batch, 0 = what the engine likes.
    A recording that cannot be read gives a result with `error`; nothing is raised for it.
    """
    policy = detector.checked_policy(policy)
    window_bytes = policy.window * 4
    batch_size = max(1, min(batch_size or detector.engine.batch_size, BATCH_BYTES // window_bytes))
    room = max(2, QUEUED_BYTES // (batch_size * window_bytes))
    pieces: queue.Queue[_Piece] = queue.Queue(maxsize=room)
    todo: queue.SimpleQueue[Trial] = queue.SimpleQueue()
    for trial in trials:
        todo.put(trial)
    stop = threading.Event()
    count = min(jobs or usable_cores(), len(trials))
    threads = [
        threading.Thread(
            target=_decode_all, name=f"decode-{i}", args=(todo, pieces, stop, policy, limits, batch_size), daemon=True
        )
        for i in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield from _consume(detector, policy, pieces, len(trials), batch_size)
    finally:
        stop.set()
        deadline = time.monotonic() + LEAVE_WITHIN
        for thread in threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))


def score_listed(
    detector: Detector, trials: Sequence[Trial], journal: Journal | None = None, **options: Any
) -> Iterator[Result]:
    """`score_trials` with its options, each result written to the journal before it is given."""
    before = {trial.name: fingerprint(trial) for trial in trials} if journal else {}
    for result in score_trials(detector, trials, **options):
        if journal:
            journal.add(result, before[result.trial])
        yield result


def _decode_all(
    todo: queue.SimpleQueue[Trial],
    pieces: queue.Queue[_Piece],
    stop: threading.Event,
    policy: WindowPolicy,
    limits: Limits,
    batch_size: int,
) -> None:
    def hand_over(piece: _Piece) -> None:
        while not stop.is_set():
            try:
                pieces.put(piece, timeout=0.2)
                return
            except queue.Full:
                continue
        raise _StoppedError

    try:
        while not stop.is_set():
            try:
                job = _Job(todo.get_nowait())
            except queue.Empty:
                return
            try:
                with open_audio(job.trial.source, limits=limits) as stream:
                    job.hearing = Hearing(policy, stream)
                    for starts, windows in job.hearing.pieces():
                        for i in range(0, len(starts), batch_size):
                            part = slice(i, i + batch_size)
                            hand_over(_Piece(job, starts[part], np.ascontiguousarray(windows[part])))
            except TruevoiceError as error:
                job.error = str(error)
            except _StoppedError:
                raise
            except Exception as error:  # decoders of strangers' files: one broken file must not end the run
                job.error = f"cannot be decoded ({type(error).__name__}: {one_line(error)})"
            hand_over(_Piece(job))
    except _StoppedError:
        return


def _consume(
    detector: Detector, policy: WindowPolicy, pieces: queue.Queue[_Piece], expected: int, batch_size: int
) -> Iterator[Result]:
    waiting: list[_Piece] = []  # not yet scored, in order of arrival
    held = 0  # windows in `waiting`
    finished = 0
    while finished < expected:
        try:
            # With windows at hand and none coming at once, a small batch now beats a full one later.
            piece = pieces.get(block=not held)
        except queue.Empty:
            piece = None
        if piece is not None:
            waiting.append(piece)
            held += 0 if piece.windows is None else len(piece.windows)
            if held and held < batch_size:
                continue
        for job in _score_batch(detector, waiting):
            finished += 1
            yield _result(detector, policy, job)
        waiting, held = [], 0


def _score_batch(detector: Detector, waiting: list[_Piece]) -> list[_Job]:
    """Scores all windows in `waiting` and gives the jobs whose end was among them."""
    by_length: dict[int, list[_Piece]] = {}  # recordings heard whole are of many lengths; none is padded to another's
    for piece in waiting:
        if piece.windows is not None:
            by_length.setdefault(piece.windows.shape[1], []).append(piece)
    for filled in by_length.values():
        windows = [piece.windows for piece in filled if piece.windows is not None]
        scores = detector.scores(windows[0] if len(windows) == 1 else np.concatenate(windows))
        at = 0
        for piece in filled:
            assert piece.starts is not None
            piece.job.starts.append(piece.starts)
            piece.job.scores.append(scores[at : at + len(piece.starts)])
            at += len(piece.starts)
    return [piece.job for piece in waiting if piece.windows is None]


def _result(detector: Detector, policy: WindowPolicy, job: _Job) -> Result:
    trial, error = job.trial, job.error
    if not error:
        assert job.hearing is not None
        job.hearing.stream.name = trial.name
        try:
            return detector.judge(job.hearing, np.concatenate(job.starts), np.concatenate(job.scores), trial.label)
        except AudioError as unscored:
            error = str(unscored)
    reason = error.removeprefix(f"{trial.source}: ").removeprefix(f"{trial.name}: ")  # the row has the name already
    return failed(trial.name, reason, detector, policy, trial.label)
