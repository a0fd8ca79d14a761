"""The emulator's tables of parameters, compared with the parameters of the installed SDK."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types import completion_create_params, file_create_params, file_list_params
from openai.types.chat import completion_create_params as chat_params
from openai.types.fine_tuning import job_create_params, job_list_events_params, job_list_params
from openai.types.fine_tuning.alpha import grader_run_params, grader_validate_params
from openai.types.fine_tuning.jobs import checkpoint_list_params
from openai.types.responses import response_create_params

from harness.emulator import operations
from harness.emulator.request_fields import Table


def parameters(typed: Any) -> set[str]:
    return set(typed.__required_keys__ | typed.__optional_keys__)


@pytest.mark.parametrize(
    ("table", "typed"),
    [
        (operations.CHAT, chat_params.CompletionCreateParamsStreaming),
        (operations.COMPLETIONS, completion_create_params.CompletionCreateParamsStreaming),
        (operations.RESPONSES, response_create_params.ResponseCreateParamsStreaming),
        (operations.CREATE_JOB, job_create_params.JobCreateParams),
        (operations.LIST_JOBS, job_list_params.JobListParams),
        (operations.EVENTS, job_list_events_params.JobListEventsParams),
        (operations.CHECKPOINTS, checkpoint_list_params.CheckpointListParams),
        (operations.LIST_FILES, file_list_params.FileListParams),
        (operations.RUN_GRADER, grader_run_params.GraderRunParams),
        (operations.VALIDATE_GRADER, grader_validate_params.GraderValidateParams),
    ],
)
def test_a_table_knows_every_parameter_of_the_sdk(table: Table, typed: Any) -> None:
    assert parameters(typed) - table.keys() == set()


def test_the_form_of_a_file_knows_every_parameter_of_the_sdk() -> None:
    known = {name.split("[")[0] for name in operations.UPLOAD} | {"file"}
    assert parameters(file_create_params.FileCreateParams) == known
