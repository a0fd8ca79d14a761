"""A judge's model on loopback: Bedrock Converse and OpenAI chat completions over real HTTP.

A test sets a function that returns an `Answer` for each request. By default, every question is answered with
the first value that its schema allows. `seen` contains all requests.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

SCHEMA, STRICT_TOOL, TOOL, OBJECT, PROSE = "json_schema", "strict tool", "tool", "json_object", "prose"
"""The forms in which a request asks for its verdict."""

_CONVERSE_ENDS = {"whole": "end_turn", "cut": "max_tokens", "refused": "content_filtered"}
_CHAT_ENDS = {"whole": "stop", "cut": "length", "refused": "content_filter"}


@dataclass(frozen=True)
class Asked:
    """A request that the endpoint received."""

    number: int
    """Number of the request, from 0, over both services."""
    service: str
    """`converse` or `chat`."""
    model: str
    headers: dict[str, str]
    """Headers by lowercase name."""
    body: dict[str, Any]

    @property
    def rubric(self) -> str:
        """The system prompt."""
        if self.service == "converse":
            return "".join(block.get("text", "") for block in self.body.get("system", ()))
        return "".join(
            _text(turn) for turn in self.body["messages"] if turn["role"] in ("system", "developer")
        )

    @property
    def question(self) -> str:
        """The user's message."""
        return "".join(_text(turn) for turn in self.body["messages"] if turn["role"] == "user")

    @property
    def repeat(self) -> int | None:
        """The request's number among repeats of the same question; None if it has none."""
        if self.service == "chat":
            return self.body.get("seed")
        number = self.body.get("requestMetadata", {}).get("repeat")
        return None if number is None else int(number)

    @property
    def form(self) -> str:
        """One of `SCHEMA`, `STRICT_TOOL`, `TOOL`, `OBJECT` and `PROSE`."""
        if self.service == "converse":
            if "outputConfig" in self.body:
                return SCHEMA
            tools = [tool["toolSpec"] for tool in self.body.get("toolConfig", {}).get("tools", ())]
        else:
            asked = self.body.get("response_format", {}).get("type")
            if asked in (SCHEMA, OBJECT):
                return str(asked)
            tools = [tool["function"] for tool in self.body.get("tools", ())]
        if not tools:
            return PROSE
        return STRICT_TOOL if tools[0].get("strict") else TOOL

    @property
    def schema(self) -> dict[str, Any]:
        """The schema of the verdict; empty if the request has none."""
        body = self.body
        if self.form == SCHEMA and self.service == "converse":
            found: Any = json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])
        elif self.form == SCHEMA:
            found = body["response_format"][SCHEMA]["schema"]
        elif self.form in (TOOL, STRICT_TOOL) and self.service == "converse":
            found = body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
        elif self.form in (TOOL, STRICT_TOOL):
            found = body["tools"][0]["function"]["parameters"]
        else:  # the rubric may end with a schema
            found = json.loads(self.rubric.partition("of this schema: ")[2] or "{}")
        return dict(found)

    @property
    def has_cache_point(self) -> bool:
        """True if the request marks a part of the prompt for caching."""
        return any("cachePoint" in block for block in self.body.get("system", ()))


def _text(turn: Mapping[str, Any]) -> str:
    content = turn["content"]
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    verdict: Any = None
    """The verdict; a string is sent unchanged, anything else as JSON. Not sent unless `status` is 200."""
    ended: str = "whole"
    """`whole`, `cut` or `refused`."""
    tokens: tuple[int, int, int] | None = (100, 20, 0)
    """Numbers of input tokens, output tokens and cached input tokens; None to omit them."""
    status: int = 200
    kind: str = ""
    """The service's name for an error, such as `ThrottlingException`."""
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    """Seconds before the answer is sent."""
    cuts: bool = False
    """Break the connection in the middle of the answer."""
    raw: bytes | None = None
    """A body that replaces the service's usual one."""


def throttled(after: str | None = None) -> Answer:
    """The answer of an overloaded service."""
    headers = {} if after is None else {"Retry-After": after}
    return Answer(status=429, kind="ThrottlingException", message="Too many requests", headers=headers)


def refusing(kind: str, message: str, status: int = 400) -> Answer:
    """An error with the service's name for it."""
    return Answer(status=status, kind=kind, message=message)


def first_allowed(schema: Mapping[str, Any]) -> Any:
    """The first value that a schema allows, for the kinds of schema that judges send."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: first_allowed(each) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [first_allowed(schema["items"])] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return True if kind == "boolean" else "because it is so"


def obliging(asked: Asked) -> Answer:
    """Answer with the first value that the schema allows."""
    return Answer(first_allowed(asked.schema))


class JudgeEndpoint:
    """The service. Use as a context manager.

    Args:
        script: Returns the answer to a request. It runs in the request's thread and can be replaced at any
            time by setting `script`.
    """

    def __init__(self, script: Callable[[Asked], Answer] = obliging) -> None:
        self.script = script
        self.seen: list[Asked] = []
        self.most_at_once = 0
        """The highest number of requests that were in progress at the same time."""
        self._now = 0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> JudgeEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._connections:  # clients keep these connections alive
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    @property
    def url(self) -> str:
        """Base URL; chat completions also need `/v1`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that send the clients of both services to this endpoint."""
        return {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "OPENAI_API_KEY": "key-for-tests",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-west-2",
            "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of all requests, in order of arrival."""
        return [asked.body for asked in self.seen]

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[Asked, Answer] | None:
        """Store a request and return the script's answer; None for a path that neither service has."""
        converse = re.fullmatch(r"/model/([^/]+)/converse", path)
        if converse is None and path != "/v1/chat/completions":
            return None
        read = json.loads(body)
        service, model = ("converse", unquote(converse[1])) if converse else ("chat", str(read["model"]))
        with self._lock:
            low = {name.lower(): value for name, value in headers.items()}
            asked = Asked(len(self.seen), service, model, low, read)
            self.seen.append(asked)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            answer = self.script(asked)
            if answer.seconds:
                self._ending.wait(answer.seconds)
        finally:
            with self._lock:
                self._now -= 1
        return asked, answer

    def keep(self, connection: socket.socket, is_open: bool) -> None:
        with self._lock:
            (self._connections.add if is_open else self._connections.discard)(connection)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), (ConnectionError, ValueError)):
            super().handle_error(request, client_address)


def _handler(endpoint: JudgeEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # send each answer in one packet
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            endpoint.keep(self.connection, True)

        def finish(self) -> None:
            endpoint.keep(self.connection, False)
            super().finish()

        def do_POST(self) -> None:
            given = self.rfile.read(int(self.headers["Content-Length"]))
            taken = endpoint.take(self.path, dict(self.headers), given)
            if taken is None:
                taken = Asked(-1, "chat", "", {}, {}), refusing("not_found", f"no {self.path} here", 404)
            asked, answer = taken
            body = _body(asked, answer) if answer.raw is None else answer.raw
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if answer.kind and asked.service == "converse":
                self.send_header("x-amzn-ErrorType", answer.kind)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if answer.cuts else body)
            self.wfile.flush()
            if answer.cuts:
                self.close_connection = True

        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    return Handler


def _body(asked: Asked, answer: Answer) -> bytes:
    if answer.status != 200:
        error = {"message": answer.message, "type": answer.kind or "error", "code": answer.kind or None}
        made: Any = {"message": answer.message} if asked.service == "converse" else {"error": error}
    elif asked.service == "converse":
        made = _converse(asked, answer)
    else:
        made = _chat(asked, answer)
    return json.dumps(made).encode()


def _converse(asked: Asked, answer: Answer) -> dict[str, Any]:
    ended = _CONVERSE_ENDS[answer.ended]
    if asked.form in (TOOL, STRICT_TOOL) and not isinstance(answer.verdict, str):
        name = asked.body["toolConfig"]["tools"][0]["toolSpec"]["name"]
        content: list[Any] = [{"toolUse": {"toolUseId": "t1", "name": name, "input": answer.verdict}}]
        ended = "tool_use" if answer.ended == "whole" else ended
    else:
        content = [{"text": _written(answer.verdict)}]
    made: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": ended,
        "metrics": {"latencyMs": 1},
    }
    if answer.tokens is not None:
        tokens_in, out, cached = answer.tokens
        made["usage"] = {  # Converse does not count cached tokens as input tokens
            "inputTokens": tokens_in - cached,
            "outputTokens": out,
            "totalTokens": tokens_in + out,
            "cacheReadInputTokens": cached,
        }
    return made


def _chat(asked: Asked, answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    if asked.form in (TOOL, STRICT_TOOL) and not isinstance(answer.verdict, str):
        name = asked.body["tools"][0]["function"]["name"]
        call = {"name": name, "arguments": _written(answer.verdict)}
        message["tool_calls"] = [{"id": "c1", "type": "function", "function": call}]
    elif answer.ended == "refused":
        message["refusal"] = _written(answer.verdict)
    else:
        message["content"] = _written(answer.verdict)
    choice = {"index": 0, "finish_reason": _CHAT_ENDS[answer.ended], "message": message}
    made: dict[str, Any] = {
        "id": f"chatcmpl-{asked.number}",
        "object": "chat.completion",
        "created": 1_771_442_000,
        "model": asked.model,
        "choices": [choice],
    }
    if answer.tokens is not None:
        tokens_in, out, cached = answer.tokens
        made["usage"] = {
            "prompt_tokens": tokens_in,
            "completion_tokens": out,
            "total_tokens": tokens_in + out,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
    return made


def _written(verdict: Any) -> str:
    return verdict if isinstance(verdict, str) else json.dumps(verdict)


def in_turn(*answers: Answer, then: Callable[[Asked], Answer] = obliging) -> Callable[[Asked], Answer]:
    """Return a script that gives these answers to the first requests, and then calls another script."""

    def script(asked: Asked) -> Answer:
        return answers[asked.number] if asked.number < len(answers) else then(asked)

    return script


def only(*forms: str, kind: str = "ValidationException") -> Callable[[Asked], Answer]:
    """Return a script for a model that accepts only these forms of request."""

    def script(asked: Asked) -> Answer:
        if asked.form not in forms:
            return refusing(kind, f"This model doesn't support {asked.form}")
        return obliging(asked)

    return script


__all__ = [
    "OBJECT",
    "PROSE",
    "SCHEMA",
    "STRICT_TOOL",
    "TOOL",
    "Answer",
    "Asked",
    "JudgeEndpoint",
    "first_allowed",
    "in_turn",
    "obliging",
    "only",
    "refusing",
    "throttled",
]
