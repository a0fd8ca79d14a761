"""The ten Python examples from AWS's page, unchanged, run with the installed version of `openai`.

Source: "Create and manage fine-tuning jobs for open-weight models using OpenAI APIs", Amazon Bedrock user
guide, with its line breaks restored. Two examples use `json` without importing it, and most use variables of
an earlier one, so they share a namespace. The emulator's aliases map the page's ids to real ones.

Usage, in `tests`: python -m support.documented_examples TRAINING_FILE, with OPENAI_BASE_URL and
OPENAI_API_KEY of an emulator.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import urllib.request
import warnings

from support.waiting import until

CREATE = """
# Requires OPENAI_API_KEY and OPENAI_BASE_URL environment variables
from openai import OpenAI
client = OpenAI()
# Create fine-tuning job with RFT method
job_response = client.fine_tuning.jobs.create(
    model=MODEL_ID,
    training_file=training_file_id,
    # Suffix field is not supported so commenting for now.
    # suffix="rft-example", # Optional: suffix for fine-tuned model name
    extra_body={
        "method": {
            "type": "reinforcement",
            "reinforcement": {
                "grader": {
                    "type": "lambda",
                    "lambda": {
                        "function": "arn:aws:lambda:us-west-2:123456789012:function:my-reward-function"
                    }
                },
                "hyperparameters": {
                    "n_epochs": 1, # Number of training epochs
                    "batch_size": 4, # Batch size
                    "learning_rate_multiplier": 1.0 # Learning rate multiplier
                }
            }
        }
    }
)
# Store job ID for next steps
job_id = job_response.id
print({job_id})
"""

LIST_EVENTS = """
from openai import OpenAI
client = OpenAI()
# List fine-tuning events
events = client.fine_tuning.jobs.list_events(
    fine_tuning_job_id="ftjob-abc123",
    limit=50
)
for event in events.data:
    print(f"[{event.created_at}] {event.level}: {event.message}")
    if event.data:
        print(f"  Metrics: {event.data}")
"""

PAGINATE_EVENTS = """
from openai import OpenAI
client = OpenAI()
# Paginate through all events
all_events = []
after = None
while True:
    events = client.fine_tuning.jobs.list_events(
        fine_tuning_job_id="ftjob-abc123",
        limit=100,
        after=after
    )
    all_events.extend(events.data)
    if not events.has_more:
        break
    after = events.data[-1].id
"""

RETRIEVE = """
from openai import OpenAI
client = OpenAI()
# Retrieve specific job details
job_details = client.fine_tuning.jobs.retrieve(job_id)
# Print raw response
print(json.dumps(job_details.model_dump(), indent=2))
"""

LIST_JOBS = """
from openai import OpenAI
client = OpenAI()
# List fine-tuning jobs with limit and pagination
response = client.fine_tuning.jobs.list(
    limit=20 # Maximum number of jobs to return
)
# Print raw response
print(json.dumps(response.model_dump(), indent=2))
"""

CANCEL = """
from openai import OpenAI
client = OpenAI()
# Cancel fine-tuning job
cancel_response = client.fine_tuning.jobs.cancel("ftjob-abc123")
print(f"Job ID: {cancel_response.id}")
print(f"Status: {cancel_response.status}") # Should be "cancelled"
"""

CHECKPOINTS = """
from openai import OpenAI
client = OpenAI()
# List checkpoints for a fine-tuning job
checkpoints = client.fine_tuning.jobs.checkpoints.list(
    fine_tuning_job_id="ftjob-abc123",
    limit=10
)
for checkpoint in checkpoints.data:
    print(f"Checkpoint ID: {checkpoint.id}")
    print(f"Step: {checkpoint.step_number}")
    print(f"Model: {checkpoint.fine_tuned_model_checkpoint}")
    print(f"Metrics: {checkpoint.metrics}")
    print("---")
"""

ASK_CHECKPOINT = """
from openai import OpenAI
client = OpenAI()
# Test inference with a checkpoint
response = client.chat.completions.create(
    model=checkpoint.fine_tuned_model_checkpoint,
    messages=[{"role": "user", "content": "What is AI?"}],
    max_tokens=100
)
print(response.choices[0].message.content)
"""

ASK_RESPONSES = """
from openai import OpenAI
client = OpenAI()
# Get the fine-tuned model ID
job_details = client.fine_tuning.jobs.retrieve("ftjob-abc123")
if job_details.status == 'succeeded' and job_details.fine_tuned_model:
    fine_tuned_model = job_details.fine_tuned_model
    print(f"Using fine-tuned model: {fine_tuned_model}")
    # Run inference with Responses API
    response = client.completions.create(
        model=fine_tuned_model,
        prompt="What is the capital of France?",
        max_tokens=100,
        temperature=0.7
    )
    print(f"Response: {response.choices[0].text}")
else:
    print(f"Job status: {job_details.status}")
    print("Job must be in 'succeeded' status to run inference")
"""

ASK_CHAT = """
from openai import OpenAI
client = OpenAI()
# Get the fine-tuned model ID
job_details = client.fine_tuning.jobs.retrieve("ftjob-abc123")
if job_details.status == 'succeeded' and job_details.fine_tuned_model:
    fine_tuned_model = job_details.fine_tuned_model
    print(f"Using fine-tuned model: {fine_tuned_model}")
    # Run inference
    inference_response = client.chat.completions.create(
        model=fine_tuned_model,
        messages=[
            {"role": "user", "content": "What is the capital of France?"}
        ],
        max_tokens=100
    )
    print(f"Response: {inference_response.choices[0].message.content}")
else:
    print(f"Job status: {job_details.status}")
    print("Job must be in 'succeeded' status to run inference")
"""


def run(example: str, names: dict[str, object]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "example", "exec"), names)
    return printed.getvalue()


def let(alias: str, name: str) -> None:
    """Map an id from the page to a real one."""
    root = os.environ["OPENAI_BASE_URL"].removesuffix("/v1")
    body = json.dumps({"alias": alias, "id": name}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{root}/_emulator/alias", body, headers)):
        pass


def main(training_file: str) -> None:
    # The SDK's types do not include the Lambda grader, so pydantic warns when it serializes one.
    warnings.simplefilter("ignore")
    from openai import OpenAI

    client = OpenAI()
    with open(training_file, "rb") as content:
        file = client.files.create(file=content, purpose="fine-tune")
    names: dict[str, object] = {"MODEL_ID": "openai.gpt-oss-20b", "training_file_id": file.id, "json": json}
    assert "ftjob-" in run(CREATE, names)
    job = str(names["job_id"])
    let("ftjob-abc123", job)
    until(lambda: client.fine_tuning.jobs.retrieve(job).status in ("succeeded", "failed"))
    retrieved = json.loads(run(RETRIEVE, names))
    assert retrieved["status"] == "succeeded", retrieved["error"]
    assert "critic_rewards_mean" in run(LIST_EVENTS, names)
    run(PAGINATE_EVENTS, names)
    events = names["all_events"]
    assert isinstance(events, list)
    assert len({event.id for event in events}) == len(events) > 5
    assert job in run(LIST_JOBS, names)
    assert "full_valid_loss" in run(CHECKPOINTS, names)
    assert run(ASK_CHECKPOINT, names).startswith("AI, short for artificial intelligence")
    for example in (ASK_RESPONSES, ASK_CHAT):
        assert run(example, names).endswith("Response: The capital of France is Paris.\n")
    run(CREATE, names)
    let("ftjob-abc123", str(names["job_id"]))
    assert run(CANCEL, names).endswith("Status: cancelled\n")
    client.close()


if __name__ == "__main__":
    main(sys.argv[1])
