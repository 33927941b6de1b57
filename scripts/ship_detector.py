"""Puts a trained detector into the package: its graph, and the description that the torch-free core reads.

    python scripts/ship_detector.py runs/detector --name mel-cnn --out src/truevoice/weights

RUN is the folder of a `truevoice train`, or of one with several seeds, of which the best by validation is taken. Its
calibration comes along; validation chose the epoch (and the seed), and the description says so.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import truevoice
from truevoice.commands.convert import convert
from truevoice.detectors.calibration import Calibration
from truevoice.errors import TruevoiceError, UsageError
from truevoice.models.converted import GRAPH, read_config
from truevoice.models.export import write_description

SCORE = "difference of the two logits, bona fide minus spoof; the file's score is the mean over its windows"


def chosen(run: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the run that is shipped, and what it came to: of several seeds, the best."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    if "runs" not in summary:
        return run, summary
    best = next(one for one in summary["runs"] if one["name"] == summary["best"])
    folder = run / best["name"]
    return folder, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def described(run: Path, told: dict[str, Any], calibration: Calibration) -> dict[str, Any]:
    """The sidecar's content but for name and checksum."""
    config = read_config(run / "best")
    settings = config["training"]["settings"]
    validation = told["best"]["validation"]
    stored = calibration.to_dict()
    return {
        "parameters": config["parameters"],
        "sample_rate": 16_000,
        "window": config["card"]["window"],
        "score": SCORE,
        **{key: stored[key] for key in ("windows", "calibration", "threshold", "thresholds")},
        "training": {
            "seed": settings["schedule"]["seed"],
            "epoch": told["best_epoch"],
            **{key: settings[key] for key in ("network", "augment", "optimiser", "loss", "schedule")},
        },
        "validation": {key: validation[key] for key in ("eer", "auc", "n_bonafide", "n_spoof")},
    }


def ship(run: Path, name: str, out: Path) -> None:
    """Writes NAME.onnx and NAME.json. Raises UsageError where the run has no calibration: then it tells nothing."""
    folder, told = chosen(run)
    calibration = truevoice.load(checkpoint=folder / "best").calibration
    if calibration is None:
        raise UsageError(f"{folder}: its scores do not rise with bona fide speech on validation; nothing was written")
    with tempfile.TemporaryDirectory() as place:
        convert(folder / "best", place, onnx=True)
        graph = out / f"{name}.onnx"
        graph.write_bytes((Path(place) / GRAPH).read_bytes())
    description = described(folder, told, calibration)
    write_description(graph, description)
    found = description["validation"]
    print(
        f"{name}: {folder.name}, epoch {told['best_epoch']}, validation EER {found['eer']:.2%}, "
        f"AUC {found['auc']:.4f}; graph {graph.stat().st_size:,} bytes"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        ship(options.run, options.name, options.out)
    except (TruevoiceError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
