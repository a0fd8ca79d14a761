"""Provides AWS credentials to a function on this machine, where it has no role."""

from __future__ import annotations

from harness.aws import explained
from harness.errors import InputError

__all__ = ["profile_credentials"]


def profile_credentials(profile: str) -> dict[str, str]:
    """Return a profile's credentials as the variables that a deployed function gets from its role.

    Args:
        profile: The profile's name in the engineer's AWS configuration.

    Raises:
        InputError: The profile does not exist, or it has no credentials.
        ServiceError: The profile's session has expired.
    """
    import boto3

    with explained(f"--aws-credentials {profile}"):
        found = boto3.Session(profile_name=profile).get_credentials()
        keys = None if found is None else found.get_frozen_credentials()
    if keys is None:
        raise InputError(
            f"the profile {profile} has no credentials", fix=f"`aws configure --profile {profile}`"
        )
    variables = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
    if keys.token:
        variables["AWS_SESSION_TOKEN"] = keys.token
    return variables
