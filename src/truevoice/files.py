"""Writing files so that each appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def replace_file(target: Path, pieces: Iterable[bytes]) -> None:
    """Writes beside the target and moves into place, so that a killed run leaves the old file or the new one."""
    part = target.with_name(f".{os.getpid()}.part")  # short: the target's own name may be as long as names can be
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
