from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.runs.labels import LabelRule
from harness.runs.store import open_run
from harness.signal.comparison import compare_runs
from harness.signal.fail_on import LIMITS, measured_of, read_limit
from harness.signal.label_agreement import agreement
from harness.signal.pair_counts import pair_counts
from harness.signal.reordered import Both, reordered, zero_std_change
from support.rft_command import rft_inside, write_grader

STRICT = """
from graders import Sample, grader

@grader
def strict(sample: Sample) -> bool:
    return sample.completion == sample.reference_text

@grader
def tolerant(sample: Sample) -> bool:
    return sample.completion.lower() == sample.reference_text
"""


def rollouts(texts, records=12):
    return [
        {
            "id": f"{record}/{number}",
            "record": f"p{record}",
            "messages": [
                {"role": "user", "content": f"name {record}"},
                {"role": "assistant", "content": text},
            ],
            "reference_answer": "paris",
            "is_right": text.lower() == "paris",
        }
        for record in range(records)
        for number, text in enumerate(texts)
    ]


def write(path: Path, lines) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    write_grader(folder, STRICT)
    texts = ["paris", "Paris", "rome", "PARIS"]
    write(folder / "one.jsonl", rollouts(texts))
    write(folder / "shuffled.jsonl", rollouts(texts)[::-1][:-4])
    write(folder / "other.jsonl", rollouts(["oslo", "paris!"]))
    write(folder / "elsewhere.jsonl", [{**one, "record": one["record"] + "x"} for one in rollouts(["bonn"])])
    for name, file, grader in [
        ("strict", "one", "strict"),
        ("tolerant", "one", "tolerant"),
        ("again", "shuffled", "tolerant"),
        ("model", "other", "tolerant"),
        ("apart", "elsewhere", "strict"),
    ]:
        words = ("--grader", f"my_grader.py:{grader}", "--name", name, "--label", "is_right")
        done = rft_inside(folder, "replay", f"{file}.jsonl", *words)
        assert done.returncode in (0, 1), done.stderr
    return folder


def compared(folder, was, now):
    return compare_runs(open_run(folder / "runs" / was), open_run(folder / "runs" / now))


def test_exactly_the_rollouts_that_the_graders_grade_differently_are_listed(folder):
    found = compared(folder, "strict", "tolerant")
    assert (found.by, found.only_was, found.only_now) == ("place", 0, 0)
    order = found.order
    assert (order.rollouts, order.changed, order.inverted, order.merged, order.parted) == (48, 24, 0, 24, 24)
    assert {flip.id for flip in order.flips} == {
        f"{record}/{number}" for record in range(12) for number in (1, 3)
    }
    assert (found.labels.mended, found.labels.broken) == (24, 0)
    assert found.labels.was.false_negatives.value == pytest.approx(24 / 36)
    assert found.labels.now.youden.value is None, "12 rollouts labeled no are too few"
    assert found.records.difference.mean == pytest.approx(0.5)


def test_runs_of_other_files_join_by_completion(folder):
    found = compared(folder, "strict", "again")
    assert (found.by, found.only_was, found.only_now) == ("completion", 4, 0)
    assert found.order.changed == 22


def test_two_models_are_compared_by_record(folder):
    found = compared(folder, "tolerant", "model")
    assert (found.by, found.order, found.common_records) == ("record", None, 12)
    assert (found.mean_was, found.mean_now, found.zero_std.now) == (0.75, 0.0, 12)
    assert found.labels.mended is None
    assert found.remarks == ["compared by record, as two models: 0 of 24 rollouts are in both runs"]
    assert (found.records.wins, found.records.losses) == (0, 12)


def test_the_unit_of_comparison_can_be_chosen(folder):
    strict, tolerant, model = (open_run(folder / "runs" / name) for name in ("strict", "tolerant", "model"))
    assert compare_runs(strict, tolerant, by="record").by == "record"
    with pytest.raises(InputError, match="no completion in common"):
        compare_runs(strict, model, by="rollout")


def test_nothing_in_common_is_refused(folder):
    with pytest.raises(InputError, match="no record in common"):
        compared(folder, "strict", "apart")


def test_a_file_that_changed_cannot_be_joined_by_its_texts(folder, tmp_path):
    write(folder / "later.jsonl", rollouts(["a", "b"]))
    words = ("replay", "later.jsonl", "--grader", "my_grader.py:tolerant", "--name", "later")
    assert rft_inside(folder, *words).returncode < 2
    write(folder / "later.jsonl", rollouts(["c"]))
    with pytest.raises(InputError, match="later"):
        compared(folder, "strict", "later")
    assert compared(folder, "tolerant", "later").by == "record", "one grader: its means can be compared"


REWARD = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]))
GROUPS = st.lists(st.lists(st.tuples(REWARD, REWARD), min_size=1, max_size=5), max_size=6)


@given(GROUPS)
def test_the_counts_agree_with_counting_by_hand(groups):
    both = [(f"g{at}", [Both(n, *pair) for n, pair in enumerate(group)]) for at, group in enumerate(groups)]
    found = reordered(both)
    known = [[pair for pair in group if None not in pair] for group in groups]
    pairs = [pair for group in known for pair in combinations(group, 2)]
    assert found.pairs == sum(a[0] != b[0] for a, b in pairs)
    assert found.inverted == sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
    assert found.merged == sum(a[0] != b[0] and a[1] == b[1] for a, b in pairs)
    assert found.parted == sum(a[0] == b[0] and a[1] != b[1] for a, b in pairs)
    assert found.changed == sum(was != now for group in groups for was, now in group)
    assert found.failed_now == sum(was is not None and now is None for group in groups for was, now in group)
    back = reordered(
        [(name, [one._replace(was=one.now, now=one.was) for one in group]) for name, group in both]
    )
    assert (back.inverted, back.merged, back.flipped) == (found.inverted, found.parted, found.flipped)
    same = reordered([(name, [one._replace(now=one.was) for one in group]) for name, group in both])
    assert (same.changed, same.inverted, same.merged, same.parted, same.flipped) == (0, 0, 0, 0, 0)
    assert same.pairs == found.pairs or any(None in pair for group in groups for pair in group)


REWARDS = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0]))
VERDICTS = st.lists(st.tuples(REWARDS, st.sampled_from([True, False, None, "true", 1.0])), max_size=40)


@given(st.lists(VERDICTS, max_size=4))
def test_errors_against_labels_agree_with_counting_by_hand(groups):
    found = agreement(groups, LabelRule(), 0.5)
    told = [[(one, bool(label)) for one, label in group if None not in (one, label)] for group in groups]
    whole = [(one, label) for group in groups for one, label in group if None not in (one, label)]
    assert found.rollouts == len(whole)
    assert found.agreed == sum((one == 1.0) == bool(label) for one, label in whole)
    assert found.paid_no == sum(one > 0.5 for one, label in whole if label is False)
    assert found.unpaid_yes == sum(one <= 0.5 for one, label in whole if label is True or label == "true")
    pairs = [(a, b) for group in told for a, b in combinations(group, 2) if a[1] != b[1]]
    right = sum((a[0] - b[0]) * (a[1] - b[1]) > 0 for a, b in pairs)
    counts = [pair_counts([float(label) for _, label in group], [one for one, _ in group]) for group in told]
    assert sum(one.pairs - one.inverted - one.merged for one in counts) == right
    low, value, high = found.youden.low, found.youden.value, found.youden.high
    if low is None or value is None or high is None:
        assert found.youden.why
    else:
        assert -1 <= low <= value <= high <= 1


def test_a_record_with_very_many_completions_is_as_fast_as_many_records():
    count = 20_000
    one, other = list(range(count)), list(range(count, 0, -1))
    assert pair_counts(one, other) == (count * (count - 1) // 2, count * (count - 1) // 2, 0, 0)


def test_an_advantage_can_flip_although_its_reward_is_unchanged():
    found = reordered([("g", [Both("a", 0.5, 0.5), Both("b", 0.25, 1.0)])])
    assert [(one.id, one.changed, one.flipped) for one in found.samples] == [
        ("b", True, True),
        ("a", False, True),
    ]


def test_a_lost_reward_is_listed_with_its_kind_before_small_changes():
    group = [Both("a", 0.5, 0.75), Both("b", 1.0, None, 7, None, "timeout"), Both("c", 1.0, 1.0)]
    found = reordered([("g", group)])
    assert [(one.id, one.now_error) for one in found.samples] == [("b", "timeout"), ("a", None)]
    assert (found.failed_now, found.changed) == (1, 2)


def test_zero_std_groups_are_named_and_single_rewards_show_nothing():
    found = zero_std_change(
        [("a", [0, 1], [1, 1]), ("b", [1, 1], [0, 1]), ("c", [1], [1]), ("d", [0, 1], [])]
    )
    assert (found.groups, found.was, found.now) == (3, 1, 2)
    assert (found.became, found.stopped) == (["a", "d"], ["b"])


@given(st.sampled_from(list(LIMITS)), st.integers(0, 100), st.booleans())
def test_a_limit_is_read_as_it_is_written(name, number, percent):
    text = f"{name}={number}{'%' * percent}"
    assert str(read_limit(text)) == text


@pytest.mark.parametrize("text", ["zero_std=+2%", "false_positives=+0", "false_negatives=+1.5%"])
def test_an_increase_can_be_limited(folder, text):
    assert str(read_limit(text)) == text
    assert measured_of(read_limit(text), compared(folder, "strict", "tolerant")).kept


def test_an_increase_is_the_difference_of_both_runs(folder):
    back = compared(folder, "tolerant", "strict")
    outcome = measured_of(read_limit("false_negatives=+23"), back)
    assert (outcome.count, outcome.before, outcome.kept) == (24, 0, False)
    assert measured_of(read_limit("false_negatives=+24"), back).kept
    assert not measured_of(read_limit("false_negatives=+66%"), back).kept
    assert not measured_of(read_limit("broken=23"), back).kept


def test_a_limit_by_record_is_measured_if_possible(folder):
    found = compared(folder, "tolerant", "model")
    assert measured_of(read_limit("zero_std=100%"), found).kept
    assert measured_of(read_limit("false_positives=0"), found).of == 24
    assert measured_of(read_limit("false_negatives=0"), found).count is None, "the model is never right"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "flips",
        "flips=",
        "flips=-1",
        "flips=1.5",
        "flips=101%",
        "flip=1",
        "x=1",
        "flips=१",
        "flips=+1",
        "zero_std=++1",
    ],
)
def test_invalid_limits_are_refused_with_the_fix(text):
    with pytest.raises(InputError) as refused:
        read_limit(text)
    assert refused.value.fix


def test_limits_use_their_own_denominators(folder):
    found = compared(folder, "strict", "tolerant")
    assert measured_of(read_limit("changed=50%"), found).kept
    assert not measured_of(read_limit("changed=49%"), found).kept
    assert measured_of(read_limit("inversions=0"), found).kept
    missing = measured_of(read_limit("flips=0"), compared(folder, "tolerant", "model"))
    assert (missing.kept, missing.count) == (False, None)
    assert missing.why


def test_the_command_reports_it_in_80_columns_and_by_its_exit_code(folder):
    done = rft_inside(
        folder, "compare", "strict", "tolerant", "--fail-on", "flips=1%", "--fail-on", "failures=0"
    )
    assert done.returncode == 1
    assert "EXCEEDED: 24 of 48" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert rft_inside(folder, "compare", "strict", "tolerant", "--fail-on", "flips=50%").returncode == 0
    assert rft_inside(folder, "compare", "tolerant", "model", "--fail-on", "flips=0").returncode == 2
    assert rft_inside(folder, "compare", "tolerant", "model", "--by", "rollout").returncode == 2
    for line in (
        "what changed: 24 rollouts, 24 of them flipped (first)",
        "  0/1: 0 -> 1  flipped",
        "    completion Paris",
    ):
        assert line in done.stdout.splitlines()
    whole = rft_inside(folder, "compare", "strict", "tolerant", "--all").stdout
    assert whole.count("completion Paris") == 12
    found = json.loads(rft_inside(folder, "compare", "strict", "tolerant", "--json").stdout)
    assert found["order"]["changed"] == 24


def test_on_real_completions_the_samples_that_differ_are_those_that_two_graders_judge_differently(
    shared_data, tmp_path
):
    write_grader(
        tmp_path,
        "import re\nfrom graders import Sample, grader\n\n\n"
        "@grader\ndef strict(sample: Sample) -> bool:\n"
        "    said, wanted = sample.completion, sample.reference_text\n"
        "    return said.rpartition('A:')[2].strip() == wanted.rpartition('A:')[2].strip()\n"
        "\n\n@grader\ndef tolerant(sample: Sample) -> bool:\n"
        "    said = re.findall(r'-?[0-9]+', sample.completion)\n"
        "    return bool(said) and said[-1] in re.findall(r'-?[0-9]+', sample.reference_text)[-1:]\n",
    )
    file = shared_data / "gsm8k" / "labelled-rollouts.jsonl"
    for name in ("strict", "tolerant"):
        assert (
            rft_inside(tmp_path, "replay", file, "-g", f"my_grader.py:{name}", "--name", name).returncode == 0
        )
    found = compared(tmp_path, "strict", "tolerant")

    def rewards(name):
        lines = (tmp_path / "runs" / name / "rewards.jsonl").read_text().splitlines()
        return {row["id"]: row["reward"] for row in map(json.loads, lines)}

    strict, tolerant = rewards("strict"), rewards("tolerant")
    differing = {name for name in strict if strict[name] != tolerant[name]}
    assert {one.id for one in found.order.samples if one.changed} == differing != set()
    assert found.order.rollouts == 2640


def test_the_document_names_every_limit_as_the_code_has_it():
    text = (Path(__file__).parents[3] / "docs" / "compare.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    assert rows == LIMITS
