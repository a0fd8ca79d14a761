import json
import textwrap

import pytest

from harness.audit.case import Recorded
from harness.audit.control import seek
from harness.audit.formats import WORKING
from support.auditing import audited_case, number_records

FOUND = """
    import json, re

    def handler(event, context):
        return [entry(s) for s in event]

    def entry(s):
        text = s["messages"][-1].get("content") or ""
        want = s["metadata"].get("reference_answer")
        return {{"id": s["id"], "aggregate_reward_score": float(reward(text, want, s))}}

    def reward(text, want, s):
        {body}
"""


def source(body):
    return FOUND.format(body=textwrap.dedent(body).strip().replace("\n", "\n        "))


def sought(case):
    control = seek(case).control
    assert control is not None
    return control


def texts(case):
    return [str(one) for one in case.sought.control.formats]


def records(ask, answers, **fields):
    return tuple(
        {
            "messages": [{"role": "user", "content": f"Question {at}. {ask}"}],
            "reference_answer": answer,
            **{name: value(answer) for name, value in fields.items()},
        }
        for at, answer in enumerate(answers)
    )


@pytest.mark.parametrize(
    ("ask", "body", "first"),
    [
        (
            "End with #### and the number.",
            "return text.split('####')[-1].strip() == want and '####' in text",
            "#### {a}",
        ),
        ("Put it in \\boxed{}.", "return '\\\\boxed{' + want + '}' in text", "\\boxed{{a}}"),
        ("Finish with 'Total: N'.", "return text.strip().endswith('Total: ' + want)", "Total: {a}"),
        ("Answer.", "return text.strip() == want", "{a}"),
        (
            'Reply with JSON that has the key "total".',
            "return text[:1] == '{' and str(json.loads(text).get('total')) == want",
            '{"total": "{a}"}',
        ),
        (
            "Use <think> tags and <answer> tags.",
            "m = re.fullmatch(r'(?s)<think>.+</think>\\s*<answer>(.*)</answer>', text)\n"
            "return bool(m) and m[1] == want",
            f"<think>{WORKING}</think>\n<answer>{{a}}</answer>",
        ),
        (
            "Which number is it?",
            "m = re.search(r'VALUE=\\[(\\d+)\\]', text)\nreturn bool(m) and m[1] == want",
            "VALUE=[{a}]",
        ),
    ],
)
def test_the_format_is_found_by_contrast(tmp_path, ask, body, first):
    with audited_case(tmp_path, source(body), number_records(40, ask), control=False) as case:
        control = sought(case)
        assert texts(case)[0] == first
        assert control.kind == "number"
        assert set(control.right.values()) == {1.0}
        assert set(control.wrong.values()) == {0.0}
        assert len(control.right) == 40
        assert case.collector.budget.used < 400


@pytest.mark.parametrize(
    ("reference", "body"),
    [
        (lambda n: f"Some working.\n#### {n}", "return text.strip() == want.split('####')[1].strip()"),
        (lambda n: {"answer": str(n), "unit": "km"}, "return text.strip() == want['answer']"),
        (lambda n: {"inner": {"value": n}}, "return text.strip() == str(want['inner']['value'])"),
        (lambda n: n, "return text.strip() == str(want)"),
        (lambda n: [str(n), f"{n} units"], "return text.strip() in want"),
        (lambda n: json.dumps({"answer": n}), "return text.strip() == str(json.loads(want)['answer'])"),
    ],
)
def test_the_answer_is_found_in_references_of_every_shape(tmp_path, reference, body):
    rows = records("Answer.", [reference(n) for n in range(30, 60)])
    with audited_case(tmp_path, source(body), rows, control=False) as case:
        control = sought(case)
        assert texts(case)[0] == "{a}"
        assert control.golds[3] == "33"
        assert len(control.right) == 30


def test_the_answer_may_be_in_another_field_than_the_reference(tmp_path):
    rows = tuple(
        {"messages": one["messages"], "ground_truth": one["reference_answer"]} for one in number_records(20)
    )
    body = "return text.strip() == '#### ' + s['metadata']['ground_truth']"
    with audited_case(tmp_path, source(body), rows, control=False) as case:
        control = sought(case)
        assert texts(case) == ["#### {a}"]
        assert control.formats[0].reading.path == ("ground_truth",)
        assert case.gold(control.formats[0], 4) == rows[4]["ground_truth"]


def test_lucky_letters_give_no_contrast(tmp_path):
    rows = records("Reply with the letter only.", "ABCD" * 10)
    with audited_case(
        tmp_path, source("return text[:1] in 'ABCD' and text != ''"), rows, control=False
    ) as case:
        assert seek(case).control is None
    with audited_case(tmp_path, source("return text == want"), rows, control=False) as case:
        control = sought(case)
        assert control.kind == "choice"
        assert all(
            rows[at]["reference_answer"] != rows[there]["reference_answer"]
            for at, there in control.other.items()
        )


def test_partial_credit_and_length_rewards_still_give_a_contrast(tmp_path):
    body = """
    right = text.strip().split()[-1] == want
    return 0.2 * ('####' in text) + 0.5 * right + 0.3 * min(1, len(text) / 400)
    """
    with audited_case(tmp_path, source(body), control=False) as case:
        control = sought(case)
        assert all(control.pays(reward, at) for at, reward in control.right.items())
        assert not any(control.pays(reward, at) for at, reward in control.wrong.items())


def test_a_similarity_reward_for_wrong_answers_gives_no_contrast(tmp_path):
    rows = records("Sum it up.", [f"The report says that {n} of them live in the valley" for n in range(30)])
    body = "import difflib\nreturn difflib.SequenceMatcher(None, text, want).ratio()"
    with audited_case(tmp_path, source(body), rows, control=False) as case:
        found = seek(case)
        assert found.control is None
        assert found.why


@pytest.mark.parametrize(
    "body",
    ["return 1.0", "return 0.0", "return min(1, len(text) / 50)", "return bool(re.search(r'\\d', text))"],
)
def test_a_grader_that_ignores_the_reference_has_no_control(tmp_path, body):
    with audited_case(tmp_path, source(body), control=False) as case:
        found = seek(case)
        assert found.control is None
        assert "--accepted" in found.why
        assert found.unpaid == ()
        assert found.tried


def test_a_grader_that_fails_on_everything_is_not_measured(tmp_path):
    with audited_case(tmp_path, source("return want['text']['x']"), control=False) as case:
        found = seek(case)
        assert found.control is None
        assert "the grader fails on every completion" in found.why


@pytest.mark.parametrize("accepted", ["So: {a} units", "So: 14 units"])
def test_a_format_that_nobody_could_guess_is_taken_from_what_the_user_accepts(tmp_path, accepted):
    body = "m = text.partition('So: ')[2].partition(' units')\nreturn m[0] == want and m[1] != ''"
    with audited_case(
        tmp_path, source(body).replace("So: ", "So: "), accepted=(accepted,), control=False
    ) as case:
        assert sought(case).golds[0] == "14"
        assert texts(case)[0] == "So: {a} units"


def test_a_format_is_taken_from_recorded_completions(tmp_path):
    rows = number_records(20, "Answer.")
    recorded = tuple(
        Recorded(at, {"role": "assistant", "content": f"Hm.\nI settle on ~{one['reference_answer']}~ then"})
        for at, one in enumerate(rows)
    )
    body = "return ('~' + want + '~ then') in text"
    with audited_case(tmp_path, source(body), rows, recorded=recorded, control=False) as case:
        case.subject = case.subject.__class__(rows, "r", case.subject.lines, recorded)  # no source to mine
        assert seek(case).control is not None
        assert "~{a}~ then" in texts(case)[0]


def test_tool_calls_are_made_as_messages(tmp_path):
    rows = records("Call a tool.", [{"calls": [{"name": "get", "arguments": {"n": n}}]} for n in range(12)])
    body = """
    calls = s["messages"][-1].get("tool_calls") or []
    made = [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls]
    return made == [(c["name"], c["arguments"]) for c in want["calls"]]
    """
    with audited_case(tmp_path, source(body), rows, control=False) as case:
        control = sought(case)
        assert texts(case) == ["tool calls"]
        assert control.kind == "tools"


def test_code_is_tried_in_a_fence_with_its_own_reference(tmp_path):
    rows = records("Write it.", [f"def f{n}(x):\n    return x + {n}" for n in range(12)])
    body = "m = re.search(r'```python\\n(.*?)```', text, re.S)\nreturn bool(m) and m[1].strip() == want"
    with audited_case(tmp_path, source(body), rows, control=False) as case:
        assert sought(case).kind == "code"
        assert texts(case)[0] == "```python\n{a}\n```"


def test_another_wire_is_tried_if_nothing_is_paid(tmp_path):
    body = "return text.strip() == '#### ' + want['text'] if isinstance(want, dict) else 0.0"
    with audited_case(tmp_path, source(body), control=False) as case:
        found = seek(case)
        assert found.control is not None
        assert (found.wire, found.unpaid_over) == ("open-weight-text", "open-weight")
        assert case.opener.wire == "open-weight-text"
        assert "--wire open-weight-text" in " ".join(case.notes)


def test_the_declared_format_is_the_control_of_a_reward_for_form_alone(tmp_path):
    body = "return bool(re.search(r'(?s)<answer>.+</answer>', text))"
    rows = tuple(
        {"messages": [{"role": "user", "content": f"Question {n}. Put it in <answer> tags."}]}
        for n in range(12)
    )
    with audited_case(tmp_path, source(body), rows, kind="format", control=False) as case:
        control = sought(case)
        assert control.kind == "format"
        assert texts(case)[0] == "<answer>{a}</answer>"
        assert set(control.wrong.values()) == {0.0}
    with audited_case(tmp_path, source("return 0.5"), rows, kind="format", control=False) as case:
        assert seek(case).control is None


@pytest.mark.parametrize(
    "body",
    [
        "return text.count('- ') >= 3",
        "return len(text) > 500",
        "return len(re.findall(r'(?m)^Step [0-9]:', text)) / 3",
    ],
)
def test_undeclared_forms_are_tried_for_a_reward_for_form(tmp_path, body):
    rows = [{"messages": [{"role": "user", "content": f"Write about town {n}."}]} for n in range(12)]
    with audited_case(tmp_path, source(body), rows, kind="format", control=False) as case:
        assert sought(case).kind == "format"


def test_a_grader_that_hangs_ends_the_search(tmp_path):
    with audited_case(tmp_path, source("while True: pass"), control=False, seconds=0.2) as case:
        found = seek(case)
        assert found.control is None
        assert "time limit" in found.why


def test_for_records_without_answers_the_message_says_what_to_supply(tmp_path):
    rows = tuple({"messages": [{"role": "user", "content": f"Write poem {n}."}]} for n in range(8))
    with audited_case(tmp_path, source("return 1.0"), rows, control=False) as case:
        assert "--kind format" in seek(case).why
    with audited_case(tmp_path, source("return 1.0"), records("Answer.", ["7"] * 8), control=False) as case:
        assert "all records have the same answer" in seek(case).why
