"""Starts the `rft` command line.

This module imports only the standard library, so that it can report a missing extra. It never imports from
the current folder, where a `click.py` or `queue.py` would belong to the user.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` puts the current folder first on the import path. Remove it unless this project itself is
    # imported from there. A grader's folder is added when the grader is loaded.
    if sys.path[0] == os.getcwd() and __file__ != os.path.join(sys.path[0], "harness", "cli", "main.py"):
        del sys.path[0]


def main(arguments: list[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: The command-line arguments after `rft`; by default those of the process.

    Returns:
        The exit code. It is also 2 for a bug in rft, because nothing was measured.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        from harness.cli.verbs import run

        return run(words)
    except ModuleNotFoundError as error:
        from harness.cli.groups import VERBS, extra_of
        from harness.extras import missing_package

        verb = next((word for word in words if word in VERBS), "")
        missing = missing_package(error, f"rft {verb}".rstrip(), extra_of(verb))
        if missing is None:
            return _own_fault(error)
        sys.stderr.write(f"rft: {missing}\n")
        return missing.exit_code
    except Exception as error:
        return _own_fault(error)


def _own_fault(error: Exception) -> int:
    """Report an unexpected error in one sentence without the user's data, and return the exit code."""
    import traceback  # takes 3 ms, so it is imported only after an error
    from importlib.metadata import PackageNotFoundError, version

    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error)
    try:
        release = version("rft-graders")
    except PackageNotFoundError:
        release = "unknown"
    python = ".".join(map(str, sys.version_info[:3]))
    sys.stderr.write(
        f"rft: this is a bug in rft: {type(error).__name__} at {_place(error)} (rft {release}, Python "
        f"{python}, {sys.platform}). Please report this line. {_TRACEBACK}=1 shows the traceback.\n"
    )
    return 2


_TRACEBACK = "RFT_TRACEBACK"


def _place(error: Exception) -> str:
    """Return the innermost line of this project's code in the traceback."""
    from traceback import walk_tb

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    place = "an unknown place"
    for frame, line in walk_tb(error.__traceback__):
        name = os.path.relpath(frame.f_code.co_filename, root)
        if name.startswith(("harness" + os.sep, "graders" + os.sep)):
            place = f"{name}:{line}"
    return place


if __name__ == "__main__":
    sys.exit(main())
