"""A detector in another precision than the float32 of published scores."""

from __future__ import annotations

from truevoice.detectors.detector import Detector
from truevoice.errors import UsageError
from truevoice.models.precision import AUTO, check_word, chosen_precision


def in_precision(detector: Detector, precision: str = "float32") -> Detector:
    """The detector, whose engine computes in `precision` from now on: float32, int16, bfloat16, int8 or auto.

    Detectors on a self-supervised encoder have others than float32, on the torch engine; "auto" is float32 for all
    besides. Raises UsageError for another word, and where the processor or the detector has not what was asked for.
    """
    check_word(precision)
    if precision == "float32":
        return detector
    use = getattr(detector.engine, "use", None)
    front_end = detector.card.front_end
    kind = detector.engine.device.partition(":")[0]
    if use is None or front_end is None or not front_end.is_encoder:
        if precision == AUTO:
            return detector
        why = "it runs as an ONNX graph" if use is None else "it has no self-supervised encoder"
        raise UsageError(f"precision {precision} is not there for {detector.name}: {why}")
    if kind == "cpu":
        use(chosen_precision(precision))
    elif precision != AUTO:
        use(precision)
    return detector
