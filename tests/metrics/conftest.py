"""The reference vectors: lists of scores and the figures that the field's own programs gave on them."""

import csv
import json

import numpy as np
import pytest

# name of the list -> columns of label and score, group of figures in expected.json
LISTS = {
    "v1_continuous": ("label", "score", "pooled"),
    "v2_ties": ("label", "score", "pooled"),
    "v4_sasv": ("cm_label", "cm_score", "cm"),
    "v5_in_the_wild_xlsr_mamba": ("label", "score", "pooled"),
}


@pytest.fixture(scope="session")
def expected(shared):
    return json.loads(shared("reference/metric_vectors/expected.json").read_text())


@pytest.fixture(scope="session")
def rows_of(shared):
    """Rows of a vector file as dicts of text, read once."""
    read = {}

    def rows(name):
        if name not in read:
            with open(shared(f"reference/metric_vectors/{name}.csv"), newline="") as file:
                read[name] = list(csv.DictReader(file))
        return read[name]

    return rows


@pytest.fixture(scope="session")
def two_classes(rows_of):
    """(bona fide scores, spoof scores) of one of LISTS."""

    def scores(name):
        label, score, _ = LISTS[name]
        rows = rows_of(name)
        return tuple(np.array([float(row[score]) for row in rows if row[label] == k]) for k in ("bonafide", "spoof"))

    return scores
