"""Answers a built function's requests from recorded answers on a local port.

The function's process has only the environment that Lambda gives it. Its requests reach this server through
the variables that redirect botocore and the OpenAI SDK, through the variables that the recorded requests
used, and, for plain HTTP, through a proxy. Other HTTPS requests are refused.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer
from harness.targets.answer_book import AnswerBook, playing_variables
from harness.targets.recorded_answers import RecordedAnswer, RecordedAnswers

__all__ = ["AnswerServer"]

_CHAT = ("/chat/completions", "/responses", "/completions")


class AnswerServer:
    """Serves the answers of an answer book until it is closed.

    Args:
        book: The answers.
    """

    def __init__(self, book: AnswerBook) -> None:
        self._book, recorded = book, book.recorded
        self._server = LoopbackServer(self._handle, "recorded answers", proxy=True)
        own = f"http://{self._server.address}"
        urls = {name: f"{own}{urlsplit(url).path}" for name, url in recorded.variables.items() if url}
        self.variables: dict[str, str] = {
            **playing_variables(recorded, {}),
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": own,
            "OPENAI_BASE_URL": own + _chat_path(recorded),
            # A ready judge may set its service's address itself, and this variable overrides that address.
            "GRADER_JUDGE_RELAY": own,
            "OPENAI_API_KEY": "recorded-answers-need-no-key",
            **urls,
            # Uppercase, because Lambda's client uses curl, which reads only the lowercase `http_proxy`.
            "HTTP_PROXY": own,
            "HTTPS_PROXY": own,
        }
        """The environment variables that direct a function's clients to this server."""

    def close(self) -> None:
        """Stop serving."""
        self._server.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        # A client sends the whole URL to a proxy. To a relay, it sends the service's URL after the relay's
        # own.
        whole = re.search(r".*(https?://.*)", request.path)
        url = whole[1] if whole else f"http://{self._server.address}{request.path}"
        if request.method == "CONNECT":
            url = f"https://{request.path}"
        found = self._book.find(url, request.headers, request.body, request.method)
        answer: RecordedAnswer = found or self._book.refuse(url, request.method)
        headers = {} if answer.error_type is None else {"x-amzn-errortype": answer.error_type}
        kind = answer.content_type or "application/json"
        return HttpResponse(answer.status, answer.body(), headers, kind)


def _chat_path(recorded: RecordedAnswers) -> str:
    """Return the path prefix that the OpenAI SDK's requests have in the recorded answers."""
    for answer in recorded.answers:
        path = urlsplit(answer.url).path
        for end in _CHAT:
            if path.endswith(end):
                return path.removesuffix(end)
    return "/v1"
