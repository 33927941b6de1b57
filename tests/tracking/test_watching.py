"""What a run tells its trackers after every epoch."""

import json
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_evaluations import made_set
from made_runs import made_steps, write_run
from truevoice.tracking import watcher
from truevoice.tracking.evidence import EvidenceRoom
from truevoice.tracking.guarded import GuardedTracker
from truevoice.tracking.ledger import Ledger


@dataclass
class Epoch:
    epoch: int
    step: int
    train_loss: float = 0.5
    sets: dict = field(default_factory=dict)
    score_sets: dict = field(default_factory=dict)


class Remembering:
    """A backend that remembers, or fails at a given step."""

    def __init__(self, place, fails_at=None):
        self.place, self.memory, self.fails_at = place, {}, fails_at
        self.told, self.tables, self.closed = [], [], 0

    def scalars(self, values, step):
        if step == self.fails_at:
            raise RuntimeError("the network\nis gone")
        self.told += [(name, step, value) for name, value in values.items()]

    def scored(self, evidence, step):
        self.tables.append((evidence.name, evidence.threshold, step))

    def close(self):
        self.closed += 1


def tracker(folder, *, resume=False, fails_at=None):
    backend, told = Remembering(folder, fails_at), []
    ledger = Ledger(folder)
    entry = ledger.entry("fake", "run", resume=resume)
    return GuardedTracker("fake", backend, entry, ledger, EvidenceRoom(), told.append), backend, told


def epoch(number=1, **more):
    figures = {"loss": 0.4, "accuracy": 0.9, "eer": 0.1, "auc": 0.95, "threshold": 0.25, "n_bonafide": 5, "n_spoof": 5}
    sets = {"validation": figures, "wild": {**figures, "eer": 0.3, "threshold": -1.0}}
    return Epoch(
        number, 10 * number, sets=sets, score_sets={"validation": made_set(), "wild": made_set(seed=1)}, **more
    )


def test_every_set_is_told_by_name(tmp_path):
    one, backend, _ = tracker(tmp_path)
    assert watcher([one])(epoch()) is None  # which means: go on
    told = {name: (step, value) for name, step, value in backend.told}
    assert told["validation/eer"] == (10, 0.1)
    assert told["wild/eer"] == (10, 0.3)
    assert told["train/epoch_loss"] == (10, 0.5)
    assert told["epoch"] == (10, 1)
    assert not any(name.endswith("n_spoof") for name in told)
    assert backend.tables == [("validation", 0.25, 10), ("wild", -1.0, 10)]


def test_a_set_without_a_threshold_is_judged_at_that_of_validation(tmp_path):
    one, backend, _ = tracker(tmp_path)
    odd = epoch()
    odd.sets["wild"]["threshold"] = math.nan
    odd.sets["held-out"] = {"loss": 0.2}
    odd.score_sets["held-out"] = made_set(n_spoof=0)
    watcher([one])(odd)
    assert backend.tables == [("validation", 0.25, 10), ("wild", 0.25, 10), ("held-out", 0.25, 10)]


def test_steps_are_told_once_and_only_those_of_finished_epochs(tmp_path):
    run = write_run(tmp_path, [], steps=made_steps(2), stopped="")
    one, backend, _ = tracker(tmp_path)
    watch = watcher([one], run / "metrics.jsonl")
    watch(epoch(1))
    assert [step for name, step, _ in backend.told if name == "train/loss"] == list(range(1, 11))
    watch(epoch(2))
    assert [step for name, step, _ in backend.told if name == "train/loss"] == list(range(1, 21))
    assert [step for name, step, _ in backend.told if name == "train/lr"] == list(range(1, 21))


def test_no_steps_where_there_is_no_such_file(tmp_path):
    one, backend, told = tracker(tmp_path)
    watcher([one], tmp_path / "absent.jsonl")(epoch())
    assert ("validation/eer", 10, 0.1) in backend.told
    assert told == []


def test_a_failing_tracker_is_told_of_once_and_the_others_go_on(tmp_path):
    bad, broken, told = tracker(tmp_path, fails_at=20)
    good, backend, _ = tracker(tmp_path / "..")
    watch = watcher([bad, good])
    for number in (1, 2, 3):
        one = epoch(number)
        one.score_sets.clear()
        watch(one)
    bad.close()
    assert told == ["fake: the network is gone. It is switched off from here on; the run goes on without it."]
    assert not bad.is_on
    assert broken.closed == 1
    assert [step for name, step, _ in backend.told if name == "validation/eer"] == [10, 20, 30]
    assert max(step for _, step, _ in broken.told) == 10


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return tmp_path_factory


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 6)), max_size=5))
def test_however_often_a_run_is_killed_and_resumed_each_step_is_told_once_in_order(folders, restarts):
    """(how many steps until the kill, how many steps the checkpoint lies back)"""
    folder, step, heard = folders.mktemp("run"), 0, []
    for forward, back in restarts:
        one, backend, told = tracker(folder, resume=True)
        for now in range(step + 1, step + forward + 1):
            one.scalars({"train/loss": 1 / now}, now)
        assert told == []
        heard += [at for _, at, _ in backend.told]
        step = max(0, step + forward - back)
    assert heard == list(range(1, len(heard) + 1))
    if restarts:
        last = json.loads((folder / "trackers.json").read_text())["trackers"]["fake"]["last"]
        assert last["train/loss"] == len(heard)


def test_none_is_no_figure_and_zero_is_one(tmp_path):
    one, backend, _ = tracker(tmp_path)
    one.scalars({"a": None, "b": 0.0, "c": np.float32(0.5)}, 0)
    assert backend.told == [("b", 0, 0.0), ("c", 0, 0.5)]
