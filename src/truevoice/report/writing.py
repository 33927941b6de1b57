"""Writing results to files: each file appears whole or not at all."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path, PurePath

from truevoice.detectors.result import Result
from truevoice.errors import MissingExtraError, TruevoiceError, UsageError
from truevoice.files import replace_file
from truevoice.report.format import Format
from truevoice.report.formats import FORMATS
from truevoice.scoring.run import Run

LONGEST_NAME = 255  # bytes

Results = Callable[[], Iterable[Result]]  # called once a format: a big run is read from disk, not held in memory


def parse_formats(text: str) -> list[Format]:
    """ "csv,json" → the formats, each once. Raises UsageError for an unknown name."""
    if not isinstance(text, str):
        raise UsageError(f"formats are one string, as in 'csv,json', not {type(text).__name__}")
    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not wanted:
        raise UsageError(f"no format is named: choose among {', '.join(FORMATS)}")
    for name in wanted:
        if name not in FORMATS:
            raise UsageError(f"format {name!r} is not known: choose among {', '.join(FORMATS)}")
        if (package := FORMATS[name].needs) and find_spec(package) is None:
            raise MissingExtraError(f"the format {name}", name)
    return [FORMATS[name] for name in dict.fromkeys(wanted)]


def write(results: Results, run: Run, folder: Path, formats: Iterable[Format]) -> list[Path]:
    """Writes `folder/scores.EXT` for each format, or `folder/NAME/RECORDING.EXT` for those with one file a recording.

    Gives the paths written (of the folder, for one file a recording). Raises TruevoiceError where the disk refuses.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for form in formats:
            if form.per_trial:
                written.append(folder / form.name)
                _write_each(results(), run, folder / form.name, form)
            else:
                target = folder / f"scores{form.extension}"
                replace_file(target, encode(results(), run, form))
                written.append(target)
    except OSError as error:
        raise TruevoiceError(f"{error.filename or folder}: cannot be written ({error.strerror})") from None
    return written


def encode(results: Iterable[Result], run: Run, form: Format) -> Iterable[bytes]:
    """Results in one format, as pieces of bytes."""
    if form.binary is not None:
        yield form.binary(results, run)
    elif form.render is not None:
        for piece in form.render(results, run):
            yield piece.encode(errors="backslashreplace")  # names that are no UTF-8; in JSON this is its own escape


def _write_each(results: Iterable[Result], run: Run, folder: Path, form: Format) -> None:
    taken: set[Path] = set()
    for result in results:
        if result.error:
            continue
        # Only plain parts of the name: a trial called ../../x must not leave the folder.
        parts = [part for part in PurePath(result.trial).parts if part not in ("/", "..", ".", "\\")]
        full = parts.pop() if parts else "recording"
        stem = PurePath(full).stem
        numbered = (f"{full}-{number}" for number in count(2))
        names = (folder.joinpath(*parts, _fitting(name, form.extension)) for name in chain((stem, full), numbered))
        # a.wav beside a.mp3: a.srt and a.mp3.srt; and a folder may have the name already
        target = next(path for path in names if path not in taken and not path.is_dir())
        taken.add(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, encode([result], run, form))


def _fitting(stem: str, extension: str) -> str:
    """A file name within the 255 bytes that file systems allow; what is cut off is stood in for by a checksum."""
    name = os.fsencode(stem)
    if len(name) + len(extension) <= LONGEST_NAME:
        return stem + extension
    mark = f"-{zlib.crc32(name):08x}{extension}"
    return name[: LONGEST_NAME - len(mark)].decode(errors="ignore") + mark
