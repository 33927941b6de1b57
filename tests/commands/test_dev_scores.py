"""The development set of a score file: its labels inside, in its own key, or in the key of the judged set."""

import numpy as np
import pytest

import truevoice
from truevoice.errors import TruevoiceError, UsageError
from truevoice.metrics import eer


@pytest.fixture
def field(tmp_path):
    """Lists without labels and their keys, as the field has them, for two sets; and the scores by set."""
    sets = {}
    for seed, name in enumerate(("eval", "dev")):
        truth = np.repeat([True, False], 40)
        scores = np.random.default_rng(seed).normal(np.where(truth, 1 + seed, -1 + seed))
        names = [f"{name}_{i}" for i in range(80)]
        labels = np.where(truth, "bonafide", "spoof")
        rows = list(zip(names, scores.tolist(), labels.tolist()))
        (tmp_path / f"{name}.txt").write_text("".join(f"{trial} {score!r}\n" for trial, score, _ in rows))
        (tmp_path / f"{name}.key").write_text("".join(f"S {trial} - A1 {label}\n" for trial, _, label in rows))
        four = "".join(f"{trial} A1 {label} {score!r}\n" for trial, score, label in rows)
        (tmp_path / f"{name}.labelled").write_text(four)
        sets[name] = scores
    return tmp_path, sets


def test_labels_in_its_own_key_or_in_it(field):
    folder, sets = field
    judged = {"scores": folder / "eval.txt", "key": folder / "eval.key", "rounds": 0}
    apart = truevoice.evaluate(**judged, dev=folder / "dev.txt", dev_key=folder / "dev.key")
    inside = truevoice.evaluate(**judged, dev=folder / "dev.labelled")
    wanted = eer(sets["dev"][:40], sets["dev"][40:])[1]
    assert apart.threshold.value == inside.threshold.value == wanted
    assert not apart.threshold.on_test


def test_without_labels_the_remedy_is_named(field):
    folder, _ = field
    with pytest.raises(UsageError, match="--dev-key"):
        truevoice.evaluate(scores=folder / "eval.txt", key=folder / "eval.key", dev=folder / "dev.txt", rounds=0)
    with pytest.raises(UsageError, match="needs --scores FILE and --dev FILE"):
        truevoice.evaluate(scores=folder / "eval.labelled", dev_key=folder / "dev.key", rounds=0)


@pytest.mark.parametrize("given", [{"windows": "first"}, {"model": "aasist"}, {"engine": "torch"}, {"hop": "1s"}])
def test_what_a_score_file_cannot_do_is_refused(field, given):
    folder, _ = field
    said = f"--{next(iter(given))} is about hearing recordings"
    with pytest.raises(UsageError, match=said):
        truevoice.evaluate(scores=folder / "eval.labelled", rounds=0, **given)
    with pytest.raises(UsageError, match=said):
        truevoice.calibrate(scores=folder / "eval.labelled", **given)


def test_a_place_that_cannot_be_written_is_told_and_a_wrong_file_makes_no_folder(field):
    folder, _ = field
    with pytest.raises(TruevoiceError, match="cannot be written"):
        truevoice.evaluate(scores=folder / "eval.labelled", out=folder / "dev.txt" / "report", rounds=0)
    with pytest.raises(UsageError, match="no such file"):
        truevoice.evaluate(scores=folder / "absent.csv", out=folder / "new", rounds=0)
    assert not (folder / "new").exists()
