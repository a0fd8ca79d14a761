from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.signal import kappa
from harness.signal.kappa import Rated
from support.synthetic_judges import NumberJudge, YesNoJudge

SEEDS = range(20)


def kappa_of(rollouts):
    """Untyped `kappa_of`: a figure that was not measured is None, so comparing it fails the test."""
    return kappa.kappa_of(rollouts)


def rated(pairs, rollouts=4):
    """Return pairs of a grading and a label, several per record."""
    return [Rated(f"p{at // rollouts}", [one], other) for at, (one, other) in enumerate(pairs)]


def figures(one):
    return one.value, one.low, one.high


def textbook(pairs):
    """Compute Cohen's kappa of yes and no from its definition."""
    agreed = sum(one == other for one, other in pairs) / len(pairs)
    first, second = (sum(pair[side] for pair in pairs) / len(pairs) for side in (0, 1))
    chance = first * second + (1 - first) * (1 - second)
    return (agreed - chance) / (1 - chance)


# Drawing bytes is far cheaper than drawing lists of tuples.
PAIRS = st.binary(min_size=40, max_size=80).map(
    lambda drawn: [(float(one & 1), float(one >> 1 & 1)) for one in drawn]
)
PAIRS = PAIRS.filter(lambda pairs: len({other for _, other in pairs}) == 2)


@given(PAIRS)
def test_kappa_of_yes_and_no_is_cohens_and_is_within_its_interval(pairs):
    found = kappa_of(rated(pairs))
    assert found.value == pytest.approx(textbook(pairs), abs=1e-12)
    assert -1 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert found.low < found.high


@given(PAIRS.filter(lambda pairs: len({one for one, _ in pairs}) == 2))
def test_kappa_is_symmetric(pairs):
    found, turned = kappa_of(rated(pairs)), kappa_of(rated([(other, one) for one, other in pairs]))
    assert figures(found) == pytest.approx(figures(turned))


NUMBERS = st.binary(min_size=80, max_size=160).map(
    lambda drawn: list(zip(drawn[::2], drawn[1::2], strict=False))
)
NUMBERS = NUMBERS.filter(lambda pairs: len({other for _, other in pairs}) > 1)


@given(NUMBERS, st.sampled_from([0.125, 1.0, 3.0, 1e6]), st.integers(-100, 100))
def test_no_scale_and_no_offset_of_both_matters(pairs, scale, offset):
    found = kappa_of(rated(pairs))
    moved = kappa_of(rated([(one * scale + offset, other * scale + offset) for one, other in pairs]))
    assert (moved.value, moved.low, moved.high) == pytest.approx(
        (found.value, found.low, found.high), abs=1e-6
    )


@given(NUMBERS)
def test_with_numbers_it_is_lins_concordance_correlation(pairs):
    one, other = np.array(pairs, dtype=float).T
    lin = 2 * np.mean((one - one.mean()) * (other - other.mean()))
    lin /= one.var() + other.var() + (one.mean() - other.mean()) ** 2
    assert kappa_of(rated(pairs)).value == pytest.approx(lin, abs=1e-9)


def test_equal_is_1_with_a_width_and_independent_is_about_0():
    labels = [float(at % 3 == 0) for at in range(120)]
    equal = kappa_of(rated(list(zip(labels, labels, strict=True))))
    assert (equal.value, equal.high) == (1.0, 1.0)
    assert 0.6 < equal.low < 0.95
    said = np.random.default_rng(1).integers(0, 2, 120).astype(float)
    independent = kappa_of(rated(list(zip(said.tolist(), labels, strict=True))))
    assert independent.low < 0 < independent.high


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([(1.0, 1.0)] * 29, "29 labeled rollouts of 8 records; at least 30 of 10 records are needed"),
        ([(1.0, 1.0), (0.0, 1.0)] * 30, "every label says the same"),
    ],
)
def test_too_little_is_not_measured(pairs, why):
    assert kappa_of(rated(pairs)).why == why


def test_a_constant_rater_agrees_only_by_chance():
    assert kappa_of(rated([(1.0, 1.0), (1.0, 0.0)] * 30)).value == pytest.approx(0.0)


@pytest.mark.parametrize("judge", [YesNoJudge(), NumberJudge()], ids=["yes or no", "numbers"])
@pytest.mark.parametrize("shape", [(40, 4, 3), (150, 1, 3)], ids=["4 a record", "1 a record"])
def test_known_agreement_is_within_the_interval(judge, shape):
    held = 0
    for seed in SEEDS:
        drawn = judge.draw(seed, *shape)
        found = kappa_of([Rated(one.record, one.rewards, one.label) for one in drawn])
        held += found.low <= judge.kappa <= found.high
    assert held >= 17
