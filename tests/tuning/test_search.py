"""The search: methods, stopping early, failing trials, going on, several processes, a process that is killed."""

import csv
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import stand_in_training as stand_in
from stand_in_training import SETTINGS, bowl, eer_of, hopeless, moody, slow_bowl
from truevoice.commands.tune import tune
from truevoice.errors import TruevoiceError, UsageError
from truevoice.training.recipe import changed, read_settings
from truevoice.tuning.locks import Lock, cut_torn_line
from truevoice.tuning.plan import Plan, settle_plan
from truevoice.tuning.record import best_of, records
from truevoice.tuning.space import parse_vary
from truevoice.tuning.storage import begin, open_study
from truevoice.tuning.workers import work_together

GRID = [
    parse_vary(word) for word in ("network.arguments.channels=1,2,4,8", "optimiser.lr=1e-3,1e-4", "schedule.epochs=2,4")
]
RANGE = [parse_vary("optimiser.lr=1e-6..1e-2:log"), parse_vary("network.arguments.channels=1,2,4,8")]


def quick(out, axes, *, objective=bowl, jobs=1, tell=None, **asked):
    """A search without its report."""
    plan = begin(out, settle_plan(Plan(SETTINGS, tuple(axes), **asked)))
    work_together(out, objective, jobs, tell)
    found = records(open_study(out))
    return SimpleNamespace(trials=found, best=best_of(found, plan.higher_is_better))


def values_of(found):
    return [(one.trial, one.params, one.value) for one in found.trials]


def test_a_grid_is_searched_whole(tmp_path):
    lines = []
    found = quick(tmp_path / "s", GRID, method="grid", tell=lines.append)
    assert len(found.trials) == 16
    assert all(one.state == "complete" for one in found.trials)
    assert len({json.dumps(one.params, sort_keys=True) for one in found.trials}) == 16
    least = min(eer_of(changed(SETTINGS, one.params)) for one in found.trials)
    assert found.best.value == pytest.approx(least)
    assert found.best.params["network.arguments.channels"] == stand_in.BEST_CHANNELS
    assert len(lines) == 16
    assert all((tmp_path / "s" / one.folder / "attempts").read_text() == "begun\n" for one in found.trials)


def test_the_files_say_what_was_found(tmp_path):
    found = tune(SETTINGS, tmp_path, GRID, method="grid", trials=5, objective=bowl)
    study = json.loads((tmp_path / "study.json").read_text())
    assert study["counts"]["complete"] == len(study["trials"]) == 5
    assert study["best"]["trial"] == found.best.trial
    assert (tmp_path / study["best"]["checkpoint"]).is_dir()
    assert set(study["importance"]) == {"network.arguments.channels", "optimiser.lr", "schedule.epochs"}
    assert sum(study["importance"].values()) == pytest.approx(1)
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["eer"]) for row in rows] == [one.value for one in found.trials]
    assert float(rows[0]["held-out eer"]) == pytest.approx(found.trials[0].value + 0.1)
    assert read_settings(tmp_path / "best.yaml") == changed(SETTINGS, found.best.params)
    assert "optimistic" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_a_stopped_search_goes_on_as_if_it_had_not_been(tmp_path, method):
    whole = quick(tmp_path / "whole", RANGE, method=method, trials=12)
    for trials in (3, 4, 12):
        parts = quick(tmp_path / "parts", RANGE, method=method, trials=trials)
    assert values_of(parts) == values_of(whole)
    other = quick(tmp_path / "other", RANGE, method=method, trials=12, seed=1)
    assert values_of(other) != values_of(whole)
    assert len({one.params["optimiser.lr"] for one in whole.trials}) == 12
    assert all(1e-6 <= one.params["optimiser.lr"] <= 1e-2 for one in whole.trials)


def test_the_number_of_trials_may_change(tmp_path):
    def count(**asked):
        return len(tune(SETTINGS, tmp_path, RANGE, method="random", objective=bowl, **asked).trials)

    assert [count(trials=2), count(), count(trials=1), count(trials=3)] == [2, 2, 2, 3]


@pytest.mark.slow
def test_tpe_learns_from_its_trials(tmp_path):
    found = quick(tmp_path, RANGE, method="tpe", trials=40)
    late = [one.value for one in found.trials[20:]]
    assert sorted(late)[10] < sorted(one.value for one in found.trials[:8])[4]


@pytest.mark.parametrize("prune", ["median", "halving"])
def test_bad_trials_stop_early(tmp_path, prune):
    found = quick(tmp_path, RANGE, method="random", trials=14, prune=prune)
    cut = [one for one in found.trials if one.state == "pruned"]
    assert cut
    assert all(len(one.epochs) < SETTINGS.schedule.epochs for one in cut)
    whole = quick(tmp_path / "whole", RANGE, method="random", trials=14)
    assert found.best.value == whole.best.value
    assert found.best.state == "complete"


def test_prune_after_gives_every_trial_its_epochs(tmp_path):
    found = quick(tmp_path, RANGE, method="random", trials=15, prune="median", prune_after=3)
    assert all(len(one.epochs) >= 3 for one in found.trials)


def test_the_highest_where_higher_is_better(tmp_path):
    settings = changed(SETTINGS, {"schedule.best_by": "auc"})

    def auc(settings, folder, watch):
        value = 1 - eer_of(settings)
        watch(1, value)
        return stand_in.Outcome(value, 1, {"validation": {"auc": value}})

    found = tune(settings, tmp_path, RANGE, method="random", trials=5, objective=auc)
    assert found.best.value == max(one.value for one in found.trials)


def test_one_failing_trial_among_many_is_told(tmp_path):
    axes = [parse_vary("network.arguments.channels=2,4,8,16"), parse_vary("optimiser.lr=1e-3,1e-4")]
    found = tune(SETTINGS, tmp_path, axes, method="grid", prune="median", objective=moody)
    reasons = {one.params["network.arguments.channels"]: one.reason for one in found.trials if one.state == "failed"}
    assert reasons == {16: "RuntimeError: out of memory for this batch", 8: "loss is NaN in step 3"}
    assert sum(one.state == "complete" for one in found.trials) == 4
    assert "out of memory" in (tmp_path / "report.html").read_text()


def test_a_request_that_is_wrong_ends_soon(tmp_path):
    with pytest.raises(TruevoiceError, match="nowhere: no such folder"):
        tune(SETTINGS, tmp_path, GRID, method="grid", objective=hopeless)
    assert len(list((tmp_path / "trials").iterdir())) == 3
    mended = quick(tmp_path, GRID, method="grid")
    assert [one.state for one in mended.trials] == ["complete"] * 16


def test_no_number_is_no_success(tmp_path):
    def nothing(settings, folder, watch):
        watch(1, float("nan"))
        return stand_in.Outcome(float("nan"), 1, {"validation": {"eer": float("nan")}})

    axes = [parse_vary("optimiser.lr=1e-3,1e-4")]
    with pytest.raises(
        TruevoiceError, match="all 2 trials failed; the last of them: its eer on validation is no number"
    ):
        tune(SETTINGS, tmp_path, axes, method="grid", objective=nothing)
    json.loads((tmp_path / "study.json").read_text(), parse_constant=pytest.fail)


def test_another_search_in_the_folder_is_refused(tmp_path):
    quick(tmp_path, GRID, method="grid", trials=2)
    with pytest.raises(UsageError, match="holds a search with other settings \\(method, space\\)"):
        quick(tmp_path, RANGE, method="random", trials=2)
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "study.journal").write_text("a diary of somebody\n")
    with pytest.raises(UsageError, match="no journal of a search"):
        quick(tmp_path / "else", GRID, method="grid")


def test_a_torn_line_in_the_journal_is_cut_off(tmp_path):
    quick(tmp_path, RANGE, method="random", trials=3)
    with (tmp_path / "study.journal").open("ab") as file:
        file.write(b'{"op_code":6,"worker_id":"torn')
    assert len(quick(tmp_path, RANGE, method="random", trials=5).trials) == 5
    path = tmp_path / "file"
    for content, kept in ((b"", b""), (b"a\nb\n", b"a\nb\n"), (b"a\nb", b"a\n"), (b"ab", b"")):
        path.write_bytes(content)
        cut_torn_line(path)
        assert path.read_bytes() == kept


def test_several_processes_share_a_search(tmp_path):
    found = quick(tmp_path, GRID, method="grid", jobs=2, objective=slow_bowl)
    assert [one.state for one in found.trials] == ["complete"] * 16
    assert len({json.dumps(one.params, sort_keys=True) for one in found.trials}) == 16
    assert all((tmp_path / one.folder / "attempts").read_text() == "begun\n" for one in found.trials)


def start(out, seconds):
    return subprocess.Popen([sys.executable, stand_in.__file__, "work", str(out), str(seconds)])


@pytest.mark.parametrize(
    ("axes", "cells", "processes", "times"),
    [(GRID[1:], 4, 1, 1), pytest.param(GRID, 16, 2, 2, marks=pytest.mark.slow)],
)
def test_killed_processes_lose_nothing(tmp_path, axes, cells, processes, times):
    """On one study, all killed at any moment; what they were at is done again, and nothing else."""
    chance = random.Random(5)
    quick(tmp_path, axes, method="grid", trials=1)
    begin(tmp_path, settle_plan(Plan(SETTINGS, tuple(axes), "grid")))
    killed = 0
    for _ in range(times):
        before = len(list((tmp_path / "trials").iterdir()))
        running = [start(tmp_path, 0.1) for _ in range(processes)]
        until = time.monotonic() + 60
        while len(list((tmp_path / "trials").iterdir())) < before + processes and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.3))
        for process in running:
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
    assert killed, "none was killed in time: the test shows nothing"
    whole = quick(tmp_path, axes, method="grid")
    assert [one.state for one in whole.trials] == ["complete"] * cells
    assert len({json.dumps(one.params, sort_keys=True) for one in whole.trials}) == cells
    attempts = [len((tmp_path / one.folder / "attempts").read_text().splitlines()) for one in whole.trials]
    assert cells < sum(attempts) <= cells + killed
    again = quick(tmp_path / "unhurt", axes, method="grid")
    assert {str(one.params): one.value for one in again.trials} == {str(one.params): one.value for one in whole.trials}


def test_a_trial_whose_process_always_dies_is_given_up(tmp_path):
    axes = [parse_vary("optimiser.lr=1e-3,1e-4")]

    def interrupted(settings, folder, watch):
        if settings.optimiser.lr == 1e-3:
            watch(1, 0.5)
            raise KeyboardInterrupt
        return bowl(settings, folder, watch)

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            quick(tmp_path, axes, method="grid", objective=interrupted)
    found = quick(tmp_path, axes, method="grid", objective=interrupted)
    by_lr = {one.params["optimiser.lr"]: one for one in found.trials}
    assert by_lr[1e-4].state == "complete"
    assert (by_lr[1e-3].state, by_lr[1e-3].reason) == ("failed", "its process died 3 times")
    assert by_lr[1e-3].epochs == {1: 0.5}
    assert len(list((tmp_path / "trials").iterdir())) == 2


def test_a_trial_that_is_stopped_from_outside_again_and_again_is_not_given_up(tmp_path):
    """Each attempt gets one epoch further, as on machines that are taken away: nothing is wrong with the trial."""

    def taken_away(settings, folder, watch):
        reached = folder / "epochs"
        epoch = int(reached.read_text()) + 1 if reached.exists() else 1
        watch(epoch, 1 / epoch)
        reached.write_text(str(epoch))
        if epoch < 5:
            raise KeyboardInterrupt
        return stand_in.Outcome(0.2, epoch, {"validation": {"eer": 0.2}})

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            quick(tmp_path, [parse_vary("optimiser.lr=1e-3")], method="grid", objective=taken_away)
    (found,) = quick(tmp_path, [parse_vary("optimiser.lr=1e-3")], method="grid", objective=taken_away).trials
    assert (found.state, found.attempts, len(found.epochs)) == ("complete", 5, 5)


def test_locks_end_with_their_process(tmp_path):
    path = tmp_path / "lock"
    code = "import sys; from pathlib import Path; from truevoice.tuning.locks import Lock\n"
    code += "lock = Lock(Path(sys.argv[1])); print(lock.try_take(), flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "True\n"
    lock = Lock(path)
    assert not lock.try_take()
    holder.kill()
    holder.communicate()
    assert lock.try_take()
    lock.free()


@pytest.mark.parametrize("jobs", [0, -1])
def test_wrong_jobs(tmp_path, jobs):
    with pytest.raises(UsageError, match="--jobs"):
        tune(SETTINGS, tmp_path, GRID, method="grid", jobs=jobs)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TruevoiceError, match="cannot be written"):
        quick(Path(tmp_path / "file" / "in"), GRID, method="grid")
