"""What a sound may come from: a path, bytes, an open file, standard input. Gives one kind of thing: a binary file.

Names and extensions are never looked at to tell the format: decoders get an anonymous file.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from truevoice.errors import AudioError, UsageError, one_line

STDIN = "-"
HEAD_BYTES = 4096  # enough for every magic number that we look at
PIPE_BYTES_IN_MEMORY = 64 * 2**20  # a pipe shorter than this is read whole, so that every decoder can seek in it


class ByteSource:
    """A nameless binary file with its first bytes. `file` has read, and seek and tell where `seekable`.

    `size` in bytes, None where it cannot be known; `descriptor` is the file descriptor where the source is a plain file
    on disk, else None.
    """

    def __init__(self, name: str, file: Any, head: bytes, *, seekable: bool, descriptor: int | None = None) -> None:
        self.name = name
        self.size: int | None = None
        if seekable:
            self.size = file.seek(0, os.SEEK_END)
            file.seek(0)
        self.file = file
        self.head = head
        self.seekable = seekable
        self.descriptor = descriptor

    def rewind(self) -> None:
        """Back to the first byte, for the next decoder to try."""
        if self.descriptor is not None:
            os.lseek(self.descriptor, 0, os.SEEK_SET)
        self.file.seek(0)


class _Nameless:
    """A user's file object without its `name` (decoders would guess the format from it) and with binary checks."""

    def __init__(self, file: Any, origin: int) -> None:
        self._file = file
        self._origin = origin  # where the sound starts: a caller may hand over a file that is already partly read

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_SET:
            offset += self._origin
        return self._file.seek(offset, whence) - self._origin

    def tell(self) -> int:
        return self._file.tell() - self._origin


class _PipeWithHead:
    """A pipe whose first bytes were already read: gives them back first. It cannot seek."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        return self._head.read(size) or self._rest.read(size)


def source_name(source: Any) -> str:
    """What to call `source` in tables and messages."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source) if isinstance(source, str) else str(Path(source))
    if isinstance(source, bytes | bytearray | memoryview):
        return "<bytes>"
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        return name if isinstance(name, str) else "<file>"
    return "<array>"


@contextmanager
def open_bytes(source: Any) -> Iterator[ByteSource]:
    """Opens `source` (path, "-", bytes-like, binary file object) as a `ByteSource`.

    Raises AudioError where it is missing, unreadable, a folder, a device or empty; UsageError for another type.
    """
    name = source_name(source)
    if isinstance(source, str) and source == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise AudioError("-: nothing comes in on standard input; pipe a recording into it")
        yield _from_file(name, sys.stdin.buffer)
    elif isinstance(source, str | os.PathLike):
        with _open_path(Path(source), name) as file:
            yield _from_file(name, file, on_disk=True)
    elif isinstance(source, bytes | bytearray | memoryview):
        yield _from_file(name, io.BytesIO(source))
    elif hasattr(source, "read"):
        yield _from_file(name, source)
    else:
        raise UsageError(
            f"cannot read audio from {type(source).__name__}: give a path, bytes, a binary file, or an array with sr"
        )


def _open_path(path: Path, name: str) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            unreadable = not os.access(path, os.R_OK | os.X_OK)
            raise AudioError(f"{name}: {'no permission to read it' if unreadable else 'is a folder, not a recording'}")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise AudioError(f"{name}: is a device or a socket, not a recording")
        return path.open("rb")
    except FileNotFoundError:
        dead = path.is_symlink()
        raise AudioError(f"{name}: {'is a dead link' if dead else 'no such file'}") from None
    except PermissionError:
        raise AudioError(f"{name}: no permission to read it") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{name}: cannot be opened ({getattr(error, 'strerror', None) or error})") from None


def _from_file(name: str, file: Any, *, on_disk: bool = False) -> ByteSource:
    try:
        seekable = bool(file.seekable()) if hasattr(file, "seekable") else hasattr(file, "seek")
        if seekable:
            origin = file.tell()
            head = file.read(HEAD_BYTES)
            file.seek(origin)
        else:
            head = _read_up_to(file, PIPE_BYTES_IN_MEMORY)
    except UnicodeDecodeError:
        raise UsageError(f"{name}: the file is open in text mode; open it with 'rb'") from None
    except Exception as error:  # whatever a caller's own file object raises: closed, broken archive, lost connection
        reason = one_line(getattr(error, "strerror", None) or error)
        raise AudioError(f"{name}: cannot be read ({reason})") from None
    if isinstance(head, str):
        raise UsageError(f"{name}: the file is open in text mode; open it with 'rb'")
    if not head:
        raise AudioError(f"{name}: is empty (0 bytes)")
    if not seekable:
        whole = len(head) < PIPE_BYTES_IN_MEMORY
        pipe = io.BytesIO(head) if whole else _PipeWithHead(head, file)
        return ByteSource(name, pipe, head[:HEAD_BYTES], seekable=whole)
    descriptor = file.fileno() if on_disk else None
    return ByteSource(name, _Nameless(file, origin), head, seekable=True, descriptor=descriptor)


def _read_up_to(file: Any, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < limit and (part := file.read(min(2**20, limit - size))):
        if isinstance(part, str):
            return part  # type: ignore[return-value]  # the caller says what is wrong
        parts.append(part)
        size += len(part)
    return b"".join(parts)
