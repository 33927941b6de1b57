"""Other precisions than the published one: by name, told with every score, and never mixed in one folder."""

import numpy as np
import pytest

import truevoice
from fakes import level_detector
from speech import clips
from truevoice.detectors.precise import in_precision
from truevoice.errors import UsageError
from truevoice.models.precision import chosen_precision, multiplies_bytes
from truevoice.scoring.run import Run

needs_bytes = pytest.mark.skipif(not multiplies_bytes(), reason="no fast products of bytes on this processor")


@pytest.fixture(scope="module")
def checkpoint(shared):
    return shared("reference/vectors/tiny_ssl_aasist.pth")


def load(checkpoint, precision):
    return truevoice.load("ssl-aasist", checkpoint=checkpoint, device="cpu", precision=precision)


@needs_bytes
def test_the_precision_stands_with_every_score(checkpoint, one_thread):
    windows = np.random.default_rng(0).standard_normal((3, 16_000)).astype(np.float32) * 0.1
    plain, narrow = load(checkpoint, "float32"), load(checkpoint, "int16")
    assert 0 < np.abs(plain.scores(windows) - narrow.scores(windows)).max() < 0.02
    plain_result, narrow_result = (one.score(str(clips()[0])) for one in (plain, narrow))
    assert (plain_result.engine, narrow_result.engine) == ("torch/cpu", "torch/cpu/int16")
    assert Run.of(narrow, narrow.policy).settings()["precision"] == "int16"
    assert load(checkpoint, "auto").engine.device == f"cpu/{chosen_precision('auto')}"
    with pytest.raises(UsageError, match="not there for this network"):
        in_precision(plain, "int8")  # it has begun in another


@needs_bytes
def test_scores_of_two_precisions_do_not_stand_in_one_folder(checkpoint, one_thread, tmp_path):
    words = {"model": "ssl-aasist", "checkpoint": checkpoint, "device": "cpu", "out": tmp_path, "formats": "csv"}
    truevoice.score(str(clips()[0]), **words, precision="int16")
    for other in ({"precision": "float32"}, {}):
        with pytest.raises(UsageError, match=r"precision int16, now float32"):
            truevoice.score(str(clips()[1]), **words, **other)
    assert len(truevoice.score(str(clips()[1]), **words, precision="int16")) == 1


def test_a_folder_of_old_is_one_of_float32(tmp_path):
    from truevoice.scoring.journal import Journal

    Journal(tmp_path, {"model": "a"}).close()
    with pytest.raises(UsageError, match="precision float32, now int16"):
        Journal(tmp_path, {"model": "a", "precision": "int16"})
    Journal(tmp_path, {"model": "a", "precision": "float32"}).close()


def test_a_detector_without_an_encoder_says_so():
    assert in_precision(level_detector(), "auto").engine.device == "cpu"
    with pytest.raises(UsageError, match="int16 is not there for level: it runs as an ONNX graph"):
        in_precision(level_detector(), "int16")
    with pytest.raises(UsageError, match="precision 'half' is not known: choose auto, float32"):
        truevoice.load(precision="half")
