"""Score files as people write them: read right, counted, or refused in one line."""

import csv
import json
import time

import numpy as np
import pytest

from speech import clips
from truevoice.cli.__main__ import main
from truevoice.errors import UsageError
from truevoice.evaluation.key_join import stem_of
from truevoice.evaluation.score_files import read_scores

CSV = "trial,label,score\na,bonafide,1.5\nb,spoof,-2\nc,spoof,0.25\n"
KEY_2019 = "LA_1 E_1 - - bonafide\nLA_2 E_2 - A07 spoof\nLA_2 E_3 - A08 spoof\n"
KEY_2021 = (
    "LA_1 E_1 alaw ita_tx - bonafide notrim eval\nLA_2 E_2 none - A07 spoof notrim eval\n"
    "LA_2 E_3 none - A08 spoof notrim progress\n"
)


@pytest.fixture
def write(tmp_path):
    def write(text, name="scores.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def as_dict(scores):
    return {
        name: (bool(truth), float(score)) for name, truth, score in zip(scores.names, scores.bonafide, scores.scores)
    }


WANT = {"a": (True, 1.5), "b": (False, -2.0), "c": (False, 0.25)}


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.replace("\n", "\r\n"),
        CSV.replace(",", "\t"),
        CSV.replace(",", ";"),
        CSV.replace(",", ";").replace(".", ","),
        CSV.replace(",", " "),
        CSV.replace("trial,label,score", "utterance,key,cm-score"),
        "file,CM-Score,cm-label\na,1.5,bonafide\nb,-2,spoof\nc,0.25,spoof\n",
        "a bonafide 1.5\nb spoof -2\nc spoof 0.25\n",
        "a - bonafide 1.5\nb A07 spoof -2\nc A08 spoof 0.25\n",
        "a,1.5,real\nb,-2,fake\nc,0.25,fake\n",
        "a  1.5   bona-fide\n\nb -2 spoof\nc 2.5e-1 spoof",
        "\n".join(json.dumps({"id": n, "label": "bonafide" if t else "spoof", "llr": s}) for n, (t, s) in WANT.items()),
    ],
)
def test_forms(write, text):
    found = read_scores(write(text)).score_set
    assert as_dict(found) == WANT
    assert not found.left_out


def test_parquet_of_half_floats(tmp_path):
    import pyarrow
    from pyarrow import parquet

    table = {"path": ["a", "b"], "label": ["spoof", "bonafide"], "score": pyarrow.array(np.array([0.1, 2], np.float16))}
    parquet.write_table(pyarrow.table(table), tmp_path / "s.parquet")
    found = read_scores(tmp_path / "s.parquet").score_set
    assert as_dict(found) == {"a": (False, float(np.float16(0.1))), "b": (True, 2.0)}


def test_our_own_file(tmp_path):
    """What `truevoice score` writes, with a recording that cannot be read, judged by a key of bare names."""
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    with pytest.raises(SystemExit):
        main(["score", str(clips()[0]), str(clips()[1]), str(broken), "-o", str(tmp_path / "out"), "-q"])
    key = tmp_path / "key.csv"
    key.write_text(f"trial,label\n{clips()[0].stem},spoof\n{clips()[1].stem},bonafide\nbroken,spoof\n")
    found = read_scores(tmp_path / "out" / "scores.csv", key=key)
    assert found.model == "mel-cnn"
    assert len(found.checksum) == 64
    assert found.windows
    assert found.threshold is not None
    assert found.score_set.n_spoof == found.score_set.n_bonafide == 1
    assert found.score_set.p_spoof is not None
    (left,) = found.score_set.left_out
    assert "broken" in left.name
    assert left.reason not in ("", "no score")
    with open(tmp_path / "out" / "scores.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_scores_that_mean_spoof(write):
    found = read_scores(write(CSV), score_means="spoof").score_set
    assert as_dict(found) == {name: (truth, -score) for name, (truth, score) in WANT.items()}
    assert any("negated" in note for note in found.notes)
    with pytest.raises(UsageError, match="score-means"):
        read_scores(write(CSV), score_means="fake")


@pytest.mark.parametrize("names", [("E_1", "E_2", "E_3"), ("x/E_1.flac", "y\\E_2.wav", "E_3.WAV")])
def test_key(write, names):
    scores = write("".join(f"{name} {i}\n" for i, name in enumerate(names)), "scores.txt")
    found = read_scores(scores, key=write(KEY_2019, "key.txt")).score_set
    assert as_dict(found) == dict(zip(names, [(True, 0.0), (False, 1.0), (False, 2.0)]))
    assert found.columns["attack"] == ["", "A07", "A08"]
    assert found.columns["speaker"] == ["LA_1", "LA_2", "LA_2"]


def test_subset(write):
    scores, key = write("E_1 1\nE_2 2\nE_3 3\n", "scores.txt"), write(KEY_2021, "trial_metadata.txt")
    found = read_scores(scores, key=key, subset="eval").score_set
    assert found.names == ["E_1", "E_2"]
    assert not found.left_out
    assert any("1 trial" in note for note in found.notes)
    with pytest.raises(UsageError, match=r"no subset 'evil'; it has eval, progress"):
        read_scores(scores, key=key, subset="evil")
    with pytest.raises(UsageError, match="no column of subsets"):
        read_scores(scores, key=write(KEY_2019, "key.txt"), subset="eval")
    own = write("trial,label,score,subset\na,spoof,1,eval\nb,bonafide,2,eval\nc,spoof,3,progress\n")
    assert read_scores(own, subset="EVAL").score_set.names == ["a", "b"]


def test_what_is_left_out(write):
    scores = write("E_1 1\nE_1 1.0\nE_2 nan\nE_9 3\nE_4 -inf\nE_5 -\n", "scores.txt")
    key = write(KEY_2019 + "LA_3 E_4 - A09 spoof\nLA_3 E_5 - A09 spoof\nLA_3 E_6 - A09 spoof\n", "key.txt")
    found = read_scores(scores, key=key).score_set
    assert found.names == ["E_1"]
    assert {(one.name, one.reason) for one in found.left_out} == {
        ("E_1", "duplicate"),
        ("E_2", "not a number"),
        ("E_3", "no score"),
        ("E_4", "not a number"),
        ("E_5", "no score"),
        ("E_6", "no score"),
        ("E_9", "not in the key"),
    }


def test_scores_beyond_all_bounds_are_as_good_as_infinite(write):
    found = read_scores(write("trial,label,score\na,spoof,1e99\nb,bonafide,-1.7e308\nc,bonafide,1\n")).score_set
    assert (found.names, [one.reason for one in found.left_out]) == (["a", "c"], ["not a number"])


def test_the_doctor_sees_what_is_odd(write):
    scores = write("trial,label,score\na,spoof,nan\na,spoof,1\na,bonafide,2\nb,bonafide,inf\nc,,1\n")
    found = read_scores(scores, strict=False).score_set
    assert found.names == ["a", "a", "a", "b"]
    assert np.isfinite(found.scores).tolist() == [False, True, True, False]
    assert [(one.name, one.reason) for one in found.left_out] == [("c", "no label")]


def test_ambiguous_stems_are_not_guessed(write):
    scores = write("trial,score\n1,0.5\nx/2.wav,1\n")
    key = write("path,label\nreal/1.wav,real\nfake/1.wav,fake\nfake/2.wav,fake\n", "key.csv")
    found = read_scores(scores, key=key).score_set
    assert found.names == ["x/2.wav"]
    assert ("1", "its name fits several trials of the key") in [(one.name, one.reason) for one in found.left_out]


def test_stems():
    assert [stem_of(name) for name in ("a/b/c.flac", "c", "d.1.5", "x\\y.MP3", "T_1.tar.gz")] == [
        "c",
        "c",
        "d.1.5",
        "y",
        "T_1.tar",
    ]


def test_columns_are_kept(write):
    found = read_scores(write("trial,label,score,system,room\na,spoof,1,A1,r1\nb,bonafide,2,,r2\n")).score_set
    assert found.columns["attack"] == ["A1", ""]
    assert found.columns["room"] == ["r1", "r2"]


def test_columns_by_name_and_label_map(write):
    path = write("wavs,is_fake,p,score\na,1,0.25,zz\nb,0,0.5,zz\n")
    with pytest.raises(UsageError, match="zz"):
        read_scores(path, path_column="wavs", label_map={"1": "spoof", "0": "bonafide"})
    found = read_scores(path, path_column="wavs", score_column="p", label_map={"1": "spoof", "0": "bonafide"}).score_set
    assert as_dict(found) == {"a": (False, 0.25), "b": (True, 0.5)}
    with pytest.raises(UsageError, match="no column 'nope'"):
        read_scores(path, score_column="nope")


def test_trials_without_names(write):
    found = read_scores(write("label,score\nspoof,1\nbonafide,1\nspoof,1\n")).score_set
    assert found.names == ["row 1", "row 2", "row 3"]
    assert any("no names" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("trial,label,score\n", "no trial"),
        ("trial,score\na,1\n", "evaluate needs the truth"),
        ("a 1\nb 2\n", "evaluate needs the truth"),
        ("trial,label,score\na,,1\nb,,2\n", "evaluate needs the truth"),
        ("trial,label,score\na,1,0.5\nb,0,0.7\n", "label"),
        ("a 1 0.5\nb 0 0.7\n", "label"),
        ("a 0.5 1\nb 0.7 0\n", "label"),
        ("trial,label,score\na,spoof,0.5\nb,bonafide,real\n", "row 2 (b): the score 'real' is not a number"),
        ("a spoof\nb bonafide\n", "row 1"),
        ("trial,label,score\na,spoof,1\na,spoof,2\n", "trial a stands twice with different scores (1 and 2)"),
        ("trial,label,score\na,spoof,1\na,bonafide,1\n", "different labels"),
        ("epoch,eer,auc\n1,0.2,0.9\n2,0.1,0.95\n", "averages over batches or epochs are not pooled figures"),
        ("trial,label,value\na,spoof,1\n", "--score-column"),
        ("s1 target 1.0\ns2 nontarget 0.2\n", "speaker verification"),
        ("a 1\nb 2 3\n", "row 2 has 3 words"),
        ("trial,label,score\na,maybe,1\n", "maybe"),
        (b"\xff\xfet\x00", "UTF-16"),
    ],
)
def test_refused_in_one_line(write, text, words):
    path = write(text)
    with pytest.raises(UsageError) as error:
        read_scores(path)
    assert words in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_another_protocol(write):
    scores, key = write("DF_E_1 1\nDF_E_2 2\n", "scores.txt"), write(KEY_2019, "key.txt")
    with pytest.raises(UsageError, match=r"is of another protocol: none of its 2 trials is in .*E_1.*DF_E_1"):
        read_scores(scores, key=key)
    with pytest.raises(UsageError, match="no column of trials"):
        read_scores(write("score\n1\n"), key=key)
    with pytest.raises(UsageError, match="twice with different labels"):
        read_scores(write("E_1 1\n", "s.txt"), key=write(KEY_2019 + "LA_1 E_1 - A01 spoof\n", "k.txt"))


def test_many_rows_in_seconds(tmp_path):
    scores, key = tmp_path / "scores.txt", tmp_path / "key.txt"
    with scores.open("w") as rows, key.open("w") as truth:
        for i in range(300_000):
            rows.write(f"LA_E_{i:07d} {i / 7:.5f}\n")
            truth.write(f"LA_{i % 50:04d} LA_E_{i:07d} - A07 {'spoof' if i % 10 else 'bonafide'}\n")
    start = time.perf_counter()
    assert read_scores(scores, key=key).score_set.n_bonafide == 30_000
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("text", ["E_1 1,5\nE_2 -2,0\nE_3 0,25\n", "E_1;1,5\nE_2;-2,0\nE_3;0,25\n"])
def test_decimal_commas_without_a_header(write, text):
    found = read_scores(write(text), key=write(KEY_2019, "key.txt")).score_set
    assert as_dict(found) == {"E_1": (True, 1.5), "E_2": (False, -2.0), "E_3": (False, 0.25)}
    assert "decimal commas were read as decimal points" in found.notes


def test_numbers_and_zeros_and_ones_ask_for_a_label_map(write):
    path = write("0.3 1\n-0.2 0\n0.7 1\n")
    with pytest.raises(UsageError, match="--label-map"):
        read_scores(path)
    assert read_scores(path, label_map={"1": "bonafide", "0": "spoof"}).score_set.n_bonafide == 2


def test_subsets_counted_together_are_told(write):
    path, key = write("E_1 1\nE_2 -2\nE_3 0\n"), write(KEY_2021, "key.txt")
    together = read_scores(path, key=key).score_set
    assert any("eval, progress of the key are counted together" in note for note in together.notes)
    assert not any("together" in note for note in read_scores(path, key=key, subset="eval").score_set.notes)
