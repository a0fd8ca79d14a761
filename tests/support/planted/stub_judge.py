"""A stand-in for boto3 and openai that answers as a test specifies."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

__all__ = ["StubJudge"]


class StubJudge:
    """A judge that answers every question with a function's result.

    Args:
        answer: Returns the reply to a question. The client raises any exception that it raises.
        monkeypatch: Restores the two packages at the end of the test.
    """

    def __init__(self, answer: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer = answer
        self.asked: list[str] = []
        boto3, openai = ModuleType("boto3"), ModuleType("openai")
        boto3.client = self._client  # type: ignore[attr-defined]
        openai.OpenAI = self._openai  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "boto3", boto3)
        monkeypatch.setitem(sys.modules, "openai", openai)

    def _reply(self, question: str) -> str:
        self.asked.append(question)
        return self.answer(question)

    def _client(self, service: str, **_: Any) -> Any:
        assert service == "bedrock-runtime"
        return SimpleNamespace(converse=self._converse)

    def _converse(self, *, messages: list[dict[str, Any]], **_: Any) -> dict[str, Any]:
        text = "".join(block["text"] for message in messages for block in message["content"])
        return {"output": {"message": {"role": "assistant", "content": [{"text": self._reply(text)}]}}}

    def _openai(self, **_: Any) -> Any:
        return SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=self._create)))

    def _create(self, *, messages: list[dict[str, Any]], **_: Any) -> Any:
        reply = self._reply("".join(message["content"] for message in messages))
        message = SimpleNamespace(content=reply, role="assistant")
        return SimpleNamespace(choices=[SimpleNamespace(message=message, finish_reason="stop")])
