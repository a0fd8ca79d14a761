"""Knows the packages in each extra of `rft-graders`, and the command that installs a missing one."""

from __future__ import annotations

from harness.errors import InputError

__all__ = ["MODULES", "install_line", "missing_package"]

_BRINGS = {
    "replay": ("click", "orjson", "psutil", "rich"),
    "deploy": ("awslambdaric", "boto3", "botocore", "starlette", "urllib3", "uvicorn", "yaml"),
    "jobs": ("aws_bedrock_token_generator", "boto3", "botocore", "httpx2", "openai", "urllib3"),
    "emulate": ("python_multipart", "starlette", "uvicorn"),
    "report": ("jinja2", "markupsafe"),
    "recorded": ("vcr",),
    "zst": ("zstandard",),
    "parquet": ("pyarrow",),
}
"""Modules of each extra in pyproject.toml. Every extra also includes the modules of `replay`."""

_BROUGHT_ALONG = """
    _yaml annotated_types anyio certifi dateutil distro h11 httpcore2 httpx idna jiter jmespath markdown_it
    mdurl multipart pydantic pydantic_core pygments runtime_client s3transfer simplejson six
    snapshot_restore_py sniffio tenacity truststore typing_extensions typing_inspection wrapt
"""
MODULES = frozenset(
    ("graders", "harness", *(each for names in _BRINGS.values() for each in names), *_BROUGHT_ALONG.split())
)
"""All top-level modules of the harness and of its direct and indirect dependencies."""


def install_line(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'rft-graders[{extra}]'"


def missing_package(error: ImportError, needed_by: str, extra: str) -> InputError | None:
    """Turn a failed import of an optional package into an error that names its extra.

    Args:
        error: The failed import.
        needed_by: The command or fixture that needs the package.
        extra: The extra that the whole command requires.

    Returns:
        The error to show, or None if the import failed for another reason, which is a bug.
    """
    module = (error.name or "").partition(".")[0]
    bring_it = [name for name, modules in _BRINGS.items() if module in modules]
    if not bring_it:
        return None
    enough = extra in bring_it or "replay" in bring_it or extra == "all"
    fix = f"Run: {install_line(extra if enough else bring_it[0])}"
    return InputError(f"{needed_by} needs {module}, which is not installed", fix=fix)
