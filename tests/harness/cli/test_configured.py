"""Settings of the project as defaults for command-line options."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import verbs
from harness.cli.configured import filled, keys_of
from harness.cli.groups import VERBS
from harness.cli.main import main
from harness.config import KEYS, Configuration, Setting, SettingKind
from support.rft_command import rft_inside, write_grader
from support.rollout_files import rollout, write_rollouts

WRITTEN: dict[str, Any] = {
    "grader": "g.py:mine",
    "handler": "h.mine",
    "label": "verdict",
    "label_true": ["yes", "right"],
    "keep_field": ["difficulty"],
    "range": [0.0, 2.0],
    "arn": "mine:live",
    "region": "eu-west-1",
    "base_url": "http://127.0.0.1:9/v1",
    **{key: f"my-{key}" for key, known in KEYS.items() if known.kind in (SettingKind.TEXT, SettingKind.PATH)},
    **{key: 3 for key, known in KEYS.items() if known.kind in (SettingKind.COUNT, SettingKind.NUMBER)},
} | {"label": "verdict", "handler": "h.mine", "arn": "mine:live", "region": "eu-west-1"}


def leaves() -> Iterator[tuple[str, str, click.Command]]:
    """Yield each command's words, its verb, and the command itself."""
    top = click.Context(verbs.rft, **verbs.rft.context_settings)
    for verb in VERBS:
        command = verbs.rft.get_command(top, verb)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{verb} {name}", verb, inner) for name, inner in command.commands.items())
        else:
            yield verb, verb, command


LEAVES = {words: (verb, command) for words, verb, command in leaves()}
PAIRS = [(words, key) for words, (verb, command) in LEAVES.items() for key in keys_of(verb, command)]


def test_the_region_stands_in_for_that_of_the_environment_where_a_grader_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("AWS_REGION", "AWS_DEFAULT_REGION")
    for name in names:
        monkeypatch.delenv(name, raising=False)
    write_grader(tmp_path, REGIONAL)
    write_rollouts(tmp_path / "some.jsonl", [rollout(1, "a")])
    (tmp_path / "rft.toml").write_text('grader = "my_grader.py:mine"\nregion = "eu-west-1"\n')
    assert "mean reward 1.0" in rft_inside(tmp_path, "replay", "some.jsonl").stdout
    assert not any(name in os.environ for name in names)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert "mean reward 0.0" in rft_inside(tmp_path, "replay", "some.jsonl").stdout


REGIONAL = """
import os
from graders import Sample, grader

@grader
def mine(sample: Sample) -> float:
    return float(os.environ.get("AWS_DEFAULT_REGION") == "eu-west-1")
"""


def configuration(keys: Any) -> Configuration:
    file = Path("rft.toml")
    return Configuration(file, {key: Setting(key, WRITTEN[key], file, 1) for key in keys})


def parameter(command: click.Command, name: str) -> click.Parameter:
    return next(one for one in command.params if one.name == name)


def by_hand(option: click.Parameter, value: Any) -> list[str]:
    """Return a value as typed on the command line."""
    if not isinstance(option, click.Option):
        return [str(value)]
    spelling = max(option.opts, key=len)
    if option.multiple:
        each = value if isinstance(value, list) else [value]
        return [word for one in each for word in (spelling, str(one))]
    return [spelling, *map(str, value if isinstance(value, list) else [value])]


def needed(command: click.Command, but: str) -> list[str]:
    """Return the shortest command line that the command accepts, without the parameter `but`."""
    words = []
    for one in command.params:
        if one.required and one.name != but:
            words += by_hand(one, "1")
    return words


def parsed(words: str, line: list[str], keys: Any = ()) -> dict[str, Any]:
    """Return the values that a command line and settings give to a verb, without reading any files."""
    verb, command = LEAVES[words]
    probe = click.Context(command, resilient_parsing=True)
    said, _, _ = command.make_parser(probe).parse_args(list(line))
    said = {name: value for name, value in said.items() if type(value).__name__ != "Sentinel"}
    found = filled(verb, command, said, configuration(keys), {})
    several = {one.name for one in command.params if one.multiple or one.nargs == -1}
    defaults = {
        name: [one.value] if name in several and not isinstance(one.value, list) else one.value
        for name, one in found.items()
    }
    context = command.make_context(verb, list(line), default_map=defaults)
    return {name: value for name, value in context.params.items() if name != "as_json"}


LONELY = {("capture", "function"), ("doctor", "function"), ("submit", "function")}
"""The function is a name in a stack, so these options do nothing without `--stack`."""


@pytest.mark.parametrize(("words", "key"), PAIRS)
def test_a_setting_is_the_option_of_its_name(words: str, key: str) -> None:
    verb, command = LEAVES[words]
    option = parameter(command, keys_of(verb, command)[key])
    line = needed(command, str(option.name))
    if (verb, key) in LONELY:
        line += ["--stack", "given"]
    if key in ("role_arn", "data_uri", "output_uri"):
        line += ["--model", "amazon.nova-2-lite-v1:0:256k"]
    if (verb, key) == ("watch", "price_per_hour"):
        line += ["--stop-above", "5"]
    assert parsed(words, line, [key]) == parsed(words, [*line, *by_hand(option, WRITTEN[key])])


@given(st.data())
def test_what_the_command_line_says_holds_whatever_is_set(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(sorted(LEAVES)))
    verb, command = LEAVES[words]
    taken = keys_of(verb, command)
    typed = data.draw(st.lists(st.sampled_from(sorted(taken)), unique=True)) if taken else []
    line = needed(command, "")
    for key in typed:
        option = parameter(command, taken[key])
        if not option.required:
            line += by_hand(option, WRITTEN[key])
    keys = data.draw(st.lists(st.sampled_from(sorted(KEYS)), unique=True))
    alone, beside = parsed(words, line), parsed(words, line, keys)
    for key in typed:
        assert beside[taken[key]] == alone[taken[key]]
    changed = {name for name in alone if beside[name] != alone[name]}
    assert changed <= {taken[key] for key in keys if key in taken and key not in typed}


RIVALS = (("grader", "handler"), ("arn", "stack"), ("keep_field", "records"), ("artifact", "handler"))


@given(st.data())
def test_no_verb_gets_two_options_that_exclude_each_other(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(sorted(LEAVES)))
    verb, command = LEAVES[words]
    taken = keys_of(verb, command)
    typed = data.draw(st.sampled_from([[], *([key] for key in taken)]))
    line = needed(command, "")
    for key in typed:
        if not parameter(command, taken[key]).required:
            line += by_hand(parameter(command, taken[key]), WRITTEN[key])
    found = parsed(words, line, KEYS)
    for one, other in RIVALS:
        options = [taken.get(one), taken.get(other)]
        if None not in options and (verb, "records") != ("rollout", other):
            assert not all(found[str(name)] for name in options), (line, options)
    if verb == "replay":
        assert sum(found[name] is not None for name in ("arn", "stack", "artifact")) <= 1
        if found["function"]:
            assert found["handler"] is None
        if not {"arn", "stack", "artifact", "function"} & {*typed}:
            assert (found["arn"], found["stack"], found["artifact"], found["function"]) == (None,) * 4
    if verb in ("doctor", "parity") and not {"arn", "stack"} & {*typed}:
        assert not found["stack"]
        assert not found["arns"]


def resolved(verb: str, line: list[str], *keys: str, **environment: str) -> set[str]:
    """Return the settings that take effect."""
    command = LEAVES[verb][1]
    said, _, _ = command.make_parser(click.Context(command, resilient_parsing=True)).parse_args(list(line))
    said = {name: value for name, value in said.items() if type(value).__name__ != "Sentinel"}
    return {one.key for one in filled(verb, command, said, configuration(keys), environment).values()}


@pytest.mark.parametrize(
    ("verb", "line", "keys", "left"),
    [
        ("replay", "", "grader stack region", "grader region"),
        ("replay", "", "stack function artifact", "artifact function"),
        ("replay", "", "stack function", "stack function"),
        ("replay", "--stack s", "grader function", "grader function"),
        ("replay", "--stack s --function f", "grader", ""),
        ("replay", "--function f", "grader stack", ""),
        ("replay", "--arn a:1", "grader stack function region", "region"),
        ("replay", "--arn arn:aws:lambda:us-east-1:1:function:f:1", "region", ""),
        ("replay", "--artifact b", "handler function", "function"),
        ("replay", "--grader g:g", "handler artifact function", ""),
        ("replay", "--grader g:g", "range label", "label"),
        ("replay", "--label other", "label label_true", ""),
        ("replay", "--keep-field f", "records", ""),
        ("submit", "--like j", "records model n_epochs stack region", "stack region"),
        ("submit", "--base-url http://127.0.0.1:1/v1", "base_url region", "region"),
        ("submit", "--base-url https://bedrock-mantle.us-east-1.api.aws/v1", "base_url region", ""),
        ("submit", "--base-url nonsense", "base_url region", "region"),
        ("submit", "t --model amazon.nova-2-lite-v1:0:256k", "role_arn learning_rate_multiplier", "role_arn"),
        ("submit", "t", "role_arn n_epochs", "n_epochs"),
        ("capture", "log.txt", "stack function", ""),
        ("doctor", "", "stack function artifact", "artifact"),
        ("doctor", "--stack s", "function", "function"),
        ("watch", "job", "price_per_hour", ""),
        ("init", "x", "handler", ""),
    ],
)
def test_a_setting_never_makes_a_verb_do_something_else(verb: str, line: str, keys: str, left: str) -> None:
    assert resolved(verb, line.split(), *keys.split()) == {*left.split()}


def test_the_environment_wins_over_the_file() -> None:
    assert resolved("stack", [], "region", AWS_REGION="us-west-2") == set()
    assert resolved("stack", [], "region", AWS_DEFAULT_REGION="") == {"region"}
    keys = ("base_url", "region")
    assert resolved("jobs", [], *keys, OPENAI_BASE_URL="http://127.0.0.1:1/v1") == {"region"}
    url = "https://bedrock-mantle.us-east-1.api.aws/v1"
    assert resolved("jobs", [], *keys, OPENAI_BASE_URL=url) == set()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_wrong_value_names_the_line_of_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rft.toml").write_text('rollouts = "r.jsonl"\ngrader = "arn:aws:lambda:x"\n')
    assert main(["replay"]) == 2
    err = capsys.readouterr().err
    assert "rft.toml:2: grader: 'arn:aws:lambda:x' is a deployed function. Write --arn." in err
    Path("rft.toml").write_text("[job]\ngroup_size = 1\n")
    assert main(["rehearse", "r.jsonl"]) == 2
    assert "rft.toml:2: group_size: 1 is not in the range x>=2." in capsys.readouterr().err


def test_what_is_missing_is_said_with_the_setting_that_can_hold_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay"]) == 2
    assert (
        "Missing argument 'ROLLOUTS...'. Pass it, or set rollouts = \"...\" in rft.toml."
        in capsys.readouterr().err
    )
    assert main(["rollout", "r.jsonl", "--out", "o"]) == 2
    assert 'Pass --model, or set model = "..." in rft.toml.' in capsys.readouterr().err
    assert main(["show"]) == 2
    assert "rft.toml" not in capsys.readouterr().err


def test_an_error_about_a_setting_names_its_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rft.toml").write_text('rollouts = "missing.jsonl"\ngrader = "g.py:g"\nregion = "mars"\n')
    assert main(["replay"]) == 2
    err = capsys.readouterr().err
    assert "missing.jsonl: no such file" in err
    assert err.endswith('note: rft.toml:1 says rollouts = "missing.jsonl"\n')
    assert "grader" not in err
    assert main(["jobs"]) == 2
    assert capsys.readouterr().err.endswith('note: rft.toml:3 says region = "mars"\n')
    assert main(["--no-config", "replay"]) == 2
    assert "Missing argument 'ROLLOUTS...'" in capsys.readouterr().err


def test_help_does_not_read_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rft.toml").write_text("][")
    assert main(["replay", "--help"]) == 0
    assert main(["--help"]) == 0
    capsys.readouterr()
    assert main(["replay"]) == 2
    assert "rft.toml:1: this is not valid TOML" in capsys.readouterr().err


def test_a_subcommand_takes_settings_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rft.toml").write_text('base_url = "http://127.0.0.1:9/v1"\n')
    for words in (["files", "--print-curl"], ["files", "show", "f-1", "--print-curl"]):
        assert main(words) == 0
        assert "http://127.0.0.1:9/v1/files" in capsys.readouterr().out
    assert main(["files", "show", "f-1", "--print-curl", "--base-url", "http://127.0.0.1:8/v1"]) == 0
    assert "127.0.0.1:8" in capsys.readouterr().out


GRADER = "from graders import grader\n\n\n@grader\ndef mine(sample):\n    return sample.completion == 'yes'\n"
ROLLOUT = (
    '{"id": "%s", "record": "a", "messages": [{"role": "user", "content": "?"},'
    ' {"role": "assistant", "content": "%s"}], "reference_answer": "yes"%s}\n'
)


def test_a_folder_below_uses_the_projects_grader_and_files(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own_grader_4.py").write_text(GRADER)
    Path("r.jsonl").write_text(ROLLOUT % ("1", "yes", "") + ROLLOUT % ("2", "no", ""))
    Path("rft.toml").write_text('rollouts = "r.jsonl"\ngrader = "own_grader_4:mine"\nruns_dir = "runs"\n')
    (project / "below").mkdir()
    monkeypatch.chdir(project / "below")
    assert main(["replay", "--name", "first"]) == 0
    assert "mean reward 0.5" in capsys.readouterr().out
    assert (project / "runs" / "first" / "run.json").is_file()
    assert os.listdir() == []


def test_a_label_and_records_of_the_file_that_other_rollouts_lack_are_left_out_aloud(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own_grader_5.py").write_text(GRADER)
    record = '{"messages": [{"role": "user", "content": "%s"}], "reference_answer": "yes"}\n'
    Path("t.jsonl").write_text(record % "?")
    Path("u.jsonl").write_text(record % "!")
    Path("r.jsonl").write_text(ROLLOUT % ("1", "yes", ', "right": true'))
    Path("fresh.jsonl").write_text(ROLLOUT % ("1", "yes", ""))
    settings = (
        'rollouts = "r.jsonl"\ngrader = "own_grader_5.py:mine"\nlabel = "right"\nrecords = "%s.jsonl"\n'
    )
    Path("rft.toml").write_text(settings % "t")
    assert main(["replay", "--cores", "1"]) == 0
    assert "agrees with right on 1 of 1" in capsys.readouterr().out
    assert main(["replay", "fresh.jsonl", "--cores", "1"]) == 0
    out, err = capsys.readouterr()
    assert err == "note: fresh.jsonl has no field 'right': no label is compared (rft.toml:3)\n"
    assert "t.jsonl" in out
    assert main(["replay", "fresh.jsonl", "--label", "right"]) == 2
    assert "no rollout has the field 'right'" in capsys.readouterr().err
    Path("rft.toml").write_text(settings % "u")
    assert main(["replay", "fresh.jsonl", "--cores", "1"]) == 0
    assert (
        "fresh.jsonl belongs to other records than u.jsonl, which is not used (rft.toml:4)"
        in capsys.readouterr().err
    )
    assert main(["rehearse", "fresh.jsonl", "--out", "o", "--holdout", "0"]) in (0, 2)
    assert "fresh.jsonl belongs to other records than u.jsonl, which is not used" in capsys.readouterr().err
    assert main(["replay", "t.jsonl", "--cores", "1"]) == 0
    assert capsys.readouterr().err == ""


def test_a_shell_completes_words_beside_a_broken_file(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rft.toml").write_text("][")
    for name, value in (
        ("COMP_WORDS", "rft replay --lab"),
        ("COMP_CWORD", "2"),
        ("_RFT_COMPLETE", "bash_complete"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main([])
    assert "plain,--label" in capsys.readouterr().out
