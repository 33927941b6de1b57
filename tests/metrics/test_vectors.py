"""Every figure of the reference vectors that the package can compute, to 1e-9."""

import numpy as np
import pytest

from truevoice import metrics as m
from truevoice.metrics.official import official_curve
from truevoice.metrics.segments import _time_by_class

LISTS = {"v1_continuous": "pooled", "v2_ties": "pooled", "v4_sasv": "cm", "v5_in_the_wild_xlsr_mamba": "pooled"}


def p_of(b, s):
    scores = np.concatenate([b, s])
    return 1 / (1 + np.exp(-scores)), np.repeat([1, 0], [b.size, s.size])


def area(curve):
    return np.trapezoid(1 - curve.frr[::-1], curve.far[::-1])


def rates_over(b, s, threshold):
    """Rates of accepting where score > threshold."""
    return np.mean(b <= threshold), np.mean(s > threshold)


def at_official_eer(b, s):
    """Rates of the point of the scripts' curve that is nearest to the diagonal."""
    curve = official_curve(b, s)
    at = np.argmin(np.abs(curve.frr - curve.far))
    return curve.frr[at], curve.far[at]


def confusion(b, s):
    at_zero = m.decide(b, s, 0)
    return {
        "tp": at_zero.bonafide_accepted,
        "fp": at_zero.spoof_accepted,
        "fn": at_zero.bonafide_rejected,
        "tn": at_zero.spoof_rejected,
        "accuracy": at_zero.accuracy,
        "balanced_accuracy": at_zero.balanced_accuracy,
        "precision_bonafide": at_zero.ppv("bonafide"),
        "recall_bonafide": at_zero.sensitivity("bonafide"),
        "f1_bonafide": at_zero.f1("bonafide"),
        "precision_spoof": at_zero.ppv("spoof"),
        "recall_spoof": at_zero.sensitivity("spoof"),
        "f1_spoof": at_zero.f1("spoof"),
    }


def applied(b, s, threshold):
    at = m.decide(b, s, threshold)
    return {"frr": at.frr, "far": at.far}


FIGURES = {
    "n_bonafide": lambda b, s: b.size,
    "n_spoof": lambda b, s: s.size,
    "eer_official": lambda b, s: m.eer(b, s, "asvspoof")[0],
    "eer_official_threshold": lambda b, s: m.eer(b, s, "asvspoof")[1],
    "eer_official_frr": lambda b, s: at_official_eer(b, s)[0],
    "eer_official_far": lambda b, s: at_official_eer(b, s)[1],
    "eer_official_threshold_applied_ge": lambda b, s: applied(b, s, m.eer(b, s, "asvspoof")[1]),
    "eer_official_threshold_applied_gt": lambda b, s: dict(
        zip(("frr", "far"), rates_over(b, s, m.eer(b, s, "asvspoof")[1]))
    ),
    "eer_official_negated_scores": lambda b, s: m.eer(-b, -s, "asvspoof")[0],
    "eer_tiesafe_nearest": lambda b, s: sum(applied(b, s, m.eer(b, s)[1]).values()) / 2,
    "eer_tiesafe_nearest_threshold": lambda b, s: m.eer(b, s)[1],
    "eer_tiesafe_nearest_frr": lambda b, s: m.decide(b, s, m.eer(b, s)[1]).frr,
    "eer_tiesafe_nearest_far": lambda b, s: m.decide(b, s, m.eer(b, s)[1]).far,
    "eer_tiesafe_interp": lambda b, s: m.eer(b, s)[0],
    "eer_sklearn_brentq": lambda b, s: m.eer(b, s)[0],
    "eer_sklearn_fpr_at_nearest": lambda b, s: m.decide(b, s, m.eer(b, s)[1]).far,
    "eer_sklearn_fnr_at_nearest": lambda b, s: m.decide(b, s, m.eer(b, s)[1]).frr,
    "eer_rocch": lambda b, s: m.eer(b, s, "convex-hull")[0],
    "auc": m.auc,
    "auc_mann_whitney": m.auc,
    "auc_rocch": lambda b, s: area(m.rocch(b, s)),
    "min_dcf_asvspoof5": lambda b, s: m.min_dcf(b, s, mode="asvspoof"),
    "min_dcf_asvspoof5_threshold": lambda b, s: m.min_dcf_point(b, s, mode="asvspoof")[1],
    "min_dcf_tiesafe": m.min_dcf,
    "min_dcf_tiesafe_threshold": lambda b, s: m.min_dcf_point(b, s)[1],
    "min_dcf_rocch": lambda b, s: m.dcf(*m.rocch(b, s)[1:]).min(),
    "act_dcf_asvspoof5": m.act_dcf,
    "act_dcf_asvspoof5_threshold": lambda b, s: m.bayes_threshold(),
    "cllr_bits": m.cllr,
    "min_cllr_bits": m.min_cllr,
    "calibration_loss_bits": lambda b, s: m.cllr(b, s) - m.min_cllr(b, s),
    "sigmoid_brier": lambda b, s: m.brier(*p_of(b, s)),
    "sigmoid_logloss_nats": lambda b, s: m.log_loss(*p_of(b, s)),
    "sigmoid_brier_class_balanced": lambda b, s: m.balanced_brier(*p_of(b, s)),
    "confusion_at_score_ge_0_bonafide_positive": confusion,
    "frr_at_far_le_0.01": lambda b, s: m.frr_at_far(b, s, 0.01),
    "far_at_frr_le_0.01": lambda b, s: m.far_at_frr(b, s, 0.01),
    "frr_at_far_le_0.05": lambda b, s: m.frr_at_far(b, s, 0.05),
    "far_at_frr_le_0.05": lambda b, s: m.far_at_frr(b, s, 0.05),
    "auc_bounds_any_roc_given_eer_interp": lambda b, s: [(1 - m.eer(b, s)[0]) ** 2, 1 - m.eer(b, s)[0] ** 2],
}
FORMS = {
    "prob_15_equal_width": {"bins": 15},
    "prob_10_equal_width": {"bins": 10},
    "prob_15_equal_mass": {"bins": 15, "form": "equal-mass"},
    "conf_15_equal_width": {"bins": 15, "form": "confidence"},
}
for form, options in FORMS.items():
    FIGURES[f"ece_{form}"] = lambda b, s, options=options: m.ece(*p_of(b, s), **options)
    FIGURES[f"mece_{form}"] = lambda b, s, options=options: m.mce(*p_of(b, s), **options)
NOT_OURS = {"average_precision_bonafide_positive", "average_precision_spoof_positive"}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("key", FIGURES)
def test_pooled(expected, two_classes, name, key):
    assert FIGURES[key](*two_classes(name)) == pytest.approx(expected[name][LISTS[name]][key], abs=1e-9)


@pytest.mark.parametrize("name", LISTS)
def test_no_figure_is_passed_over(expected, name):
    assert set(expected[name][LISTS[name]]) - set(FIGURES) == NOT_OURS


def test_per_attack(expected, rows_of, two_classes):
    bonafide, _ = two_classes("v1_continuous")
    rates = {}
    for attack, want in expected["v1_continuous"]["per_attack"].items():
        spoof = [float(row["score"]) for row in rows_of("v1_continuous") if row["attack"] == attack]
        assert len(spoof) == want["n_spoof"]
        rates[attack] = m.eer(bonafide, spoof, "asvspoof")[0]
        assert rates[attack] == pytest.approx(want["eer_official"], abs=1e-9)
        assert m.auc(bonafide, spoof) == pytest.approx(want["auc"], abs=1e-9)
    summary = {"mean": np.mean(list(rates.values())), "max": max(rates.values()), "min": min(rates.values())}
    assert summary == pytest.approx(expected["v1_continuous"]["per_attack_summary"], abs=1e-9)


def test_the_published_figure_of_xlsr_mamba(expected, two_classes):
    rate, _ = m.eer(*two_classes("v5_in_the_wild_xlsr_mamba"), "asvspoof")
    assert round(100 * rate, 2) == expected["v5_in_the_wild_xlsr_mamba"]["published"]["eer_percent"]


def test_what_the_order_within_ties_does(expected, two_classes):
    """Bona fide first, as in the scripts, gives more than bona fide last; the tie-safe figure lies between."""
    want = expected["v2_ties"]
    bonafide, spoof = two_classes("v2_ties")
    first, last = m.eer(bonafide, spoof, "asvspoof")[0], 1 - m.eer(spoof, bonafide, "asvspoof")[0]
    assert first == pytest.approx(want["eer_if_bonafide_sorted_first_within_ties_(official)"], abs=1e-9)
    assert last == pytest.approx(want["eer_if_spoof_sorted_before_bonafide_within_ties"], abs=1e-9)
    assert last < m.eer(bonafide, spoof)[0] < first


@pytest.mark.parametrize("name", ["v2_ties", "v5_in_the_wild_xlsr_mamba"])
def test_one_point_of_the_curve_for_each_distinct_score_and_one_above(expected, two_classes, name):
    assert m.roc(*two_classes(name)).thresholds.size == expected[name]["unique_scores"] + 1


@pytest.fixture(scope="module")
def sasv(rows_of):
    """Scores by kind of score (cm, asv, sasv) and kind of trial."""
    rows = rows_of("v4_sasv")
    return {
        (kind, label): np.array([float(row[f"{kind}_score"]) for row in rows if row["asv_label"] == label])
        for kind in ("cm", "asv", "sasv")
        for label in ("target", "nontarget", "spoof")
    }


def asv_classes(sasv):
    return sasv["asv", "target"], sasv["asv", "nontarget"], sasv["asv", "spoof"]


def test_asv_rates(expected, sasv):
    want = expected["v4_sasv"]["asv"]
    rates = m.asv_rates(*asv_classes(sasv))
    assert rates.false_accept == pytest.approx(want["Pfa_asv"], abs=1e-9)
    assert rates.miss == pytest.approx(want["Pmiss_asv"], abs=1e-9)
    assert rates.spoof_accept == pytest.approx(want["Pfa_spoof_asv"], abs=1e-9)
    target, nontarget, spoof = asv_classes(sasv)
    point = want["eer_target_vs_nontarget"], want["threshold"]
    assert m.eer(target, nontarget, "asvspoof") == pytest.approx(point, abs=1e-9)
    assert 1 - rates.spoof_accept == pytest.approx(want["Pmiss_spoof_asv"], abs=1e-9)
    assert m.eer(target, spoof, "asvspoof")[0] == pytest.approx(want["eer_target_vs_spoof"], abs=1e-9)


@pytest.mark.parametrize(("form", "group"), [("2019", "t_dcf_2019_legacy"), ("2021", "t_dcf_2021")])
def test_t_dcf(expected, two_classes, sasv, form, group):
    want = expected["v4_sasv"][group]
    rates = m.asv_rates(*asv_classes(sasv))
    value, threshold = m.min_tdcf_point(*two_classes("v4_sasv"), rates, form)
    assert value == pytest.approx(want["min"], abs=1e-9)
    assert threshold == pytest.approx(want["threshold"], abs=1e-9)
    constants = m.tdcf_constants(rates, form)
    assert constants.c1 == pytest.approx(want["C1"], abs=1e-9)
    assert constants.c2 == pytest.approx(want["C2"], abs=1e-9)
    assert constants.c0 == pytest.approx(want.get("C0", 0), abs=1e-9)
    if form == "2019":
        assert constants.c1 / constants.c2 == pytest.approx(want["beta_C1_over_C2"], abs=1e-9)
    if form == "2021":
        floor = constants.c0 / (constants.c0 + min(constants.c1, constants.c2))
        assert floor == pytest.approx(want["asv_floor_C0_over_default"], abs=1e-9)
        assert m.min_tdcf([5.0, 6, 7], [0.0, 1], rates) == pytest.approx(floor, abs=1e-9)


def test_t_dcf_with_the_fixed_rates_of_asvspoof_5(expected, two_classes):
    want = expected["v4_sasv"]["t_dcf_asvspoof5_fixed_asv_rates"]["min"]
    assert m.min_tdcf(*two_classes("v4_sasv"), m.ASVSPOOF5_ASV) == pytest.approx(want, abs=1e-9)


def test_the_slip_of_the_asvspoof_5_package(expected, two_classes, sasv):
    """Its figure comes out when spoofs rejected are put for spoofs accepted, so ours differs for that reason only."""
    rates = m.asv_rates(*asv_classes(sasv))
    slipped = rates._replace(spoof_accept=1 - rates.spoof_accept)
    key = "min_tdcf_as_shipped_with_asv_scores_org_(bug_uses_Pmiss_spoof)"
    want = expected["v4_sasv"]["asvspoof5_track2"][key]
    assert m.min_tdcf(*two_classes("v4_sasv"), slipped) == pytest.approx(want, abs=1e-9)


def test_a_dcf(expected, sasv):
    classes = sasv["sasv", "target"], sasv["sasv", "nontarget"], sasv["sasv", "spoof"]
    want = expected["v4_sasv"]["a_dcf_asvspoof5_costs"]
    assert m.min_adcf_point(*classes) == pytest.approx((want["min_a_dcf"], want["min_a_dcf_thresh"]), abs=1e-9)
    assert m.min_adcf(*classes) == pytest.approx(expected["v4_sasv"]["asvspoof5_track2"]["a_dcf_min"], abs=1e-9)
    want = expected["v4_sasv"]["a_dcf_shimhz_default_costs"]
    point = m.min_adcf_point(*classes, m.ADCF_PAPER)
    assert point == pytest.approx((want["min_a_dcf"], want["min_a_dcf_thresh"]), abs=1e-9)


def test_eers_of_one_sasv_score(expected, sasv):
    want = expected["v4_sasv"]["sasv_eers"]
    target, nontarget, spoof = (sasv["sasv", kind] for kind in ("target", "nontarget", "spoof"))
    both = np.concatenate([nontarget, spoof])
    assert m.eer(target, both, "asvspoof")[0] == pytest.approx(
        want["SASV_EER_target_vs_nontarget_plus_spoof"], abs=1e-9
    )
    assert m.eer(target, nontarget, "asvspoof")[0] == pytest.approx(want["SV_EER"], abs=1e-9)
    assert m.eer(target, spoof, "asvspoof")[0] == pytest.approx(want["SPF_EER"], abs=1e-9)


def test_t_eer(expected, sasv):
    bonafide = np.concatenate([sasv["cm", "target"], sasv["cm", "nontarget"]])
    value = m.t_eer(bonafide, sasv["cm", "spoof"], *asv_classes(sasv))
    assert 100 * value == pytest.approx(expected["v4_sasv"]["asvspoof5_track2"]["t_eer_percent"], abs=1e-9)


@pytest.fixture(scope="module")
def recordings(rows_of):
    scores, spans = {}, {}
    for row in rows_of("v3_segments_scores_20ms"):
        scores.setdefault(row["utt"], []).append(float(row["score"]))
    for row in rows_of("v3_segments_ref"):
        spans.setdefault(row["utt"], []).append(m.Span(int(row["start_ms"]), int(row["end_ms"]), row["label"]))
    return [
        m.Recording(scores[row["utt"]], spans[row["utt"]], int(row["dur_ms"])) for row in rows_of("v3_segments_dur")
    ]


@pytest.mark.parametrize("resolution", [*m.RESOLUTIONS_MS, "utt_from_min_segment"])
def test_segment_eer(expected, recordings, resolution):
    want = expected["v3_segments"]["segment_eer_official_20ms_branch"][str(resolution)]
    if resolution == "utt_from_min_segment":
        found = m.utterance_eer(recordings)
    else:
        found = m.segment_eer(recordings, resolution_ms=resolution)
    assert found == pytest.approx((want["eer"], want["threshold"]), abs=1e-9)


def test_range_eer(expected, recordings):
    want = expected["v3_segments"]["range_eer_exact"]
    assert m.range_eer(recordings, mode="nearest") == pytest.approx((want["nearest"], want["threshold"]), abs=1e-9)
    assert m.range_eer(recordings)[0] == pytest.approx(want["interp"], abs=1e-9)
    official = expected["v3_segments"]["official_RangeEER_py_best_visited"]["range_eer"]
    assert m.range_eer(recordings, mode="nearest")[0] == pytest.approx(official, abs=1e-9)


def test_rates_over_time(expected, recordings):
    """The time of each class, and its shares on the wrong side of three thresholds: a frame is spoof at or below it."""
    want = expected["v3_segments"]
    scores = np.concatenate([one.scores for one in recordings])
    parts = [_time_by_class(one, len(one.scores), 20) for one in recordings]
    bonafide, spoof = (np.concatenate([part[k] for part in parts]) for k in range(2))
    assert (bonafide.sum(), spoof.sum()) == (want["bonafide_ms"], want["spoof_ms"])
    visited, exact = want["official_RangeEER_py_best_visited"], want["range_eer_exact"]
    at_zero = {"threshold": 0.0, **want["fpr_fnr_at_threshold_0"]}
    for point in (at_zero, visited, exact):
        called = scores <= point["threshold"]
        assert bonafide[called].sum() / bonafide.sum() == pytest.approx(point["fpr"], abs=1e-9)
        assert spoof[~called].sum() / spoof.sum() == pytest.approx(point["fnr"], abs=1e-9)
