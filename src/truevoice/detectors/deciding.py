"""What a user asks of a detector's decisions: another calibration, prior or threshold than its own."""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

from truevoice.detectors.calibration import Calibration
from truevoice.detectors.detector import Detector
from truevoice.errors import CheckpointError, TruevoiceError, UsageError


def decided(
    detector: Detector,
    *,
    calibration: Calibration | str | os.PathLike[str] | None = None,
    prior: float | None = None,
    threshold: float | str | None = None,
) -> Detector:
    """The detector with a calibration (or its file) put on, then P(spoof) at `prior`, then a threshold.

    threshold: a score, or the name of one of the calibration's. It needs no calibration; a prior does.
    Raises UsageError and CheckpointError.
    """
    if calibration is not None:
        line = calibration if isinstance(calibration, Calibration) else read_calibration(Path(calibration))
        check_belongs(line, detector, str(calibration) if not isinstance(calibration, Calibration) else "calibration")
        detector = replace(detector, calibration=line, threshold=None)
    if prior is not None:
        if detector.calibration is None:
            raise UsageError(
                f"{detector.name} has no calibration, so a prior (--prior) has nothing to act on: "
                "'truevoice calibrate' makes one"
            )
        detector = replace(detector, calibration=detector.calibration.with_prior(prior))
    if threshold is not None:
        detector = replace(detector, threshold=threshold_value(threshold, detector.calibration))
    return detector


def threshold_value(wanted: float | str, calibration: Calibration | None) -> float:
    """A threshold as people give it, a number or one of the calibration's names, as a score. Raises UsageError."""
    try:
        value = float(wanted)
    except (TypeError, ValueError):
        if not isinstance(wanted, str):
            raise UsageError(f"a threshold (--threshold) is a number or a name, not {wanted!r}") from None
        if calibration is None:
            raise UsageError(
                f"threshold {wanted!r} is no number, and without a calibration (--calibration) there are no named ones"
            ) from None
        return calibration.named(wanted).score
    if not math.isfinite(value):
        raise UsageError(f"a threshold (--threshold) is a finite number, not {wanted}")
    return value


def read_calibration(path: Path) -> Calibration:
    """A file that `truevoice calibrate` wrote. Raises CheckpointError in one line."""
    try:
        return Calibration.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError, TruevoiceError) as error:
        raise CheckpointError(f"{path}: is not a calibration of 'truevoice calibrate' ({error})") from None


def check_belongs(calibration: Calibration, detector: Detector, origin: str) -> None:
    """A line fitted to other scores says nothing about these. Raises UsageError."""
    if calibration.model and (calibration.model, calibration.checksum) != (detector.name, detector.checksum):
        raise UsageError(
            f"{origin}: was made for {calibration.model} with weights {calibration.checksum[:12]}, not for "
            f"{detector.name} with weights {detector.checksum[:12]}: run 'truevoice calibrate' for these"
        )
