import json
import os
import textwrap
from contextlib import closing
from types import SimpleNamespace

import pytest

from harness.audit.case import Case, Subject
from harness.audit.engine import run_audit
from harness.audit.judge_probes import PROBES, find_verdicts
from harness.audit.judge_replies import broken_replies, verdicts_for
from harness.audit.opener import Opener
from harness.audit.request import AuditRequest, audit
from harness.audit.stub_service import AskedQuestion
from harness.runs.facts import InProcessFacts
from harness.targets.opening import TargetChoice
from support.auditing import found_by

RECORDS = tuple(
    {
        "messages": [{"role": "user", "content": f"What does the clerk say about parcel {n}?"}],
        "reference_answer": f"that parcel {n} is late",
    }
    for n in range(6)
)

BEDROCK = """
    import json, re
    import boto3

    client = boto3.client("bedrock-runtime", region_name="us-east-1")

    PROMPT = '''Grade a reply. Answer with JSON such as {{"score": 0.7, "reason": "..."}}, from 0 to 1.

    ### Reference
    {reference}

    <reply>
    {reply}
    </reply>
    '''

    def ask(text):
        said = client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": text}]}])
        return said["output"]["message"]["content"][0]["text"]

    def question(sample):
        reference = sample["metadata"]["reference_answer"]
        content = sample["messages"][-1]["content"]
        reply = content if isinstance(content, str) else "".join(part["text"] for part in content)
        return @QUESTION@

    def score(reply):
        @SCORE@

    def handler(event, context):
        found = []
        for sample in event:
            @GRADED@
            found.append({"id": sample["id"], "aggregate_reward_score": value, "metrics_list": []})
        return found
"""
STRICT = """
        found = json.loads(reply)
        value = found["score"]
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise ValueError("no verdict")
        return float(value)
"""
ASKED = "PROMPT.format(reference=json.dumps(reference), reply=json.dumps(reply))"
GRADED = "value = score(ask(question(sample)))"


@pytest.fixture
def audited(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    def run(source, whole=False):
        (tmp_path / "g.py").write_text(textwrap.dedent(source))
        subject = Subject(RECORDS, "records.jsonl", tuple(range(1, 7)))
        opener = Opener(InProcessFacts(f"{tmp_path}/g.py:handler"), subject)
        with closing(opener.open()) as collector:
            case = Case(subject, opener, collector)
            if whole:
                return run_audit(case)
            collector.ask([(0, "The answer is in this sentence.")])
            case.verdicts = find_verdicts(case)
            return SimpleNamespace(findings=found_by(case, PROBES), measured=case.verdicts is not None)

    return run


def source(score=STRICT, question=ASKED, graded=GRADED):
    filled = textwrap.dedent(score).strip().replace("\n", "\n        ")
    return BEDROCK.replace("@SCORE@", filled).replace("@QUESTION@", question).replace("@GRADED@", graded)


def of_the_judge(audited):
    return {one.id: one.severity.value for one in audited.findings if one.id.startswith("D")}


def test_an_honest_judge_has_no_finding(audited):
    found = audited(source(), whole=True)
    assert found.measured
    assert found.judged
    assert set(of_the_judge(found).values()) <= {"note"}


def test_a_parser_that_takes_any_number_pays_a_year(audited):
    lax = "return min(1.0, float(re.search(r'\\d+(?:\\.\\d+)?', reply)[0]))"
    assert of_the_judge(audited(source(lax)))["D01"] == "critical"


def test_a_parser_that_pays_half_for_unreadable_replies_is_found(audited):
    lax = "try:\n    return float(json.loads(reply)['score'])\nexcept Exception:\n    return 0.5"
    found = audited(source(lax))
    assert of_the_judge(found)["D01"] == "critical"
    witness = next(one for one in found.findings if one.id == "D01").witness
    assert witness.answers.answers[0].url.endswith("/model/m/converse")


def test_a_failure_that_is_paid_is_found(audited):
    lax = "try:\n                value = score(ask(question(sample)))\n            except Exception:\n"
    lax += "                value = 0.5"
    assert of_the_judge(audited(source(graded=lax)))["D02"] == "critical"


GATED = (
    "value = score(ask(question(sample))) if sample['messages'][-1]['content'][:11] == 'that parcel' else 0"
)


def test_references_reach_a_judge_behind_a_cheap_check(audited):
    found = audited(source(graded=GATED), whole=True)
    assert found.measured
    assert set(of_the_judge(found).values()) <= {"note"}


def test_a_lax_parser_behind_a_cheap_check_is_found(audited):
    lax = "try:\n    return float(json.loads(reply)['score'])\nexcept Exception:\n    return 0.5"
    found = audited(source(lax, graded=GATED), whole=True)
    assert of_the_judge(found)["D01"] == "critical"
    witness = next(one for one in found.findings if one.id == "D01").witness
    assert witness.rollouts[0]["messages"][-1]["content"].startswith("that parcel 0 is late")


def test_the_audit_does_not_wait_for_endless_retries(audited):
    patient = """
        while True:
            try:
                return json.loads(reply() if callable(reply) else reply)["score"]
            except client.exceptions.AccessDeniedException:
                raise
            except client.exceptions.ThrottlingException:
                continue
            except client.exceptions.InternalServerException:
                continue
"""
    asks = "value = score(lambda: ask(question(sample)))"
    found = audited(source(patient, graded=asks), whole=True)
    assert found.measured
    assert ("D02", "passed") in [(one.id, one.what) for one in found.outcomes]


def test_a_prompt_template_that_is_filled_twice_is_found(audited):
    twice = 'PROMPT.replace("{reply}", reply).replace("{reference}", reference)'
    assert of_the_judge(audited(source(question=twice)))["D03"] == "critical"


def test_a_completion_that_can_forge_the_reference_is_found(audited):
    forged = "f'Reply:\\n{reply}\\n\\n### Reference\\n{reference}\\n\\nSay JSON {{\"score\": 0 or 1}}.'"
    found = audited(source(question=forged))
    assert of_the_judge(found)["D03"] == "critical"
    assert "### Reference" in next(one for one in found.findings if one.id == "D03").message


@pytest.mark.parametrize(
    "question",
    [
        "PROMPT.format(reference=reference, reply=reply)",
        "f'Reference: {reference}\\nReply: {reply}\\nSay JSON {{\"score\": 0 or 1}}.'",
    ],
)
def test_marks_that_a_completion_can_write_give_no_protection(audited, question):
    assert of_the_judge(audited(source(question=question)))["D03"] == "critical"


def test_marks_that_depend_on_the_completion_are_safe(audited):
    asks = "'Say JSON {\"score\": 0 or 1}.'"
    tag = f"(lambda code: '\\n'.join([code, reply, code, '### Reference', reference, {asks}]))"
    found = audited(source(question=f"{tag}(str(hash(reply)))"))
    assert "D03" not in of_the_judge(found)


def test_a_question_without_the_completion_is_found(audited):
    blind = "PROMPT.format(reference=reference, reply=content if isinstance(content, str) else '')"
    assert of_the_judge(audited(source(question=blind)))["D03"] == "critical"


@pytest.mark.parametrize(
    ("body", "high", "low"),
    [
        ({"prompt": 'Say {"verdict": "..."}'}, '{"verdict": 1}', '{"verdict": 0}'),
        ({"prompt": "Put it in <grade> tags."}, "<grade>10</grade>", "<grade>0</grade>"),
        ({"prompt": "End with\nRating: 1 to 5"}, "Rating: 5", "Rating: 1"),
        (
            {"schema": {"properties": {"why": {"type": "string"}, "label": {"enum": ["good", "bad"]}}}},
            '{"why": "as asked", "label": "good"}',
            '{"why": "as asked", "label": "bad"}',
        ),
    ],
)
def test_the_form_of_a_verdict_is_found_in_the_question(body, high, low):
    assert (high, low) in [(one.high, one.low) for one in verdicts_for(AskedQuestion("/x", body))]


def test_broken_replies_contain_no_good_verdict():
    pair = next(verdicts_for(AskedQuestion("/x", {"prompt": 'Say {"score": 1}'})))
    for broken in broken_replies(pair):
        try:
            assert json.loads(broken.reply).get("score") != pair.best or "true" in broken.reply
        except ValueError:
            assert pair.high not in broken.reply


def test_a_grader_that_creates_a_client_without_a_region_can_be_audited(tmp_path, monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "g.py").write_text(textwrap.dedent(source()).replace(', region_name="us-east-1"', ""))
    (tmp_path / "records.jsonl").write_text("".join(json.dumps(one) + "\n" for one in RECORDS))
    where = TargetChoice(grader=f"{tmp_path}/g.py:handler")
    found = audit(AuditRequest(data=tmp_path / "records.jsonl", where=where, search=0))
    assert found.audited.judged
    assert "AWS_DEFAULT_REGION" not in os.environ
