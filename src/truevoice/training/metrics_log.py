"""metrics.jsonl: one line an event, appended as it happens. Needs no torch."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, BinaryIO

from truevoice.errors import TruevoiceError, one_line


class MetricsLog:
    """Appends events to a file. `keep`: how many of its bytes count; what lies beyond was written by a process that was
    killed before its next checkpoint, and is cut away, as is half a line. Raises TruevoiceError where it cannot be
    written."""

    def __init__(self, path: Path, *, keep: int = 0) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        try:
            self._file = path.open("r+b" if path.exists() else "w+b")
            self._file.truncate(self._file.read(keep).rfind(b"\n") + 1)
            self._file.seek(0, 2)
        except OSError as error:
            raise self._unwritable(error) from None

    def add(self, event: str, **facts: Any) -> None:
        """One line; numbers that are not finite become null, as JSON has none."""
        line = json.dumps({"event": event, **_finite(facts)}, ensure_ascii=False)
        assert self._file is not None
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from None

    def size(self) -> int:
        """Bytes written so far."""
        assert self._file is not None
        return self._file.tell()

    def close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:  # a disk that is full was reported when the line was added
                pass
            self._file = None

    def _unwritable(self, error: OSError) -> TruevoiceError:
        why = error.strerror or one_line(error)
        return TruevoiceError(
            f"{self._path}: cannot be written ({why}); the last checkpoint is whole, --resume goes on from it"
        )


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value
