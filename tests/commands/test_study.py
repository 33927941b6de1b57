"""A study on real clips: every stage once, going on after a stop, honest thresholds, clear refusals."""

import csv
import json
import shutil
from dataclasses import replace

import pytest

from study_data import corpus_rows, write_table
from truevoice.commands.study import study
from truevoice.commands.train import train
from truevoice.errors import TruevoiceError, UsageError
from truevoice.leaks.report import LeakReport
from truevoice.training.settings import Data, Network, Optimiser, Schedule, Settings

QUICK = Settings(
    data=Data(leak_report=False), optimiser=Optimiser(lr=1e-3), schedule=Schedule(epochs=1, batch_size=8, device="cpu")
)
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", autouse=True)
def no_pages_of_stages():
    """The pages of single evaluations have their own tests, and take their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("truevoice.report.evaluation_files.render_evaluation", lambda *_, **__: "")
        yield


@pytest.fixture
def no_report(monkeypatch):
    monkeypatch.setattr("truevoice.commands.study._write", lambda found, *_, **__: found)


@pytest.fixture(scope="module")
def place(shared, tmp_path_factory):
    """pre.csv, custom.csv, for.csv (with a test split) of real clips, and `start`, a detector trained for one epoch."""
    dev = shared("corpus/dev/manifest.csv").parent
    folder = tmp_path_factory.mktemp("study")
    rows = corpus_rows(dev)
    write_table(folder / "pre.csv", dev, rows, each=8, half=0, split="train")
    write_table(folder / "custom.csv", dev, rows, each=8, half=0, split="val")
    write_table(folder / "for.csv", dev, rows, each=12, half=1, split="train")
    write_table(folder / "for.csv", dev, rows, each=8, half=1, split="val", named="test")
    settings = replace(
        QUICK,
        network=Network(model="mel-cnn", arguments={"channels": 1}),
        data=Data(data=str(folder / "pre.csv"), leak_report=False, windows="overlap"),
    )
    train(settings, folder / "start")
    return folder


class StandIn:
    """In place of training: gives the detector back that it was given, and writes what a run writes."""

    def __init__(self, fail=False):
        self.calls, self.fail = [], fail

    def __call__(self, settings, out, *, resume, **more):
        self.calls.append((settings, resume))
        out.mkdir(parents=True, exist_ok=True)
        epoch = {"loss": 0.7, "eer": 0.5, "auc": 0.5, "accuracy": 0.5}
        lines = [
            {"event": "start", "n_train": 3, "trained": 1, "parameters": 2},
            {"event": "epoch", "epoch": 1, "step": 1, "train_loss": 0.7, "best": True, "sets": {"validation": epoch}},
            {"event": "end", "stopped": "all epochs done", "best_epoch": 1, "seconds": 1.0},
        ]
        (out / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if self.fail:
            raise TruevoiceError("the power went")
        shutil.copytree(settings.network.checkpoint, out / "best")


def run(place, out, settings=QUICK, **more):
    words = {"custom": place / "custom.csv", "finetune_on": place / "for.csv", "rounds": 100, "players": False}
    return study(place / "start" / "best", out=out, settings=settings, **{**words, **more})


@pytest.fixture(scope="module")
def finished(place):
    """A study whose training is a stand-in, stopped once in the middle of training."""
    out, broken, whole = place / "stand-in", StandIn(fail=True), StandIn()
    with pytest.raises(TruevoiceError, match="the power went"):
        run(place, out, trainer=broken)
    lines = []
    found = run(place, out, trainer=whole, tell=lines.append)
    return out, found, whole, lines


def test_it_goes_on_at_the_stage_where_it_stopped(place, finished, no_report, monkeypatch):
    out, found, trainer, lines = finished
    assert [line[:6] for line in lines if " of 5" in line] == ["3 of 5", "4 of 5", "5 of 5"]
    assert trainer.calls[0][1] is True  # training is resumed, not begun anew
    monkeypatch.setattr("truevoice.commands.study._Stage.measure", None)  # nothing is heard again
    again = StandIn()
    assert run(place, out, trainer=again).to_dict() == found.to_dict()
    assert again.calls == []


def test_changed_settings_are_refused_by_name(place, finished, no_report):
    out = finished[0]
    faster = replace(QUICK, optimiser=Optimiser(lr=5e-3))
    with pytest.raises(UsageError, match=r"begun with optimiser.lr 0.001, and now it is 0.005; .*--force"):
        run(place, out, faster, trainer=StandIn())
    with pytest.raises(UsageError, match=r"begun with sets\.further.* none, and now"):
        run(place, out, trainer=StandIn(), test={"further": str(place / "pre.csv")})
    threads = replace(QUICK, schedule=replace(QUICK.schedule, workers=2))
    assert run(place, out, threads, trainer=StandIn()).summary  # what changes no result is not asked about


def test_a_setting_that_training_refuses_may_be_put_right(place, tmp_path, no_report, monkeypatch):
    def refusing(*_, **__):
        raise UsageError("no such layers")

    with pytest.raises(UsageError, match="no such layers"):
        run(place, tmp_path / "o", replace(QUICK, network=Network(trainable="last:99")), trainer=refusing)
    monkeypatch.setattr("truevoice.commands.study._Stage.measure", None)  # before is not heard again
    trainer = StandIn(fail=True)
    with pytest.raises(TruevoiceError, match="the power went"):
        run(place, tmp_path / "o", trainer=trainer)
    assert trainer.calls[0][0].network.trainable == "all"
    with pytest.raises(UsageError, match=r"begun with network\.trainable all, and now it is none"):
        run(place, tmp_path / "o", replace(QUICK, network=Network(trainable="none")), trainer=trainer)


def test_what_is_begun_anew_by_force_and_killed_goes_on_without(place, finished, tmp_path, no_report, monkeypatch):
    out = shutil.copytree(finished[0], tmp_path / "o")
    faster = replace(QUICK, optimiser=Optimiser(lr=5e-3))
    for where in ("shutil.rmtree", "truevoice.commands.study._Stage.measure"):
        with monkeypatch.context() as patch:
            patch.setattr(where, interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(place, out, faster, trainer=StandIn(), force=where == "shutil.rmtree")
    assert [path.name for path in out.iterdir() if path.is_dir()] == []  # nothing of the study given up is left
    trainer = StandIn()
    assert run(place, out, faster, trainer=trainer).repeat["settings"]["optimiser"]["lr"] == 5e-3
    assert len(trainer.calls) == 1


def test_what_was_deleted_is_measured_again(place, finished, tmp_path, no_report):
    out = shutil.copytree(finished[0], tmp_path / "o")
    shutil.rmtree(out / "after" / "custom")
    assert run(place, out, trainer=StandIn()).to_dict()["sets"].keys() == finished[1].roles.keys()


def interrupted(*_, **__):
    raise KeyboardInterrupt


def test_what_it_measures(finished):
    _, found, trainer, _ = finished
    assert found.roles == {"finetune-validation": "validation", "finetune-test": "own", "custom": "custom"}
    assert list(found.comparison.sets) == ["finetune-test", "custom", "finetune-validation"]
    assert (found.comparison.untested, found.comparison.tests) == (["finetune-validation"], 6)
    for one in found.comparison.sets.values():
        assert one.figures["eer"].change == 0  # the stand-in changes nothing
        assert not one.flips
    settings = trainer.calls[0][0]
    assert settings.data.test == {}
    assert settings.network.model == "mel-cnn"
    assert settings.data.windows == "overlap"


def test_thresholds_are_never_the_tests_own(finished):
    out, found, _, _ = finished
    for name in ("custom", "finetune-test"):
        for stage in ("before", "after"):
            metrics = json.loads((out / stage / name / "metrics.json").read_text())
            assert metrics["threshold_on_test"] is False
            assert "same trials" not in metrics["threshold_origin"]
    after = json.loads((out / "after" / "finetune-validation" / "metrics.json").read_text())
    assert after["threshold_on_test"] is True
    codes = [finding.code for finding in found.comparison.sets["finetune-validation"].findings]
    assert "threshold-on-test" in codes


def test_what_it_leaves(place, finished):
    out, found, _, _ = finished
    document = json.loads((out / "study.json").read_text())
    assert set(document["sets"]) == set(found.roles)
    assert document["summary"]["verdict"] == found.summary.verdict
    assert document["repeat"]["weights"]["before"]["sha256"] == document["repeat"]["weights"]["after"]["sha256"]
    assert document["repeat"]["sets"]["custom"]["recordings"] == 16
    assert document["repeat"]["seeds"] == {"training": 0, "division": 0}
    assert (out / "report.html").read_text().count("<svg") == 3 * 3 + 1
    with (out / "before" / "custom" / "scores.csv").open(newline="") as file:
        names = {row["trial"] for row in csv.DictReader(file)}
    with (place / "custom.csv").open(newline="") as file:
        assert names == {row["path"] for row in csv.DictReader(file)}


def test_without_a_test_split_nothing_is_claimed_of_the_set_fine_tuned_on(place, tmp_path, no_report):
    """The epoch and the threshold are chosen on its validation part, so that is no evidence."""
    found = run(place, tmp_path / "o", finetune_on=place / "pre.csv", trainer=StandIn(), rounds=200)
    assert found.roles == {"finetune-validation": "validation", "custom": "custom"}
    assert "was not tested" in found.summary.headline


def test_the_training_trials_must_stay_the_same(place, tmp_path, no_report):
    """Another training list with the same validation and test trials: the report would tell of what was not learnt."""
    lines = (place / "for.csv").read_text().splitlines()
    held = [line.replace(",train,", ",val,", 1) for line in lines[1:9] + lines[13:17]]
    learnt = [line for line in lines[1:] if line not in lines[1:9] + lines[13:17]]
    mine = tmp_path / "mine.csv"
    mine.write_text("\n".join([lines[0], *held, *learnt]) + "\n")
    run(place, tmp_path / "o", finetune_on=mine, trainer=StandIn())
    mine.write_text("\n".join([lines[0], *held, *learnt[1:]]) + "\n")
    with pytest.raises(UsageError, match="begun with learnt_from"):
        run(place, tmp_path / "o", finetune_on=mine, trainer=StandIn())


def test_a_leak_report_may_be_asked_for_later(place, finished, tmp_path, no_report, monkeypatch):
    out, found, *_ = finished
    assert found.leaks == {}
    monkeypatch.setattr("truevoice.leaks.report.leak_report", lambda sets, **_: LeakReport({name: {} for name in sets}))
    with_leaks = replace(QUICK, data=replace(QUICK.data, leak_report=True))
    again = run(place, shutil.copytree(out, tmp_path / "o"), with_leaks, trainer=StandIn())
    assert set(again.leaks["sets"]) == {"train", *found.roles}


def test_it_is_no_work_for_several_processes(place, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="torchrun"):
        run(place, tmp_path / "o", trainer=StandIn())


def test_requests_that_cannot_be_meant(place, tmp_path):
    start = place / "start" / "best"
    words = {"custom": place / "custom.csv", "finetune_on": place / "for.csv", "out": tmp_path / "o"}
    with pytest.raises(UsageError, match="no such weights"):
        study(tmp_path / "absent", **words)
    (tmp_path / "weights.pth").write_bytes(b"x")
    with pytest.raises(UsageError, match="which model is it"):
        study(tmp_path / "weights.pth", **words)
    with pytest.raises(UsageError, match=r"custom\): 24 of its recordings, such as .* would be learnt from"):
        study(start, **{**words, "custom": place / "for.csv"}, custom_split="train")
    with pytest.raises(UsageError, match="cannot be taken as a set's name"):
        study(start, **words, test={"custom": str(place / "pre.csv")})
    with pytest.raises(UsageError, match="give one"):
        study(start, **words, settings=replace(QUICK, data=Data(subset="50%")), max_train=10)
    with pytest.raises(UsageError, match=r"--cluster speeker: .* \(finetune-validation\) has no such column; it has"):
        study(start, **words, cluster="speeker")
    with pytest.raises(UsageError, match="did you mean tensorboard"):
        study(start, **words, log_to=["tensorbord"])
    with pytest.raises(UsageError, match="leave --checkpoint and --data out"):
        study(start, **words, settings=replace(QUICK, data=Data(data="elsewhere")))
    only = tmp_path / "only.csv"
    lines = (place / "custom.csv").read_text().splitlines()
    only.write_text("\n".join([lines[0], *(line for line in lines if ",spoof," in line)]) + "\n")
    with pytest.raises(UsageError, match="no bona fide recording among its 8"):
        study(start, **{**words, "custom": only})
    assert not (tmp_path / "o").exists()


def test_a_broken_state_is_told(place, tmp_path):
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(UsageError, match="is not whole"):
        run(place, tmp_path, trainer=StandIn())


def test_end_to_end_with_a_broken_recording(place, tmp_path, monkeypatch):
    """Real training on real clips, with the leak report, a further set, and one file of the custom set damaged."""
    monkeypatch.setattr("truevoice.report.comparison_page._charts", lambda *_: {"roc": "", "det": "", "histogram": ""})
    lines = (place / "custom.csv").read_text().splitlines()
    damaged = tmp_path / "damaged.opus"
    damaged.write_bytes(b"OggS" + bytes(100))
    custom = tmp_path / "custom.csv"
    absent = f"{tmp_path / 'absent.opus'},spoof,val,s,,,en,x"
    custom.write_text("\n".join([*lines, f"{damaged},spoof,val,s,,,en,x", absent]) + "\n")
    settings = replace(QUICK, data=Data(), schedule=replace(QUICK.schedule, epochs=2))
    out = tmp_path / "out"
    found = run(
        place,
        out,
        settings,
        custom=custom,
        test={"seen": str(place / "pre.csv")},
        max_train=16,
        each_epoch=True,
        players=True,
    )
    assert found.failed == 1
    assert set(found.roles) == {"finetune-validation", "finetune-test", "custom", "seen"}
    assert found.training["epochs"] == 2
    assert 12 <= found.training["n_train"] <= 18
    assert set(found.epochs[0]["sets"]) >= {"validation", "custom", "seen"}
    assert found.repeat["weights"]["before"]["sha256"] != found.repeat["weights"]["after"]["sha256"]
    assert found.leaks["sets"]["custom"] == {"bonafide": 8, "spoof": 9}
    assert {("train", name) for name in found.roles} <= {(p["first"], p["second"]) for p in found.leaks["shared"]}
    assert found.findings[0].code == "left-out"
    assert "absent.opus" in found.findings[0].message
    assert (out / "leaks.json").is_file()
    assert "damaged.opus" in (out / "report.html").read_text()
    document = json.loads((out / "study.json").read_text())
    assert document["failed"] == 1
