"""Trackers: what a run measures, shown as it goes on in TensorBoard, Weights & Biases or trackio.

`open_trackers` opens them, `watcher` is called by a run after every epoch. All of it works without torch, and a tracker
that fails does not stop the run.
"""

from truevoice.tracking.opening import check_trackers, open_trackers
from truevoice.tracking.tracker import Tracker
from truevoice.tracking.watching import watcher

__all__ = ["Tracker", "check_trackers", "open_trackers", "watcher"]
