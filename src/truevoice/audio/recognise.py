"""Which files in a folder are recordings: by extension, else by their first bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

AUDIO_EXTENSIONS = frozenset(
    {".wav", ".w64", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".m4b", ".aac", ".amr", ".wma", ".aif"}
    | {".aiff", ".au", ".caf", ".wv", ".ape", ".gsm", ".webm", ".weba", ".mka", ".mkv", ".mp4", ".m4v", ".mov"}
    | {".3gp", ".avi"}
)
# First bytes of sound files that lie about without a known extension.
MAGIC = (
    *(b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS", b"ID3", b"#!AMR", b".snd", b"caff", b"wvpk", b"FLV"),
    *(b"\x1aE\xdf\xa3", b"0&\xb2u"),  # Matroska and WebM, ASF
    *(b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"\x0bw"),  # bare mp3, AAC and AC-3 frames
)


def walk(folder: str, unreadable: Callable[[str], None]) -> Iterator[str]:
    """Every file under `folder` in sorted order, hidden ones apart; `unreadable` is told folders that do not open.

    Links are followed, as data sets are often linked into place, but no folder is entered twice.
    """
    entered: set[str] = set()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=lambda e: unreadable(str(e.filename))):
        entered.add(os.path.realpath(parent))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(parent, name)) not in entered
        )
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.join(parent, name)


def looks_like_audio(path: str) -> bool:
    """By extension, else by the first bytes: a misnamed recording in a folder must not be missed.

    A pipe or device in a folder is none: to open it may wait for ever. A dead link with the right name is, so that its
    row says so.
    """
    try:
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        regular = os.path.islink(path)
    if not regular:
        return False
    if Path(path).suffix.lower() in AUDIO_EXTENSIONS:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(MAGIC) or head[4:8] == b"ftyp"


def is_text(path: str) -> bool:
    """A list or table must be text; a recording that is named .txt is still a recording."""
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return b"\0" not in head and not head.startswith(MAGIC)
