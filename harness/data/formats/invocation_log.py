"""Converts Bedrock model invocation logs. Each completion in a response becomes a rollout.

AWS documents the fields around the bodies, the bodies of Converse, and the storage of bodies over 100 KB as
separate S3 objects (https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html). It
also documents that Nova's reinforcement fine-tuning accepts these logs, filtered by `requestMetadata`
(.../rft-option-2.html). AWS's `dataset-validation` sample shows the body of a Llama prompt. Other InvokeModel
bodies are described on each model's page. In published logs, a response streamed by
InvokeModelWithResponseStream is a list of events, but no AWS page confirms this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.openai_calls import answers_of, asked_of
from harness.data.formats.row_parts import RowParts, completion_of, line_ids, line_of
from harness.data.formats.streamed_answers import streamed_answers

__all__ = ["INVOCATION_LOG"]

_IN: Final = ("input", "inputBodyJson")
_OUT: Final = ("output", "outputBodyJson")

_Path = tuple[str | int, ...]

_TEXTS: Final = {"generation": "stop_reason", "completion": "stop_reason", "outputText": "completionReason"}
"""Keys of the text and the stop reason in a response with one completion: Llama, Claude's old API, Titan."""
_LISTS: Final = {"outputs": ("text", "stop_reason"), "results": ("outputText", "completionReason")}
"""Keys of a list of completions, and of the text and stop reason in each one: Mistral, Titan."""

_LLAMA_TURN: Final = re.compile(
    r"<\|(?:start_header_id|header_start)\|>\s*(\w+)\s*<\|(?:end_header_id|header_end)\|>"
    r"(.*?)(?:<\|(?:eot_id|eot|eom_id|eom)\|>|\Z|(?=<\|(?:start_header_id|header_start)\|>))",
    re.DOTALL,
)
"""One turn in the prompt templates of Llama 3 and Llama 4 (llama.com's model cards)."""


class _Answer(NamedTuple):
    messages: list[dict[str, Any]]
    finish: Any


def _recognizes(row: Mapping[str, Any]) -> bool:
    if row.get("schemaType") == "ModelInvocationLog":
        return True
    return "modelId" in row and isinstance(row.get("input"), dict) and "inputBodyJson" in row["input"]


def _convert(row: Mapping[str, Any]) -> Converted:
    if not _recognizes(row) and "input" not in row:
        raise RowError("this is not a line of an invocation log; the objects under `data/` only have bodies")
    parts = RowParts(row)
    _refuse(parts)
    prompt = _prompt(parts)
    fields = {"requestMetadata": parts.take("requestMetadata"), "tools": _tools(parts)}
    fields = {name: value for name, value in fields.items() if value is not None}
    answers = list(_answers(parts))
    model = parts.take("modelId")
    lines = [
        line_of([*prompt, *answer.messages], None, fields, id=own, model=model, finish_reason=answer.finish)
        for own, answer in zip(line_ids(parts, len(answers), "requestId"), answers, strict=True)
    ]
    return parts.converted(*lines)


def _refuse(parts: RowParts) -> None:
    """Reject failed calls and calls whose bodies are not in the log."""
    error = parts.peek("errorCode")
    if error is not None:
        raise RowError(f"the call failed: {error}")
    for path, side in ((_IN, "input"), (_OUT, "output")):
        body = parts.peek(*path)
        if isinstance(body, dict | list):
            continue
        if parts.peek(side, f"{side}BodyS3Path") is not None:
            raise RowError(
                f"its {side} is a separate S3 object (`{side}.{side}BodyS3Path`), because it is over 100 KB;"
                f" put the object's content under `{'.'.join(path)}`"
            )
        if body is None:
            raise RowError(f"the log has no `{'.'.join(path)}`; does the logging include text?")
        raise RowError(f"`{'.'.join(path)}` is not a JSON object")


def _prompt(parts: RowParts) -> list[dict[str, Any]]:
    body = parts.peek(*_IN)
    if not isinstance(body, dict):
        raise RowError("`input.inputBodyJson` is not a JSON object")
    if isinstance(body.get("messages"), list) and body["messages"]:
        system = _content(parts, (*_IN, "system"))
        first = [{"role": "system", "content": system}] if system not in (None, "", []) else []
        return first + [_message(parts, (*_IN, "messages", at)) for at in range(len(body["messages"]))]
    if body.get("input") is not None:  # OpenAI's Responses API
        return asked_of(parts, *_IN)
    for name in ("prompt", "inputText"):
        if isinstance(body.get(name), str):
            return _of_template(parts.take(*_IN, name))
    raise RowError(
        "its input holds neither messages nor a prompt: is it a call to an embedding or image model?"
    )


def _of_template(text: str) -> list[dict[str, Any]]:
    """Split a prompt in Llama's template into messages. Any other prompt becomes one user message."""
    turns = [(found[1], found[2].strip()) for found in _LLAMA_TURN.finditer(text)]
    if turns and turns[-1] == ("assistant", ""):
        turns.pop()
    rest = _LLAMA_TURN.sub("", text).replace("<|begin_of_text|>", "").strip()
    if not turns or rest or turns[-1][0] == "assistant":
        return [{"role": "user", "content": text}]
    return [{"role": role, "content": content} for role, content in turns]


def _tools(parts: RowParts) -> Any:
    tools = parts.take(*_IN, "toolConfig", "tools")
    return parts.take(*_IN, "tools") if tools is None else tools


def _answers(parts: RowParts) -> Iterator[_Answer]:
    body = parts.peek(*_OUT)
    if isinstance(body, list):
        for answer, finish in streamed_answers(parts, _OUT):
            yield _Answer([{**answer, "content": _plain(answer.get("content"))}], finish)
        return
    if isinstance(parts.peek(*_OUT, "output", "message"), dict):  # Converse, Nova
        yield _Answer([_answer(parts, (*_OUT, "output", "message"))], parts.take(*_OUT, "stopReason"))
    elif isinstance(body.get("output"), list):  # OpenAI's Responses API
        yield from (_Answer(*answer) for answer in answers_of(parts, *_OUT))
    elif isinstance(body.get("choices"), list) and body["choices"]:
        for at in range(len(body["choices"])):
            yield _choice(parts, (*_OUT, "choices", at))
    elif isinstance(body.get("content"), list):  # Claude
        content, role = _content(parts, (*_OUT, "content")), parts.take(*_OUT, "role")
        message = _assistants({"role": role, "content": content})
        yield _Answer([message], parts.take(*_OUT, "stop_reason"))
    else:
        yield from _text_answers(parts, body)


def _text_answers(parts: RowParts, body: Mapping[str, Any]) -> Iterator[_Answer]:
    for name, reason in _TEXTS.items():
        if isinstance(body.get(name), str):
            text = parts.take(*_OUT, name)
            yield _Answer(completion_of(text), parts.take(*_OUT, reason))
            return
    for name, (inner, reason) in _LISTS.items():
        if isinstance(body.get(name), list) and body[name]:
            for at in range(len(body[name])):
                text = parts.take(*_OUT, name, at, inner)
                if not isinstance(text, str):
                    raise RowError(f"an answer in `{name}` has no `{inner}`")
                yield _Answer(completion_of(text), parts.take(*_OUT, name, at, reason))
            return
    raise RowError("its output has no completion")


def _choice(parts: RowParts, path: _Path) -> _Answer:
    """Convert one choice of an OpenAI-style response, which has either a message or a text."""
    if isinstance(parts.peek(*path, "message"), dict):
        message = _answer(parts, (*path, "message"))
    elif isinstance(parts.peek(*path, "text"), str):
        message = {"role": "assistant", "content": parts.take(*path, "text")}
    else:
        raise RowError("a choice of its output has neither a message nor text")
    finish = parts.take(*path, "finish_reason")
    return _Answer([message], parts.take(*path, "stop_reason") if finish is None else finish)


def _answer(parts: RowParts, path: _Path) -> dict[str, Any]:
    return _assistants(_message(parts, path))


def _assistants(message: dict[str, Any]) -> dict[str, Any]:
    if message.get("role") != "assistant":
        raise RowError("its answer is not the assistant's")
    return message


def _message(parts: RowParts, path: _Path) -> dict[str, Any]:
    if not isinstance(parts.peek(*path), dict) or not isinstance(parts.peek(*path, "role"), str):
        raise RowError("a message of the call has no role")
    content = _content(parts, (*path, "content"))
    role = parts.take(*path, "role")
    others = {key: parts.take(*path, key) for key in parts.peek(*path) if key != "content"}
    return {"role": role, "content": content, **others}


def _content(parts: RowParts, path: _Path) -> Any:
    """Return a message's content in the form used in training files, without prompt cache markers."""
    blocks = parts.peek(*path)
    if not isinstance(blocks, list):
        return parts.take(*path)
    kept = []
    for at, block in enumerate(blocks):
        if isinstance(block, dict) and set(block) <= {"cachePoint"}:
            continue
        if isinstance(block, dict) and "cache_control" in block:
            block = {key: parts.take(*path, at, key) for key in block if key != "cache_control"}
        else:
            parts.take(*path, at)
        kept.append(block)
    return _plain(kept)


def _plain(blocks: Any) -> Any:
    """Convert a single text block to a string, and several to typed blocks, as in training files.

    Content that has other blocks is returned unchanged.
    """
    if not isinstance(blocks, list) or not blocks or not all(map(_is_text, blocks)):
        return blocks
    if len(blocks) == 1:
        return blocks[0]["text"]
    return [{"type": "text", "text": block["text"]} for block in blocks]


def _is_text(block: Any) -> bool:
    if not isinstance(block, dict) or not isinstance(block.get("text"), str):
        return False
    return block.get("type", "text") == "text" and all(
        value in (None, [], {}) for key, value in block.items() if key not in ("text", "type")
    )


INVOCATION_LOG: Final = Importer(
    "invocation-log",
    "Bedrock model invocation logs",
    _recognizes,
    _convert,
    advice="The log has no reference answers. If the calls' requestMetadata"
    " has them, add --map reference_answer=requestMetadata.KEY for a grader that compares answers.",
)
