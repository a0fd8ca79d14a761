"""The curl commands of AWS's page, unchanged except for the host.

Source: "Create and manage fine-tuning jobs for open-weight models using OpenAI APIs", Amazon Bedrock user
guide. The emulator's aliases map its placeholders (`file-abc123`, `ftjob-abc123`, ...) to objects of the
test.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import Any

import pytest

HOST = "https://bedrock-mantle.us-west-2.api.aws"
JOBS = f"{HOST}/v1/fine_tuning/jobs"
KEY = '-H "Authorization: Bearer $OPENAI_API_KEY"'
TYPE = '-H "Content-Type: application/json"'

CREATE = (
    f"curl {JOBS} {TYPE} {KEY} "
    """-d '{ "training_file": "file-abc123", "model": "gpt-4o-mini", "method": { "type": "reinforcement", """
    """"reinforcement": { "grader": { "type": "lambda", "lambda": { "function": """
    """"arn:aws:lambda:us-west-2:123456789012:function:my-grader" } }, "hyperparameters": """
    """{ "n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0 } } } }'"""
)
EVENTS = f"curl {JOBS}/ftjob-abc123/events?limit=50"
FIRST_PAGE = f"curl {JOBS}/ftjob-abc123/events?limit=100"
NEXT_PAGE = f'curl "{JOBS}/ftjob-abc123/events?limit=100&after=ft-event-abc123"'
RETRIEVE = f"curl {JOBS}/ftjob-abc123 {KEY}"
LIST = f"curl {JOBS}?limit=20 {KEY}"
CANCEL = f"curl -X POST {JOBS}/ftjob-abc123/cancel {KEY}"
CHECKPOINTS = f"curl {JOBS}/ftjob-abc123/checkpoints?limit=10"
ASK_CHECKPOINT = (
    f"curl {HOST}/v1/chat/completions {TYPE} "
    """-d '{ "model": "ft:gpt-4o-mini:openai:custom:7p4lURel:ckpt-step-1000", """
    """"messages": [{"role": "user", "content": "What is AI?"}], "max_tokens": 100 }'"""
)
COMPLETE = (
    f"curl {HOST}/v1/completions {TYPE} {KEY} "
    """-d '{ "model": "ft:gpt-4o-mini:openai:custom-model:7p4lURel", """
    """"prompt": "What is the capital of France?", "max_tokens": 100, "temperature": 0.7 }'"""
)
CHAT = (
    f"curl {HOST}/v1/chat/completions {TYPE} {KEY} "
    """-d '{ "model": "ft:gpt-4o-mini:openai:custom-model:7p4lURel", """
    """"messages": [ {"role": "user", "content": "What is the capital of France?"} ], "max_tokens": 100 }'"""
)


def capital(number: int) -> dict[str, Any]:
    answer = "Paris" if number % 2 else "Lyon"
    messages = [
        {"role": "user", "content": "What is the capital of France?"},
        {"role": "assistant", "content": f"It is #### {answer}"},
    ]
    return {"messages": messages, "reference_answer": "#### Paris", "task_id": "france"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_command_of_the_page_works(serve, data, folder) -> None:
    (folder / "capitals.jsonl").write_bytes(data.jsonl([capital(number) for number in range(8)]))
    service = serve(rollouts=(folder / "capitals.jsonl",))
    host = service.process.base_url.removesuffix("/v1")

    def run(command: str) -> Any:
        words = shlex.split(command.replace(HOST, host).replace("$OPENAI_API_KEY", "any"))
        done = subprocess.run(
            [words[0], "--silent", "--noproxy", "*", *words[1:]], capture_output=True, check=True, timeout=30
        )
        return json.loads(done.stdout)

    def let(alias: str, name: str) -> None:
        service.raw("POST", "/_emulator/alias", {"alias": alias, "id": name})

    record = {"messages": capital(0)["messages"][:1], "reference_answer": "#### Paris", "task_id": "france"}
    let("file-abc123", service.upload([record] * 8))
    job = run(CREATE)
    let("ftjob-abc123", job["id"])
    service.finish()
    assert run(RETRIEVE)["status"] == "succeeded"
    assert run(RETRIEVE)["model"] == "gpt-4o-mini"
    assert [each["id"] for each in run(LIST)["data"]] == [job["id"]]
    events = run(EVENTS)["data"]
    assert events == run(FIRST_PAGE)["data"]
    let("ft-event-abc123", events[2]["id"])
    assert run(NEXT_PAGE)["data"] == events[3:]
    checkpoints = run(CHECKPOINTS)["data"]
    assert [checkpoint["step_number"] for checkpoint in checkpoints] == [2, 1]
    let("ft:gpt-4o-mini:openai:custom:7p4lURel:ckpt-step-1000", checkpoints[0]["fine_tuned_model_checkpoint"])
    let("ft:gpt-4o-mini:openai:custom-model:7p4lURel", run(RETRIEVE)["fine_tuned_model"])
    assert run(ASK_CHECKPOINT)["choices"][0]["message"]["content"].startswith("AI, short for")
    assert run(COMPLETE)["choices"][0]["text"].startswith("It is #### ")
    assert run(CHAT)["choices"][0]["message"]["content"].startswith("It is #### ")
    let("ftjob-abc123", run(CREATE)["id"])
    assert run(CANCEL)["status"] == "cancelled"
