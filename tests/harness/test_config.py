from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from harness.config import KEYS, SettingKind, find_configuration, read_configuration
from harness.errors import InputError


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(text: str, name: str = "rft.toml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        find_configuration(Path())
    assert error.value.exit_code == 2
    return str(error.value)


def test_no_file_is_no_configuration() -> None:
    assert find_configuration(Path()) is None


def test_the_nearest_file_counts_and_a_pyproject_without_our_table_is_passed_over(root: Path) -> None:
    below = root / "a" / "b"
    below.mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.rft]\nlabel = "root"\n')
    (root / "a" / "pyproject.toml").write_text('[project]\nname = "rft-like"\n')
    found = find_configuration(below)
    assert found is not None
    assert (found.file.parent, found.value("label", below)) == (root, "root")
    (root / "a" / "rft.toml").write_text('label = "a"\n')
    nearer = find_configuration(below)
    assert nearer is not None
    assert nearer.value("label", below) == "a"


def test_a_repository_ends_the_search(root: Path) -> None:
    (root / "rft.toml").write_text('label = "outer"\n')
    inner = root / "inner" / "folder"
    inner.mkdir(parents=True)
    (root / "inner" / ".git").write_text("gitdir: elsewhere\n")  # in a worktree, `.git` is a file
    assert find_configuration(inner) is None


def test_rft_toml_beats_pyproject_in_the_same_folder_and_names_it(root: Path) -> None:
    (root / "pyproject.toml").write_text('[tool.rft]\nlabel = "pyproject"\n')
    (root / "rft.toml").write_text('label = "own"\n')
    found = find_configuration(root)
    assert found is not None
    assert found.value("label", root) == "own"
    assert found.passed_over == root / "pyproject.toml"


def test_a_broken_pyproject_that_is_not_ours_is_in_nobodys_way(root: Path) -> None:
    (root / "pyproject.toml").write_text("[[[\n")
    assert find_configuration(root) is None


def test_paths_are_relative_to_the_files_folder(root: Path) -> None:
    below = root / "sub"
    below.mkdir()
    (root / "rft.toml").write_text(
        'grader = "my/g.py:name(a=\\"x:y\\")"\nrollouts = "data/r.jsonl"\nrecords = "s3://b/k"\n'
        f'runs_dir = "{root}/runs"\nlabel = "r.jsonl"\n'
    )
    found = find_configuration(below)
    assert found is not None
    assert found.value("grader", below) == '../my/g.py:name(a="x:y")'
    assert found.value("rollouts", below) == "../data/r.jsonl"
    assert found.value("records", below) == "s3://b/k"
    assert found.value("runs_dir", below) == "../runs"
    assert found.value("label", below) == "r.jsonl"
    assert found.value("rollouts", root) == "data/r.jsonl"
    assert found.value("arn", root) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('grader = "g.py:a"\ngrauder = "x"\n', ":2: grauder is not an rft setting. Did you mean grader?"),
        ('runs-dir = "x"\n', "rft.toml:1: runs-dir is not an rft setting. Did you mean runs_dir?"),
        ("xyz = 1\n", "rft.toml:1: xyz is not an rft setting. The settings are grader, handler,"),
        ("\n\nlabel = 3\n", "rft.toml:3: label must be a string"),
        ("range = [0]\n", "rft.toml:1: range must be a list of two finite numbers"),
        ("range = [0, nan]\n", "rft.toml:1: range must be a list of two finite numbers"),
        ("label_threshold = inf\n", "rft.toml:1: label_threshold must be a finite number"),
        ("label_threshold = true\n", "label_threshold must be a finite number"),
        (f"label_threshold = {10**400}\n", "label_threshold must be a finite number"),
        ("[job]\nn_epochs = 1.5\n", "rft.toml:2: job.n_epochs must be a whole number"),
        ("job.n_epochs = true\n", "rft.toml:1: job.n_epochs must be a whole number"),
        ("[job]\nepochs = 1\n", "rft.toml:2: job.epochs is not an rft setting. Did you mean job.n_epochs?"),
        ("n_epochs = 1\n", "rft.toml:1: n_epochs is in the wrong place. Write n_epochs under [job]."),
        ('[job]\nlabel = "x"\n', ":2: job.label is in the wrong place. Write label above the tables."),
        ("job = 3\n", "rft.toml:1: job is not a table. Write [job] on a separate line."),
        ('label = ""\n', "rft.toml:1: label is empty"),
        ('label_true = ["yes", " "]\n', "rft.toml:1: label_true is empty"),
        ("label_true = []\n", "rft.toml:1: label_true must be a string or a list of strings"),
        ('grader = "a:b"\nhandler = "a.b"\n', "rft.toml:2: grader and handler are mutually exclusive"),
        ('arn = "a:1"\nstack = "s"\n', "rft.toml:2: arn and stack are mutually exclusive"),
        ("[tool.rft]\nlabel = 'x'\n", "[tool.rft] belongs in pyproject.toml. Remove that header"),
        ("label = \n", "rft.toml:1: this is not valid TOML: invalid value. Write KEY = VALUE lines"),
        ("label = x\n", "rft.toml:1: this is not valid TOML"),
        ('label = "a"\nlabel = "b"\n', "rft.toml:2: this is not valid TOML: cannot overwrite a value"),
        ("a = " + "[" * 5000, "rft.toml: this is not valid TOML: "),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_file_and_line(text: str, said: str) -> None:
    assert said in refused(text)


def test_the_table_in_pyproject_is_checked_alike() -> None:
    assert "pyproject.toml:5: labl is not an rft setting" in refused(
        '[project]\nlabl = "not ours"\n\n[tool.rft]\nlabl = "x"\n', "pyproject.toml"
    )
    assert "pyproject.toml: tool.rft is not a table" in refused("[tool]\nrft = 3\n", "pyproject.toml")
    assert "pyproject.toml:2: job.x is not" in refused("[tool.rft.job]\nx = 3\n", "pyproject.toml")


def test_bytes_that_are_no_text_are_refused(root: Path) -> None:
    (root / "rft.toml").write_bytes(b"label = '\xff'\n")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        find_configuration(root)


VALUES: dict[SettingKind, st.SearchStrategy[Any]] = {
    SettingKind.TEXT: st.from_regex(r"[A-Za-z0-9 ./:\[\]=-]*[a-z]", fullmatch=True),
    SettingKind.COUNT: st.integers(-(2**63), 2**63 - 1),
    SettingKind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
}
VALUES[SettingKind.PATH] = VALUES[SettingKind.GRADER] = VALUES[SettingKind.TEXT]
VALUES[SettingKind.TEXTS] = st.lists(VALUES[SettingKind.TEXT], min_size=1, max_size=3)
VALUES[SettingKind.RANGE] = st.lists(VALUES[SettingKind.NUMBER], min_size=2, max_size=2)


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(list(KEYS)), unique=True))
    keys = [key for key in keys if key not in ("handler", "stack")]
    return {key: draw(VALUES[KEYS[key].kind]) for key in keys}


def toml(found: dict[str, Any]) -> str:
    lines = {
        key: f"{key} = {value!r}".replace('"', '\\"') if isinstance(value, str) else f"{key} = {value}"
        for key, value in found.items()
    }
    top = [line for key, line in lines.items() if KEYS[key].table is None]
    return "\n".join([*top, "[job]", *(line for key, line in lines.items() if KEYS[key].table)])


@settings_of(max_examples=50)
@given(settings())
def test_every_setting_comes_back_as_written_with_its_line(found: dict[str, Any]) -> None:
    text = toml(found)
    Path("rft.toml").write_text(text, encoding="utf-8")
    read = read_configuration(Path("rft.toml"))
    assert {key: one.value for key, one in read.settings.items()} == found
    for key, one in read.settings.items():
        assert one.line is not None
        assert text.splitlines()[one.line - 1].startswith(f"{key} =")
        assert one.place == f"rft.toml:{one.line}"


@settings_of(max_examples=50)
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_read_or_refused(text: str) -> None:
    Path("rft.toml").write_bytes(text.encode("utf-8"))
    said = None
    try:
        find_configuration(Path())
    except InputError as error:
        said = error
    assert said is None or str(said).startswith("rft.toml")


def test_a_byte_order_mark_and_windows_lines_are_read(root: Path) -> None:
    (root / "rft.toml").write_bytes(b'\xef\xbb\xbflabel = "x"\r\nlable = "y"\r\n')
    with pytest.raises(InputError, match="rft.toml:2: lable"):
        find_configuration(root)


def test_a_path_in_the_home_folder_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(root / "home"))
    (root / "rft.toml").write_text('rollouts = "~/r.jsonl"\nlabel = "~/x"\n')
    found = find_configuration(root)
    assert found is not None
    assert found.value("rollouts", root) == str(root / "home" / "r.jsonl")
    assert found.value("rollouts", root / "below") == "../home/r.jsonl"
    assert found.value("label", root) == "~/x"


@pytest.mark.parametrize("name", ["rft.toml", "pyproject.toml"])
def test_what_is_no_file_is_passed_over(root: Path, name: str) -> None:
    os.mkfifo(root / name)
    assert find_configuration(root) is None


def test_a_place_is_named_from_the_current_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "rft.toml").write_text('label = "x"\n')
    (root / "sub").mkdir()
    monkeypatch.chdir(root / "sub")
    found = find_configuration(Path())
    assert found is not None
    assert found.settings["label"].place == os.path.join("..", "rft.toml:1")


WAIVER = """
[[audit.waivers]]
probe = "C07"
witness = "0123456789abcdef"
reason = "form is meant to count"
date = 2026-11-26
"""


def test_waivers_of_the_audit_are_read_from_both_files(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.rft]\n" + WAIVER.replace("audit", "tool.rft.audit"))
    found = find_configuration(root)
    assert found is not None
    (waiver,) = found.waivers
    (root / "rft.toml").write_text(f'grader = "g.py:f"\n{WAIVER}{WAIVER}[job]\nn_epochs = 2\n')
    found = find_configuration(root)
    assert found is not None
    assert found.waivers == (waiver, waiver)
    assert (waiver.probe, waiver.witness, waiver.date) == ("C07", "0123456789abcdef", "2026-11-26")
    assert {*found.settings} == {"grader", "n_epochs"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("audit = 3", "audit may contain only waivers"),
        ("[audit]\nlimit = 3", "audit may contain only waivers"),
        ("[audit]\nwaivers = 3", "audit may contain only waivers"),
        (WAIVER.replace('"form is meant to count"', '""'), "waiver 1 of audit must have exactly"),
        (WAIVER.replace('probe = "C07"', ""), "waiver 1 of audit must have exactly"),
        (WAIVER + 'until = "2027"', "waiver 1 of audit must have exactly"),
        (WAIVER.replace("2026-11-26", '"soon"'), "the date of waiver 1 is not a date"),
    ],
)
def test_a_waiver_that_is_not_whole_is_refused(text: str, said: str) -> None:
    message = refused(text)
    assert said in message
    assert "[[audit.waivers]]" in message
