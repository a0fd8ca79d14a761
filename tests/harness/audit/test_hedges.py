import pytest

from harness.audit.hedges import Hedge
from support.graded_by import findings, label_records, object_records, tagged, text_records, told

PROBES = (Hedge(),)


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("marked(text) == gold", None),
        ("(re.findall('[0-9]+', text) or [''])[-1] == gold", None),
        ("(re.findall('[0-9]+', text) or [''])[0] == gold", None),
        ("tag(text) == gold", tagged()),
        ("line(text) == gold", label_records()),
        ("parsed(text) == parsed(gold)", object_records()),
        ("difflib.SequenceMatcher(None, line(text) or '', gold).ratio()", text_records()),
    ],
)
def test_one_answer_or_likeness_passes(tmp_path, reward, records):
    found = findings(tmp_path, PROBES, reward, records)
    assert [one for one in found if one.severity > "note"] == []


@pytest.mark.parametrize(
    ("reward", "records"),
    [
        ("gold in text", None),
        ("gold in re.findall('[0-9]+', text)", None),
        ("any(gold == part for part in text.split('\"')) or line(text) == gold", text_records()),
        (
            "gold in [part.strip() for part in text.replace('Answer:', chr(10)).split(chr(10))]",
            text_records(),
        ),
    ],
)
def test_one_text_that_is_paid_under_several_references_is_found(tmp_path, reward, records):
    found = findings(tmp_path, PROBES, reward, records)
    assert told(found) == [("C09", "error")]
    texts = {one["messages"][-1]["content"] for one in found[0].witness.rollouts}
    references = {one["reference_answer"] for one in found[0].witness.rollouts}
    assert len(texts) == 1
    assert len(references) == 2


def test_values_that_are_lists_of_values_are_found(tmp_path):
    fits = "all(v == s.get(k) or (isinstance(s.get(k), list) and v in s[k]) for k, v in parsed(gold).items())"
    reward = f"(lambda s: isinstance(s, dict) and {fits})(parsed(text))"
    assert told(findings(tmp_path, PROBES, reward, object_records())) == [("C09", "error")]


def test_a_reward_for_any_text_is_not_a_hedge(tmp_path):
    assert findings(tmp_path, PROBES, "line(text) in (None, gold)", text_records()) == []


CITIES = ("Lund", "Porto", "Quito", "Turku")


def cities(ask):
    return tuple(
        {
            "messages": [{"role": "user", "content": f"Where is office {n}? {ask}"}],
            "reference_answer": f"{CITIES[n % 4]}, {CITIES[(n + 1 + n // 4 % 3) % 4]}",
        }
        for n in range(24)
    )


NAMED = "One or two of Lund, Porto, Quito and Turku, after Answer:, please."
RECALL = (
    "(lambda said: sum(one in said for one in gold.split(', ')) / len(gold.split(', ')))(line(text) or '')"
)


@pytest.mark.parametrize(
    ("reward", "records", "kind"),
    [
        ("gold in (tag(text) or '')", tagged(), "choice"),
        ("gold in (line(text) or '')", label_records(), "yes-no"),
        (RECALL, cities(NAMED), "list"),
        (f"float({RECALL} > 0.9)", cities(NAMED), "list"),
    ],
)
def test_a_text_that_names_every_possible_answer_is_critical(tmp_path, reward, records, kind):
    (one,) = findings(tmp_path, PROBES, reward, records, kind=kind)
    assert (one.id, one.severity) == ("C09", "critical")
    assert "every answer" in one.message
    assert one.records <= one.tried


def test_answers_that_the_prompts_do_not_name_are_not_all_known(tmp_path):
    found = findings(
        tmp_path, PROBES, RECALL, cities("One or two cities, after Answer:, please."), kind="list"
    )
    assert [one.severity for one in found if one.severity > "error"] == []
