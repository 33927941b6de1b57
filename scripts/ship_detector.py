"""Puts a trained detector into the package: its graph, and the description that the torch-free core reads.

    python scripts/ship_detector.py runs/detector --name mel-cnn --out src/truevoice/weights

RUN is the folder of a `truevoice train`, or of one with several seeds, of which the best by validation is taken. Its
calibration comes along; validation chose the epoch (and the seed), and the description says so.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from torch import nn

import truevoice
from truevoice.data.trial import BONAFIDE
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.opened import card_of
from truevoice.errors import TruevoiceError, UsageError
from truevoice.models.build import build
from truevoice.models.checkpoint import read_checkpoint
from truevoice.models.converted import read_config
from truevoice.models.export import export_onnx, write_description
from truevoice.models.mel_cnn import MelCNN
from truevoice.training.recipe import settle
from truevoice.training.sets import open_sets

SCORE = "difference of the two logits, bona fide minus spoof; the file's score is the mean over its windows"


def chosen(run: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the run that is shipped, and what it came to: of several seeds, the best."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    if "runs" not in summary:
        return run, summary
    best = next(one for one in summary["runs"] if one["name"] == summary["best"])
    folder = run / best["name"]
    return folder, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def trained_network(folder: Path) -> nn.Module:
    """In the form in which it is shipped: an even layer written into the full one."""
    read = read_checkpoint(folder)
    network = build(card_of(read_config(folder), folder), read.state, str(folder), read.settings)
    return network.spread() if isinstance(network, MelCNN) else network


def described(run: Path, told: dict[str, Any], calibration: Calibration) -> dict[str, Any]:
    """The sidecar's content but for name and checksum."""
    config = read_config(run / "best")
    settings = config["training"]["settings"]
    validation = told["best"]["validation"]
    learnt_from = open_sets(settle(settings).data).train
    n_bonafide = sum(trial.label == BONAFIDE for trial in learnt_from)
    stored = calibration.to_dict()
    fitted_on = stored["calibration"]["fitted_on"]
    fitted_on["data"] = "/".join(Path(fitted_on["data"]).parts[-2:])  # where it lies is this machine's alone
    return {
        "sample_rate": 16_000,
        "window": config["card"]["window"],
        "score": SCORE,
        **{key: stored[key] for key in ("windows", "calibration", "threshold", "thresholds")},
        "training": {
            "n_bonafide": n_bonafide,
            "n_spoof": len(learnt_from) - n_bonafide,
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
    graph, network = out / f"{name}.onnx", trained_network(folder / "best")
    export_onnx(network, graph, window=truevoice.load(checkpoint=folder / "best").window, log_odds=True)
    parameters = sum(one.numel() for one in network.parameters())
    description = {"parameters": parameters, **described(folder, told, calibration)}
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
