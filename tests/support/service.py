"""A real client for the stub API, and a helper that runs a verb of `rft`."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from harness.api.auth import find_credential
from harness.api.client import FineTuning
from harness.api.endpoint import find_endpoint
from harness.cli.groups import module_of
from harness.errors import HarnessError

KEY = "sk-test-key-0123456789"


def connected(base_url: str, *, max_retries: int = 0) -> FineTuning:
    where = find_endpoint(base_url, None, {})
    return FineTuning(
        where, find_credential(where, {"OPENAI_API_KEY": KEY}), max_retries=max_retries, timeout_s=10.0
    )


@dataclass
class Ran:
    """The result of a verb, with the exit code that `rft` would return."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The JSON object on stdout, which must have no other output."""
        assert self.stdout.count("\n") == 1, self.stdout
        return json.loads(self.stdout)


def run_verb(
    verb: str, *words: object, base_url: str, key: str | None = KEY, stdin: str | None = None
) -> Ran:
    """Run `rft VERB WORDS…`."""
    command = importlib.import_module(module_of(verb)).command
    environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key, "AWS_BEARER_TOKEN_BEDROCK": None}
    result = CliRunner().invoke(
        command, [str(word) for word in words], env=environment, input=stdin, standalone_mode=False
    )
    error = result.exception
    if isinstance(error, HarnessError):
        return Ran(error.exit_code, result.stdout, f"{result.stderr}rft: {error}\n")
    if error is not None and not isinstance(error, SystemExit):
        raise error
    return Ran(result.return_value or 0, result.stdout, result.stderr)
