"""`truevoice doctor`: the environment, a score file, reported figures; what is wrong with each, and the remedy."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

import truevoice
from truevoice.data.trial import BONAFIDE, by_reason
from truevoice.detectors.cache import cache_folder
from truevoice.detectors.register import load
from truevoice.doctor.environment import Check, check_machine, checked
from truevoice.doctor.finding import Finding
from truevoice.doctor.operating import OperatingVerdict, judge_operating_point
from truevoice.doctor.pairs import PairVerdict, judge_one, judge_pair
from truevoice.doctor.reported import examine_reported
from truevoice.doctor.scores import examine
from truevoice.evaluation.score_files import read_scores
from truevoice.metrics import auc as auc_of
from truevoice.metrics import eer as eer_of

__all__ = [
    "Diagnosis",
    "OperatingVerdict",
    "PairVerdict",
    "check_environment",
    "examine_file",
    "judge_figures",
    "judge_operating_point",
]

IMPOSSIBLE = 3  # exit status where figures or scores cannot stand
_TEST_SECONDS, _TEST_HZ = 3, 220


@dataclass(frozen=True)
class Diagnosis:
    """What became of one score file. eer, auc: pooled, as fractions; None where they are undefined. left_out: how many
    trials for which reason."""

    path: str
    n_bonafide: int
    n_spoof: int
    eer: float | None
    auc: float | None
    left_out: dict[str, int]
    findings: list[Finding]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def status_of(findings: list[Finding]) -> int:
    """0, or IMPOSSIBLE where one finding is an error."""
    return IMPOSSIBLE if any(finding.severity == "error" for finding in findings) else 0


def judge_figures(eer: str = "", auc: str = "") -> PairVerdict:
    """Judges a printed EER and AUC, or says what goes with the one that is given. Raises UsageError."""
    return judge_pair(eer, auc) if eer and auc else judge_one(eer_text=eer, auc_text=auc)


def examine_file(
    path: str | os.PathLike[str],
    *,
    key: str | os.PathLike[str] | None = None,
    subset: str | None = None,
    score_means: str = BONAFIDE,
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
    eer: str = "",
    auc: str = "",
) -> Diagnosis:
    """Examines a score file, and the printed `eer` and `auc` said to be from it. Raises UsageError as `read_scores`."""
    trials = read_scores(
        path,
        key=key,
        subset=subset,
        score_means=score_means,
        path_column=path_column,
        label_column=label_column,
        score_column=score_column,
        label_map=label_map,
        strict=False,
    ).score_set
    findings = examine(trials.names, trials.bonafide, trials.scores)
    findings += examine_reported(trials.bonafide, trials.scores, eer=eer, auc=auc)
    if eer and auc:
        findings += [finding for finding in judge_pair(eer, auc).findings if finding.severity != "note"]
    left_out = by_reason(trials.left_out)
    for reason, names in left_out.items():
        told = f"{len(names):,} trial{'' if len(names) == 1 else 's'} left out: {reason} (such as {names[0]})."
        findings.append(Finding("left-out", "note", told))
    findings += [Finding("how-read", "note", f"{note[0].upper()}{note[1:]}.") for note in trials.notes]
    kept = trials.take(np.isfinite(trials.scores))
    defined = min(kept.n_bonafide, kept.n_spoof) > 0
    return Diagnosis(
        path=str(path),
        n_bonafide=kept.n_bonafide,
        n_spoof=kept.n_spoof,
        eer=eer_of(*kept.split())[0] if defined else None,
        auc=auc_of(*kept.split()) if defined else None,
        left_out={reason: len(names) for reason, names in left_out.items()},
        findings=findings,
    )


def check_environment() -> list[Check]:
    """Everything that scoring stands on, ending with a score of the shipped detector."""
    first = Check("truevoice", "good", truevoice.__version__)
    detector = checked("shipped detector", _test_score, "pip install --force-reinstall truevoice")
    remedy = "Set TRUEVOICE_CACHE to a folder that can be written."
    return [first, *check_machine(), _device(), checked("cache folder", _write_to_cache, remedy), detector]


def _test_score() -> str:
    """Loads the shipped detector and scores a tone."""
    detector = load()
    samples = np.sin(2 * np.pi * _TEST_HZ * np.arange(_TEST_SECONDS * detector.sample_rate) / detector.sample_rate)
    score = detector.score(0.3 * samples.astype(np.float32), detector.sample_rate).score
    engine = f"{detector.engine.name}/{detector.engine.device}"
    return f"{detector.name}, sha256 {detector.checksum[:12]}, {engine}, test score {score:.4f}"


def _device() -> Check:
    """What torch would compute on, where it is there at all."""
    if find_spec("torch") is None:
        return Check("torch device", "absent", "no torch; the shipped detector needs none")
    from truevoice.detectors.torch_engine import present_device

    return checked("torch device", lambda: present_device("auto"), "pip install --force-reinstall torch")


def _write_to_cache() -> str:
    """Writes into the cache folder, or into its nearest parent that exists where there is none yet."""
    folder = cache_folder()
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    with tempfile.TemporaryFile(dir=place):
        pass
    return str(folder) if place == folder else f"{folder} (to be made)"
