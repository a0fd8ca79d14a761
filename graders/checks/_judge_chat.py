"""Sends questions to a model behind any OpenAI-compatible endpoint, using chat completions."""

from __future__ import annotations

import json
import os
import re
from importlib import import_module

from ..errors import ConfigurationError
from ._judge_abilities import (
    CHOICE,
    FORM,
    LIMIT,
    OBJECT,
    REPEAT,
    SCHEMA,
    STRICT_TOOL,
    TEMPERATURE,
    TOOL,
    Abilities,
)
from ._judge_address import RELAY, address_fault, address_secrets, named_ways, shown_address
from ._judge_clients import Clients
from ._judge_retries import FormRefused, TryAgain, bounded, in_thread, seconds_of
from ._judge_service import Reply, one_verdict, quoted
from ._judge_spending import usage_of
from ._optional import optional, require

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ._judge_retries import Patience
    from ._judge_service import Question

EXTRA = "judge"

_CONNECT_S = 5.0
_TOOL_NAME = "verdict"
_NOW_BUSY = (408, 409, 425, 429)
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached")
_NOT_SENT = ("UnsupportedProtocol", "LocalProtocolError")
_NO_MODEL = re.compile(
    r"(invalid|unknown|no such) model|model\b.{0,80}\b(not found|does ?n[o\u2019']t exist|is invalid)",
    re.IGNORECASE,
)
_WHOLE = ("stop", "tool_calls")

_clients = Clients()
"""Clients by URL and key."""


class Chat:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        model: Name of the model at that endpoint.
        base_url: URL of the endpoint, ending in `/v1`. Defaults to OPENAI_BASE_URL or, if it is not set,
            OpenAI's own URL.
        key_variable: Environment variable that contains the key.
        temperature: Sampling temperature.
        max_tokens: Maximum number of tokens in an answer.

    Raises:
        ConfigurationError: The package openai is not installed.
    """

    def __init__(
        self, model: str, base_url: str | None, key_variable: str, temperature: float, max_tokens: int
    ) -> None:
        self.name = f"the judge {model}"
        self._model = model
        self._base_url = base_url
        self.key_variable = key_variable
        self._temperature = temperature
        self._max_tokens = max_tokens
        require("openai", EXTRA)  # imported later, because the import takes a second

    @property
    def key(self) -> tuple[str, str, str]:
        """The model's identity, which is the same for all checks that use the model."""
        return "openai", self._address, self._model

    def abilities(self) -> Abilities:
        """Return the features that a model behind an OpenAI-compatible endpoint may support."""
        return Abilities(
            {
                FORM: (SCHEMA, STRICT_TOOL, TOOL, OBJECT),
                CHOICE: ("tool", "required", "auto"),
                TEMPERATURE: ("given", "left out"),
                REPEAT: ("given", "left out"),
                LIMIT: ("max_completion_tokens", "max_tokens"),
            }
        )

    async def send(
        self, question: Question, parts: Mapping[str, str], patience: Patience, heard: bool
    ) -> Reply:
        """Ask once. See `JudgeModel.send`."""
        request = self._request(question, parts)
        seconds = max(patience.left, 0.0) + 1  # the question's own limit ends first, with a clearer message
        reply: Reply = await in_thread(lambda: self._call(request, seconds, heard), patience)
        return reply

    def _request(self, question: Question, parts: Mapping[str, str]) -> dict[str, Any]:
        rubric = question.rubric
        if parts[FORM] == OBJECT:
            asked = f"Answer with one JSON object of this schema: {json.dumps(question.schema)}"
            rubric = f"{rubric}\n\n{asked}" if rubric else asked
        turns = [*([("system", rubric)] if rubric else []), *question.turns]
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": role, "content": text} for role, text in turns],
            parts[LIMIT]: self._max_tokens,
        }
        if parts[TEMPERATURE] == "given":
            request["temperature"] = self._temperature
        if parts[REPEAT] == "given":
            request["seed"] = question.repeat
        return {**request, **_form(question.schema, parts)}

    def _call(self, request: dict[str, Any], seconds: float, heard: bool) -> Reply:
        """Send a request with the SDK and translate the SDK's errors."""
        sdk = optional("openai", EXTRA)
        client = self._client()
        timeout = sdk.Timeout(seconds, connect=min(_CONNECT_S, seconds))
        try:
            answer = client.with_options(timeout=timeout).chat.completions.with_raw_response.create(**request)
        except sdk.APIStatusError as error:
            return self._refusal(error.status_code, error.body, error.response.headers, heard)
        except TryAgain:
            raise
        except sdk.APIConnectionError as error:
            if isinstance(error.__cause__, TryAgain):
                raise error.__cause__ from None
            cause = type(error.__cause__).__name__
            if cause.startswith(_NOT_SENT):
                raise self._unprepared(error.__cause__ or error) from None
            if heard or not cause.startswith(("Connect", "Proxy")):
                raise TryAgain(cause) from None
            raise ConfigurationError(
                f"{self.name} cannot be reached at {self._address} ({error.__cause__}): write base_url=, or "
                f"set OPENAI_BASE_URL{named_ways(self._base or '')}"
            ) from None
        except Exception as error:  # all other errors occur before anything is sent
            raise self._unprepared(error) from None
        try:
            return self._reply(json.loads(answer.content), heard)
        except (ValueError, RecursionError):
            raise TryAgain("an answer that cannot be read") from None

    @property
    def _base(self) -> str | None:
        return self._base_url or os.environ.get("OPENAI_BASE_URL") or None

    @property
    def _address(self) -> str:
        """The URL as shown in messages."""
        return shown_address(self._base or "OpenAI")

    @property
    def _key(self) -> str:
        return os.environ.get(self.key_variable, "").strip()

    @property
    def secrets(self) -> list[str]:
        """Secrets that no message may contain."""
        return [self._key, *address_secrets(self._base or "")]

    def _unprepared(self, error: BaseException) -> ConfigurationError:
        """Return the error to raise if a request cannot be sent at all."""
        return ConfigurationError(
            f"{self.name} cannot be asked at {self._address} ({type(error).__name__}: {error}): see base_url="
            f" and {self.key_variable}{named_ways(self._base or '')}"
        )

    def _client(self) -> Any:
        """Return the client for this URL and key. It is shared by all threads.

        Raises:
            ConfigurationError: The client cannot be created. The message names the invalid setting.
        """
        key, base_url = self._key, self._base
        if not key:
            raise ConfigurationError(
                f"{self.key_variable} is not set, so {self.name} cannot be asked: put the key of "
                f"{self._address} there, or any text if it needs none; key_variable= names another variable"
            )
        if not (key.isascii() and key.isprintable()):
            raise ConfigurationError(
                f"{self.key_variable} contains a line break or another character that no key has: copy the "
                f"key of {self._address} there again"
            )
        if base_url and (fault := address_fault(base_url)):
            raise ConfigurationError(
                f"{self.name} cannot be asked at {self._address}: {fault}: set OPENAI_BASE_URL, or write "
                "base_url=, such as http://127.0.0.1:8000/v1"
            )
        if base_url and (relay := os.environ.get(RELAY)):
            base_url = f"{relay}/{base_url}"

        def make() -> Any:
            try:
                # Retries are made by this project's code, which knows the remaining time.
                sdk = optional("openai", EXTRA)
                http = sdk.DefaultHttpxClient(event_hooks={"response": [_bound]})
                return sdk.OpenAI(api_key=key, base_url=base_url, max_retries=0, http_client=http)
            except Exception as error:
                raise self._unprepared(error) from None

        return _clients.client((base_url, key), make)

    def _reply(self, answer: Any, heard: bool) -> Reply:
        """Parse a response. Any part of it may be missing."""
        answer = _dict(answer)
        if error := _dict(answer.get("error")):  # some gateways send an error with status 200
            code = str(error.get("code"))
            return self._refusal(int(code) if re.fullmatch(r"[1-5]\d\d", code) else 500, error, {}, heard)
        choices = answer.get("choices")
        if not isinstance(choices, list):
            raise ValueError("no choices")
        choice = _dict(choices[0]) if choices else {}
        message, usage = _dict(choice.get("message")), _dict(answer.get("usage"))
        cached = _dict(usage.get("prompt_tokens_details")).get("cached_tokens")
        tokens = usage_of(
            [usage.get("prompt_tokens")], usage.get("completion_tokens"), 0 if cached is None else cached
        )
        if len(choices) != 1:
            return Reply("", f"it has {len(choices)} choices", *tokens)
        finish = choice.get("finish_reason")
        if message.get("refusal") or finish == "content_filter":
            return Reply("", "refused", *tokens)
        if finish == "length":
            return Reply("", "cut", *tokens)
        if finish not in _WHOLE:
            return Reply("", f"its finish_reason is {quoted(finish)}", *tokens)
        return Reply(*_verdict(message), *tokens)

    def _refusal(self, status: int, body: Any, headers: Mapping[str, str], heard: bool) -> Reply:
        """Translate an endpoint's error. If the model has answered before, its name cannot be wrong."""
        body = _dict(body)
        said, code = str(body.get("message") or ""), str(body.get("code") or body.get("type") or "")
        if code in _NO_MONEY or status == 402:
            raise ConfigurationError(f"{self.name} requires payment ({code or 'HTTP 402'}): {said}")
        if 300 <= status < 400:
            if heard:
                raise TryAgain(f"HTTP {status}")
            raise ConfigurationError(
                f"{self._address} redirects to no other address (HTTP {status}): write base_url= as the "
                "service names it, with /v1 if it has that"
            )
        if status in _NOW_BUSY or status >= 500:
            milliseconds = seconds_of(headers.get("retry-after-ms"))
            after = seconds_of(headers.get("retry-after")) if milliseconds is None else milliseconds / 1000
            what = "HTTP 429, too many requests" if status == 429 else f"HTTP {status}"
            raise TryAgain(what, after, status == 429)
        if status in (401, 403):
            raise ConfigurationError(
                f"{self._address} does not accept the key in {self.key_variable} for {self.name} "
                f"(HTTP {status}): {said}"
            )
        if status == 404 or (not heard and _NO_MODEL.search(said)):
            raise ConfigurationError(
                f"{self._address} has no model {self._model!r} or no chat completions "
                f"({said or 'HTTP 404'}): check model= and base_url="
            )
        if code in ("content_filter", "content_policy_violation"):
            return Reply("", "refused")
        raise FormRefused(f"HTTP {status}: {said} {body.get('param') or ''}".rstrip(": "))


def _bound(response: Any) -> None:
    """Limit the time and size of a response's body. The SDK calls this before reading the body."""
    library = import_module(type(response).__module__.partition(".")[0])  # httpx, under any name
    whole = response.stream
    seconds = response.request.extensions["timeout"]["read"]

    class Bounded(library.SyncByteStream):  # type: ignore[misc, name-defined]
        def __iter__(self) -> Iterator[bytes]:
            return bounded(whole, seconds)

        def close(self) -> None:
            whole.close()

    response.stream = Bounded()


def _form(schema: Mapping[str, Any], parts: Mapping[str, str]) -> dict[str, Any]:
    """Return the part of a request that makes the model's answer follow the schema."""
    if parts[FORM] == SCHEMA:
        asked = {"name": _TOOL_NAME, "schema": dict(schema), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": asked}}
    if parts[FORM] == OBJECT:
        return {"response_format": {"type": "json_object"}}
    tool: dict[str, Any] = {
        "name": _TOOL_NAME,
        "description": "Give the verdict.",
        "parameters": dict(schema),
    }
    if parts[FORM] == STRICT_TOOL:
        tool["strict"] = True
    choice: Any = parts[CHOICE]
    if choice == "tool":
        choice = {"type": "function", "function": {"name": _TOOL_NAME}}
    return {"tools": [{"type": "function", "function": tool}], "tool_choice": choice}


def _verdict(message: Mapping[str, Any]) -> tuple[str, str]:
    """Extract the verdict from a message. See `one_verdict`."""
    calls, content = message.get("tool_calls"), message.get("content")
    functions = [_dict(_dict(call).get("function")) for call in calls] if isinstance(calls, list) else []
    texts = [_dict(part).get("text") for part in content] if isinstance(content, list) else [content]
    return one_verdict([(each.get("name"), each.get("arguments")) for each in functions], texts, _TOOL_NAME)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
