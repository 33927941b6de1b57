"""What compare takes: evaluations, folders of them, training runs, score files; and one line for what it does not."""

import json

import pytest

import truevoice
from paired_scores import paired_sets, write_scores
from truevoice.comparison.reading import read_system
from truevoice.data.readers import open_set
from truevoice.errors import UsageError


@pytest.fixture
def evaluation(tmp_path):
    first, _ = paired_sets(40, 60)
    scores = write_scores(tmp_path / "theirs.csv", first)
    truevoice.evaluate(scores=scores, threshold=0.25, rounds=0, out=tmp_path / "evaluated", players=False)
    return tmp_path / "evaluated"


def test_an_evaluation(evaluation):
    system = read_system(evaluation)
    (side,) = system.sides.values()
    assert (system.kind, len(side.score_set), side.threshold.value) == ("evaluation", 100, 0.25)
    assert side.threshold.origin == "given: 0.25"
    assert side.findings == []


def test_figures_that_are_not_of_the_scores(evaluation):
    path = evaluation / "metrics.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "eer": 0.534, "auc": 0.9864}))
    (side,) = read_system(evaluation).sides.values()
    assert [finding.code for finding in side.findings] == ["figures-not-of-scores"]
    assert "EER 0.5340 where the scores have" in side.findings[0].message


def test_a_folder_of_evaluations(evaluation, tmp_path):
    outer = tmp_path / "after"
    outer.mkdir()
    evaluation.rename(outer / "custom")
    system = read_system(outer)
    assert (system.kind, list(system.sides)) == ("evaluations", ["custom"])


def test_a_training_run(tmp_path):
    run = tmp_path / "run"
    (run / "scores").mkdir(parents=True)
    for name, score_set in zip(("validation", "wild"), paired_sets(30, 30)):
        write_scores(run / "scores" / f"{name}.csv", score_set)
    (run / "summary.json").write_text(json.dumps({"best": {"validation": {"threshold": -0.5}}}))
    system = read_system(run)
    assert list(system.sides) == ["validation", "wild"]
    assert {name: (side.threshold.value, side.threshold.on_test) for name, side in system.sides.items()} == {
        "validation": (-0.5, True),
        "wild": (-0.5, False),
    }
    assert system.sides["wild"].score_set.columns["speaker"][0] == "s0"
    (run / "summary.json").unlink()
    assert read_system(run).sides["wild"].threshold is None


def test_recordings_are_found_again(tmp_path, shared):
    corpus = shared("corpus/dev/manifest.csv")
    trials = open_set(corpus).trials[:6]
    folder = tmp_path / "evaluated"
    folder.mkdir()
    rows = [f"{trial.name},{trial.label},{at}" for at, trial in enumerate(trials)]
    (folder / "scores.csv").write_text("\n".join(["trial,label,score", *rows]) + "\n")
    stored = {"threshold": 1, "threshold_origin": "given", "threshold_on_test": False}
    conditions = {"data": str(corpus), "kind": "the folder's manifest.csv"}
    (folder / "metrics.json").write_text(json.dumps({**stored, "conditions": conditions}))
    (side,) = read_system(folder).sides.values()
    assert side.score_set.sources == [trial.source for trial in trials]
    assert side.score_set.columns["source"] == [trial.meta["source"] for trial in trials]
    gone = json.dumps({**stored, "conditions": {**conditions, "data": str(tmp_path / "gone")}})
    (folder / "metrics.json").write_text(gone)
    (side,) = read_system(folder).sides.values()
    assert side.score_set.sources == []
    assert "no such file" in side.score_set.notes[-1]


def test_what_it_is_not(tmp_path, evaluation):
    with pytest.raises(UsageError, match="no such file or folder"):
        read_system(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"holds neither metrics.json"):
        read_system(tmp_path / "empty")
    (evaluation / "scores.csv").unlink()
    with pytest.raises(UsageError, match=r"but no scores.csv"):
        read_system(evaluation)
    (evaluation / "metrics.json").write_text("{")
    with pytest.raises(UsageError, match="is not whole"):
        read_system(evaluation)
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("score,label\n1,bonafide\n2,spoof\n")
    with pytest.raises(UsageError, match="no names to join them by"):
        read_system(nameless)
