"""The environment variables that a function's process sees: Lambda's own and the template's, nothing else.

What the engineer's shell holds (AWS keys, proxies, PYTHONPATH) stays out unless it is asked for by name, so
that a grader cannot pass here thanks to something that the real function will not have.

Source: the Lambda developer guide, "Using Lambda environment variables" (defined runtime variables).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from harness.localaws.function import FunctionSpec

__all__ = ["function_variables"]


def function_variables(
    spec: FunctionSpec, *, api: str, home: Path, log_stream: str, passed: Iterable[str] = ()
) -> dict[str, str]:
    """The whole environment of a function's process.

    Args:
        spec: The function. `AWS_EXECUTION_ENV` names its runtime even where another Python runs it, since
            `awslambdaric` encodes answers by it.
        api: Host and port of the Runtime API.
        home: An empty folder: botocore would find the engineer's credentials in the real one.
        log_stream: The environment's log stream.
        passed: Names of variables that are handed on from this process, such as `AWS_PROFILE`.
    """
    platform = {
        "_HANDLER": spec.handler,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": api,
        "LAMBDA_TASK_ROOT": str(spec.artifact),
    }
    handed_on = {name: os.environ[name] for name in passed if name in os.environ}
    return {
        "HOME": str(home),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "TZ": ":UTC",
        "AWS_EC2_METADATA_DISABLED": "true",
        **handed_on,
        **spec.environment,
        **platform,
    }
