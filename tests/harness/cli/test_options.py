from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from harness.cli import options, verbs
from harness.cli.groups import VERBS
from harness.cli.main import main


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield `rft`, the verbs and the subcommands of groups, each with its context."""
    top = click.Context(verbs.rft, **verbs.rft.context_settings, info_name="rft", terminal_width=80)
    yield "rft", verbs.rft, top
    for verb in VERBS:
        command = verbs.rft.get_command(top, verb)
        assert command is not None
        context = click.Context(command, info_name=verb, parent=top, terminal_width=80)
        yield verb, command, context
        if isinstance(command, click.Group):
            for name, inner in command.commands.items():
                yield f"{verb} {name}", inner, click.Context(inner, info_name=name, parent=context)


COMMANDS = {name: (command, context) for name, command, context in commands()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_screen_of_help_fits_80_columns(name: str) -> None:
    command, context = COMMANDS[name]
    screen = command.get_help(context)
    assert max(map(len, screen.splitlines())) <= 80
    assert screen.startswith("Usage: rft")
    assert "None" not in screen


def uses() -> dict[str, dict[str, click.Option]]:
    """Return all options, by spelling and then by command."""
    found: dict[str, dict[str, click.Option]] = defaultdict(dict)
    for name, (command, _) in COMMANDS.items():
        for option in command.params:
            if isinstance(option, click.Option):
                for spelling in option.opts:
                    found[spelling][name] = option
    return found


USES = uses()


# `--fail-on` is a figure in a comparison and a severity in an audit. `--from` is a file for a new project
# and a format for a conversion.
OF_TWO_KINDS = {"--fail-on", "--from"}


@pytest.mark.parametrize(
    "spelling", [name for name, found in USES.items() if len(found) > 1 and name not in OF_TWO_KINDS]
)
def test_an_option_takes_one_kind_of_value_everywhere(spelling: str) -> None:
    metavars, values = set(), set()
    for verb, option in USES[spelling].items():
        metavars.add((option.make_metavar(COMMANDS[verb][1]), option.is_flag))
        values.add(option.name.removesuffix("s") if option.name else "")
    assert len(metavars) == 1, USES[spelling].keys()
    assert len(values) == 1, USES[spelling].keys()


@pytest.mark.parametrize(
    "spelling",
    [
        "--grader",
        "--arn",
        "--stack",
        "--function",
        "--artifact",
        "--region",
        "--json",
        "--runs-dir",
        "--jobs-dir",
    ],
)
def test_a_shared_option_has_one_help_text(spelling: str) -> None:
    texts = {(option.help or "").removesuffix(" Repeatable.") for option in USES[spelling].values()}
    assert len(texts) == 1
    assert len(USES[spelling]) > 1


def test_every_verb_prints_json_except_where_it_shows_a_tour() -> None:
    leaves = {name for name, (command, _) in COMMANDS.items() if not isinstance(command, click.Group)}
    assert leaves - set(USES["--json"]) == {"demo"}


NO_VERBS = {
    "A",
    "An",
    "At",
    "AWS",
    "For",
    "How",
    "Its",
    "Only",
    "Seconds",
    "The",
    "What",
    "Where",
    "Which",
    "With",
}


def test_every_option_has_a_help_text_that_is_a_sentence() -> None:
    for spelling, found in USES.items():
        for verb, option in found.items():
            assert option.help, (verb, spelling)
            assert option.help[0].isupper(), (verb, spelling)
            assert option.help[-1] in ".)", (verb, spelling, option.help)
            assert option.help.split()[0] not in NO_VERBS, (verb, spelling, option.help)


def test_old_spellings_are_gone_and_answered_with_the_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    for words, now in (
        (["replay", "r.jsonl", "--target", "arn:x"], "--target is now --arn ARN"),
        (["replay", "r.jsonl", "--run", "x"], "--run is now --name"),
        (["replay", "r.jsonl", "--runs", "x"], "--runs is now --runs-dir"),
        (["submit", "t.jsonl", "--grader-arn", "arn:x"], "--grader-arn is now --arn"),
        (["parity", "r.jsonl", "--target", "arn:x"], "--target is now --arn ARN"),
        (["evaluate", "r.jsonl", "--into", "x"], "--into is now --out"),
        (["emulate", "--function", "a=b"], "--function is now --bind"),
        (["emulate", "--state", "x"], "--state is now --state-dir"),
    ):
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert (out, now in err) == ("", True), err
    for spelling in options._REPLACED:
        verb, _, option = spelling.rpartition(" ")
        assert not set(USES.get(option, {})) & {verb} if verb else option not in USES


def test_the_changelog_says_what_each_old_spelling_is_now() -> None:
    text = (Path(__file__).parents[3] / "CHANGELOG.md").read_text(encoding="utf-8")
    table = text.partition("| Before | Now |")[2].partition("\n\n")[0]
    for spelling, now in options._REPLACED.items():
        old = spelling.rpartition(" ")[2]
        new = now.partition(" ")[0]
        assert any(f"{old} " in line and new in line.rpartition("|")[0] for line in table.splitlines()), (
            spelling
        )


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["replay", "r.jsonl", "--grader", "arn:aws:lambda:x"], "Write --arn."),
        (["doctor", "--function", "arn:aws:lambda:x"], "Write --arn."),
        (["submit", "t.jsonl", "--arn", "my.py:grader"], "Write --grader."),
        (["parity", "r.jsonl", "--arn", "f:1", "--arn", "my.py:grader"], "Write --grader."),
    ],
)
def test_a_value_of_another_option_names_that_option(
    words: list[str], fix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert fix in capsys.readouterr().err


def test_a_run_is_named_by_its_path_or_its_name(tmp_path: Path) -> None:
    runs = tmp_path / "elsewhere"
    assert options.run_folder(Path("first"), runs) == runs / "first"
    assert options.run_folder(runs / "first", Path("runs")) == runs / "first"


NUMBERS = [
    (name, parameter.opts[0])
    for name, (command, _) in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    and isinstance(parameter.type, click.types.FloatParamType)
    # Preflight checks this option with its own message, which --force overrides.
    and (name, parameter.opts[0]) != ("submit", "--learning-rate-multiplier")
]


@pytest.mark.parametrize(("name", "option"), NUMBERS)
@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_is_finite(name: str, option: str, number: str) -> None:
    command, context = COMMANDS[name]
    (parameter,) = (one for one in command.params if option in one.opts)
    value = number if parameter.nargs == 1 else (number,) * parameter.nargs
    with pytest.raises(click.BadParameter):
        parameter.type_cast_value(context, value)


def paths() -> Iterator[tuple[str, click.Parameter, click.Context]]:
    """Yield every parameter that takes a path, with its command."""
    for name, (command, context) in COMMANDS.items():
        for parameter in command.params:
            if isinstance(parameter.type, click.Path):
                yield f"{name} {parameter.opts[0]}", parameter, context


PATHS = {name: (parameter, context) for name, parameter, context in paths()}


@pytest.mark.parametrize("name", PATHS)
def test_a_path_is_no_address(name: str) -> None:
    parameter, context = PATHS[name]
    for given in ("s3://bucket/out.jsonl", "file:///tmp/out", "https://host/x"):
        with pytest.raises(click.BadParameter, match=f"'{given}' is an address"):
            parameter.type.convert(given, parameter, context)
    assert parameter.type.convert("a/s3:/b", parameter, context) == Path("a/s3:/b")
    if name not in ("convert target", "import source"):
        with pytest.raises(click.BadParameter, match="'-' is not a path"):
            parameter.type.convert("-", parameter, context)


def test_data_is_not_converted_into_a_folder_named_s3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text('{"question": "Q", "answer": "A"}\n')
    assert main(["convert", "rows.jsonl", "s3://bucket/out.jsonl"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]
