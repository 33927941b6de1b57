"""Calibration files, priors and thresholds put on a detector, and those that do not belong."""

import json
from dataclasses import replace

import pytest

from fakes import level_detector
from truevoice.detectors.calibration import Calibration, NamedThreshold
from truevoice.detectors.deciding import decided, read_calibration
from truevoice.errors import CheckpointError, UsageError
from truevoice.windows import WindowPolicy

LINE = Calibration(
    slope=2.0,
    offset=-1.0,
    threshold=0.5,
    windows=WindowPolicy("first", 16000, 16000),
    fitted_on={"data": "dev.csv"},
    thresholds={"balanced": NamedThreshold(0.5, "EER", 0.1, 0.1), "low-false-alarm": NamedThreshold(-1.5, "frr 1 %")},
    model="level",
    checksum="0" * 64,
)


def test_a_stored_calibration_comes_back(tmp_path):
    path = tmp_path / "cal.json"
    path.write_text(json.dumps(LINE.to_dict()))
    assert read_calibration(path) == LINE
    detector = decided(level_detector(calibrated=False), calibration=path, threshold="low-false-alarm")
    assert detector.working_point == -1.5
    assert detector.policy == LINE.windows
    assert decided(detector, threshold="0.25").working_point == 0.25
    assert decided(detector, threshold=0.25).working_point == 0.25


def test_a_prior_moves_the_threshold_unless_one_is_set():
    detector = decided(level_detector(), prior=0.9)
    assert detector.working_point > level_detector().working_point
    assert decided(level_detector(), prior=0.9, threshold=1.0).working_point == 1.0


def test_it_belongs_to_its_detector_alone():
    for other in (replace(LINE, model="aasist"), replace(LINE, checksum="1" * 64)):
        with pytest.raises(UsageError, match="was made for"):
            decided(level_detector(), calibration=other)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"threshold": "balancd"}, "did you mean balanced"),
        ({"threshold": "nan"}, "finite"),
        ({"threshold": True}, None),
        ({"threshold": [1]}, "not"),
        ({"prior": 1.0}, "prior"),
    ],
)
def test_what_cannot_be_meant(asked, words):
    detector = replace(level_detector(), calibration=LINE)
    if words is None:
        assert decided(detector, **asked).working_point == 1.0
        return
    with pytest.raises(UsageError, match=words):
        decided(detector, **asked)


def test_without_calibration():
    plain = level_detector(calibrated=False)
    with pytest.raises(UsageError, match="truevoice calibrate"):
        decided(plain, prior=0.5)
    with pytest.raises(UsageError, match="no named ones"):
        decided(plain, threshold="balanced")
    assert decided(plain, threshold=1).working_point == 1.0


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json", '{"calibration": {"slope": "x"}}', '{"calibration": 3}'])
def test_files_that_are_no_calibration(tmp_path, text):
    path = tmp_path / "cal.json"
    path.write_text(text)
    with pytest.raises(CheckpointError, match="is not a calibration"):
        read_calibration(path)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_calibration(tmp_path / "absent.json")
