from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from graders.configured import configured_grader
from harness.errors import InputError
from harness.targets.in_process import InProcessTarget
from harness.targets.loading import load
from support.rft_command import RIGHT, write_grader

pytestmark = pytest.mark.usefixtures("no_modules_left")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two folders, each with a grader's file and a package of the same names."""
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "namesake_package").mkdir(parents=True)
        write_grader(folder, f"{RIGHT}\nPLACE = {name!r}\n", "namesake.py")
        write_grader(folder / "namesake_package", f"{RIGHT}\nPLACE = {name!r}\n", "inner.py")
        made.append(folder)
    return made


@pytest.mark.parametrize("name", ["namesake.py:right", "namesake:right", "namesake_package.inner:right"])
def test_the_folder_decides_between_graders_of_one_name(name: str, folders: list[Path]) -> None:
    for folder in [*folders, *folders]:
        module, _ = load(name, folder)
        assert module.PLACE == folder.name
        assert load(name, folder)[0] is module


def test_what_a_folder_lacks_is_said_with_the_folder(folders: list[Path]) -> None:
    with pytest.raises(InputError, match=r"nowhere\.py: no such file"):
        InProcessTarget("nowhere.py:right", folders[0])
    with pytest.raises(InputError, match=f"Is it in {folders[0]}"):
        InProcessTarget("nowhere:right", folders[0])


def test_two_files_of_one_name_are_two_modules(tmp_path: Path) -> None:
    for word in ("one", "two"):
        (tmp_path / word).mkdir()
        write_grader(tmp_path / word, RIGHT + f"\nWORD = '{word}'\n")
    assert [load(f"{tmp_path}/{word}/my_grader.py")[0].WORD for word in ("one", "two")] == ["one", "two"]


BROKEN = {
    "missing file": (None, "nowhere.py:right", ("nowhere.py: no such file", "path")),
    "missing module": (None, "no_such_module:right", ("no_such_module", "does not exist", "Is it in")),
    "no module name": (None, ":right", ("no module is named", "--grader")),
    "missing name": (
        RIGHT,
        "my_grader.py:wrong",
        ("there is no wrong in my_grader.py", "Graders there: right."),
    ),
    "no grader": ("x = 1\n", "my_grader.py", ("has no grader", "Put @grader above")),
    "no such name": ("x = 1\n", "my_grader.py:y", ("there is no y", "There is no @grader in it")),
    "not a function": ("x = 1\n", "my_grader.py:x", ("x is a int", "Name a grader")),
    "not decorated": (
        "def right(sample):\n    return 1.0\n",
        "my_grader.py:right",
        ("right is not decorated", "Put @grader above right."),
    ),
    "not decorated, async": (
        "async def right(sample):\n    return 1.0\n",
        "my_grader.py:right",
        ("right is not decorated",),
    ),
    "a made check, not decorated": (
        "from graders.checks.numbers import number\nright = number()\n",
        "my_grader.py:right",
        ("right is not decorated", "Write right = grader(...)"),
    ),
    "a factory": (RIGHT, "graders.checks.numbers:number", ("number makes a check", "grader(number(...))")),
    "an imported factory": (
        "from graders.checks.text import contains\n",
        "my_grader.py:contains",
        ("contains makes a check",),
    ),
    "a class": ("class Right:\n    pass\n", "my_grader.py:Right", ("Right is a class",)),
    "an async handler": (
        "async def right(event, context):\n    return []\n",
        "my_grader.py:right",
        ("right is async", "Put @grader"),
    ),
    "three arguments": ("def right(a, b, c):\n    pass\n", "my_grader.py:right", ("right is neither",)),
    "ambiguous": (
        RIGHT + "wrong = grader(lambda sample: 0.0)\n",
        "my_grader.py",
        ("has 2 graders: right, wrong", "Name one: my_grader.py:"),
    ),
    "syntax": ("def right(:\n", "my_grader.py:right", ("SyntaxError", "my_grader.py:1", "Fix it")),
    "import": ("import no_such_thing\n", "my_grader.py:right", ("imports no_such_thing", "Install")),
    "import by name": (
        "import no_such_thing\n",
        "my_grader:right",
        ("my_grader:right: it imports no_such_thing", "Install"),
    ),
    "raises": ("\n\n1 / 0\n", "my_grader.py:right", ("ZeroDivisionError", "my_grader.py:3")),
    "a check's option": (
        "from graders.checks.text import contains\n\nright = contains(max_chars=0)\n",
        "my_grader.py:right",
        ("max_chars=0", "(my_grader.py:3)"),
    ),
    "exits": ("raise SystemExit(0)\n", "my_grader.py:right", ("SystemExit", "my_grader.py:1")),
    "declaration": (
        RIGHT.replace("(sample: Sample)", "(sample, reference)"),
        "my_grader.py:right",
        ("DecorationError", "right(sample, reference)", "(my_grader.py:4)"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_loaded_says_where_and_what_to_do(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, reference, said = BROKEN[case]
    if text is not None:
        write_grader(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load(reference)
    assert [part for part in said if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.place
    assert caught.value.fix


@pytest.mark.parametrize("name", ["graders.py", "harness.py", "json.py", "queue.py", "click.py"])
def test_a_file_may_not_hide_a_module_that_others_import(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for reference in (f"{write_grader(tmp_path, name=name)}:right", f"{name.removesuffix('.py')}:right"):
        with pytest.raises(InputError, match="shadows the module"):
            load(reference)
    assert "graders" in sys.modules


def test_a_broken_file_can_be_mended_and_loaded_again(tmp_path: Path) -> None:
    path = write_grader(tmp_path, "1 / 0")
    with pytest.raises(InputError):
        load(str(path))
    write_grader(tmp_path)
    assert load(str(path))[1].__name__ == "right"


JUDGE_LINE = 'checks.judge:judge_label(ask="Right?", labels={"good": 1, "poor": 0}, model="m")'


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        (JUDGE_LINE, 60),
        ("checks.combined:all_of(parts={'a': {'check': 'checks.numbers:number'}})", 5),
        ("checks.numbers:number()", 5),
    ],
)
def test_a_line_has_the_time_that_lambda_gives_it(line, limit):
    loaded: Any = load(line)[1]
    assert loaded.options.timeout_s == limit == configured_grader(line).options.timeout_s
