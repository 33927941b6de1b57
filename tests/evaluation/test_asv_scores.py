"""Speaker verification scores in the forms of 2019 and 2021, and files that are neither."""

import pytest

from truevoice.errors import UsageError
from truevoice.evaluation.asv_scores import read_asv_scores

OF_2019 = "LA_0070 target 2.5\nLA_0070 nontarget -3\nA07 spoof 1.25\nLA_0071 target 1e-1\n"
OF_2021 = "LA_0007-alaw LA_E_1 2.5\nLA_0007-alaw LA_E_2 -3\nLA_0007-alaw LA_E_3 1\nLA_0007-alaw LA_E_4 9\n"
KEY = "".join(
    f"LA_0007 LA_E_{i} alaw ita_tx bonafide {kind} notrim {subset}\n"
    for i, kind, subset in (
        (1, "target", "eval"),
        (2, "nontarget", "eval"),
        (3, "spoof", "eval"),
        (4, "spoof", "progress"),
    )
)


@pytest.fixture
def write(tmp_path):
    def made(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return made


def test_2019(write):
    found = read_asv_scores(write("scores.txt", OF_2019))
    assert {kind: values.tolist() for kind, values in found.items()} == {
        "target": [2.5, 0.1],
        "nontarget": [-3.0],
        "spoof": [1.25],
    }


def test_2021_with_its_key(write):
    scores, key = write("score.txt", OF_2021), write("trial_metadata.txt", KEY)
    assert read_asv_scores(scores, key)["spoof"].tolist() == [1.0, 9.0]
    assert read_asv_scores(scores, key, "eval")["spoof"].tolist() == [1.0]
    assert read_asv_scores(scores, key, "eval, progress")["spoof"].tolist() == [1.0, 9.0]
    with pytest.raises(UsageError, match="--asv-key"):
        read_asv_scores(scores)
    with pytest.raises(UsageError, match="no target and no nontarget"):
        read_asv_scores(scores, key, "progress")


def test_what_is_none(write, tmp_path):
    with pytest.raises(UsageError, match="line 2: 'x' is no score"):
        read_asv_scores(write("a", "s target 1\ns nontarget x\n"))
    with pytest.raises(UsageError, match="no spoof trials"):
        read_asv_scores(write("b", "s target 1\ns nontarget 2\n"))
    with pytest.raises(UsageError, match="has 4 lines, but its key"):
        read_asv_scores(write("c", OF_2021), write("d", KEY.split("\n", 1)[1]))
    with pytest.raises(UsageError, match="cannot be read"):
        read_asv_scores(tmp_path / "absent")
