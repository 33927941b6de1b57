"""A folder of recordings to draw from, decoded once and kept within a bound."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import load_audio
from truevoice.augment.draws import Draws
from truevoice.errors import AudioError, UsageError

SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".aif", ".au", ".webm", ".wma", ".caf"}
KEPT_BYTES = 2**28  # of decoded recordings, in each process

_decoded: OrderedDict[Path, NDArray[np.float32] | None] = OrderedDict()


@dataclass(frozen=True)
class Recordings:
    """The recordings beneath a folder, in the order of their names."""

    folder: Path
    files: tuple[Path, ...]

    @staticmethod
    def of(folder: str) -> Recordings:
        """Raises UsageError where the folder is missing or holds no file with the ending of a recording."""
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise UsageError(f"{folder}: is not a folder")
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        if not files:
            raise UsageError(f"{folder}: holds no recordings ({', '.join(sorted(SUFFIXES))})")
        return Recordings(path, tuple(files))

    def draw(self, draws: Draws) -> NDArray[np.float32]:
        """One of them, (n,) with n ≥ 1. One that cannot be read is named in a warning, once, and the next one by name
        takes its place. Raises AudioError where none can be read."""
        first = draws.one_of(len(self.files))
        for turn in range(len(self.files)):
            wave = _read(self.files[(first + turn) % len(self.files)])
            if wave is not None:
                return wave
        raise AudioError(f"{self.folder}: none of its {len(self.files)} recordings can be read")


def _read(path: Path) -> NDArray[np.float32] | None:
    if path in _decoded:
        _decoded.move_to_end(path)
        return _decoded[path]
    try:
        _decoded[path] = load_audio(path)
    except AudioError as error:
        warnings.warn(f"augmentation goes on without {error}", stacklevel=2)
        _decoded[path] = None
    kept = sum(wave.nbytes for wave in _decoded.values() if wave is not None)
    for old in list(_decoded)[:-1]:
        if kept <= KEPT_BYTES:
            break
        if (wave := _decoded[old]) is not None:
            kept -= wave.nbytes
            del _decoded[old]
    return _decoded[path]
