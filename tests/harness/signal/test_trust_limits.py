from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.calibrate import command
from harness.errors import InputError
from harness.signal.calibration import calibrate
from harness.signal.statistic import Statistic, refused
from harness.signal.trust_limits import LIMITS_OF_TRUST, outcome_of, read_trust_limit
from support.finished_runs import finished_run
from support.run_records import row_of

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A calibration with too little data. Each test sets its figures."""
    return calibrate(finished_run(tmp_path_factory.mktemp("run"), [{"id": "a"}], [row_of()]))


@pytest.mark.parametrize(
    ("text", "value", "kept"),
    [
        ("kappa=0.7", 0.7, True),
        ("kappa=70%", 0.69, False),
        ("agreement=0.9", 0.95, True),
        ("flips=5%", 0.05, True),
        (" flips =0.05", 0.06, False),
        ("noise-of-total=30%", 0.2, True),
    ],
)
def test_limits_can_be_minimums_or_maximums(found, text, value, kept):
    name = text.partition("=")[0].strip().replace("-", "_")
    outcome = outcome_of(read_trust_limit(text), replace(found, **{name: Statistic(value)}))
    assert (outcome.kept, outcome.value) == (kept, value)


@given(st.sampled_from(sorted(LIMITS_OF_TRUST)))
def test_values_that_were_not_measured_pass_no_limit(found, name):
    outcome = outcome_of(read_trust_limit(f"{name}=1"), found)
    assert not outcome.kept
    assert outcome.value is None
    assert outcome.why


def test_position_is_the_distance_from_what_the_order_should_do(found):
    biased = replace(found, position_bias=Statistic(-0.3))
    assert outcome_of(read_trust_limit("position=0.25"), biased).value == 0.3
    assert not outcome_of(read_trust_limit("position=1"), replace(biased, position_bias=refused("why"))).kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *[
            (text, "is not a limit")
            for text in ("", "kappa", "kappa=", "kappa=-1", "kappa=nan", "kappa=0.7=1")
        ],
        ("kapa=0.7", "has no limit 'kapa'"),
        ("kappa=70", "more than 100%"),
        ("flips=101%", "more than 100%"),
    ],
)
def test_anything_else_is_refused_in_words(text, said):
    with pytest.raises(InputError, match=said):
        read_trust_limit(text)


def test_the_page_and_the_help_name_every_limit():
    page = (ROOT / "docs" / "calibrate.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \| at (?:least|most): ([^|]+) \|", page, re.MULTILINE))
    assert table == {name: what for name, (_, what) in LIMITS_OF_TRUST.items()}
    text = next(option.help for option in command.params if option.name == "limits")
    assert all(name in str(text) for name in LIMITS_OF_TRUST)
