"""A stand-in for the judge's model that returns prepared replies and records the requests.

Environment variables point botocore, the OpenAI SDK and the Anthropic SDK to the stub's address. The stub is
also the HTTP and HTTPS proxy and refuses HTTPS requests, so an audited grader never reaches a paid service.
"""

from __future__ import annotations

import json
import os
import re
import threading
from typing import Any, NamedTuple

from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer
from harness.targets.recorded_answers import RecordedAnswer, RecordedAnswers, question_of

__all__ = ["AskedQuestion", "StubService"]

_KEY = "an-audit-needs-no-key-0000000000"
_HOST = re.compile(r"^(?:https?:)?//[^/]*")
_FAULTS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    408: "ModelTimeoutException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


class AskedQuestion(NamedTuple):
    """A request sent by the grader."""

    path: str
    body: Any
    """The request's body, parsed as JSON if possible."""

    @property
    def texts(self) -> list[str]:
        """The strings in the prompt, in request order."""
        return _texts(self.body)

    @property
    def text(self) -> str:
        """The strings in the prompt, joined by newlines."""
        return "\n".join(self.texts)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, part in value.items() if key not in _SETTINGS for text in _texts(part)]
    return [text for part in value for text in _texts(part)] if isinstance(value, list) else []


_SETTINGS = (
    "model",
    "role",
    "type",
    "tools",
    "toolConfig",
    "response_format",
    "anthropic_version",
    "outputConfig",
)


class StubService:
    """Serves replies on a local port until closed."""

    def __init__(self) -> None:
        self.reply = ""
        """The text of the next replies."""
        self.status = 200
        """The HTTP status of the next replies. Any status except 200 makes them errors."""
        self.once = False
        """Whether the status applies only to the next request."""
        self.most = 0
        """Number of requests before permanent refusal, which makes clients stop, or 0 for no limit."""
        self.questions: list[AskedQuestion] = []
        """The requests since `tell` was last called."""
        self.asked = 0
        """Total number of requests."""
        self.answers: list[RecordedAnswer] = []
        """The requests since `tell` was last called, with their replies, as recorded answers."""
        self.elsewhere = 0
        """Number of refused HTTPS requests to other addresses."""
        self._lock = threading.Lock()
        self._server = LoopbackServer(self._handle, "stub service", proxy=True)
        own = f"http://{self._server.address}"
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self.variables = {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": own,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_MAX_ATTEMPTS": os.environ.get("AWS_MAX_ATTEMPTS") or "3",
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_SESSION_TOKEN": _KEY,
            "OPENAI_BASE_URL": f"{own}/v1",
            "OPENAI_API_KEY": _KEY,
            "ANTHROPIC_BASE_URL": own,
            "ANTHROPIC_API_KEY": _KEY,
            "GRADER_JUDGE_RELAY": own,
            "HTTP_PROXY": own,
            "HTTPS_PROXY": own,
            "http_proxy": own,
            "https_proxy": own,
        }
        """Environment variables that point a grader's clients to this service."""

    def tell(self, reply: str, status: int = 200, once: bool = False, most: int = 0) -> None:
        """Set the next replies, and clear the recorded requests.

        Args:
            reply: The text of the replies.
            status: The HTTP status of the replies.
            once: Whether only the next reply has this status.
            most: Number of requests before permanent refusal (HTTP 403), or 0 for no limit.
        """
        with self._lock:
            self.reply, self.status, self.once, self.most = reply, status, once, most
            self.questions.clear()
            self.answers.clear()

    @property
    def refused(self) -> bool:
        """Whether the grader kept retrying until it was refused permanently."""
        return 0 < self.most < len(self.questions)

    def recorded(self) -> RecordedAnswers:
        """Return the requests and replies for `rft replay --answers`."""
        with self._lock:
            first = {answer.key: answer for answer in reversed(self.answers)}
        keys = {name: None for name in self.variables if name.endswith("_API_KEY")}
        return RecordedAnswers(tuple(first.values()), keys)

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        if request.method == "CONNECT":
            self.elsewhere += 1
            return HttpResponse(502, b"{}")
        try:
            body = json.loads(request.body) if request.body else None
        except ValueError:
            body = request.body.decode(errors="replace")
        with self._lock:
            self.asked += 1
            self.questions.append(AskedQuestion(request.path, body))
            status, reply = self.status, self.reply
            if self.once:
                self.status, self.once = 200, False
            if self.refused:
                status = 403
            kind = None if status == 200 else _FAULTS.get(status, "InternalServerException")
            answer = _answer(request.path, body, reply) if kind is None else _fault(kind)
            # If this is a client's proxy, the request's path contains the host. Recorded answers must not.
            path = _HOST.sub("", request.path)
            question = question_of(f"https://{self._server.address}{path}", request.body)
            if question is not None:
                kept = RecordedAnswer(*question, status, answer, 0, "application/json", kind)
                self.answers.append(kept)
        headers = {} if kind is None else {"x-amzn-errortype": kind}
        return HttpResponse(status, json.dumps(answer).encode(), headers)


def _fault(kind: str) -> dict[str, Any]:
    """Return an error in a format that both Bedrock and OpenAI clients understand."""
    return {"message": kind, "error": {"message": kind, "type": kind, "code": kind}}


def _answer(path: str, body: Any, reply: str) -> dict[str, Any]:
    """Return a reply in the format of the requested API."""
    if path.endswith("/converse"):
        return _converse(body, reply)
    if path.endswith("/chat/completions"):
        return _chat(body, reply)
    content = [{"type": "text", "text": reply}]
    if path.endswith("/responses"):
        said = [{"type": "output_text", "text": reply, "annotations": []}]
        turn = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": said}
        return {"id": "r", "object": "response", "created_at": 0, "model": "stub", "status": "completed"} | {
            "output": [turn],
            "parallel_tool_calls": False,
            "tool_choice": "auto",
            "tools": [],
        }
    # An InvokeModel reply has the keys of every model family; clients ignore the keys of other families.
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "stub",
        "content": content,
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "completion": reply,
        "generation": reply,
        "results": [{"outputText": reply}],
        "outputs": [{"text": reply, "stop_reason": "stop"}],
        "output": {"message": {"role": "assistant", "content": [{"text": reply}]}},
        "choices": [{"index": 0, "text": reply, "message": {"role": "assistant", "content": reply}}],
    }


def _converse(body: Any, reply: str) -> dict[str, Any]:
    block: dict[str, Any] = {"text": reply}
    tools = body.get("toolConfig", {}).get("tools") if isinstance(body, dict) else None
    values = _object(reply)
    if tools and values is not None:
        name = tools[0].get("toolSpec", {}).get("name", "")
        block = {"toolUse": {"toolUseId": "t", "name": name, "input": values}}
    return {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": "tool_use" if "toolUse" in block else "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    }


def _chat(body: Any, reply: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply, "refusal": None}
    tools = body.get("tools") if isinstance(body, dict) else None
    if tools and _object(reply) is not None:
        call = {"name": tools[0].get("function", {}).get("name", ""), "arguments": reply}
        message |= {"content": None, "tool_calls": [{"id": "t", "type": "function", "function": call}]}
    finish = "tool_calls" if "tool_calls" in message else "stop"
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [{"index": 0, "finish_reason": finish, "message": message, "logprobs": None}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
