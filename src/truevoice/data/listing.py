"""What a folder holds, asked once: six hundred thousand questions to the disk become a few."""

from __future__ import annotations

import os


class Folders:
    """Remembers the names in every folder that it was asked about."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}

    def holds(self, path: str) -> bool:
        """Whether something of that path exists, a dead link too (opening it will say so)."""
        folder, name = os.path.split(path)
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(os.listdir(folder or os.curdir))
            except OSError:
                self._names[folder] = frozenset()
        names = self._names[folder]
        # A disk that takes upper and lower case for the same has the file under another spelling.
        return name in names or (bool(names) and name.lower() in self._lower(folder) and os.path.lexists(path))

    def _lower(self, folder: str) -> frozenset[str]:
        key = f"{folder}\0lower"
        if key not in self._names:
            self._names[key] = frozenset(map(str.lower, self._names[folder]))
        return self._names[key]
