"""Judges end to end over HTTP: their questions, their rewards, and samples without a question."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import pytest

from graders import Abstain, Failure, Grader, Reward, SampleError, grader
from graders.checks import judge
from graders.checks._judge_question import delimited
from graders.checks._judge_verdict import Criterion, LabelScale
from graders.checks._judged import judging
from graders.checks.combined import all_of, cascade, formula
from graders.checks.judge import judge_checklist, judge_label, judge_rubric, judge_score
from graders.checks.shaping import has_format, length
from graders.checks.text import any_of, exact
from graders.configured import configured_grader, factories, grader_of_table
from graders.errors import DecorationError, RecordError
from graders.testing import Context, invoke, make_sample
from graders.wire import PROFILES, write_events
from support.hostile_replies import HOSTILE_LABELS, HOSTILE_SCORES
from support.judge_endpoint import Answer, Asked, JudgeEndpoint, in_turn

LABEL: dict[str, Any] = {
    "ask": "Is the answer right?",
    "labels": {"right": 1, "near": 0.5, "wrong": 0},
    "model": "m",
}


@pytest.fixture
def endpoint(monkeypatch):
    with JudgeEndpoint() as made:
        for name, value in made.variables.items():
            monkeypatch.setenv(name, value)
        yield made


def now(check, *given, **fields):
    return asyncio.run(check(make_sample(*given, **fields)))


def graded(check: Any, *samples: Any) -> list[Any]:
    made: Any = check if isinstance(check, Grader) else grader(timeout_s=60)(check)
    return list(invoke(made, list(samples)))


def section(asked: Asked, name: str) -> str:
    return asked.question.partition(f"<{name}-")[2].partition(">\n")[2].partition(f"\n</{name}-")[0]


def by_reference(asked: Asked) -> Answer:
    """Answer `right` if the completion contains the reference, and `wrong` otherwise."""
    right = section(asked, "reference") in section(asked, "completion")
    return Answer({"reason": "I looked.", "label": "right" if right else "wrong"})


@pytest.mark.parametrize("service", ["bedrock", "openai"])
def test_a_judge_is_asked_over_http_and_paid_what_it_says(endpoint, service):
    endpoint.script = by_reference
    check = judge_label(**LABEL, service=service, reference=True, input_price=1, output_price=2)
    right = now(check, "It is Rome.", "Rome", prompt="The capital of Italy?")
    assert (right.value, right.reason) == (1.0, "I looked.")
    assert right.metrics["judge_calls"] == 1
    assert right.metrics["judge_tokens_in"] == 100
    assert right.metrics["judge_usd"] == pytest.approx(140e-6)
    assert now(check, "It is Paris.", "Rome").value == 0
    [first, _] = endpoint.seen
    texts = {"prompt": "The capital of Italy?", "reference": "Rome", "completion": "It is Rome."}
    assert first.question == delimited(texts, first.question.rpartition("\n\n")[2])
    assert "Is the answer right?" in first.rubric
    assert "Rome" not in first.rubric


@pytest.mark.parametrize("service", ["bedrock", "openai"])
def test_every_form_of_verdict_is_enforced_by_its_schema(endpoint, service):
    judges = [
        judge_score(ask="How good?", low=0, high=10, model="m", service=service),
        judge_rubric(
            criteria={
                "right": {"ask": "Right?", "labels": {"yes": 1, "no": 0}},
                "clear": {"ask": "Clear?", "anchors": {"1": "no", "5": "yes"}, "weight": 0},
            },
            model="m",
            service=service,
        ),
    ]
    assert [now(check, "Rome").value for check in judges] == [0.0, 1.0]
    assert [asked.form for asked in endpoint.seen] == ["json_schema", "json_schema"]
    rubric = now(judges[1], "Rome")
    assert rubric.components == {"right": 1.0, "clear": 0.0}
    assert rubric.reason == "right: because it is so; clear: because it is so"


def points_answered(asked: Asked) -> Answer:
    listed = section(asked, "points") or asked.rubric
    words = [line.partition(". ")[2] for line in listed.splitlines() if line[:1].isdigit()]
    rows = [
        {"point": number, "reason": "", "met": word in section(asked, "completion")}
        for number, word in enumerate(words, 1)
    ]
    return Answer({"points": rows})


def test_a_checklist_pays_the_points_that_are_met(endpoint):
    endpoint.script = points_answered
    fixed = judge_checklist(points=["Rome", "753"], model="m")
    assert [now(fixed, text).value for text in ("Rome, in 753", "Rome", "Paris")] == [1.0, 0.5, 0.0]
    every = judge_checklist(points=["Rome", "753"], model="m", partial=False)
    said = now(every, "Rome")
    assert (said.value, said.metrics["met"]) == (0.0, 0.5)
    own = judge_checklist(points_field="facts", model="m")
    assert now(own, "Rome", facts=["Rome", "753", "Tiber"]).metrics["met"] == pytest.approx(1 / 3)
    assert len({json.dumps(asked.schema) for asked in endpoint.seen}) == 1
    with pytest.raises(
        RecordError, match="the record's field 'facts' is not a list of 1 to 50 different points"
    ):
        now(own, "Rome", facts=["Rome", " "])


NOTHING = ["", " ", "\n", "\u200b", ".", "####", "\\", "{}", "\U0001f44d", "\u2060\u00ad", "Rome" * 20]


def test_an_empty_completion_earns_nothing_and_nobody_is_asked(endpoint):
    checks = [
        judge_label(**LABEL, max_chars=79),
        judge_score(ask="How good?", model="m", max_chars=79),
        judge_checklist(points=["Rome"], model="m", max_chars=79),
        judge_score(ask="How good?", model="m", take="boxed"),
    ]
    for check in checks:
        for nothing in NOTHING:
            assert now(check, nothing) == Reward(0.0, metrics={"unread": 1.0, "judge_calls": 0.0})
    assert endpoint.seen == []


def test_a_missing_reference_is_the_records_fault_whatever_was_answered(endpoint):
    check = judge_label(**LABEL, reference=True)
    for missing in (None, "", " ", "\u200b", {}, [], [""], {"a": None}, float("nan")):
        for completion in ("Rome", "", "."):
            with pytest.raises(RecordError):
                now(check, completion, missing)
    assert endpoint.seen == []


def test_a_reference_of_any_kind_is_shown(endpoint):
    check = judge_label(**LABEL, reference=True)
    for reference in ("Rome", 72, 7.5, False, {"city": "Rome"}, [["R\u00f3ma"]], {"text": "Rome"}):
        now(check, "It is Rome.", reference)
    shown = [section(asked, "reference") for asked in endpoint.seen]
    assert shown == ["Rome", "72", "7.5", "false", '{"city": "Rome"}', '[["R\u00f3ma"]]', "Rome"]


def test_a_judges_reason_goes_over_no_wire_and_into_no_log(endpoint, capfd, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "judge")
    endpoint.script = lambda asked: Answer({"reason": "SECRET", "label": "right"})
    made = grader(timeout_s=60)(judge_label(**LABEL))
    [event] = write_events([{"id": "a", "messages": make_sample("Rome").messages}], PROFILES["open-weight"])
    assert "SECRET" not in json.dumps(made(event, Context()))
    assert "SECRET" not in "".join(capfd.readouterr())


def test_only_the_part_that_is_taken_is_judged(endpoint):
    now(judge_label(**LABEL, take="tag", prompt=False), "Thinking. <answer>Rome</answer>")
    [asked] = endpoint.seen
    assert section(asked, "completion") == "Rome"
    assert "<prompt-" not in asked.question


def test_repeats_are_told_apart_and_their_costs_add_up(endpoint):
    endpoint.script = lambda asked: Answer({"reason": "", "label": ["right", "near", "wrong"][asked.repeat]})
    said = now(judge_label(**LABEL, repeats=3), "Rome")
    assert sorted(asked.repeat for asked in endpoint.seen) == [0, 1, 2]
    assert said.value == 0.5
    assert said.metrics.pop("judge_first_expected") == pytest.approx(1 / 3)
    assert said.metrics == {
        **{"unread": 0.0, "judge_spread": 1.0, "judge_unread": 0.0, "judge_first": 1.0},
        **{
            "judge_calls": 3.0,
            "judge_tokens_in": 300.0,
            "judge_tokens_out": 60.0,
            "judge_tokens_cached": 0.0,
        },
    }


def test_repeats_are_given_up_together():
    class Failing:
        """A service that fails the second question and never answers the others."""

        given_up = 0

        async def ask(self, question):
            if question.repeat == 1:
                raise SampleError("exception", "no")
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up += 1

        def metrics(self, replies):
            return {}

    service = Failing()
    form = Criterion("Right?", LabelScale({"a": 1.0, "b": 0.0}, {}))
    check = judging(
        service, lambda _: form, reference=False, prompt=True, repeats=3, take=None, max_chars=100
    )
    with pytest.raises(SampleError, match="no"):
        now(check, "Rome")
    assert service.given_up == 2


def test_a_cascade_asks_the_judge_about_what_passes_the_cheap_checks_alone(endpoint):
    endpoint.script = by_reference
    cheap = {"brief": length(full=60, zero=80), "form": has_format(markers=["####"])}
    check = cascade(steps={**cheap, "judged": judge_label(**LABEL, reference=True)})
    passing = ["#### Rome", "#### Paris", "I think\n#### Rome"]
    failing = ["Rome", "", "####", "#### Rome" + " x" * 100, "#### Rome\n#### Rome"]
    rewards = graded(check, *(make_sample(text, "Rome") for text in [*passing, *failing]))
    assert [float(each) for each in rewards[:3]] == [1.0, 0.0, 1.0]
    assert [each.metrics["steps"] for each in rewards[:3]] == [3.0] * 3
    assert all(each.metrics["steps"] < 3 for each in rewards[3:])
    assert sorted(section(asked, "completion") for asked in endpoint.seen) == sorted(passing)


def test_a_judge_is_a_part_of_other_checks(endpoint):
    endpoint.script = by_reference
    judged = judge_label(**LABEL, reference=True)
    parts = {"judged": judged, "brief": length(40, 80)}
    for combined in (
        formula(expression="judged * (0.8 + 0.2 * brief)", parts=parts),
        all_of(parts=parts),
        any_of(exact(), judged),
    ):
        rewards = graded(combined, *(make_sample(text, "Rome") for text in ("Rome!", "Paris")))
        assert [float(each) for each in rewards] == [1.0, 0.0]


def test_what_cannot_be_read_is_an_abstention_and_no_zero(endpoint):
    endpoint.script = in_turn(
        Answer("I'd say right."), Answer({"label": "right"}), Answer({"x": 1}, ended="cut")
    )
    check = judge_label(**LABEL)
    outcomes = [graded(check, make_sample("Rome"))[0] for _ in range(4)]
    assert [isinstance(each, Failure) and each.kind for each in outcomes] == ["abstain"] * 3 + [False]
    assert isinstance(now(judge_label(**LABEL), "Rome"), Reward)


@pytest.mark.parametrize("service", ["bedrock", "openai"])
def test_no_hostile_reply_is_paid_over_the_wire_of_either_service(endpoint, service):
    asked_for = {"ask": "Is it good?", "model": "m", "service": service}
    labels = judge_label(labels={"good": 1, "fair": 0.5, "poor": 0}, **asked_for)
    for check, replies in ((labels, HOSTILE_LABELS), (judge_score(**asked_for), HOSTILE_SCORES)):
        said = [*replies.values()]
        endpoint.script = lambda asked, said=said: Answer(said[int(section(asked, "completion")[5:])])
        outcomes = graded(check, *(make_sample(f"text {at}") for at in range(len(said))))
        assert [each.kind for each in outcomes] == ["abstain"] * len(said)


def test_a_judge_is_made_from_a_file_or_a_line_alone(endpoint, tmp_path):
    (tmp_path / "grader.toml").write_text(
        'check = "checks.judge:judge_rubric"\nmodel = "m"\nservice = "openai"\nrepeats = 2\n\n'
        '[criteria.right]\nask = "Is it right?"\nweight = 2\nlabels = { yes = 1, no = 0 }\n\n'
        '[criteria.clear]\nask = "How clear is it?"\nlow = 0\nhigh = 2\nanchors = { 0 = "not", 2 = "very" }\n'
    )
    made = configured_grader("grader.toml", str(tmp_path))
    [outcome] = graded(made, make_sample("Rome"))
    assert outcome.value == pytest.approx(2 / 3)
    assert "- 0: not\n- 2: very" in endpoint.seen[0].rubric
    line = 'checks.judge:judge_label(ask="Right?", labels={"yes": 1, "no": 0}, model="m")'
    assert [float(each) for each in graded(configured_grader(line), make_sample("Rome"))] == [1.0]


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("judge_label", {"ask": " "}, "ask=' ': write a string"),
    ("judge_label", {"labels": {"good": 1}}, "write two or more labels and the reward of each, such as"),
    ("judge_label", {"labels": ["good", "poor"]}, "write two or more labels"),
    ("judge_label", {"labels": {"good": 2, "poor": 0}}, r"labels\['good'\]=2: write a number from 0 to 1"),
    ("judge_label", {"labels": {"good": True, "poor": 0}}, r"labels\['good'\]=True"),
    ("judge_label", {"labels": {"good": 1, "Good": 0}}, "labels that differ in more than case"),
    ("judge_label", {"labels": {"good": 1, "fine": 1}}, "give labels different rewards"),
    ("judge_label", {"labels": {"good": 1, "poor\n": 0}}, "write a label on one line"),
    ("judge_label", {"labels": {"good": 1, "po\u200bor": 0}}, "without invisible characters"),
    ("judge_label", {"labels": {"good": 1, "not  good": 0}}, "write a label on one line"),
    ("judge_label", {"labels": {"good": 1, 3: 0}}, "labels=3: write a string"),
    ("judge_label", {"anchors": {"fair": "so so"}}, "anchors has 'fair': write one of right, near, wrong"),
    ("judge_label", {"anchors": ["x"]}, "write a table of what each one means"),
    ("judge_label", {"repeats": 0}, "repeats=0: write a whole number from 1 to 100"),
    ("judge_label", {"reference": 1}, "reference=1: write True or False"),
    ("judge_label", {"max_chars": -1}, "max_chars=-1"),
    ("judge_label", {"take": "marker"}, "take='marker'"),
    ("judge_label", {"model": ""}, "model=''"),
    ("judge_score", {"low": 5, "high": 5}, "high=5: write a whole number from 6 to 105"),
    ("judge_score", {"low": 0.5}, "low=0.5: write a whole number"),
    ("judge_score", {"low": 0, "high": 1000}, "high=1000: write a whole number from 1 to 100"),
    ("judge_score", {"anchors": {"6": "x"}}, "anchors has '6': write one of 1, 2, 3, 4, 5"),
    ("judge_score", {"anchors": {"1": ""}}, r"anchors\['1'\]='': write a string"),
    ("judge_rubric", {"criteria": {}}, "criteria={}: write 1 to 50 tables by name"),
    ("judge_rubric", {"criteria": {"a b": {"ask": "x"}}}, "letters, digits and underscores"),
    ("judge_rubric", {"criteria": {"judge_calls": {"ask": "x"}}}, "the name is taken"),
    ("judge_rubric", {"criteria": {"a": "x"}}, r"criteria\['a'\]='x': write a table with `ask`"),
    (
        "judge_rubric",
        {"criteria": {"a": {"ask": "x", "wieght": 2}}},
        r"has no option wieght; it has ask, weight",
    ),
    (
        "judge_rubric",
        {"criteria": {"a": {"ask": "x", "labels": {"y": 1, "n": 0}, "low": 1}}},
        "labels and a scale of numbers",
    ),
    ("judge_rubric", {"criteria": {"a": {"ask": "x", "weight": 0}}}, "at least one a weight above 0"),
    ("judge_rubric", {"criteria": {"a": {"ask": "x", "weight": -1}}}, r"criteria\['a'\].weight=-1"),
    (
        "judge_rubric",
        {"criteria": {"a": {"ask": "x", "high": 0}}},
        r"criteria\['a'\].high=0: write a whole number",
    ),
    ("judge_checklist", {"points": []}, "points is not a list of 1 to 50 different points"),
    ("judge_checklist", {"points": ["a", "a"]}, "points is not a list"),
    ("judge_checklist", {"points": "Rome"}, "points is not a list"),
    ("judge_checklist", {"points_field": ""}, "points_field=''"),
    ("judge_checklist", {"partial": "yes"}, "partial='yes': write True or False"),
]
WORKING: dict[str, dict[str, Any]] = {
    "judge_label": LABEL,
    "judge_score": {"ask": "How good?", "model": "m"},
    "judge_rubric": {"criteria": {"a": {"ask": "x"}}, "model": "m"},
    "judge_checklist": {"points": ["Rome"], "model": "m"},
}


@pytest.mark.parametrize(("name", "options", "message"), FAULTS)
def test_an_invalid_option_is_refused_with_what_to_write(name, options, message):
    with pytest.raises(DecorationError, match=message):
        grader_of_table({"check": f"checks.judge:{name}", **WORKING[name], **options})


def test_all_judges_take_the_same_options_for_their_service():
    own = {"ask", "labels", "anchors", "low", "high", "criteria", "points", "points_field", "partial"}
    taken = [
        [name for name in inspect.signature(made).parameters if name not in own]
        for made in factories(judge).values()
    ]
    assert len(taken) == 4
    assert all(names == taken[0] for names in taken)


def test_no_error_and_no_abstention_quotes_the_completion_or_the_reply(endpoint):
    endpoint.script = lambda asked: Answer('{"reason": "SECRET", "label": "SECRET"}')
    said = now(judge_label(**LABEL), "SECRET")
    assert isinstance(said, Abstain)
    assert "SECRET" not in said.reason
