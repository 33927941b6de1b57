"""Figures of merit for spoofing countermeasures, as pure functions on arrays of scores.

Every metric takes the scores of the bona fide trials and those of the spoof trials; higher = more bona fide.
Rates are fractions in [0, 1], never percent. Numpy is the only need.
"""

from truevoice.metrics.auc import auc
from truevoice.metrics.eer import eer
from truevoice.metrics.roc import Roc, roc
from truevoice.metrics.scores import check

__all__ = ["Roc", "auc", "check", "eer", "roc"]
