"""Locks between processes that end with the process, however it ends; they need no heartbeat and leave nothing stale.

POSIX record locks: a forked data-loader worker does not inherit them, so a killed run's lock is free at once. They hold
per process, not per thread. Where they do not exist (Windows), `SHARED` is False and one process must work alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

SHARED = find_spec("fcntl") is not None


class Lock:
    """A lock on a file of its own, which may stay behind empty. `take` waits; `try_take` says whether it got it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        self._get(wait=True)

    def try_take(self) -> bool:
        return self._get(wait=False)

    def free(self) -> None:
        if self._file is not None:
            self._file.close()  # closing gives the lock back
            self._file = None

    def _get(self, *, wait: bool) -> bool:
        file = self.path.open("a+b")
        if SHARED:
            import fcntl

            try:
                fcntl.lockf(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except OSError:
                file.close()
                if wait:
                    raise
                return False
        self._file = file
        return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock `path` within the block, waiting for it."""
    lock = Lock(path)
    lock.take()
    try:
        yield
    finally:
        lock.free()


class JournalLock:
    """What Optuna's journal file asks of a lock; besides, it cuts off a line that a killed process left unfinished.

    Optuna would append to the torn line and could read nothing from there on.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = Lock(journal.with_name(f".{journal.name}.lock"))

    def acquire(self) -> bool:
        self._lock.take()
        cut_torn_line(self._journal)
        return True

    def release(self) -> None:
        self._lock.free()


def cut_torn_line(path: Path) -> None:
    """Shortens the file to its last end of line."""
    with path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        if not end:
            return
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
