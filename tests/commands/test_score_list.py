"""Score files under other priors, thresholds and calibrations than their own: what the figures then hold for."""

import json

import numpy as np
import pytest

import truevoice
from truevoice.windows import WindowPolicy


@pytest.fixture
def write(tmp_path):
    """Writes a score file of two noisy classes with further columns; gives its path."""

    def made(name="scores.csv", *, seed=0, named=True, **columns):
        random = np.random.default_rng(seed)
        truth = np.repeat([True, False], 60)
        scores = random.normal(np.where(truth, 1, -1))
        table = {"trial": [f"{seed}-{i}" for i in range(120)]} if named else {}
        table |= {"label": np.where(truth, "bonafide", "spoof"), "score": scores}
        table |= {key: cells(scores) if callable(cells) else [cells] * 120 for key, cells in columns.items()}
        rows = [",".join(map(str, row)) for row in zip(*table.values())]
        path = tmp_path / name
        path.write_text("\n".join([",".join(table), *rows]))
        return path

    return made


def p_spoof(scores):
    return 1 / (1 + np.exp(2 * scores))


def test_a_prior_moves_the_files_own_probabilities_but_not_its_evidence(write):
    path = write(p_spoof=p_spoof, prior_spoof=0.5)
    even, rare = (truevoice.evaluate(scores=path, prior=prior, rounds=0) for prior in (None, 0.01))
    assert rare.conditions.prior_spoof == 0.01
    odds = [found.score_set.p_spoof / (1 - found.score_set.p_spoof) for found in (even, rare)]
    assert odds[1] == pytest.approx(odds[0] * 0.01 / 0.99)
    assert rare["cllr"] == pytest.approx(even["cllr"], abs=1e-9)
    assert rare["ppv_at_prior"] < even["ppv_at_prior"]


def test_the_prior_of_a_calibration_is_that_of_ppv_too(write, tmp_path):
    path = write()
    truevoice.calibrate(scores=path, prior=0.1, out=tmp_path / "cal.json")
    silent = truevoice.evaluate(scores=path, calibration=tmp_path / "cal.json", rounds=0)
    said = truevoice.evaluate(scores=path, calibration=tmp_path / "cal.json", prior=0.1, rounds=0)
    assert silent.conditions.prior_spoof == said.conditions.prior_spoof == 0.1
    assert silent["ppv_at_prior"] == said["ppv_at_prior"] != silent["ppv"]
    assert said.threshold.value == pytest.approx(silent.threshold.value)
    assert "prior of 0.1" in said.threshold.origin


def test_a_calibration_of_the_very_trials_is_told(write, tmp_path):
    path, other = write(), write("other.csv", seed=1)
    truevoice.calibrate(scores=path, out=tmp_path / "cal.json")

    def codes(scores):
        found = truevoice.evaluate(scores=scores, calibration=tmp_path / "cal.json", rounds=0)
        return {finding.code for finding in found.findings}

    assert "calibrated-on-test" in codes(path)
    assert "calibrated-on-test" not in codes(other)


def test_a_calibration_of_other_windows_is_told(write, tmp_path):
    truevoice.calibrate(scores=write(policy="overlap:64600:32300:mean"), out=tmp_path / "cal.json")
    assert json.loads((tmp_path / "cal.json").read_text())["windows"]["kind"] == "overlap"
    for policy, told in (("overlap:64600:32300:mean", False), (WindowPolicy("first", 64600, 64600).spec, True)):
        path = write("test.csv", seed=1, policy=policy)
        found = truevoice.evaluate(scores=path, calibration=tmp_path / "cal.json", rounds=0)
        assert ("calibration-windows" in {finding.code for finding in found.findings}) is told


def test_row_numbers_are_no_trials_in_common(write):
    test, dev = write(named=False), write("dev.csv", named=False, seed=1)
    found = truevoice.evaluate(scores=test, dev=dev, rounds=0)
    assert "shared-with-dev" not in {finding.code for finding in found.findings}


def test_the_development_file_is_not_cut_to_the_split_of_the_test(write):
    found = truevoice.evaluate(
        scores=write(split="test"), dev=write("dev.csv", seed=1, split="dev"), split="test", rounds=0
    )
    assert "(120 trials)" in found.threshold.origin


def test_probabilities_of_exactly_one_are_no_evidence_and_that_is_said(write):
    path = write(p_spoof=lambda scores: (scores < 0).astype(float))
    found = truevoice.evaluate(scores=path, rounds=0)
    assert "0 or 1" in found.llrs
