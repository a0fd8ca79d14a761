from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.judge_endpoint import SCHEMA, TOOL, Answer, Asked, JudgeEndpoint, first_allowed, refusing
from support.readme import README, commands
from support.rft_command import rft_inside
from support.rollout_files import rollout, write_rollouts

DOCUMENT = README.parent / "docs" / "recorded-answers.md"
JUDGE = """
check = "checks.judge:judge_label"
ask = "Is the reply polite?"
model = "a-model"
service = "{service}"
repeats = 2

[labels]
no = 0
yes = 1
"""


def taking(form: str) -> Callable[[Asked], Answer]:
    """A model that accepts one form of request and finds every second text polite."""

    def script(asked: Asked) -> Answer:
        if asked.form != form:
            return refusing("ValidationException", f"This model doesn't support {asked.form}")
        verdict = first_allowed(asked.schema)
        [label] = [name for name, each in asked.schema["properties"].items() if "enum" in each]
        return Answer({**verdict, label: ["no", "yes"][len(asked.question) % 2]})

    return script


@pytest.mark.parametrize(
    ("service", "form"), [("bedrock", TOOL), pytest.param("openai", SCHEMA, marks=pytest.mark.slow)]
)
def test_its_commands_record_and_replay_a_ready_judge(
    tmp_path: Path, service: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "judge.toml").write_text(JUDGE.format(service=service))
    lines = [rollout(at, f"thank you{'!' * at}", record=str(at // 3)) for at in range(9)]
    write_rollouts(tmp_path / "rollouts.jsonl", lines)
    replays = [words for words in commands("rft", DOCUMENT) if words[0] == "replay"]
    with JudgeEndpoint(taking(form)) as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        recorded = rft_inside(tmp_path, *replays[0], "--json")
        asked = len(endpoint.seen)
    for name in endpoint.variables:
        monkeypatch.delenv(name)
    again = [
        json.loads(rft_inside(tmp_path, *replays[1], *more, "--json").stdout) for more in ([], ["--cores", 1])
    ]
    first = json.loads(recorded.stdout)
    assert first["totals"]["rewards"] == 9
    assert 18 <= asked <= 24  # two repeats, plus the requests that find the form
    means = [found["totals"]["mean"] for found in (first, *again)]
    assert means[0] == means[1] == means[2] > 0
    [words] = [words for words in commands("rft", DOCUMENT) if words[0] == "rehearse"]
    rehearsed = rft_inside(tmp_path, *words, "--holdout", "0")
    assert "requests were answered from answers.jsonl, not by the service" in rehearsed.stdout
    assert rehearsed.returncode == 0
    assert first["recording"]["answers"] == len((tmp_path / "answers.jsonl").read_text().splitlines()) - 1


def test_its_options_are_those_of_the_commands() -> None:
    for words in commands("rft", DOCUMENT):
        said = rft_inside(Path(), words[0], "--help").stdout
        for word in words:
            assert not word.startswith("--") or word in said
