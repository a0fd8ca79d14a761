import pytest

from harness.audit.steadiness import PROBES
from support.auditing import audited_case, found_by, replayed

HANDLER = """
    import hashlib, random, time
    from datetime import datetime

    SEEN = []
    COUNT = [0]

    def handler(event, context):
        texts = [s["messages"][-1]["content"] for s in event]
        golds = [s["metadata"]["reference_answer"] for s in event]
        {setup}
        return [
            {{"id": s["id"], "aggregate_reward_score": float({reward}), "metrics_list": []}}
            for s, text, gold in zip(event, texts, golds)
        ]
"""
RIGHT = "text.rpartition('####')[2].strip() == gold"


def handler(reward=RIGHT, setup="pass"):
    return HANDLER.format(reward=reward, setup=setup)


def state(tmp_path, source):
    with audited_case(tmp_path, source, control=False) as case:
        found = found_by(case, PROBES)
        for one in found:
            if one.witness is not None:
                replayed(case, one)
        return found, case.collector.budget.used


@pytest.mark.parametrize("reward", [RIGHT, "gold in text", "0.0", "1.0", "len(text) / 1000"])
def test_a_consistent_grader_passes_in_few_gradings(tmp_path, reward):
    found, used = state(tmp_path, handler(reward))
    assert found == []
    assert used < 500


@pytest.mark.parametrize(
    ("reward", "setup", "rule", "said"),
    [
        ("random.random()", "pass", "G01", "at random"),
        (f"({RIGHT}) or random.random() < 0.1", "pass", "G01", "at random"),
        ("hash(text) % 1000 / 1000", "pass", "G01", "sets"),
        (f"({RIGHT}) and datetime.now().year < 2027 + 300 * 0", "pass", "G01", "clock"),
        ("hashlib.md5(s['id'].encode()).digest()[0] / 255", "pass", "G01", "id"),
        ("COUNT[0] % 7 == 0", "COUNT[0] += 1", "G02", "earlier samples"),
        (
            f"({RIGHT}) and (text not in SEEN and not SEEN.append(text))",
            "pass",
            "G02",
            "earlier samples",
        ),
        (
            f"KEPT.setdefault(s['id'], {RIGHT})",
            "KEPT = globals().setdefault('KEPT', {})",
            "G02",
            "under an id",
        ),
        (
            f"KEPT.setdefault(str(s['messages'][:-1]), {RIGHT})",
            "KEPT = globals().setdefault('KEPT', {})",
            "G02",
            "after another",
        ),
        ("sum(t == text for t in texts) < 2 and len(texts) > 1", "pass", "A11", "neighbors"),
        ("len(text) / max(len(t) or 1 for t in texts)", "pass", "A11", "neighbors"),
        (f"({RIGHT}) - (len(texts) > 8) * 0.5", "pass", "A11", "neighbors"),
    ],
)
def test_what_changes_a_reward_is_named(tmp_path, reward, setup, rule, said):
    found, _ = state(tmp_path, handler(reward, setup))
    assert [one.id for one in found] == [rule]
    assert said in found[0].message
    assert found[0].severity == ("critical" if rule == "G01" else "error")


def test_a_counter_that_pays_every_fiftieth_sample_is_found(tmp_path):
    count = "COUNT.append(0)"
    found, _ = state(tmp_path, handler(f"({RIGHT}) or ({count} or len(COUNT) % 50 == 0)"))
    assert [one.id for one in found] == ["G02"]


def test_an_inconsistent_judge_is_a_warning(tmp_path):
    source = "import random\ntry:\n    import boto3\nexcept ImportError:\n    pass\n\n\n" + (
        "def handler(event, context):\n"
        "    return [{'id': s['id'], 'aggregate_reward_score': random.random()} for s in event]\n"
    )
    found, _ = state(tmp_path, source)
    assert [(one.id, one.severity) for one in found] == [("G01", "warning")]
