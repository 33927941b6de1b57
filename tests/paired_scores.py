"""Two systems' scores of the same trials, drawn at random, and score files of them."""

import csv

import numpy as np

from truevoice.comparison.system import Side, System
from truevoice.evaluation.evaluation import Conditions, Threshold
from truevoice.evaluation.score_set import ScoreSet


def paired_sets(n_bonafide=150, n_spoof=250, *, apart=(1.0, 2.0), seed=0):
    """Two score sets of the same trials. `apart`: how far each system holds the classes from zero; what makes a trial
    hard is common to both."""
    random = np.random.default_rng(seed)
    n = n_bonafide + n_spoof
    truth = np.arange(n) < n_bonafide
    hard = random.normal(size=n)
    names = [f"clips/u{at}.flac" for at in range(n)]
    attacks = ["" if real else f"A0{at % 3}" for at, real in enumerate(truth.tolist())]
    columns = {"attack": attacks, "speaker": [f"s{at % 11}" for at in range(n)]}
    return [
        ScoreSet(list(names), truth, np.where(truth, far, -far) + 0.7 * hard + random.normal(0, 0.7, n), dict(columns))
        for far in apart
    ]


def side(score_set, *, threshold=0.0, on_test=False, **conditions):
    words = {"data": "set", "n_bonafide": score_set.n_bonafide, "n_spoof": score_set.n_spoof, **conditions}
    given = None if threshold is None else Threshold(threshold, "given", on_test=on_test)
    return Side(score_set, Conditions(**words), given)


def systems(first, second, name="custom", **more):
    """Two systems of one set each."""
    return [System(word, word, "scores", {name: side(one, **more)}) for word, one in (("A", first), ("B", second))]


def write_scores(path, score_set):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "label", "score", *score_set.columns])
        for at, name in enumerate(score_set.names):
            label = "bonafide" if score_set.bonafide[at] else "spoof"
            cells = [score_set.columns[column][at] for column in score_set.columns]
            writer.writerow([name, label, repr(float(score_set.scores[at])), *cells])
    return path
