"""McNemar's exact test and Holm's correction, held against scipy and against their definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.comparison.significance import holm, mcnemar

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test(only_first, only_second):
    stats = pytest.importorskip("scipy.stats")
    total = only_first + only_second
    theirs = stats.binomtest(only_first, total, 0.5).pvalue if total else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(theirs, rel=1e-9, abs=1e-300)


def test_mcnemar_of_many_trials():
    assert mcnemar(50_000, 50_000) == 1.0
    assert 0 < mcnemar(49_500, 50_500) < 0.01
    assert mcnemar(0, 6) == pytest.approx(2 / 64)


@given(P_VALUES)
def test_holm_against_its_definition(p_values):
    adjusted = holm(p_values)
    ranked = sorted(range(len(p_values)), key=lambda at: p_values[at])
    for place, at in enumerate(ranked):
        steps = [(len(p_values) - k) * p_values[other] for k, other in enumerate(ranked[: place + 1])]
        assert adjusted[at] == pytest.approx(min(1.0, max(steps)))
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted))


def test_holm_of_a_textbook_example():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
