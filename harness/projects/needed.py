"""Lists the missing programs and packages that a project needs, with instructions for installing them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec

from harness.extras import install_line

__all__ = ["Lacking", "lacking"]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A program or package that is not installed."""

    name: str
    why: str
    """What the project uses the program or package for."""
    install: str
    """Instructions for installing it."""


_MODULES = (
    (Lacking("pytest", "runs the tests", "pip install pytest"), "pytest"),
    (Lacking("awslambdaric", "runs the built function here", install_line("all,telemetry")), "awslambdaric"),
    (
        Lacking(
            "aws-lambda-powertools", "logs in Lambda, and the build copies it", install_line("telemetry")
        ),
        "aws_lambda_powertools",
    ),
)
_PROGRAMS = (
    Lacking("make", "is called by `sam build`", "install it with your system's package manager"),
    Lacking(
        "sam",
        "builds and deploys",
        "pip install aws-sam-cli, in a separate environment (or with pipx)",
    ),
)


def lacking(path: str | None = None) -> list[Lacking]:
    """Return the missing programs and packages that a new project's commands need.

    Args:
        path: The folders to search for programs, in the form of PATH; None for the PATH variable.
    """
    modules = [each for each, module in _MODULES if find_spec(module) is None]
    return modules + [each for each in _PROGRAMS if shutil.which(each.name, path=path) is None]
