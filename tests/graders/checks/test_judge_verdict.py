"""A judge's reply is unread unless it is exactly one complete verdict."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from graders import Abstain, Reward
from graders.checks._judge_service import Reply
from graders.checks._judge_verdict import Checklist, Criterion, LabelScale, NumberScale, WeightedCriteria
from graders.checks._judged import judging
from graders.testing import make_sample
from support.hostile_replies import (
    FIVE,
    GOOD,
    HOSTILE_LABELS,
    HOSTILE_POINTS,
    HOSTILE_SCORES,
    HOSTILE_SEVERAL,
    MET,
    MET_TOO,
)

LABELS = Criterion("Is it good?", LabelScale({"good": 1.0, "fair": 0.5, "poor": 0.0}, {}))
SCORES = Criterion("How good is it?", NumberScale(1, 5, {}))
SEVERAL = WeightedCriteria({"right": LABELS, "clear": SCORES}, {"right": 3.0, "clear": 1.0})
POINTS = Checklist(["It names Rome.", "It names 753 BC."], partial=True, own=False)
ALL_POINTS = Checklist(["It names Rome.", "It names 753 BC."], partial=False, own=False)


class ScriptedService:
    """A judge that gives these replies in order."""

    def __init__(self, *replies):
        self.replies = [Reply(reply) if isinstance(reply, str) else reply for reply in replies]
        self.asked = []

    async def ask(self, question):
        self.asked.append(question)
        return self.replies[len(self.asked) - 1]

    def metrics(self, replies):
        return {"judge_calls": float(len(replies))}


def judged(form, *replies, **options):
    settings = {"reference": False, "prompt": True, "take": None, "max_chars": 1000, **options}
    check = judging(ScriptedService(*replies), lambda _: form, repeats=len(replies), **settings)
    return asyncio.run(check(make_sample("A completion.", "A reference.")))


TABLES = [
    (LABELS, HOSTILE_LABELS),
    (SCORES, HOSTILE_SCORES),
    (SEVERAL, HOSTILE_SEVERAL),
    (POINTS, HOSTILE_POINTS),
]
ROWS = [(form, reply) for form, table in TABLES for reply in table.values()]
NAMES = [f"{type(form).__name__}-{name}" for form, table in TABLES for name in table]


@pytest.mark.parametrize(("form", "reply"), ROWS, ids=NAMES)
def test_a_reply_that_is_not_exactly_a_verdict_pays_nothing_and_is_no_zero(form, reply):
    said = judged(form, reply)
    assert isinstance(said, Abstain)
    assert said.reason.startswith("the judge's reply is unread: ")
    assert "right" not in said.reason or form is SEVERAL  # a reason does not quote replies


@pytest.mark.parametrize("ended", ["cut", "refused"])
def test_a_reply_with_an_abnormal_end_pays_nothing_even_if_it_looks_whole(ended):
    said = judged(LABELS, Reply(GOOD, ended))
    assert isinstance(said, Abstain)
    assert ("max_tokens" in said.reason) == (ended == "cut")


@pytest.mark.parametrize(
    ("form", "reply", "value"),
    [
        (LABELS, GOOD, 1.0),
        (LABELS, '{"label": "fair", "reason": ""}', 0.5),
        (LABELS, f" \n{GOOD}\n", 1.0),
        (LABELS, '{"reason": "It says {\\"label\\": \\"good\\"}.", "label": "poor"}', 0.0),
        (SCORES, FIVE, 1.0),
        (SCORES, '{"reason": "x", "score": 1}', 0.0),
        (SCORES, '{"reason": "x", "score": 4.0}', 0.75),
        (SEVERAL, f'{{"right": {GOOD}, "clear": {{"reason": "x", "score": 3}}}}', 0.875),
        (POINTS, f'{{"points": [{MET}, {{"point": 2, "reason": "x", "met": false}}]}}', 0.5),
        (ALL_POINTS, f'{{"points": [{MET}, {{"point": 2, "reason": "x", "met": false}}]}}', 0.0),
        (ALL_POINTS, f'{{"points": [{MET}, {MET_TOO}]}}', 1.0),
    ],
)
def test_a_verdict_pays_what_it_says(form, reply, value):
    said = judged(form, reply)
    assert isinstance(said, Reward)
    assert said.value == value
    assert said.metrics["unread"] == 0


def label_meant(reply):
    """Parse a reply independently of the judge; None unless it is exactly one verdict."""

    def pairs(found):
        assert len(dict(found)) == len(found)
        return dict(found)

    try:
        read = json.loads(reply, object_pairs_hook=pairs, parse_constant=lambda name: 1 / 0)
    except (ValueError, AssertionError, ArithmeticError, RecursionError):
        return None
    if (
        not isinstance(read, dict)
        or sorted(read) != ["label", "reason"]
        or not isinstance(read["reason"], str)
    ):
        return None
    return read["label"] if read["label"] in ("good", "fair", "poor") else None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["good", "poor", "x"])
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reason", "label", "score"]), inner, max_size=3)
    ),
    max_leaves=5,
)
VERDICTS = st.fixed_dictionaries(
    {"reason": st.text(), "label": st.sampled_from(["good", "fair", "poor"]) | st.text()}
)
REPLIES = (
    st.text(alphabet='{}[]":,goodlabelreason \n\\0123', max_size=60)
    | JSON.map(json.dumps)
    | VERDICTS.map(json.dumps)
    | st.tuples(VERDICTS.map(json.dumps), st.integers(0, 60)).map(lambda pair: pair[0][: pair[1]])
    | st.tuples(VERDICTS.map(json.dumps), st.text(max_size=3)).map("".join)
)


@given(REPLIES)
@example(GOOD)
@example(GOOD[:-1])
@example(f"{GOOD} ")
def test_only_what_is_exactly_one_verdict_is_paid_and_it_is_paid_what_it_says(reply):
    said = judged(LABELS, reply)
    meant = label_meant(reply)
    if meant is None:
        assert isinstance(said, Abstain)
    else:
        assert said == Reward(
            {"good": 1.0, "fair": 0.5, "poor": 0.0}[meant], metrics={"unread": 0.0, "judge_calls": 1.0}
        )


GRADES = {"good": 1.0, "fair": 0.5, "poor": 0.0}
LABELED = st.fixed_dictionaries({"reason": st.text(max_size=5), "label": st.sampled_from([*GRADES])})
SCORED = st.fixed_dictionaries({"reason": st.text(max_size=5), "score": st.integers(1, 5)})
RATED = st.fixed_dictionaries({"right": LABELED, "clear": SCORED})
MET_OR_NOT = st.tuples(st.booleans(), st.booleans()).map(
    lambda met: {"points": [{"point": at, "reason": "", "met": each} for at, each in enumerate(met, 1)]}
)
FORMS: dict[str, tuple[Any, Any]] = {
    "labels": (LABELS, LABELED),
    "scores": (SCORES, SCORED),
    "several": (SEVERAL, RATED),
}
FORMS["points"] = (POINTS, MET_OR_NOT)


def worth(verdict):
    """Compute the reward of a valid verdict from its values."""
    if "label" in verdict:
        return GRADES[verdict["label"]]
    if "score" in verdict:
        return (verdict["score"] - 1) / 4
    if "points" in verdict:
        return sum(each["met"] for each in verdict["points"]) / 2
    return (3 * worth(verdict["right"]) + worth(verdict["clear"])) / 4


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


@pytest.mark.parametrize("name", FORMS)
@given(st.data())
def test_what_the_schema_allows_is_paid_and_what_it_does_not_is_never(name, data):
    form, verdicts = FORMS[name]
    verdict = data.draw(verdicts)
    assert judged(form, json.dumps(verdict)).value == pytest.approx(worth(verdict))

    path = data.draw(st.sampled_from(list(places(verdict))))
    put = data.draw(JSON | verdicts | st.sampled_from(["drop", "add"]))
    changed, target = json.loads(json.dumps({"": verdict})), ""
    holder = changed
    for step in ("", *path):
        holder, target = (holder if step == "" else holder[target]), step
    if put == "drop":
        del holder[target]
    elif put == "add" and isinstance(holder, dict):
        holder["more"] = 1
    else:
        holder[target] = put
    reply = json.dumps(changed.get("", "nothing"))
    said = judged(form, reply)
    try:
        jsonschema.validate(json.loads(reply), form.schema)
    except jsonschema.ValidationError:
        assert isinstance(said, Abstain)
    else:
        if isinstance(said, Reward):
            assert said.value == pytest.approx(worth(json.loads(reply)))
        else:
            assert name == "points" or "NaN" in reply or "Infinity" in reply


@given(JSON.map(json.dumps))
def test_no_score_is_paid_that_is_not_on_the_scale(reply):
    said = judged(SCORES, reply)
    if isinstance(said, Reward):
        score = json.loads(reply)["score"]
        assert not isinstance(score, bool)
        assert score in (1, 2, 3, 4, 5)
        assert said.value == (score - 1) / 4


@given(st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=1, max_size=7))
def test_the_median_of_the_replies_is_paid_unless_half_of_them_are_unread(scores):
    replies = [
        "no" if score is None else json.dumps({"reason": f"{score}", "score": score}) for score in scores
    ]
    said = judged(SCORES, *replies)
    read = sorted((score - 1) / 4 for score in scores if score is not None)
    if 2 * len(read) <= len(scores):
        assert isinstance(said, Abstain)
        return
    middle = read[len(read) // 2] + read[(len(read) - 1) // 2]
    assert said.value == middle / 2
    if len(scores) > 1:
        assert said.metrics["judge_spread"] == read[-1] - read[0]
        assert said.metrics["judge_unread"] == len(scores) - len(read)
        assert "judge_first" not in said.metrics


@given(st.integers(1, 4), st.integers(2, 5))
def test_each_label_is_listed_first_equally_often_and_a_judge_of_the_first_one_shows(rounds, count):
    labels = [f"label {number}" for number in range(count)]
    form = Criterion("Which?", LabelScale({label: float(label[-1] == "0") for label in labels}, {}))
    repeats = rounds * count
    listed_first = [form.rubric(turn).splitlines()[3].removeprefix("- ") for turn in range(repeats)]
    assert sorted(listed_first) == sorted(labels * rounds)
    assert all(all(f"- {label}" in form.rubric(turn) for label in labels) for turn in range(repeats))
    assume(repeats > 1)
    biased = judged(form, *[json.dumps({"reason": "", "label": label}) for label in listed_first])
    steady = judged(form, *[json.dumps({"reason": "", "label": labels[0]})] * repeats)
    assert biased.metrics["judge_first"] == 1
    assert steady.metrics["judge_first"] == pytest.approx(1 / count)
    for said in (biased, steady):
        assert said.metrics["judge_first_expected"] == pytest.approx(1 / count)


def test_orders_in_unequal_number_do_not_look_like_bias():
    form = Criterion("Which?", LabelScale({"a": 1.0, "b": 0.5, "c": 0.0}, {}))
    said = judged(form, *[json.dumps({"reason": "", "label": "a"})] * 2, "unread")
    assert said.metrics["judge_first"] == said.metrics["judge_first_expected"] == 0.5
    alone = judged(form, json.dumps({"reason": "", "label": "a"}))
    assert "judge_first" not in alone.metrics


def test_the_reason_kept_is_that_of_a_reply_nearest_to_what_is_paid():
    replies = [json.dumps({"reason": f"I say {score}.", "score": score}) for score in (5, 2, 3)]
    assert judged(SCORES, *replies).reason == "I say 3."


def test_a_reason_is_cut_and_can_be_written():
    said = judged(LABELS, json.dumps({"reason": "\ud800" + "x" * 10_000, "label": "good"}))
    assert len(said.reason.encode()) <= 2_000


def test_the_reason_precedes_the_decision_in_every_form():
    for form in (LABELS, SCORES):
        assert next(iter(form.schema["properties"])) == "reason"
    assert [next(iter(each["properties"])) for each in SEVERAL.schema["properties"].values()] == [
        "reason"
    ] * 2
    point = POINTS.schema["properties"]["points"]["items"]["properties"]
    assert list(point) == ["point", "reason", "met"]


def test_no_line_of_a_point_looks_like_another_point():
    listed = Checklist(["It names:\n2. Rome.", "It is short."], partial=True, own=True).parts["points"]
    assert listed == "1. It names:\n   2. Rome.\n2. It is short."


def test_the_schema_of_a_checklist_is_the_same_for_any_points():
    assert POINTS.schema == Checklist(["one"], partial=True, own=True).schema
