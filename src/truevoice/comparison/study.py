"""A study: a detector before and after its fine-tuning, on every set, and all that is needed to do it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from truevoice.comparison.comparison import Comparison
from truevoice.comparison.generalising import Role, Summary
from truevoice.doctor.finding import Finding


@dataclass(frozen=True)
class Study:
    """roles: of each set: own (of the data fine-tuned on), validation, custom, other. leaks: the report of shared
    recordings and give-aways, as leaks.json holds it. training: facts of the fine-tuning; epochs: the lines of its
    metrics.jsonl. repeat: settings, versions, checksums, seeds, the command. failed: recordings that could not be used.
    """

    comparison: Comparison
    roles: dict[str, Role]
    summary: Summary
    leaks: dict[str, Any]
    training: dict[str, Any]
    epochs: list[dict[str, Any]] = field(repr=False)
    repeat: dict[str, Any] = field(repr=False)
    findings: list[Finding] = field(default_factory=list)
    failed: int = 0
    written: list[Path] = field(default_factory=list)

    def at(self, written: list[Path]) -> Study:
        """The same, once it lies on disk."""
        return replace(self, written=written)

    def to_dict(self) -> dict[str, Any]:
        """As study.json holds it; rates are fractions."""
        return {
            "summary": asdict(self.summary),
            "roles": self.roles,
            **self.comparison.to_dict(),
            "findings": [finding.to_dict() for finding in (*self.findings, *self.comparison.findings)],
            "leaks": self.leaks,
            "training": self.training,
            "epochs": self.epochs,
            "repeat": self.repeat,
            "failed": self.failed,
        }
