"""RawBoost: value by value with the original's draws, and in distribution with its own."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.augment.draws import Draws
from truevoice.augment.filtering import filtered_sum
from truevoice.augment.notches import notch_filters
from truevoice.augment.rawboost import RawBoost, convolutive, impulsive, rawboost, stationary, within_unit

TOLERANCE = 1e-7
FIGURES = {  # of rawboost_stats.json
    "snr_change_dB": 4,
    "changed_fraction": 4,
    "tilt_change_dB_per_octave": 4,
    "peak": 4,
    "energy_gain_dB": 4,
    "std_spectral_change_dB": 4,
}


@pytest.fixture(scope="module")
def vectors(shared):
    with np.load(shared("reference/vectors_rawboost/vectors_rawboost.npz")) as file:
        return dict(file)


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads(shared("reference/vectors_rawboost/rawboost_stats.json").read_text())


@pytest.mark.parametrize("seed", [0, 1, 1234])
@pytest.mark.parametrize("algorithm", range(1, 9))
def test_the_original_draws_give_the_original_output(vectors, algorithm, seed):
    expected = vectors[f"algo{algorithm}_seed{seed}"]
    settings = RawBoost(algorithm=algorithm)
    exact = rawboost(vectors["x"].astype(np.float64), settings, Draws(np.random.RandomState(seed)))
    np.testing.assert_allclose(exact, expected, atol=TOLERANCE, rtol=0)
    rounded = rawboost(vectors["x"], settings, Draws(np.random.RandomState(seed)))
    np.testing.assert_allclose(rounded, expected, atol=3 * TOLERANCE, rtol=0)  # sums are rounded to float32


@pytest.mark.parametrize("number", range(6))
def test_notch_filters_and_filtering(vectors, number):
    bands = vectors[f"notch{number}_bands_fc_bw_crawncoeff"]
    gain = np.array([vectors[f"notch{number}_G_dB"]])
    (filter_,) = notch_filters(bands[None], gain)
    np.testing.assert_allclose(filter_, vectors[f"notch{number}_b"], atol=1e-12)
    filtered = filtered_sum([vectors["x"].astype(np.float64)], [filter_], ahead=1)
    np.testing.assert_allclose(filtered, vectors[f"notch{number}_filterFIR_x"], atol=1e-12)


def test_filters_of_different_lengths_are_made_at_once(vectors):
    alike = [vectors[f"notch{number}_bands_fc_bw_crawncoeff"] for number in range(6)]
    gains = np.array([vectors[f"notch{number}_G_dB"] for number in range(6)])
    for number, filter_ in enumerate(notch_filters(np.stack(alike), gains)):
        np.testing.assert_allclose(filter_, vectors[f"notch{number}_b"], atol=1e-12)


def test_very_long_filters_reach_the_gain_asked_for():
    """Longer than the grid on which the greatest gain is sought."""
    bands = np.array([[[1000.0, 300.0, 3001.0], [3000.0, 300.0, 2001.0]]])
    (filter_,) = notch_filters(bands, np.array([-6.0]))
    assert len(filter_) == 5001
    response = np.abs(np.fft.rfft(filter_, 1 << 16))
    assert response[:: (1 << 16) // 1024][:512].max() == pytest.approx(10 ** (-6 / 20), rel=1e-9)
    assert response[round(1000 / 16000 * (1 << 16))] < 0.01


def test_short_and_long_notches_are_the_same_filter():
    """Two ways lead to the spectra; a long neighbour makes a short notch take the other one."""
    short = [[2000.0, 400.0, 60.0], [5000.0, 700.0, 31.0]]
    (alone,) = notch_filters(np.array([short]), np.zeros(1))
    beside, _ = notch_filters(np.array([short, [[900.0, 200.0, 400.0], [3000.0, 500.0, 99.0]]]), np.zeros(2))
    np.testing.assert_allclose(beside, alone, atol=1e-12)


def test_filtered_signals_come_one_sample_early(vectors):
    kernel = vectors["notch0_b"]
    early = filtered_sum([vectors["impulse_in"]], [kernel], ahead=1)
    np.testing.assert_allclose(early, vectors["impulse_filterFIR_notch0"], atol=1e-12)
    assert np.abs(early).argmax() == np.abs(vectors["impulse_in"]).argmax() - 1


def test_the_three_noises_for_given_draws(vectors):
    x = vectors["x"].astype(np.float64)
    drawn = vectors["lnl_draws_80"].reshape(5, 16)
    filters = notch_filters(drawn[:, :15].reshape(5, 5, 3), drawn[:, 15])
    np.testing.assert_allclose(convolutive(x, filters), vectors["lnl_y"], atol=TOLERANCE)
    changed = impulsive(vectors["x"], vectors["isd_p"], vectors["isd_u1"], vectors["isd_u2"], 2)
    np.testing.assert_array_equal(changed, vectors["isd_y"])
    noisy = stationary(x, vectors["ssi_noise_white"], vectors["ssi_b"], float(vectors["ssi_SNR_dB"]))
    np.testing.assert_allclose(noisy, vectors["ssi_y"], atol=TOLERANCE)


def test_only_peaks_above_one_are_scaled(vectors):
    for case in ("under", "over"):
        np.testing.assert_array_equal(within_unit(vectors[f"normWav0_{case}_in"]), vectors[f"normWav0_{case}_out"])


@given(
    length=st.integers(1, 9000),
    kernels=st.lists(st.integers(0, 700), min_size=1, max_size=3),
    ahead=st.integers(-800, 800),
)
def test_filtering_is_the_sum_of_convolutions(length, kernels, ahead):
    random = np.random.default_rng(length)
    signals = [random.normal(size=length) for _ in kernels]
    filters = [random.normal(size=2 * half + 1) for half in kernels]
    expected = np.zeros(length)
    for signal, filter_, half in zip(signals, filters, kernels, strict=True):
        whole = np.concatenate([np.zeros(2000), np.convolve(signal, filter_), np.zeros(2000)])
        expected += whole[2000 + half + ahead :][:length]
    np.testing.assert_allclose(filtered_sum(signals, filters, ahead=ahead), expected, atol=1e-9)


@pytest.mark.parametrize("algorithm", range(9))
@pytest.mark.parametrize("length", [1, 2, 50, 8000])
def test_edges(algorithm, length):
    draws = Draws(np.random.default_rng(length))
    for wave in (np.zeros(length, np.float32), np.full(length, 0.5, np.float32), np.full(length, -3.0, np.float32)):
        before = wave.copy()
        y = rawboost(wave, RawBoost(algorithm=algorithm), draws)
        assert y.shape == wave.shape
        assert y.dtype == wave.dtype
        assert np.isfinite(y).all()
        assert wave.any() or not y.any()
        np.testing.assert_array_equal(wave, before)
    if length == 1 and algorithm in (1, 4, 5, 6):
        assert not rawboost(np.ones(1, np.float32), RawBoost(algorithm=algorithm), draws).any()


def test_parameters_have_the_meaning_of_the_original():
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)

    def boosted(**settings) -> np.ndarray:
        return rawboost(wave, RawBoost(**settings), Draws(np.random.default_rng(1)))

    np.testing.assert_array_equal(boosted(algorithm=2, p=0), wave)
    np.testing.assert_array_equal(boosted(algorithm=2, g_sd=0), wave)
    assert 0 < np.mean(boosted(algorithm=2, p=100) != wave) <= 1
    noise = boosted(algorithm=3, snr_min=20, snr_max=20) - wave
    assert 20 * np.log10(np.linalg.norm(wave) / np.linalg.norm(noise)) == pytest.approx(20, abs=0.01)
    louder, softer = (boosted(algorithm=1, n_f=1, min_g=gain, max_g=gain) for gain in (0, -12))
    np.testing.assert_allclose(softer, louder * 10 ** (-12 / 20), atol=1e-6)
    narrow = boosted(algorithm=1, n_f=1, n_bands=1, min_f=2000, max_f=2000, min_bw=500, max_bw=500, min_coeff=99)
    spectrum = np.abs(np.fft.rfft(narrow)) / np.abs(np.fft.rfft(wave))
    assert np.median(spectrum[1990:2010]) < 0.1 < 0.9 < np.median(spectrum[3500:4500])
    linear = boosted(algorithm=1, n_f=2, min_bias_lin_non_lin=100, max_bias_lin_non_lin=100)
    np.testing.assert_allclose(linear, boosted(algorithm=1, n_f=2, min_bias_lin_non_lin=99), atol=1e-5)


def spectrum_db(x: np.ndarray) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(x, 1024)[::512] * np.hanning(1024)
    return 10 * np.log10(np.square(np.abs(np.fft.rfft(frames))).mean(axis=0) + 1e-30)[8:440]


def figures(x: np.ndarray, y: np.ndarray, x_spectrum: np.ndarray) -> list[float]:
    energy, error = np.sum(np.square(x)), np.sum(np.square(y - x))
    change = spectrum_db(y) - x_spectrum
    octaves = np.log2(np.arange(8, 440))
    return [
        10 * np.log10(energy / error) if error else np.nan,
        np.mean(np.abs(y - x) > 1e-7),
        np.polyfit(octaves, change, 1)[0],
        np.abs(y).max(),
        10 * np.log10(np.sum(np.square(y)) / energy),
        change.std(),
    ]


def drawn_figures(vectors, algorithm: int, rounds: int) -> np.ndarray:
    """(figures, rounds): of new draws by the fast source, none shared with the reference."""
    x = vectors["x_stats"].astype(np.float64)
    spectrum = spectrum_db(x)
    draws = Draws(np.random.Generator(np.random.SFC64(algorithm)))
    settings = RawBoost(algorithm=algorithm)
    return np.array([figures(x, rawboost(x, settings, draws), spectrum) for _ in range(rounds)]).T


def assert_same_distribution(new: np.ndarray, reference: dict[str, dict[str, float]]) -> None:
    for (name, sigmas), values in zip(FIGURES.items(), new, strict=True):
        values, theirs = values[np.isfinite(values)], reference[name]
        error = np.hypot(values.std(ddof=1) / np.sqrt(len(values)), theirs["se"])
        assert abs(values.mean() - theirs["mean"]) <= sigmas * error + 1e-4, name
        for share, quantile in ((0.05, "q05"), (0.5, "q50"), (0.95, "q95")):
            slack = sigmas * np.sqrt(share * (1 - share) * (1 / len(values) + 1 / theirs["n"]))
            near = 1e-6 * max(1, abs(theirs[quantile]))
            assert np.mean(values < theirs[quantile] - near) <= share + slack, (name, quantile)
            assert np.mean(values <= theirs[quantile] + near) >= share - slack, (name, quantile)


@pytest.mark.parametrize("algorithm", range(1, 9))
def test_distribution(vectors, reference, algorithm):
    assert_same_distribution(drawn_figures(vectors, algorithm, 200), reference[f"algo{algorithm}"])


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", range(1, 9))
def test_distribution_over_as_many_draws_as_the_reference(vectors, reference, algorithm):
    assert_same_distribution(drawn_figures(vectors, algorithm, 2000), reference[f"algo{algorithm}"])


def test_the_distribution_test_can_fail(vectors, reference):
    """Algorithm 6 under the name of 4, which differ by impulses only."""
    with pytest.raises(AssertionError):
        assert_same_distribution(drawn_figures(vectors, 6, 200), reference["algo4"])


def test_fast_normal_draws_are_normal():
    draws = Draws(np.random.Generator(np.random.SFC64(3)))
    values = np.concatenate([draws.normals(n) for n in (1, 2, 3, 400_001)])
    assert len(values) == 400_007
    n = len(values)
    assert abs(values.mean()) < 4 / np.sqrt(n)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(values**4) - 3) < 4 * np.sqrt(96 / n)
    for level, share in ((1, 0.8413447), (2, 0.9772499), (3, 0.9986501)):
        assert abs(np.mean(values < level) - share) < 4 * np.sqrt(share * (1 - share) / n)
    for lag in (1, 7, n // 2):
        assert abs(np.mean(values[lag:] * values[:-lag])) < 5 / np.sqrt(n - lag)


@pytest.mark.parametrize(("length", "count"), [(1, 0), (1, 1), (10, 2), (10, 10), (64_600, 3000), (64_600, 30_000)])
def test_positions_are_different_ones(length, count):
    positions = Draws(np.random.default_rng(0)).positions(length, count)
    assert len(set(positions.tolist())) == len(positions) == count
    assert all(0 <= position < length for position in positions)


def test_every_choice_of_positions_is_equally_likely():
    """Ten positions, two of them: 45 choices."""
    draws = Draws(np.random.default_rng(5))
    rounds = 9000
    seen: dict[tuple[int, ...], int] = {}
    for _ in range(rounds):
        choice = tuple(sorted(draws.positions(10, 2).tolist()))
        seen[choice] = seen.get(choice, 0) + 1
    assert len(seen) == 45
    chi_square = sum((count - rounds / 45) ** 2 / (rounds / 45) for count in seen.values())
    assert chi_square < 44 + 4 * np.sqrt(2 * 44)
