"""Sets the environment variables of a function's process: only those of Lambda and of the template.

Variables of the engineer's shell (AWS keys, proxies, PYTHONPATH) are left out unless requested by name, so
that a grader cannot succeed here with settings that the real function does not have.

Source: the Lambda developer guide, "Using Lambda environment variables" (defined runtime variables).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.localaws.function import FunctionSpec

__all__ = ["function_variables"]


_NO_HOME = "/home/sbx_user1051"


def function_variables(
    spec: FunctionSpec,
    *,
    api: str,
    root: str,
    programs: Path,
    log_stream: str,
    scratch: Path | None = None,
    passed: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the complete environment of a function's process.

    Args:
        spec: The function. `AWS_EXECUTION_ENV` names its runtime even if another Python runs it, because
            `awslambdaric` encodes responses accordingly.
        api: Host and port of the Runtime API.
        root: The artifact's folder as the function sees it.
        programs: The interpreter's folder, which comes first on PATH, as in Lambda.
        log_stream: The environment's log stream.
        scratch: The folder for temporary files, if /tmp is shared.
        passed: Variables that the engineer passes on, such as credentials. The Region may be passed although
            Lambda sets it, because nothing else determines where the stack will be.
    """
    platform = {
        "_HANDLER": spec.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": api,
        "LAMBDA_TASK_ROOT": root,
    }
    variables = {
        # This folder does not exist, as in Lambda: botocore would find the engineer's credentials in the real
        # folder.
        "HOME": _NO_HOME,
        "LANG": "en_US.UTF-8",
        "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "TZ": ":UTC",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        **spec.environment,
        **(passed or {}),
        **platform,
    }
    if scratch is not None:
        variables["TMPDIR"] = str(scratch)
    return variables
