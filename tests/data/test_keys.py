"""Keys and protocols as they are published: what each column is, told by content and names."""

import pytest

from truevoice.data.keys import read_key
from truevoice.errors import UsageError


def read(tmp_path, *lines, **options):
    path = tmp_path / "key.txt"
    path.write_text("\n".join(lines) + "\n")
    return [(row.trial, row.label, dict(row.meta)) for row in read_key(path, **options)]


def test_asvspoof_2019(tmp_path):
    rows = read(tmp_path, "LA_0079 LA_T_1138215 - - bonafide", "LA_0039 LA_E_2834763 - A11 spoof")
    assert rows == [
        ("LA_T_1138215", "bonafide", {"speaker": "LA_0079", "attack": ""}),
        ("LA_E_2834763", "spoof", {"speaker": "LA_0039", "attack": "A11"}),
    ]
    ((_, _, meta),) = read(tmp_path, "PA_0079 PA_T_0000001 aaa BC spoof")
    assert meta == {"speaker": "PA_0079", "environment": "aaa", "attack": "BC"}


def test_asvspoof_2021(tmp_path):
    (spoof, bonafide) = read(
        tmp_path,
        "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim hidden_track",  # the word of the stage-1 keys
        "LA_0009 LA_E_8589971 none loc_tx bonafide bonafide notrim progress",
    )
    assert spoof[:2] == ("LA_E_9332881", "spoof")
    assert (spoof[2]["codec"], spoof[2]["subset"]) == ("alaw", "hidden")
    assert bonafide[2] == {
        **{"speaker": "LA_0009", "codec": "none", "transmission": "loc_tx", "attack": ""},
        **{"trim": "notrim", "subset": "progress"},
    }
    row = "TGF1 DF_E_2000024 mp3m4a vcc2020 Task2-team12 spoof notrim eval traditional_vocoder Task2 team12 FF G"
    ((trial, label, meta),) = read(tmp_path, row)
    assert (trial, label) == ("DF_E_2000024", "spoof")
    assert (meta["attack"], meta["vocoder"], meta["language"], meta["source"]) == (
        *("Task2-team12", "traditional_vocoder", "G", "vcc2020"),
    )
    ((trial, label, meta),) = read(tmp_path, "PA_0010 PA_E_1000001 R3 M3 d4 r1 m1 s4 c4 spoof trim hidden2_PA")
    assert (trial, label, meta["trim"], meta["subset"]) == ("PA_E_1000001", "spoof", "trim", "hidden")


def test_asvspoof_5(tmp_path):
    rows = read(
        tmp_path,
        "D_4461 D_0000000169 F - - - AC1 A14 spoof -",
        "D_0461 D_0000000190 M C04 3 E_7 - bonafide bonafide -",
    )
    assert [(trial, label) for trial, label, _ in rows] == [("D_0000000169", "spoof"), ("D_0000000190", "bonafide")]
    assert rows[0][2] == {
        **{"speaker": "D_4461", "gender": "F", "codec": "none", "codec_q": ""},
        **{"group": "", "attack_tag": "AC1", "attack": "A14"},
    }
    assert (rows[1][2]["attack"], rows[1][2]["codec"], rows[1][2]["group"]) == ("", "C04", "E_7")
    assert read(tmp_path, "filename\tcm-label", "E_1\tspoof") == [("E_1", "spoof", {})]
    ((trial, label, meta),) = read(tmp_path, "spk filename cm-label asv-label", "s E_1 bonafide target")
    assert (trial, label, meta["asv-label"]) == ("E_1", "bonafide", "target")


def test_other_lists(tmp_path):
    assert read(tmp_path, "file,speaker,label", "0.wav,Alec Guinness,spoof", "4.wav,X,bona-fide")[1] == (
        *("4.wav", "bonafide", {"speaker": "X"}),
    )
    assert read(tmp_path, "A.wav fake", "B.wav genuine") == [("A.wav", "spoof", {}), ("B.wav", "bonafide", {})]
    assert read(tmp_path, "S.wav real 0", "F01_S.wav fake 1")[1] == ("F01_S.wav", "spoof", {"column_3": "1"})
    assert read(tmp_path, "unknown 20032123 - baidu spoof", "G0019 T0055 - aidatatang bonafide")[1][2]["attack"] == ""
    had = "HAD_dev_fake_00000003 0.00-1.26-T/1.26-2.12-F 0"
    assert read(tmp_path, had, label_map={"0": "spoof", "1": "bonafide"})[0][1] == "spoof"
    assert read(tmp_path, '{"utt": "a", "label": "fake", "system": "tts1"}')[0][2]["attack"] == "tts1"
    assert read(tmp_path, "utt;truth", "a;fake", label_column="truth") == [("a", "spoof", {})]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["LA_E_1", "LA_E_2"], "no labels: it is a list of trials"),
        (["LA_1 LA_E_1 alaw x bonafide target notrim eval"], "speaker verification"),
        (["a b c", "d e f"], "no column of labels"),
        (["a fake", "b"], "row 2 has 1 words, the first has 2"),
        (["HAD_1 0-1-T 0"], "--label-map"),
        (["path,label", "x,1"], "--label-map"),
        (["name,speaker", "x,1"], "no column of labels"),
        (["speaker,label", "x,spoof"], "no column 'trial'"),
        (["utt label", "x spoof", "y"], "has 1 words, the first 2"),
    ],
)
def test_what_is_no_key_is_one_line(tmp_path, lines, says):
    with pytest.raises(UsageError, match=says) as raised:
        read(tmp_path, *lines)
    assert "key.txt" in str(raised.value)
    assert "\n" not in str(raised.value)
