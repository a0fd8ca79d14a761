"""The code in `docs/adapters.md` runs, and its resources fit into the template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graders.adapters._openai_models import JudgeModels
from support.readme import README, blocks
from support.sam_template import load

PAGE = README.parent / "docs" / "adapters.md"


@pytest.mark.parametrize("number", range(len(blocks("python", PAGE))))
def test_its_code_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    block = blocks("python", PAGE)[number]
    assert "assert " in block
    exec(compile(block, PAGE.name, "exec"), {"__name__": "example"})


def test_its_table_of_models_is_one(tmp_path: Path) -> None:
    [table] = [block for block in blocks("toml", PAGE) if "o4-mini" in block]
    (tmp_path / "models.toml").write_text(table, encoding="utf-8")
    models = JudgeModels(tmp_path / "models.toml")
    assert all(models.find(name) for name in ("o4-mini-2025-04-16", "gpt-4o-2024-08-06"))


def test_its_resources_name_what_the_template_has() -> None:
    template = load((README.parent / "template.yaml").read_text(encoding="utf-8"))
    (text,) = blocks("yaml", PAGE)
    resources = load("Resources:\n" + text)["Resources"]
    known = {*template["Resources"], *template["Parameters"], *resources}
    names = re.findall(r"!(?:Ref|GetAtt) (\w+)(?![\w:])|\$\{(\w+)\}", text)
    assert {one for pair in names for one in pair if one} - {"AWS"} <= known
    function = resources["WordProblemEvaluator"]
    ours = template["Resources"]["WordProblem"]
    assert function["Properties"].keys() - ours["Properties"].keys() == {"Timeout"}
    assert {**function, "Properties": 0} == {**ours, "Properties": 0}
