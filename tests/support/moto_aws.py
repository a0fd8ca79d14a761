"""A local AWS for deployed code: moto over HTTP, with additions for SAM stacks.

    with local_aws() as aws:
        subprocess.run(["sam", "deploy", ...], env=os.environ | aws.environment)
        aws.client("lambda").invoke(FunctionName=..., Payload=...)

The endpoint works with `sam`, boto3 and other HTTP clients. It deploys SAM templates unchanged, and Invoke
runs the deployed artifact under the real `awslambdaric`. It proves nothing about IAM, because moto enforces
no policy.

moto keeps its state in the process, so only one local AWS can exist at a time. `_extended` changes moto, and
restores it.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import moto.awslambda.urls
import moto.cloudformation.models
import moto.cloudformation.parsing as parsing
from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.cloudformation.models import cloudformation_backends
from moto.core.base_backend import BackendDict
from moto.iam.responses import IamResponse
from moto.server import ThreadedMotoServer

import support.moto_resources  # noqa: F401 - registers its models
from support.moto_functions import ACCOUNT_SETTINGS, RunningLambda, Sandboxes, get_account_settings, get_code
from support.moto_machines import machines_execute
from support.moto_simulator import simulate_custom_policy, simulate_principal_policy
from support.moto_stacks import OrderedResources, SamCloudFormation

REGION = "us-west-2"
ACCOUNT = "123456789012"

_KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@dataclass(frozen=True)
class LocalAws:
    """The address of the local AWS and its credentials."""

    endpoint: str
    """The endpoint at `localhost`. By this name moto finds the bucket in a template's URL."""
    region: str = REGION
    environment: dict[str, str] = field(default_factory=dict)
    """Environment variables with which another process, such as `sam`, uses this endpoint."""

    def client(self, service: str) -> Any:
        """Return a boto3 client that can reach only this endpoint."""
        return boto3.client(service, region_name=self.region, endpoint_url=self.endpoint, **_KEYS)

    @property
    def calls(self) -> Counter[str]:
        """Number of calls of each function so far, by its name."""
        return RunningLambda.calls

    @property
    def throttled(self) -> Counter[str]:
        """Number of calls of each function that will still be throttled, by its name."""
        return RunningLambda.throttled

    def outputs(self, stack: str) -> dict[str, str]:
        """Return a stack's outputs by name."""
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


@contextmanager
def local_aws() -> Iterator[LocalAws]:
    """Serve the local AWS until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    requests = logging.getLogger("werkzeug")
    level = requests.level
    requests.setLevel(logging.ERROR)
    with _extended():
        server.start()
        try:
            port = str(server.get_host_and_port()[1])
            endpoint = RunningLambda.endpoint = f"http://localhost:{port}"
            with machines_execute(port):
                yield LocalAws(endpoint, environment=_environment(endpoint))
        finally:
            server.stop()
            if server._server is not None:
                server._server.server_close()
            requests.setLevel(level)


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": _KEYS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": _KEYS["aws_secret_access_key"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # No profile, session or instance role of this machine may be used.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "NO_PROXY": "localhost,127.0.0.1",
    }


@contextmanager
def _extended() -> Iterator[None]:
    """Replace parts of moto with the extensions, and restore them afterwards.

    - The backends' classes, of which moto makes an instance for each account and Region on first use.
    - The answer of GetFunction, in which moto has no address of the code, and GetAccountSettings.
    - The class for a stack's resources.
    - IAM's policy simulator.
    - The models of resource types. moto uses the last direct subclass of CloudFormationModel for each type,
      and caches the list.
    """
    RunningLambda.sandboxes = Sandboxes()
    RunningLambda.calls, RunningLambda.throttled = Counter(), Counter()
    places: list[tuple[Any, str, Any]] = [
        (cloudformation_backends, "backend", SamCloudFormation),
        (lambda_backends, "backend", RunningLambda),
        (LambdaFunction, "get_code", get_code),
        (LambdaResponse, "get_account_settings", get_account_settings),
        (moto.awslambda.urls, "url_paths", {**moto.awslambda.urls.url_paths, **ACCOUNT_SETTINGS}),
        (moto.cloudformation.models, "ResourceMap", OrderedResources),
        (IamResponse, "simulate_principal_policy", simulate_principal_policy),
        (IamResponse, "simulate_custom_policy", simulate_custom_policy),
    ]
    saved = [(owner, name, getattr(owner, name, None)) for owner, name, _ in places]
    BackendDict.reset()
    _forget_models()
    try:
        for owner, name, extension in places:
            setattr(owner, name, extension)
        yield
    finally:
        for owner, name, original in saved:
            setattr(owner, name, original) if original is not None else delattr(owner, name)
        BackendDict.reset()
        RunningLambda.sandboxes.close()


def _forget_models() -> None:
    for known in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        known.cache_clear()
