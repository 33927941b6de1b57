"""What scoring one recording gives: score, probability, verdict, and the seconds behind them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Segment:
    """One window: `start` and `end` in seconds of the recording, `score` higher = more bona fide."""

    start: float
    end: float
    score: float


@dataclass(frozen=True)
class Result:
    """One trial. Where `error` is set the recording could not be scored, and `score` is None.

    label: the ground truth (`bonafide`, `spoof`), empty where unknown. score: higher = more bona fide.
    p_spoof: P(spoof) when `prior_spoof` of all recordings are spoofed, None where the detector has no calibration.
    verdict: `bonafide` (score ≥ `threshold`), `spoof`, `abstain`, or "" without calibration.
    reason: why it abstains, or why there is no verdict.
    warning: what to know before trusting the score. unfit: why no verdict should be given on this recording, whatever
    the threshold; remarks: what was odd about it. `reason` and `warning` are made of these two by `Detector.decide`.
    segments: the windows in time order.
    duration in seconds, rate in Hz, channels, codec, decoder: the recording as found.
    model, checksum (sha256 of the weights), engine, windows (the policy): what scored it.
    """

    trial: str
    label: str = ""
    score: float | None = None
    p_spoof: float | None = None
    verdict: str = ""
    prior_spoof: float | None = None
    threshold: float | None = None
    reason: str = ""
    error: str = ""
    warning: str = ""
    unfit: str = ""
    remarks: str = ""
    segments: tuple[Segment, ...] = field(default=(), repr=False)
    duration: float | None = None
    rate: int | None = None
    channels: int | None = None
    codec: str = ""
    decoder: str = ""
    model: str = ""
    checksum: str = ""
    engine: str = ""
    windows: dict[str, Any] = field(default_factory=dict, hash=False)

    def worst(self, count: int = 1) -> tuple[Segment, ...]:
        """The `count` windows with the lowest scores, most suspicious first; ties in time order."""
        return tuple(sorted(self.segments, key=lambda segment: (segment.score, segment.start))[:count])

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, segments as a list of dictionaries: ready for JSON."""
        return {**asdict(self), "segments": [asdict(segment) for segment in self.segments]}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Result:
        """The inverse of `to_dict`; keys that this version does not know are passed over."""
        known = {f.name for f in fields(cls)}
        data = {key: value for key, value in raw.items() if key in known}
        data["segments"] = tuple(Segment(**segment) for segment in data.get("segments", ()))
        return cls(**data)
