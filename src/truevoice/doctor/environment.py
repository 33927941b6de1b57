"""Is this machine fit to run truevoice: Python, the libraries it stands on, optional parts, codecs, cores."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from typing import Any, Literal

from truevoice.errors import one_line

OLDEST_PYTHON = (3, 11)
LIBRARIES = ("numpy", "onnxruntime", "soundfile", "soxr", "av", "matplotlib", "jinja2")
EXTRAS = {"torch": ("torch", "safetensors"), "export": ("onnx", "onnxscript"), "parquet": ("pyarrow",)}
CODECS = ("mp3", "aac", "opus", "vorbis", "flac", "amrnb", "wmav2", "alac", "pcm_s16le")

State = Literal["good", "absent", "bad"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. state: `absent` is an optional part that is not there, no fault. remedy: what to
    do, "" where nothing."""

    name: str
    state: State
    found: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def checked(name: str, look: Callable[[], str], remedy: str) -> Check:
    """`look` says what it found, or raises: then the check is bad, with the error in one line and the remedy."""
    try:
        return Check(name, "good", look())
    except Exception as error:  # a broken installation may raise anything
        return Check(name, "bad", one_line(error, 160) or type(error).__name__, remedy)


def check_machine() -> list[Check]:
    """Python, libraries, optional parts, codecs, cores; needs no detector."""
    return [_python(), *map(_library, LIBRARIES), *map(_extra, EXTRAS), _codecs(), _cores()]


def _python() -> Check:
    found = f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Check("Python", "bad", found, f"Use Python {'.'.join(map(str, OLDEST_PYTHON))} or later.")
    return Check("Python", "good", found)


def _library(name: str) -> Check:
    def look() -> str:
        import_module(name)  # a version alone says nothing of a library that cannot be loaded
        return metadata.version(name)

    return checked(name, look, f"pip install --force-reinstall {name}")


def _extra(extra: str) -> Check:
    found, missing = [], []
    for name in EXTRAS[extra]:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    label = f"extra: {extra}"
    if missing:
        return Check(label, "absent", f"without {', '.join(missing)}", f"pip install 'truevoice[{extra}]'")
    return Check(label, "good", ", ".join(found))


def _codecs() -> Check:
    def look() -> str:
        import av
        from av.codec import Codec, codecs_available

        missing = [name for name in CODECS if name not in codecs_available]
        if missing:
            raise RuntimeError(f"FFmpeg cannot decode {', '.join(missing)}")
        for name in CODECS:
            Codec(name, "r")
        version = ".".join(map(str, av.library_versions["libavcodec"]))
        return f"libavcodec {version}: {', '.join(CODECS)} and {len(codecs_available) - len(CODECS):,} more"

    return checked("FFmpeg codecs", look, "pip install --force-reinstall av")


def _cores() -> Check:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Check("cores", "good", f"{usable} usable of {os.cpu_count()}")
