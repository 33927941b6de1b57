"""Everything that is needed to do a study again: the command, settings, weights, sets, seeds, versions."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import truevoice
from truevoice.commands.study_sets import Sets, digest_of
from truevoice.detectors.detector import Detector
from truevoice.training.recipe import to_dict
from truevoice.training.settings import Settings
from truevoice.windows import WindowPolicy

LIBRARIES = ("numpy", "torch", "transformers", "accelerate", "peft", "onnxruntime", "av", "soxr", "soundfile")


def repeat_facts(
    settings: Settings,
    pretrained: Path,
    started: Detector,
    tuned: Path,
    checksum: str,
    sets: Sets,
    policy: WindowPolicy,
    command: str,
) -> dict[str, Any]:
    """Plain values, as study.json holds them. Of each set: names, labels and sizes as one sha256."""
    listed = {
        one.name: {
            "data": str(one.target),
            "part": one.part,
            "role": one.role,
            "recordings": len(one.trials),
            "sha256_of_list": one.digest,
        }
        for one in sets.measured
    }
    listed["train"] = {
        "data": settings.data.data,
        "part": "training",
        "role": "learnt from",
        "recordings": len(sets.division.train),
        "sha256_of_list": digest_of(sets.division.train),
    }
    return {
        "command": command,
        "settings": to_dict(settings),
        "weights": {
            "before": {"path": str(pretrained), "model": started.name, "sha256": started.checksum},
            "after": {"path": str(tuned), "sha256": checksum},
        },
        "windows": str(policy),
        "sets": listed,
        "seeds": {"training": settings.schedule.seed, "division": settings.data.split_seed},
        "versions": {
            "truevoice": truevoice.__version__,
            "Python": platform.python_version(),
            **{name: found for name in LIBRARIES if (found := _version(name))},
        },
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
