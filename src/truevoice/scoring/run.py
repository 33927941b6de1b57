"""What stands beside every table of scores: which detector, which windows, which calibration, how many, how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from truevoice.detectors.calibration import Calibration
from truevoice.detectors.detector import Detector
from truevoice.detectors.result import Result
from truevoice.windows import WindowPolicy


@dataclass
class Run:
    """One run of scoring, its counts and its wall time in seconds.

    kept: recordings of this run that were scored before; earlier: other recordings in the same folder's files;
    passed_over: files in folders that are not audio; audio_seconds: what was heard. threshold: one that was set, in
    place of the calibration's. precision: one of `truevoice.models.precision`.
    """

    model: str
    checksum: str
    engine: str
    windows: WindowPolicy
    calibration: Calibration | None
    threshold: float | None = None
    precision: str = "float32"
    total: int = 0
    failed: int = 0
    bonafide: int = 0
    spoof: int = 0
    abstained: int = 0
    kept: int = 0
    earlier: int = 0
    passed_over: int = 0
    audio_seconds: float = 0.0
    seconds: float = 0.0

    @classmethod
    def of(cls, detector: Detector, policy: WindowPolicy) -> Run:
        engine = f"{detector.engine.name}/{detector.engine.device}"
        precision = getattr(detector.engine, "precision", "float32")
        return cls(
            detector.name, detector.checksum, engine, policy, detector.calibration, detector.threshold, precision
        )

    @property
    def working_point(self) -> float | None:
        """The threshold that verdicts were made with, None = there are none."""
        if self.threshold is not None:
            return self.threshold
        return self.calibration.threshold if self.calibration else None

    def count(self, results: Iterable[Result]) -> None:
        """Adds results to the counts."""
        for result in results:
            self.total += 1
            self.failed += bool(result.error)
            self.bonafide += result.verdict == "bonafide"
            self.spoof += result.verdict == "spoof"
            self.abstained += result.verdict == "abstain"
            self.audio_seconds += result.segments[-1].end if result.segments else 0.0  # what was heard of it

    def settings(self) -> dict[str, Any]:
        """What must be equal for scores to stand in one table. Verdicts are made anew whenever a journal is read."""
        alike = {"model": self.model, "checksum": self.checksum, "windows": self.windows.spec}
        return {**alike, "precision": self.precision}

    def to_dict(self) -> dict[str, Any]:
        counts = {key: getattr(self, key) for key in ("total", "failed", "bonafide", "spoof", "abstained")}
        return {
            "model": self.model,
            "checksum": self.checksum,
            "engine": self.engine,
            "windows": self.windows.to_dict(),
            "threshold": self.working_point,
            "prior_spoof": self.calibration.prior_spoof if self.calibration else None,
            "polarity": "score: higher = more bona fide; p_spoof: probability of spoof",
            **counts,
            "audio_seconds": round(self.audio_seconds, 3),
        }
