"""Countermeasure and speaker verification together: t-DCF, a-DCF, t-EER against loops written out, and refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.metrics import (
    ADCF_ASVSPOOF5,
    ADCF_PAPER,
    ASVSPOOF5_ASV,
    ASVSPOOF_COSTS,
    AsvRates,
    asv_rates,
    eer,
    min_adcf,
    min_adcf_point,
    min_tdcf,
    t_eer,
    tdcf_constants,
)

DISTINCT = st.lists(st.integers(-1000, 1000), min_size=2, max_size=25, unique=True)


def tandem_scores(seed, sizes=(40, 30, 50)):
    """(cm bona fide, cm spoof, asv target, asv nontarget, asv spoof)"""
    random = np.random.default_rng(seed)
    t, n, s = sizes
    return (
        random.normal(1.5, 1, t + n),
        random.normal(-0.5, 1, s),
        random.normal(2, 1, t),
        random.normal(-1, 1, n),
        random.normal(1, 1, s),
    )


@given(DISTINCT, DISTINCT)
def test_2021_follows_from_2019_when_costs_are_equal(bonafide, spoof):
    c0, c1, c2 = tdcf_constants(ASVSPOOF5_ASV, "2021")
    assert tdcf_constants(ASVSPOOF5_ASV, "2019") == (0, c1, c2)
    old, new = (min_tdcf(np.add(bonafide, 0.1), spoof, ASVSPOOF5_ASV, form) for form in ("2019", "2021"))
    assert new == pytest.approx((c0 + min(c1, c2) * old) / (c0 + min(c1, c2)))
    assert 0 <= old <= 1 + 1e-12
    assert new <= 1 + 1e-12


def test_t_dcf_by_hand():
    # An ASV without errors that accepts every spoof: C0 = 0, C1 = 0.9405, C2 = 0.5.
    asv = AsvRates(miss=0, false_accept=0, spoof_accept=1)
    assert tdcf_constants(asv, "2021") == pytest.approx((0, 0.9405, 0.5))
    # best: reject the lowest spoof, accept the rest: far 1/2
    assert min_tdcf([1.0, 3.0], [0.0, 2.0], asv, "2019") == pytest.approx(0.5)


def test_asv_rates_by_hand():
    # targets 1, 2, 3, nontargets 0, 1.5: nearest of the scripts' points after rejecting 0 and 1, threshold 1
    rates = asv_rates([1.0, 2.0, 3.0], [0.0, 1.5], [0.0, 1.0, 5.0, 0.5])
    assert rates == AsvRates(miss=0, false_accept=0.5, spoof_accept=0.5)


@pytest.mark.parametrize(
    ("asv", "words"),
    [
        (AsvRates(0.99, 0.5, 0.5), "no meaning"),
        (AsvRates(0, 0, 0), "no meaning"),
        (AsvRates(5.0, 0, 0.5), "fractions"),
        (AsvRates(float("nan"), 0, 0.5), "fractions"),
    ],
)
def test_t_dcf_refuses_an_asv_that_makes_no_sense(asv, words):
    with pytest.raises(UsageError, match=words):
        min_tdcf([1.0, 2, 3], [0.0, 1], asv, "2019")


def test_t_dcf_refusals():
    with pytest.raises(UsageError, match="three distinct"):
        min_tdcf([1.0, 1], [0.0, 0], ASVSPOOF5_ASV)
    with pytest.raises(UsageError, match="none of 2019, 2021"):
        min_tdcf([1.0, 2], [0.0], ASVSPOOF5_ASV, "2020")
    with pytest.raises(UsageError, match="sum to 1"):
        min_tdcf([1.0, 2], [0.0], ASVSPOOF5_ASV, costs=ASVSPOOF_COSTS._replace(p_spoof=0.5))
    with pytest.raises(UsageError, match="ASV nontarget scores must be finite"):
        asv_rates([1.0], [np.nan], [0.0])


def plain_adcf(target, nontarget, spoof, costs):
    """Over thresholds at and above every score, where nothing ties."""
    best = np.inf
    for t in [-np.inf, *target, *nontarget, *spoof]:
        cost = costs.c_miss * costs.p_target * np.mean(target <= t)
        cost += costs.c_fa_asv * costs.p_nontarget * np.mean(nontarget > t)
        best = min(best, cost + costs.c_fa_cm * costs.p_spoof * np.mean(spoof > t))
    return best / min(costs.c_miss * costs.p_target, costs.c_fa_asv * costs.p_nontarget + costs.c_fa_cm * costs.p_spoof)


@pytest.mark.parametrize("costs", [ADCF_ASVSPOOF5, ADCF_PAPER])
def test_a_dcf_equals_a_plain_loop(costs):
    _, _, target, nontarget, spoof = tandem_scores(1)
    assert min_adcf(target, nontarget, spoof, costs) == pytest.approx(plain_adcf(target, nontarget, spoof, costs))


def test_a_dcf_of_separated_and_of_useless_scores():
    assert min_adcf([3.0, 4], [1.0], [0.0, 2]) == 0
    value, threshold = min_adcf_point([0.0], [1.0], [2.0])
    assert value == pytest.approx(1)
    assert threshold == pytest.approx(-1e-8)  # accept all


def test_a_dcf_refusals():
    with pytest.raises(UsageError, match="sum to 1"):
        min_adcf([1.0], [0.0], [0.0], ADCF_PAPER._replace(p_target=0.5))
    with pytest.raises(UsageError, match="no target scores"):
        min_adcf([], [0.0], [0.0])


def plain_t_eer(cm_bonafide, cm_spoof, target, nontarget, spoof, rho=0.5):
    """Every pair of thresholds, where nothing ties."""
    cm = [(np.mean(cm_bonafide <= t), np.mean(cm_spoof > t)) for t in [-np.inf, *np.sort([*cm_bonafide, *cm_spoof])]]
    nearest, value = np.inf, None
    for t in [-np.inf, *np.sort([*target, *nontarget, *spoof])]:
        frr, far_n, far_s = np.mean(target <= t), np.mean(nontarget > t), np.mean(spoof > t)
        if frr >= (1 - rho) * far_n + rho * far_s:
            continue
        gaps = [abs(m + (1 - m) * frr - (1 - rho) * (1 - m) * far_n - rho * a * far_s) for m, a in cm]
        m, a = cm[int(np.argmin(gaps))]
        apart = abs(far_n / far_s - a / (1 - m))
        if apart < nearest:
            nearest, value = apart, far_s * a
    return value


@pytest.mark.parametrize("seed", range(8))
def test_t_eer_equals_the_search_over_all_pairs(seed):
    scores = tandem_scores(seed)
    assert t_eer(*scores) == pytest.approx(plain_t_eer(*scores), abs=1e-12)


def test_t_eer_behind_an_asv_that_is_perfect_but_deaf_to_spoofs_is_the_eer_of_the_cm():
    # Sizes at which the published program searches a coarse grid only.
    random = np.random.default_rng(0)
    bonafide, spoof = random.normal(1, 1, 40_000), random.normal(-1, 1, 20_000)
    value = t_eer(bonafide, spoof, np.full(20_000, 9.0), random.normal(-20, 1, 20_000), np.full(20_000, 9.0))
    assert value == pytest.approx(eer(bonafide, spoof)[0], abs=1e-3)


def test_t_eer_is_zero_behind_a_perfect_cm_and_asv():
    assert t_eer([5.0, 6], [0.0, 1], [3.0, 4], [1.0, 2], [3.0, 4]) == 0


def test_t_eer_refusals():
    with pytest.raises(UsageError, match="rho"):
        t_eer([1.0], [0.0], [1.0], [0.0], [0.0], rho=2)
    with pytest.raises(UsageError, match="ASV spoof"):
        t_eer([1.0], [0.0], [1.0], [0.0], [])
