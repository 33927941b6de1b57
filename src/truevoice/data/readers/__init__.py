"""From a data set on disk to a manifest: one file a layout, and the register of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from truevoice.data.layout import Layout
from truevoice.data.manifest import Manifest, read_manifest
from truevoice.data.readers import (
    asvspoof5,
    asvspoof2019,
    asvspoof2021,
    class_folders,
    fake_or_real,
    in_the_wild,
    librisevoc,
    mlaad,
    wavefake,
)
from truevoice.data.table import TABLE_EXTENSIONS
from truevoice.data.tree import Tree
from truevoice.errors import UsageError

# Layouts of published sets, then those that many sets share. The first that fits reads.
PUBLISHED: tuple[Layout, ...] = tuple(
    module.LAYOUT
    for module in (fake_or_real, in_the_wild, asvspoof2019, asvspoof2021, asvspoof5, wavefake, librisevoc, mlaad)
)
SHARED: tuple[Layout, ...] = (class_folders.LAYOUT, class_folders.PREFIXES)
MANIFESTS = ("manifest.csv", "manifest.tsv", "manifest.jsonl", "manifest.parquet")


def open_set(
    target: str | os.PathLike[str],
    *,
    path_column: str | None = None,
    label_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
) -> Manifest:
    """A data set as a manifest. target: a table of recordings, or a folder: its manifest.csv where it holds one, else
    the layout that is recognised in it.

    path_column, label_column, label_map: see `read_manifest`; for tables only. Raises UsageError, one line, where
    nothing fits, a needed key is missing, or the set holds no labelled recording.
    """
    path = Path(target)
    options = {"path_column": path_column, "label_column": label_column}
    if not path.is_dir():
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        return read_manifest(path, **options, label_map=label_map)
    for name in MANIFESTS:
        if (path / name).is_file():
            return replace(read_manifest(path / name, **options, label_map=label_map), kind=f"the folder's {name}")
    if any(options.values()) or label_map:
        raise UsageError(
            f"{path}: holds no manifest.csv, so --path-column, --label-column and --label-map mean nothing here; "
            "give the table itself"
        )
    return _recognise(path)


def _recognise(path: Path) -> Manifest:
    tree = Tree.of(path)
    if not tree.audio:
        raise UsageError(f"{path}: holds no recordings" + _tables(tree))
    fitting = [layout for layout in PUBLISHED if layout.detect(tree)]
    chosen = next(iter([*fitting, *(layout for layout in SHARED if layout.detect(tree))]), None)
    if chosen is None:
        raise UsageError(
            f"{path}: {len(tree):,} recordings, but nothing says which are real: no layout of "
            f"{', '.join(layout.title for layout in PUBLISHED)}, no real and fake folders. Sort them into folders real "
            f"and fake, or write a manifest.csv with path,label{_tables(tree)}"
        )
    manifest = chosen.read(tree)
    if not manifest.trials:
        reasons = ", ".join(f"{len(names):,} {reason}" for reason, names in manifest.by_reason().items())
        raise UsageError(
            f"{path}: looks like {chosen.title}, but no labelled recording is in it ({reasons or 'empty'})"
        )
    others = [f"it also looks like {layout.title}; give that set's own folder to read it" for layout in fitting[1:]]
    return replace(manifest, notes=[*manifest.notes, *others, *_passed_over(tree)])


def _passed_over(tree: Tree) -> list[str]:
    """Which other files there are, by extension, so that a recording under an odd name can be noticed."""
    kinds = Counter(Path(name).suffix.lower() or "no extension" for names in tree.other.values() for name in names)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common(5))
    return [f"other files, by extension: {listed}"] if kinds else []


def _tables(tree: Tree) -> str:
    """A hint at a table that may be the one."""
    found = sorted(name for name in tree.other.get("", ()) if Path(name).suffix.lower() in TABLE_EXTENSIONS)
    return f" (or give a table, such as {tree.root / found[0]})" if found else ""
