"""Windows of training recordings: the same in every process and worker, cut and repeated as asked."""

import numpy as np
import pytest
import soundfile
from torch.utils.data import DataLoader

from speech import clips
from training_runs import voices
from truevoice.audio import load_audio
from truevoice.augment import Chain
from truevoice.data.readers import open_set
from truevoice.data.trial import Trial
from truevoice.training.dataset import TrainingSet, together
from truevoice.training.recordings import Recordings, UndecodableError
from truevoice.training.sampling import Batches, Draw

ROOM = 2**26
STEPS = [
    {"kind": "rawboost", "algorithm": 3, "probability": 0.7},
    {"kind": "gain", "probability": 0.5},
    {"kind": "shift", "probability": 0.5},
]


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    return open_set(voices(tmp_path_factory.mktemp("voices"), count=12)).trials


def examples(trials, **options):
    chain = options.pop("chain", None)
    if chain:
        options |= {"on_recording": chain.on("recording"), "on_window": chain.on("window")}
    return TrainingSet(Recordings(trials, room=options.pop("room", ROOM)), **{"window": 8000, "seed": 5} | options)


def epoch_of(dataset, workers, epoch=1):
    batches = Batches(len(dataset), 3, seed=5)
    batches.set_epoch(epoch)
    return list(DataLoader(dataset, batch_sampler=batches, collate_fn=together, num_workers=workers))


@pytest.mark.parametrize("room", [0, ROOM])
def test_any_number_of_workers_gives_the_same_stream(trials, room):
    chain = Chain.from_list(STEPS)
    alone = epoch_of(examples(trials, chain=chain), 0)
    shared = epoch_of(examples(trials, chain=chain, room=room), 2)
    for one, other in zip(alone, shared, strict=True):
        assert one["indices"] == other["indices"]
        assert (one["waves"] == other["waves"]).all()
        assert (one["bonafide"] == other["bonafide"]).all()
    again = epoch_of(examples(trials, chain=chain), 0, epoch=2)
    assert not all((one["waves"] == other["waves"]).all() for one, other in zip(alone, again))


def test_a_window_is_a_piece_of_its_recording(trials):
    dataset = examples(trials)
    starts = set()
    for epoch in range(6):
        window = dataset[Draw(epoch, 3, 3, 1.0)].wave
        wave = load_audio(trials[3].source)
        start = next(at for at in range(len(wave) - 7999) if (wave[at : at + 8000] == window).all())
        starts.add(start)
    assert len(starts) > 3
    first = examples(trials, crop="first")[Draw(4, 3, 3, 1.0)].wave
    assert (first == load_audio(trials[3].source)[:8000]).all()


def test_short_recordings_are_repeated(trials):
    window = examples(trials, window=40_000)[Draw(0, 2, 2, 1.0)].wave
    wave = load_audio(trials[2].source)
    assert (window == np.resize(wave, 40_000)).all()


def test_steps_on_the_recording_come_before_the_cut(trials):
    trimmed = Chain.from_list([{"kind": "trim", "on": "recording"}])
    dataset = examples(trials, chain=trimmed, crop="first")
    expected = trimmed.on("recording")(load_audio(trials[5].source), seed=5, epoch=0, index=5)
    assert (dataset[Draw(0, 5, 5, 1.0)].wave == np.resize(expected, 8000)[:8000]).all()


@pytest.mark.parametrize("clip", clips(), ids=lambda clip: clip.suffix)
def test_kept_waves_are_exactly_what_was_decoded(clip, tmp_path):
    for room in (0, ROOM):
        recordings = Recordings([Trial("clip", str(clip), "bonafide")], room=room)
        for _ in range(2):
            assert (recordings.wave(0) == load_audio(clip)).all()


def test_samples_of_16_bits_are_kept_as_such(tmp_path):
    wave = (np.random.default_rng(0).uniform(-1, 1, 16_000) * 2**15).astype(np.int16)
    wave[:2] = [-(2**15), 2**15 - 1]
    soundfile.write(tmp_path / "a.wav", wave, 16_000, subtype="PCM_16")
    recordings = Recordings([Trial("a", str(tmp_path / "a.wav"), "spoof")], room=33_000)
    first, expected = recordings.wave(0), load_audio(tmp_path / "a.wav")
    (tmp_path / "a.wav").unlink()
    assert (first == expected).all()
    assert (recordings.wave(0) == expected).all(), "kept, though there is room for 16 bits a sample only"


def test_a_broken_recording_gives_its_place_to_another_of_its_class(trials, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    listed = [*trials[:4], Trial("broken", str(broken), "spoof"), *trials[4:]]
    dataset = examples(listed)
    example = dataset[Draw(0, 4, 4, 0.5)]
    assert [one.name for one in example.failed] == ["broken"]
    assert listed[example.index].label == "spoof"
    assert example.index != 4
    assert not example.bonafide
    assert example.share == 0.5
    other = examples(listed)[Draw(0, 4, 4, 0.5)]
    assert other.index == example.index
    assert (other.wave == example.wave).all()
    with pytest.raises(UndecodableError, match="not audio"):
        dataset.recordings.wave(4)
