"""The documents' code runs, and their tables are complete."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from contextlib import suppress
from pathlib import Path

import click
import pytest

from graders import Reward, Sample, checks, combine, extract, grader
from graders._runtime.declaration import Options
from graders.examples.word_problems import word_problem
from graders.reward import KINDS
from harness import projects
from harness.cli.groups import VERBS, module_of
from harness.conclusions.reward_warnings import RULES as WARNINGS
from harness.data.rules import RULES
from harness.deploy.artifact import main as build_artifact
from harness.deploy.checklist import RULES as CHECKLIST
from harness.deploy.recipe import recipe_of
from harness.localaws.template import read_template
from support.readme import README, blocks, commands

GRADERS = README.parent / "docs" / "graders.md"
VALIDATION = README.parent / "docs" / "validation.md"
REHEARSAL = README.parent / "docs" / "rehearsal.md"
DEPLOY = README.parent / "docs" / "deploy.md"
PRODUCTION = README.parent / "docs" / "production.md"
PAGES = [README, README.parent / "CONTRIBUTING.md", *sorted((README.parent / "docs").glob("*.md"))]


def section(title: str) -> str:
    """Return a section of the document on graders."""
    text = GRADERS.read_text(encoding="utf-8")
    return next(part for part in text.split("\n## ") if part.startswith(title))


def first_cells(title: str) -> str:
    """Return the first column of a section's tables."""
    return "\n".join(re.findall(r"^\| (`[^|]*) \|", section(title), re.MULTILINE))


def defined_in(module: object) -> set[str]:
    """Return the public functions that are defined in a module, not imported."""
    found = inspect.getmembers(module, inspect.isfunction)
    return {name for name, one in found if name[0] != "_" and inspect.getmodule(one) is module}


@pytest.mark.parametrize("number", range(len(blocks("python", GRADERS))))
def test_its_code_runs(number: int) -> None:
    block = blocks("python", GRADERS)[number]
    assert "assert " in block
    exec(compile(block, GRADERS.name, "exec"), {"__name__": "example"})


def test_every_code_block_of_the_page_is_run() -> None:
    assert GRADERS.read_text(encoding="utf-8").count("```") == 2 * len(blocks("python", GRADERS)) > 0


def test_every_property_of_a_sample_is_explained() -> None:
    public = {name for name in vars(Sample) if name[0] != "_"}
    assert set(re.findall(r"`(\w+)`", first_cells("The sample"))) == public


def test_every_argument_of_a_reward_and_every_kind_of_failure_is_explained() -> None:
    for name in list(inspect.signature(Reward).parameters)[1:]:
        assert f"{name}=..." in section("The reward")
    assert set(re.findall(r"`(\w+)`", first_cells("The reward"))) == set(KINDS)


def test_every_option_is_explained_with_its_default() -> None:
    said = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", section("Options of"), re.MULTILINE))
    assert set(said) == set(Options.__slots__)
    defaults = inspect.signature(grader).parameters
    assert {name: eval(text) for name, text in said.items()} == {
        name: defaults[name].default for name in said
    }


def test_every_way_to_find_an_answer_is_listed() -> None:
    assert set(re.findall(r"`(\w+)\(", first_cells("Find the answer"))) == set(extract.__all__) - {"Missing"}


def test_every_way_to_combine_rewards_is_listed() -> None:
    assert set(re.findall(r"`(\w+)\(", first_cells("Combine rewards"))) == defined_in(combine)


def test_every_ready_check_is_listed() -> None:
    families = {found.name for found in pkgutil.iter_modules(checks.__path__) if found.name[0] != "_"}
    there = {
        f"{family}.{name}"
        for family in families
        for name in defined_in(importlib.import_module(f"graders.checks.{family}"))
    }
    assert set(re.findall(r"`(\w+\.\w+)`", first_cells("Ready checks"))) == there


def test_the_rules_of_validation_are_those_that_are_applied() -> None:
    rows = [f"| {rule.id} | {rule.severity.value} | {rule.title} | {rule.fix} |" for rule in RULES.values()]
    table = [line for line in VALIDATION.read_text(encoding="utf-8").splitlines() if line.startswith("| R0")]
    assert table == rows


def test_the_rules_of_doctor_are_those_that_are_applied() -> None:
    rows = [f"| {one.id} | {one.severity.value} | {one.title} | {one.fix} |" for one in CHECKLIST.values()]
    table = [line for line in DEPLOY.read_text(encoding="utf-8").splitlines() if line.startswith("| D0")]
    assert table == rows


def test_the_warnings_of_a_rehearsal_are_those_that_it_gives() -> None:
    rows = [f"| {one.id} | {one.severity.value} | {one.title} | {one.fix} |" for one in WARNINGS.values()]
    table = [line for line in REHEARSAL.read_text(encoding="utf-8").splitlines() if line.startswith("| B0")]
    assert table == rows


def test_the_template_s_parameters_are_explained() -> None:
    text = DEPLOY.read_text(encoding="utf-8").partition("## Parameters")[2].partition("\n## ")[0]
    explained = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)))
    assert set(explained) == set(read_template(README.parent / "template.yaml")["Parameters"])


def test_the_alarms_in_production_are_those_of_the_template() -> None:
    text = (Path(projects.__file__).parent / "new_project/template.yaml.template").read_text(encoding="utf-8")
    made = re.findall(
        r"\$\{Grader\}(\w+Alarm):.*?AlarmDescription: (?:>-\s+)?(.+?)\n +(?:Namespace|Metrics):",
        text,
        re.DOTALL,
    )
    rows = re.findall(r"^\| `(\w+Alarm)` \| (.+?) \| ", PRODUCTION.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(name, " ".join(said.split())) for name, said in made]
    assert len(rows) == 5


@pytest.mark.parametrize("words", [words for page in PAGES for words in commands("rft", page)], ids=" ".join)
def test_every_command_takes_the_words_that_follow(words: list[str]) -> None:
    assert words[0] in VERBS
    verb = importlib.import_module(module_of(words[0])).command
    # The reader's rft.toml has the parameters that the line omits.
    with suppress(click.MissingParameter):
        verb.make_context(words[0], [word for word in words[1:] if word != "&"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_verb_and_option_named_in_a_line_exists(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for named in re.findall(r"`rft ([^`]+)`", prose):
        verb, *words = named.split()
        if verb[0] == "-" or not re.fullmatch(r"[a-z-]+", verb):
            continue
        assert verb in VERBS, named
        command = importlib.import_module(module_of(verb)).command
        known = {
            name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
        }
        given = {
            word.partition("=")[0].rstrip(",.]") for word in words if word.startswith("-") and len(word) > 1
        }
        assert given <= known | {"--help", "-h"}, named


def test_the_event_on_the_way_to_aws_is_one_that_a_grader_takes() -> None:
    [event] = blocks("json", DEPLOY)
    [answer] = word_problem(json.loads(event), None)
    assert (answer["id"], answer["aggregate_reward_score"]) == ("1", 1.0)


def test_the_artifact_for_other_tools_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [words] = commands("python", DEPLOY)
    (tmp_path / "math_grader.py").write_text("def math_answer(event, context): ...\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert build_artifact(words[2:]) == 0
    built = {entry.name for entry in (tmp_path / "build" / "MathAnswer").iterdir()}
    assert {"graders", "aws_lambda_powertools", "math_grader.py"} <= built


def test_the_container_image_is_one_that_can_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [template] = blocks("yaml", DEPLOY)
    (tmp_path / "template.yaml").write_text(f"Resources:\n{template}", encoding="utf-8")
    (tmp_path / "math_grader.py").write_text("def math_answer(event, context): ...\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    recipe = recipe_of(Path("template.yaml"), "MathAnswer")
    assert (recipe.image, recipe.runtime, recipe.own) == (True, "python3.13", Path("math_grader.py"))


def test_the_readme_leads_to_every_document() -> None:
    text = README.read_text(encoding="utf-8")
    for document in README.parent.glob("docs/*.md"):
        assert f"(docs/{document.name})" in text
