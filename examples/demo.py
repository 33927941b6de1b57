"""The demo: real people and real synthesisers, scored by the detector that comes with the package.

    python examples/demo.py FOLDER

Fetches four recordings of people (8 MB, once), lists them beside the synthetic clips of this folder with their truth,
and runs `truevoice score` on the list. FOLDER receives scores.csv, scores.json and scores.html.
"""

import csv
import sys
from pathlib import Path

import fetch_human

from truevoice.cli.__main__ import main as truevoice

HERE = Path(__file__).resolve().parent
CLIP_SUFFIXES = {".mp3", ".m4a", ".flac", ".ogg", ".opus", ".wav"}


def list_clips(out: Path) -> Path:
    """Writes a list of all clips with their truth, `bonafide` or `spoof`; paths are relative to the list."""
    human = out / "human"
    if status := fetch_human.main([str(human)]):
        sys.exit(status)
    (out / "synthetic").mkdir(exist_ok=True)
    for clip in sorted((HERE / "synthetic").iterdir()):
        if clip.suffix in CLIP_SUFFIXES:
            (out / "synthetic" / clip.name).write_bytes(clip.read_bytes())
    listing = out / "clips.csv"
    with listing.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        for folder, label in ((human, "bonafide"), (out / "synthetic", "spoof")):
            for clip in sorted(path for path in folder.iterdir() if path.suffix in CLIP_SUFFIXES):
                rows.writerow([clip.relative_to(out), label])
    return listing


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/demo.py FOLDER")
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    truevoice(["score", str(list_clips(out)), "-o", str(out), "--format", "csv,json,html"])
