"""Reported figures beside their scores: each usual way to get them wrong is built, and named."""

import numpy as np
import pytest

from truevoice.doctor.batches import batch_figures, cut_batches
from truevoice.doctor.reported import examine_reported
from truevoice.metrics import auc, eer

N = 1003


@pytest.fixture
def trials():
    random = np.random.default_rng(7)
    bonafide = random.random(N) < 0.4
    # a score that drifts through the file: averaging over batches then differs from pooling
    drift = np.sin(np.arange(N) / 60)
    return bonafide, random.normal(np.where(bonafide, 1.2, 0.0), 0.8) + 2 * drift


def code(bonafide, scores, **reported):
    (finding,) = examine_reported(bonafide, scores, **reported)
    assert finding.severity == "note" or finding.remedy
    return finding.code


def pooled(bonafide, scores):
    return eer(scores[bonafide], scores[~bonafide])[0], auc(scores[bonafide], scores[~bonafide])


def test_pooled(trials):
    e, a = pooled(*trials)
    assert code(*trials, eer=f"{e:.4f}") == "reported-pooled"
    assert code(*trials, eer=f"{100 * e:.2f}%") == "reported-pooled"
    assert code(*trials, auc=f"{a:.4f}") == "reported-pooled"
    assert len(examine_reported(*trials, eer=f"{e:.4f}", auc=f"{a:.4f}")) == 2


def test_flipped(trials):
    e, a = pooled(*trials)
    assert code(*trials, eer=f"{1 - e:.4f}") == "reported-flipped"
    assert code(*trials, auc=f"{1 - a:.4f}") == "reported-flipped"


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_averaged_over_batches(trials, size):
    bonafide, scores = trials
    starts = range(0, N, size)
    batches = [(bonafide[i : i + size], scores[i : i + size]) for i in starts]
    both = [batch for batch in batches if 0 < batch[0].sum() < len(batch[0])]
    mean_eer = np.mean([pooled(*batch)[0] for batch in both])
    mean_auc = np.mean([pooled(*batch)[1] for batch in both])
    (finding,) = examine_reported(*trials, eer=f"{mean_eer:.6f}")
    assert finding.code == "reported-averaged"
    assert f"batches of {size} " in finding.message
    (finding,) = examine_reported(*trials, auc=f"{mean_auc:.6f}")
    assert finding.code == "reported-averaged"
    assert f"batches of {size} " in finding.message


@pytest.mark.parametrize(("stand_in", "word"), [(0.5, "one half"), (0.0, "zero")])
def test_averaged_with_batches_of_one_class(stand_in, word):
    random = np.random.default_rng(8)
    bonafide = random.random(640) < 0.1
    scores = random.normal(bonafide * 1.5, 1)
    parts = [(bonafide[i : i + 16], scores[i : i + 16]) for i in range(0, 640, 16)]
    figures = [pooled(*part)[1] if 0 < part[0].sum() < 16 else stand_in for part in parts]
    (finding,) = examine_reported(bonafide, scores, auc=f"{np.mean(figures):.6f}")
    assert finding.code == "reported-averaged"
    assert word in finding.message


def test_the_published_eer_of_tied_scores(trials):
    bonafide, scores = trials
    tied = np.round(scores)
    official = float(batch_figures(bonafide[None], tied[None]).official[0])
    assert abs(official - pooled(bonafide, tied)[0]) > 0.005
    assert code(bonafide, tied, eer=f"{official:.4f}") == "reported-official"


def test_verdicts(trials):
    bonafide, scores = trials
    balanced = ((scores[bonafide] >= 0).mean() + (scores[~bonafide] < 0).mean()) / 2
    assert code(bonafide, scores, auc=f"{balanced:.5f}") == "reported-of-verdicts"


def test_units(trials):
    e, _ = pooled(*trials)
    assert code(*trials, eer=f"{e:.4f}%") == "reported-unit"


def test_something_else(trials):
    assert code(*trials, eer="0.99999") == "reported-otherwise"
    assert code(*trials, auc="0.00001") == "reported-otherwise"


def test_passes_over_what_cannot_be_used(trials):
    bonafide, scores = trials
    e, _ = pooled(bonafide, scores)
    odd = np.insert(scores, 100, np.nan)
    assert code(np.insert(bonafide, 100, True), odd, eer=f"{e:.5f}") == "reported-pooled"
    assert examine_reported(np.ones(5, bool), np.arange(5.0), eer="0.1") == []


def test_batches_agree_with_the_metrics():
    random = np.random.default_rng(9)
    for _ in range(60):
        size = int(random.integers(1, 20))
        bonafide, scores = random.random(70) < 0.5, random.integers(-4, 5, 70) / 2
        position = 0
        for truth, values in cut_batches(bonafide, scores, size):
            curve = batch_figures(truth, values)
            for i in range(len(truth)):
                t, s = bonafide[position : position + truth.shape[1]], scores[position : position + truth.shape[1]]
                position += truth.shape[1]
                if 0 < t.sum() < len(t):
                    assert (curve.interp[i], curve.auc[i]) == pytest.approx(pooled(t, s), abs=1e-12)
                else:
                    assert np.isnan([curve.interp[i], curve.auc[i], curve.official[i]]).all()
        assert position == 70


def test_official_figures(shared):
    import csv
    import json

    want = json.loads(shared("reference/metric_vectors/expected.json").read_text())
    for name in ("v1_continuous", "v2_ties"):
        with open(shared(f"reference/metric_vectors/{name}.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        bonafide = np.array([row["label"] == "bonafide" for row in rows])
        scores = np.array([float(row["score"]) for row in rows])
        curve = batch_figures(bonafide[None], scores[None])
        assert curve.official[0] == pytest.approx(want[name]["pooled"]["eer_official"], abs=1e-9)
        assert curve.nearest_far[0] == pytest.approx(want[name]["pooled"]["eer_sklearn_fpr_at_nearest"], abs=1e-9)
