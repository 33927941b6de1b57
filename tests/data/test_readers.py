"""Each published layout on a small tree of its own, with the faults that its copies are known to have."""

import os
import sys
from collections import Counter

import pytest

from trees import plant, write
from truevoice.data.readers import open_set
from truevoice.errors import UsageError


def rows(manifest, *columns):
    return [(trial.name, trial.label, *(trial.meta.get(c, "") for c in columns)) for trial in manifest.trials]


def labels(manifest):
    return Counter(trial.label for trial in manifest.trials)


def all_there(manifest):
    return all(os.path.isfile(trial.source) for trial in manifest.trials)


def test_fake_or_real_all_variants(tmp_path):
    inner = {
        "for-original": "for-original",
        "for-norm": "for-norm",
        "for-2sec": "for-2seconds",
        "for-rerec": "for-rerecorded",
    }
    for outer, name in inner.items():
        for split in ("training", "validation", "testing"):
            extension = "mp3" if outer == "for-original" else "wav"
            plant(tmp_path, f"{outer}/{name}/{split}/real/file1.wav", f"{outer}/{name}/{split}/fake/file1.{extension}")
    (tmp_path / "for-original/for-original/training/fake/file16643.mp3").mkdir()  # a known fault of the set
    plant(tmp_path, "backup/x.wav")
    manifest = open_set(tmp_path)
    assert manifest.kind == "Fake-or-Real, variants 2sec, norm, original, rerec"
    assert labels(manifest) == {"bonafide": 12, "spoof": 12}
    assert all_there(manifest)
    assert Counter(trial.meta["split"] for trial in manifest.trials) == {"train": 8, "validation": 8, "test": 8}
    variants = Counter(trial.meta["variant"] for trial in manifest.trials)
    assert variants == {"original": 6, "norm": 6, "2sec": 6, "rerec": 6}
    assert manifest.by_reason() == {
        "is a folder, not a recording": ["for-original/for-original/training/fake/file16643.mp3"],
        "unlabelled": ["backup/x.wav"],
    }


@pytest.mark.parametrize("root", ["for-norm/for-norm", "for-norm", "copy/for-norm", ""])
def test_fake_or_real_one_variant_at_any_depth(tmp_path, root):
    name = "file1044.wav_16k.wav_norm.wav_mono.wav_silence.wav"
    plant(tmp_path / "for-norm" / root, f"testing/real/{name}", f"testing/fake/{name}", f"training/FAKE/{name}")
    manifest = open_set(tmp_path / "for-norm")
    assert manifest.kind == "Fake-or-Real, variant norm"
    assert sorted(row[1:] for row in rows(manifest, "split", "variant")) == [
        ("bonafide", "test", "norm"),
        ("spoof", "test", "norm"),
        ("spoof", "train", "norm"),
    ]


def test_in_the_wild(tmp_path):
    root = plant(tmp_path, *(f"release_in_the_wild/{n}.wav" for n in (0, 4, 7)))
    write(
        *(root, "release_in_the_wild/meta.csv", "file,speaker,label"),
        *("0.wav,Alec Guinness,spoof", "4.wav,Christopher Hitchens,bona-fide", "5.wav,Ayn Rand,spoof"),
    )
    write(root, "release_in_the_wild/attribution.txt", "words")
    for target in (root, root / "release_in_the_wild"):
        manifest = open_set(target)
        assert manifest.kind == "In-the-Wild"
        assert [row[1:] for row in rows(manifest, "speaker")] == [
            ("spoof", "Alec Guinness"),
            ("bonafide", "Christopher Hitchens"),
        ]
        assert {reason: len(names) for reason, names in manifest.by_reason().items()} == {
            "unlabelled": 1,
            "no such file": 1,
        }


def test_in_the_wild_in_folders(tmp_path):
    root = plant(tmp_path / "release_in_the_wild", "real/4.wav", "fake/0.wav", "fake/9.wav")
    manifest = open_set(root)
    assert manifest.kind == "In-the-Wild (real and fake folders)"
    assert manifest.columns == []
    assert "speakers are unknown" in manifest.notes[0]
    write(root, "meta.csv", "file,speaker,label", "0.wav,A,spoof", "4.wav,B,bona-fide", "9.wav,C,bona-fide")
    manifest = open_set(root)
    assert rows(manifest, "speaker") == [("fake/0.wav", "spoof", "A"), ("real/4.wav", "bonafide", "B")]
    assert manifest.by_reason() == {"its folder and meta.csv disagree": ["fake/9.wav"]}


LA = "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm."


def asvspoof_2019(root):
    plant(root, "ASVspoof2019_LA_train/flac/LA_T_1138215.flac", "ASVspoof2019_LA_train/flac/LA_T_1000000.flac")
    plant(root, "ASVspoof2019_LA_eval/flac/LA_E_2834763.flac", "ASVspoof2019_LA_eval/flac/LA_E_0000001.flac")
    write(root, LA + "train.trn.txt", "LA_0079 LA_T_1138215 - - bonafide", "LA_0079 LA_T_2000000 - A01 spoof")
    write(root, LA + "dev.trl.txt", "LA_0069 LA_D_1047731 - - bonafide")
    write(root, LA + "eval.trl.txt", "LA_0039 LA_E_2834763 - A11 spoof", "LA_0007 LA_E_0000001 - - bonafide")


@pytest.mark.parametrize("doubled", ["", "LA", "LA/LA"])
def test_asvspoof_2019_la(tmp_path, doubled):
    asvspoof_2019(tmp_path / doubled)
    manifest = open_set(tmp_path)
    assert manifest.kind == "ASVspoof 2019 LA"
    assert sorted(row[1:] for row in rows(manifest, "split", "track", "attack", "speaker")) == [
        ("bonafide", "eval", "LA", "", "LA_0007"),
        ("bonafide", "train", "LA", "", "LA_0079"),
        ("spoof", "eval", "LA", "A11", "LA_0039"),
    ]
    assert all_there(manifest)
    assert manifest.by_reason()["no such file"] == ["LA_T_2000000"]
    assert [name.split("/")[-1] for name in manifest.by_reason()["unlabelled"]] == ["LA_T_1000000.flac"]
    assert any("dev.trl.txt lists 1 trials; none" in note for note in manifest.notes)


def test_asvspoof_2019_one_part_with_its_protocol_beside(tmp_path):
    asvspoof_2019(tmp_path)
    manifest = open_set(tmp_path / "ASVspoof2019_LA_eval")
    assert labels(manifest) == {"bonafide": 1, "spoof": 1}
    plant(tmp_path / "alone" / "deep" / "ASVspoof2019_LA_eval", "flac/LA_E_2834763.flac")
    with pytest.raises(UsageError, match="without their protocols"):
        open_set(tmp_path / "alone" / "deep" / "ASVspoof2019_LA_eval")


def test_asvspoof_2019_pa_beside_la_and_2021(tmp_path):
    asvspoof_2019(tmp_path / "LA")
    plant(tmp_path, "PA/ASVspoof2019_PA_dev/flac/PA_D_0000001.flac", "ASVspoof2021_LA_eval/flac/LA_E_0000001.flac")
    write(
        tmp_path / "PA",
        *("ASVspoof2019_PA_cm_protocols/ASVspoof2019.PA.cm.dev.trl.txt", "PA_0079 PA_D_0000001 aac BB spoof"),
    )
    manifest = open_set(tmp_path)
    assert manifest.kind == "ASVspoof 2019 LA and PA"
    assert ("PA/ASVspoof2019_PA_dev/flac/PA_D_0000001.flac", "spoof", "dev", "PA", "BB", "aac") in rows(
        manifest, "split", "track", "attack", "environment"
    )
    assert manifest.by_reason()["of another set"] == ["ASVspoof2021_LA_eval/flac/LA_E_0000001.flac"]
    assert any("also looks like ASVspoof 2021" in note for note in manifest.notes)


@pytest.mark.parametrize("keys", ["keys/LA/CM", "../keys/LA/CM", "keys/CM", "../LA-keys-full/keys/LA/CM"])
def test_asvspoof_2021_la(tmp_path, keys):
    root = plant(tmp_path / "ASVspoof2021_LA_eval", *(f"flac/LA_E_000000{n}.flac" for n in (1, 2, 3, 4)))
    write(root, "ASVspoof2021.LA.cm.eval.trl.txt", *(f"LA_E_000000{n}" for n in (1, 2, 3, 4)))
    with pytest.raises(UsageError, match=r"without their labels; fetch LA-keys-full\.tar\.gz"):
        open_set(root)
    write(
        *(root, f"{keys}/trial_metadata.txt"),
        "LA_0009 LA_E_0000001 alaw ita_tx A07 spoof notrim eval",
        "LA_0009 LA_E_0000002 none loc_tx bonafide bonafide notrim progress",
        "LA_0010 LA_E_0000003 opus mad_tx A08 spoof trim hidden_track",
        "LA_0010 LA_E_0000009 opus mad_tx A08 spoof trim hidden_track",
    )
    manifest = open_set(root)
    assert (manifest.kind, manifest.default_subset) == ("ASVspoof 2021 LA", "eval")
    assert [row[1:] for row in rows(manifest, "subset", "attack", "codec", "transmission", "trim")] == [
        ("spoof", "eval", "A07", "alaw", "ita_tx", "notrim"),
        ("bonafide", "progress", "", "none", "loc_tx", "notrim"),
        ("spoof", "hidden", "A08", "opus", "mad_tx", "trim"),
    ]
    assert manifest.by_reason() == {"no such file": ["LA_E_0000009"], "unlabelled": ["flac/LA_E_0000004.flac"]}


def test_asvspoof_2021_df_in_parts_with_the_keys_of_all_tracks(tmp_path):
    for part in range(4):
        plant(tmp_path, f"ASVspoof2021_DF_eval_part0{part}/ASVspoof2021_DF_eval/flac/DF_E_200000{part}.flac")
    tail = "notrim eval traditional_vocoder Task2 team12 FF G"
    write(
        *(tmp_path, "keys/DF/CM/trial_metadata.txt"),
        *(f"TGF1 DF_E_200000{n} mp3m4a vcc2020 Task2-team12 spoof {tail}" for n in range(3)),
        "LA_0023 DF_E_2000003 nocodec asvspoof bonafide bonafide notrim eval bonafide - - - -",
    )
    write(tmp_path, "keys/LA/CM/trial_metadata.txt", "LA_0009 LA_E_0000001 alaw ita_tx A07 spoof notrim eval")
    write(tmp_path, "keys/LA/ASV/trial_metadata.txt", "LA_1 LA_E_1 alaw x bonafide target notrim eval")
    manifest = open_set(tmp_path)
    assert (manifest.kind, labels(manifest)) == ("ASVspoof 2021 DF", {"bonafide": 1, "spoof": 3})
    assert manifest.left_out == []
    (_, label, *meta) = rows(manifest, "codec", "source", "attack", "vocoder", "language", "track")[0]
    assert (label, meta) == ("spoof", ["mp3m4a", "vcc2020", "Task2-team12", "traditional_vocoder", "G", "DF"])


def test_asvspoof_2021_pa(tmp_path):
    plant(tmp_path, "ASVspoof2021_PA_eval/flac/PA_E_1000001.flac")
    write(
        *(tmp_path, "keys/PA/CM/trial_metadata.txt"),
        "PA_0010 PA_E_1000001 R3 M3 d4 r1 m1 s4 c4 spoof trim hidden2_PA",
    )
    ((_, label, subset, trim, room),) = rows(open_set(tmp_path), "subset", "trim", "room")
    assert (label, subset, trim, room) == ("spoof", "hidden", "trim", "R3")


def test_asvspoof_5(tmp_path):
    plant(tmp_path, "flac_T/T_0000000001.flac", "flac_D/D_0000000169.flac", "flac_E_eval/E_0000000007.flac")
    with pytest.raises(UsageError, match=r"ASVspoof5_protocols\.tar\.gz"):
        open_set(tmp_path)
    write(tmp_path, "ASVspoof5.train.tsv", "T_1 T_0000000001 M - - - - bonafide bonafide -")
    write(tmp_path, "ASVspoof5.dev.track_1.tsv", "D_4461 D_0000000169 F - - - AC1 A14 spoof -")
    write(tmp_path, "ASVspoof5.eval.track_1.tsv", "E_9 E_0000000007 F C04 3 E_0000000001 AC3 A29 spoof -")
    write(tmp_path, "ASVspoof5.dev.enroll.txt", "D_1 D_0000000001")
    manifest = open_set(tmp_path)
    assert manifest.kind == "ASVspoof 5"
    assert sorted(row[1:] for row in rows(manifest, "split", "attack", "codec", "codec_q", "speaker", "gender")) == [
        ("bonafide", "train", "", "none", "", "T_1", "M"),
        ("spoof", "dev", "A14", "none", "", "D_4461", "F"),
        ("spoof", "eval", "A29", "C04", "3", "E_9", "F"),
    ]


def test_wavefake(tmp_path):
    root = tmp_path / "generated_audio"
    plant(root, "ljspeech_melgan/LJ001-0001_gen.wav", "ljspeech_hifiGAN/LJ001-0001_gen.wav")
    plant(root, "jsut_parallel_wavegan/BASIC5000_0001_gen.wav")
    plant(root, "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech/gen_0.wav")
    manifest = open_set(root)
    assert labels(manifest) == {"spoof": 4}
    assert "put LJSpeech-1.1" in manifest.notes[0]
    plant(tmp_path, "LJSpeech-1.1/wavs/LJ001-0001.wav", "jsut_ver1.1/basic5000/wav/BASIC5000_0001.wav")
    plant(tmp_path, "jsut_ver1.1/loanword128/wav/LOANWORD128_001.wav")
    for target, left in ((root, 0), (tmp_path, 1)):  # beside it, and inside
        manifest = open_set(target)
        assert manifest.kind == "WaveFake"
        assert labels(manifest) == {"spoof": 4, "bonafide": 2}
        assert all_there(manifest)
        assert len(manifest.left_out) == left
        assert {row[2:] for row in rows(manifest, "attack", "source", "group") if row[4] == "LJ001-0001"} == {
            ("ljspeech_melgan", "ljspeech", "LJ001-0001"),
            ("ljspeech_hifiGAN", "ljspeech", "LJ001-0001"),
            ("", "ljspeech", "LJ001-0001"),
        }
    assert open_set(root / "ljspeech_melgan").trials[0].meta["attack"] == "ljspeech_melgan"


def test_librisevoc(tmp_path):
    plant(tmp_path, "LibriSeVoc/gt/27_123349_000006_000000.wav")
    for vocoder in ("diffwave", "melgan", "wavernn"):
        plant(tmp_path, f"LibriSeVoc/{vocoder}/27_123349_000006_000000_gen.wav")
    manifest = open_set(tmp_path)
    assert manifest.kind == "LibriSeVoc"
    assert [row[1:] for row in rows(manifest, "attack", "speaker", "group")] == [
        ("spoof", "diffwave", "27", "27_123349_000006_000000"),
        ("bonafide", "", "27", "27_123349_000006_000000"),
        ("spoof", "melgan", "27", "27_123349_000006_000000"),
        ("spoof", "wavernn", "27", "27_123349_000006_000000"),
    ]


def test_mlaad(tmp_path):
    root = tmp_path / "MLAAD"
    header = (
        "path|original_file|language|is_original_language|duration|training_data|model_name|architecture|transcript"
    )
    original = "en_US/by_book/female/judy/oz/wavs/oz_01.wav"
    plant(root, "fake/en/tts_models_en_vits/oz_01.wav", "fake/en/tts_models_en_vits/more.wav", "fake/de/bark/x.wav")
    write(
        *(root, "fake/en/tts_models_en_vits/meta.csv", header),
        f'./fake/en/tts_models_en_vits/oz_01.wav|{original}|en|True|2.5|ljspeech|tts_models/en/vits|vits|He: "a; b"',
        f"./fake/en/tts_models_en_vits/gone.wav|{original}|en|True|2.5|ljspeech|tts_models/en/vits|vits|no",
    )
    manifest = open_set(root)
    assert manifest.kind == "MLAAD"
    assert rows(manifest, "attack", "architecture", "language", "group") == [
        ("fake/de/bark/x.wav", "spoof", "bark", "", "de", ""),
        ("fake/en/tts_models_en_vits/more.wav", "spoof", "tts_models_en_vits", "", "en", ""),
        ("fake/en/tts_models_en_vits/oz_01.wav", "spoof", "tts_models/en/vits", "vits", "en", original),
    ]
    assert manifest.by_reason() == {"no such file": ["fake/en/tts_models_en_vits/gone.wav"]}
    assert "put M-AILABS beside" in manifest.notes[0]
    plant(tmp_path, f"m-ailabs/{original}")
    plant(tmp_path, "m-ailabs/de_DE/by_book/mix/kafka/wavs/._k.wav", "m-ailabs/de_DE/by_book/mix/kafka/wavs/k.wav")
    for target in (root, tmp_path):
        bonafide = [row[1:] for row in rows(open_set(target), "language", "speaker", "group") if row[1] == "bonafide"]
        assert bonafide == [
            ("bonafide", "de", "", "de_DE/by_book/mix/kafka/wavs/k.wav"),
            ("bonafide", "en", "judy", original),
        ]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["REAL/a.wav", "FAKE/a.wav"], [("spoof", "", ""), ("bonafide", "", "")]),
        (
            ["train/real/a.wav", "val/Fake/b.mp3", "x/x/test/fake/tts1/c.flac"],
            [("bonafide", "train", ""), ("spoof", "validation", ""), ("spoof", "test", "tts1")],
        ),
        (
            ["audios/Training/Bona-Fide/a.wav", "audios/Testing/deepfakes/b.wav"],
            [("spoof", "test", ""), ("bonafide", "train", "")],
        ),
        (["genuine/dev/a.wav", "spoofed/eval/b.wav"], [("bonafide", "dev", ""), ("spoof", "eval", "")]),
        (["real_voices/a.wav", "2_fake audio/b.wav"], [("spoof", "", ""), ("bonafide", "", "")]),
        (["original/fake/a.wav", "original/real/b.wav"], [("spoof", "", ""), ("bonafide", "", "")]),
        (["human/a.wav", "ai-generated/b.wav"], [("spoof", "", ""), ("bonafide", "", "")]),
    ],
)
def test_real_and_fake_folders(tmp_path, paths, expected):
    manifest = open_set(plant(tmp_path, *paths))
    assert manifest.kind == "real and fake folders"
    assert [row[1:] for row in rows(manifest, "split", "folder")] == expected
    assert manifest.left_out == []


def test_junk_strays_and_ambiguous_folders(tmp_path):
    plant(tmp_path, "real/a.wav", "fake/a.wav", "__MACOSX/real/a.wav", "real/._a.wav", ".cache/fake/b.wav")
    plant(tmp_path, "stray.wav", "real/fake/c.wav")
    write(tmp_path, "real/.DS_Store", "x")
    write(tmp_path, "notes.txt", "x")
    os.symlink(tmp_path, tmp_path / "real" / "loop")
    os.symlink("nowhere", tmp_path / "fake" / "dead.wav")
    manifest = open_set(tmp_path)
    assert [row[0] for row in rows(manifest)] == ["fake/a.wav", "fake/dead.wav", "real/a.wav"]
    assert manifest.by_reason() == {"unlabelled": ["stray.wav"], "its folders name both classes": ["real/fake/c.wav"]}
    assert manifest.notes == ["other files, by extension: 1 .txt"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are a matter of Linux")
def test_names_that_no_table_can_hold(tmp_path):
    plant(tmp_path, "real/a.wav", "fake/b.wav")
    with open(os.path.join(os.fsencode(tmp_path), b"fake", b"\xff.wav"), "wb") as file:
        file.write(b"x")
    assert list(open_set(tmp_path).by_reason()) == ["its name is not in UTF-8"]


def test_names_that_begin_with_the_class(tmp_path):
    manifest = open_set(plant(tmp_path, "test/bonafide_1.wav", "test/deepfake_1.wav", "test/readme.wav"))
    assert manifest.kind == "file names that begin with the class"
    assert rows(manifest, "split") == [
        ("test/bonafide_1.wav", "bonafide", "test"),
        ("test/deepfake_1.wav", "spoof", "test"),
    ]
    assert manifest.by_reason() == {"unlabelled": ["test/readme.wav"]}


def test_a_folder_with_a_manifest_is_that_manifest(tmp_path):
    plant(tmp_path, "real/a.wav", "fake/b.wav")
    write(tmp_path, "manifest.csv", "path;label", "real/a.wav;spoof")
    manifest = open_set(tmp_path)
    assert (manifest.kind, rows(manifest)) == ("the folder's manifest.csv", [("real/a.wav", "spoof")])


def test_what_is_no_set_is_one_line(tmp_path):
    plant(tmp_path, "some/a.wav", "other/b.wav")
    write(tmp_path, "metadata.csv", "file,label", "some/a.wav,real")
    with pytest.raises(UsageError, match=r"2 recordings, but .*real and fake.*manifest\.csv.*metadata\.csv") as raised:
        open_set(tmp_path)
    assert "\n" not in str(raised.value)
    assert labels(open_set(tmp_path / "metadata.csv")) == {"bonafide": 1}
    (tmp_path / "empty").mkdir()
    for target, options, says in (
        (tmp_path / "empty", {}, "holds no recordings"),
        (tmp_path / "gone", {}, "no such file or folder"),
        (tmp_path, {"label_column": "x"}, "mean nothing here"),
        (tmp_path / "some" / "a.wav", {}, "is not text"),
    ):
        with pytest.raises(UsageError, match=says):
            open_set(target, **options)
