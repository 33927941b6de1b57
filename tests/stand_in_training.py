"""A stand-in for training, so that searches take milliseconds; it is imported by the processes that tests start.

python stand_in_training.py work OUT SECONDS    takes trials of the search in OUT until none is left
"""

import math
import sys
import time
from pathlib import Path

from truevoice.errors import TruevoiceError
from truevoice.training.recipe import settle
from truevoice.tuning.outcome import Outcome

BEST_LR, BEST_CHANNELS = 1e-4, 4
SETTINGS = settle(
    {
        "network": {"model": "mel-cnn", "arguments": {"channels": 1}},
        "data": {"data": "nowhere"},
        "schedule": {"epochs": 4, "batch_size": 32},
    }
)


def eer_of(settings):
    """Least at a learning rate of 1e-4 and four channels."""
    lr = abs(math.log10(settings.optimiser.lr / BEST_LR))
    channels = abs(math.log2(settings.network.arguments["channels"] / BEST_CHANNELS))
    return 0.05 + 0.1 * lr + 0.02 * channels


def bowl(settings, folder, watch, seconds=0.0):
    """Four epochs that fall to `eer_of`; every attempt leaves a line in its folder."""
    with (folder / "attempts").open("a") as file:
        file.write("begun\n")
    value, done = eer_of(settings), 0
    for epoch in range(1, settings.schedule.epochs + 1):
        time.sleep(seconds)
        done = epoch
        if watch(epoch, value * (1 + 0.5 * (settings.schedule.epochs - epoch))):
            break
    value *= 1 + 0.5 * (settings.schedule.epochs - done)
    figures = {"eer": value, "auc": 1 - value, "n_bonafide": 50, "n_spoof": 50}
    (folder / "best").mkdir(exist_ok=True)
    return Outcome(value, done, {"validation": figures, "held-out": {**figures, "eer": value + 0.1}}, "all epochs done")


def slow_bowl(settings, folder, watch):
    return bowl(settings, folder, watch, seconds=0.02)


def moody(settings, folder, watch):
    """Fails where there are 16 channels, in a way of one's own or of torch's."""
    if settings.network.arguments["channels"] == 16:
        raise RuntimeError("out of memory\nfor this batch")
    if settings.network.arguments["channels"] == 8:
        raise TruevoiceError("loss is NaN in step 3")
    return bowl(settings, folder, watch)


def hopeless(settings, folder, watch):
    raise TruevoiceError("nowhere: no such folder")


if __name__ == "__main__":
    from functools import partial

    from truevoice.tuning.search import work

    work(Path(sys.argv[2]), partial(bowl, seconds=float(sys.argv[3])))
