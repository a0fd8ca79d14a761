"""Lines of Bedrock's model invocation log, for every API that writes to it."""

from __future__ import annotations

from typing import Any


def log_row(request: dict[str, Any], answer: Any, **more: Any) -> dict[str, Any]:
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-01-02T03:04:05Z",
        "accountId": "111122223333",
        "identity": {"arn": "arn:aws:sts::111122223333:assumed-role/app/session"},
        "region": "us-east-1",
        "requestId": "3f0e2c9d-0001",
        "operation": "InvokeModel",
        "modelId": "some.model-v1:0",
        "input": {"inputContentType": "application/json", "inputBodyJson": request, "inputTokenCount": 1015},
        "output": {
            "outputContentType": "application/json",
            "outputBodyJson": answer,
            "outputTokenCount": 1012,
        },
        **more,
    }


CONVERSE = log_row(
    {
        "messages": [
            {"role": "user", "content": [{"text": "What is 6 * 12?"}, {"cachePoint": {"type": "default"}}]}
        ],
        "system": [{"text": "Answer after ####."}],
        "inferenceConfig": {"maxTokens": 512, "stopSequences": []},
        "toolConfig": {"tools": [{"toolSpec": {"name": "multiply", "inputSchema": {"json": {}}}}]},
    },
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "#### 72"}]}},
        "stopReason": "end_turn",
        "metrics": {"latencyMs": 3640},
        "usage": {"inputTokens": 1035, "outputTokens": 1446},
    },
    operation="Converse",
    requestMetadata={"task": "arithmetic"},
)
OPENAI_SHAPED = log_row(
    {"messages": [{"role": "user", "content": "6 * 12?"}], "max_tokens": 1024, "n": 2},
    {
        "id": "chatcmpl-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "72", "reasoning_content": "Six dozen."},
                "finish_reason": "stop",
            },
            {"index": 1, "message": {"role": "assistant", "content": "7"}, "finish_reason": "length"},
        ],
        "usage": {"prompt_tokens": 1009},
    },
)
CLAUDES = log_row(
    {
        "anthropic_version": "bedrock-2023-05-31",
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "6 * 12?"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "mul", "input": {"a": 6006}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "72"}]},
        ],
        "tools": [{"name": "mul", "input_schema": {"type": "object"}}],
    },
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Easy.", "signature": "c2ln"},
            {"type": "text", "text": "72"},
        ],
        "stop_reason": "end_turn",
    },
)
LLAMAS = log_row(
    {
        "prompt": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n6 * 12?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "max_gen_len": 2048,
    },
    {"generation": "\n\n72", "prompt_token_count": 1015, "stop_reason": "stop"},
)
NOVAS_STREAM = log_row(
    {"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": "6 * 12?"}]}]},
    [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"delta": {"text": "#### "}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "72"}, "contentBlockIndex": 0}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {
            "contentBlockStart": {
                "start": {"toolUse": {"toolUseId": "t", "name": "mul"}},
                "contentBlockIndex": 1,
            }
        },
        {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"b": 1200'}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": "1}"}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "Done."}}, "contentBlockIndex": 2}},
        {"messageStop": {"stopReason": "tool_use"}},
        {"metadata": {"usage": {"inputTokens": 1004}}},
    ],
    operation="InvokeModelWithResponseStream",
)
CLAUDES_STREAM = log_row(
    {"messages": [{"role": "user", "content": "6 * 12?"}]},
    [
        {"type": "message_start", "message": {"id": "msg_2", "usage": {"input_tokens": 1006}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Easy."}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": "c2ln"},
        },
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "#### "}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "72"}},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "t2", "name": "mul", "input": {}},
        },
        {
            "type": "content_block_delta",
            "index": 2,
            "delta": {"type": "input_json_delta", "partial_json": '{"a": 6006}'},
        },
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1007}},
        {"type": "message_stop"},
    ],
)
OPENAIS_STREAM = log_row(
    {"messages": [{"role": "user", "content": "6 * 12?"}], "stream": True},
    [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "7"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"content": "2", "reasoning": "Easy."}}]},
        {
            "choices": [
                {
                    "index": 0,
                    "delta": {
                        "tool_calls": [
                            {"index": 0, "id": "c1", "function": {"name": "mul", "arguments": '{"a": '}}
                        ]
                    },
                }
            ]
        },
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "6}"}}]}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 1009}},
    ],
)
TEXT_STREAM = log_row(
    {"prompt": "6 * 12?"}, [{"generation": "7"}, {"generation": "2", "stop_reason": "stop"}]
)
TITANS = log_row(
    {"inputText": "6 * 12?"},
    {"results": [{"outputText": "72", "completionReason": "FINISH", "tokenCount": 1003}]},
)

RESPONSES = log_row(
    {"input": "6 * 12?", "instructions": "Be brief."},
    {
        "object": "response",
        "output": [
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "72"}]}
        ],
    },
)

INVOCATION_LOG = [
    *(CONVERSE, OPENAI_SHAPED, CLAUDES, LLAMAS, TITANS, RESPONSES),
    *(NOVAS_STREAM, CLAUDES_STREAM, OPENAIS_STREAM, TEXT_STREAM),
]

BEDROCK_BATCH = [
    {
        "recordId": f"CALL{number:07}",
        "modelInput": row["input"]["inputBodyJson"],
        "modelOutput": row["output"]["outputBodyJson"],
    }
    for number, row in enumerate((CONVERSE, OPENAI_SHAPED, CLAUDES, LLAMAS, TITANS, RESPONSES), 1)
]
"""The same calls, in the format of Bedrock's batch inference results."""
