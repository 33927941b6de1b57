"""Several processes on one study, each taking trials until none is left."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from truevoice.errors import TruevoiceError, UsageError
from truevoice.tuning.locks import SHARED
from truevoice.tuning.outcome import Objective
from truevoice.tuning.search import Tell, work

_THREADS = "OMP_NUM_THREADS"


def work_together(out: Path, objective: Objective, jobs: int, tell: Tell | None = None) -> None:
    """`jobs` processes work on the study in `out`; what one of them leaves behind by dying is done here at the end.

    Each has its share of the cores. Raises what `work` raises, and UsageError where the system has no locks to share.
    """
    check_jobs(jobs)
    if jobs > 1:
        context = multiprocessing.get_context("spawn")  # forked processes cannot use CUDA
        processes = [context.Process(target=_worker, args=(out, objective, tell is not None)) for _ in range(jobs)]
        with _cores_shared(jobs):
            for process in processes:
                process.start()
        for process in processes:
            process.join()
    work(out, objective, tell)


def check_jobs(jobs: int) -> None:
    """Raises UsageError for a number of processes that cannot be had."""
    if jobs < 1:
        raise UsageError("--jobs must be 1 or more")
    if jobs > 1 and not SHARED:
        raise UsageError("several processes on one study need the file locks of Linux or macOS: leave --jobs out")


def _worker(out: Path, objective: Objective, talks: bool) -> None:
    try:
        work(out, objective, _say if talks else None)
    except TruevoiceError:
        pass  # the first process meets it as well, and says it
    except KeyboardInterrupt:
        pass


def _say(line: str) -> None:
    import sys

    print(line, file=sys.stderr, flush=True)


@contextmanager
def _cores_shared(jobs: int) -> Iterator[None]:
    """Processes begun within the block use their share of the cores, unless the user has said otherwise."""
    if os.environ.get(_THREADS):
        yield
        return
    os.environ[_THREADS] = str(max(1, (os.cpu_count() or 1) // jobs))
    try:
        yield
    finally:
        del os.environ[_THREADS]
