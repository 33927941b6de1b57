"""Tables of real clips for studies, and a detector to start from."""

import csv
import zlib
from pathlib import Path

COLUMNS = ["path", "label", "split", "source", "family", "system", "language", "speaker"]


def corpus_rows(dev):
    """Rows of the corpus' development part, by the checksum of their path, so that no source leads."""
    with (dev / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda row: zlib.crc32(row["path"].encode()))


def write_table(path, dev, rows, *, each, half, split, named=None):
    """Adds `each` clips a class of one half of the sources and of one split; `named`: what to call the split."""
    chosen = []
    for label in ("bonafide", "spoof"):
        own = [
            row
            for row in rows
            if row["label"] == label and row["split"] == split and zlib.crc32(row["source"].encode()) % 2 == half
        ]
        chosen += own[:each]
    with Path(path).open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        if not file.tell():
            writer.writeheader()
        for row in chosen:
            writer.writerow({**row, "path": str(dev / row["path"]), "split": named or split})
    return Path(path)
