from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli import groups, verbs
from harness.cli.main import main
from harness.errors import HarnessError, InputError, ServiceError
from support.rft_command import COMMAND, rft, rft_inside


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a function as a verb and return the exit code."""

    def run(does: Any) -> int:
        module = type(sys)("harness.cli.test_verb")
        module.command = click.command("test_verb")(does)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "harness.cli.test_verb", module)
        monkeypatch.setitem(groups.VERBS, "test_verb", "A verb for a test.")
        return main(["test_verb"])

    return run


def raises(error: BaseException) -> Any:
    def does() -> None:
        raise error

    return does


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (HarnessError("it differs"), 1, "rft: it differs\n"),
        (
            InputError("no such file", place="x.jsonl", fix="Check it."),
            2,
            "rft: x.jsonl: no such file. Check it.\n",
        ),
        (ServiceError("throttled"), 3, "rft: throttled\n"),
        (InputError("no", place="a\x1b]0;title\x07.jsonl"), 2, "rft: a\\x1b]0;title\\x07.jsonl: no\n"),
        (click.UsageError("no"), 2, "Error: no\n"),
        (KeyboardInterrupt(), 130, "rft: interrupted; the same command resumes\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 3, "Free some space; the same command resumes"),
        (OSError(errno.EFBIG, "File too large", "run.json"), 3, "rft: run.json: File too large."),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), 2, "rft: runs: Permission denied\n"),
        (
            ZeroDivisionError(),
            2,
            "rft: this is a bug in rft: ZeroDivisionError at harness/cli/verbs.py:",
        ),
    ],
)
def test_an_error_is_one_message_and_one_exit_code(
    error: BaseException, code: int, said: str, verb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verb(raises(error)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


@pytest.mark.parametrize(("answer", "code"), [(None, 0), (0, 0), (1, 1), (2, 2), ("text", 0)])
def test_a_verb_says_its_exit_code(answer: Any, code: int, verb: Any) -> None:
    assert verb(lambda: answer) == code


def test_every_verb_that_is_listed_exists_and_explains_itself() -> None:
    group = verbs.rft
    context = click.Context(group)
    for name in groups.VERBS:
        command = group.get_command(context, name)
        assert command is not None
        assert command.help
        assert all(option.help for option in command.params if isinstance(option, click.Option)), name


def test_help_lists_the_verbs_and_imports_none() -> None:
    code = (
        "import sys\nfrom harness.cli.groups import VERBS, module_of\n"
        "from harness.cli.main import main\nmain(['--help'])\n"
        "print([name for name in sys.modules if name in {*map(module_of, VERBS)}])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.endswith("[]\n")
    for name in groups.VERBS:
        assert re.search(rf"^  {name}\s+\w", said, re.MULTILINE)


def test_usage_errors_and_the_version(tmp_path: Path) -> None:
    for words in (
        ["nothing"],
        ["replay"],
        ["show", "--no-such-option"],
        ["replay", "x", "--repeats", "many"],
    ):
        done = rft_inside(tmp_path, *words)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Usage: rft" in done.stderr
    assert re.fullmatch(r"rft \d+\.\d+\.\d+\n", rft(tmp_path, "--version").stdout)
    assert rft_inside(tmp_path, "-h").returncode == 0


@pytest.mark.parametrize(
    ("typed", "guess"),
    [("replya", "replay"), ("valdate", "validate"), ("job", "jobs"), ("checkpoint", "checkpoints")],
)
def test_a_mistyped_verb_is_answered_with_the_nearest(
    typed: str, guess: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([typed]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Did you mean" in err
    assert f"'{guess}'" in err


def test_a_mistyped_option_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--lable", "x"]) == 2
    assert "'--label'" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_verbs_without_importing_one(shell: str) -> None:
    code = (
        "import sys\nfrom harness.cli.main import main\n"
        "try: main([])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('harness.cli.')))"
    )
    words = {"COMP_WORDS": "rft re", "COMP_CWORD": "1" if shell != "fish" else "re"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **words, "_RFT_COMPLETE": f"{shell}_complete"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "replay" in done.stdout
    assert "rehearse" in done.stdout
    assert "submit" not in done.stdout
    assert done.stdout.endswith(
        "['harness.cli.groups', 'harness.cli.main', 'harness.cli.output', 'harness.cli.verbs']\n"
    )


def test_a_shell_completes_the_options_of_a_verb(tmp_path: Path) -> None:
    words = {"COMP_WORDS": "rft validate --j", "COMP_CWORD": "2", "_RFT_COMPLETE": "bash_complete"}
    assert rft(tmp_path, env={**os.environ, **words}).stdout.split() == ["plain,--json"]


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = [*COMMAND, "replay", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
