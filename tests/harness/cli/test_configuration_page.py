from __future__ import annotations

import re

import click

from harness.cli import verbs
from harness.cli.configured import UNREAD, keys_of
from harness.cli.groups import VERBS
from harness.config import KEYS, SettingKind, read_configuration
from support.readme import README

PAGE = (README.parent / "docs" / "configuration.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
WORDS = {
    SettingKind.TEXT: "string",
    SettingKind.GRADER: "string",
    SettingKind.TEXTS: "string or list of strings",
    SettingKind.PATH: "path",
    SettingKind.NUMBER: "number",
    SettingKind.COUNT: "whole number",
    SettingKind.RANGE: "two numbers",
}


def test_its_table_is_the_list_of_settings() -> None:
    table = re.findall(r"^\| `([\w.]+)` \| (.*) \| (.*) \|$", PAGE.partition("## Settings")[2], re.MULTILINE)
    known = {(f"{key.table}.{name}" if key.table else name): key for name, key in KEYS.items()}
    assert {name: (kind, meaning) for name, kind, meaning in table} == {
        name: (WORDS[key.kind], key.meaning) for name, key in known.items()
    }


def test_its_example_is_understood(tmp_path) -> None:
    (tmp_path / "rft.toml").write_text(EXAMPLE, encoding="utf-8")
    assert len(read_configuration(tmp_path / "rft.toml").settings) == 7


def test_its_commands_take_those_settings() -> None:
    context = click.Context(verbs.rft, **verbs.rft.context_settings)
    rows = re.findall(r"^\| (`rft \w+`.*?) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 6
    for commands, taken in rows:
        for verb in re.findall(r"`rft ([\w-]+)`", commands):
            command = verbs.rft.get_command(context, verb)
            assert command is not None
            named = set(re.findall(r"`(\w+)`", taken)) - {"job"}
            assert named <= keys_of(verb, command).keys(), verb
            assert all(
                not one.required or one.name in keys_of(verb, command).values() for one in command.params
            )


def test_every_setting_is_for_some_verb() -> None:
    context = click.Context(verbs.rft, **verbs.rft.context_settings)
    commands = {verb: verbs.rft.get_command(context, verb) for verb in VERBS}
    taken = {key for verb, command in commands.items() if command for key in keys_of(verb, command)}
    assert taken == KEYS.keys()
    assert all(f"`rft {verb}`" in PAGE for verb in UNREAD)
