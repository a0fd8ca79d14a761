"""Starts the command line `rft`, also where what it needs is not installed.

It imports the standard library alone, and never from the folder that it is called in: a `click.py` or
`queue.py` there belongs to the user.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `python -m` put the current folder first. It stays where this project is found through it alone; a
    # grader's folder joins the path when the grader is loaded.
    if sys.path[0] == os.getcwd() and __file__ != os.path.join(sys.path[0], "harness", "cli", "main.py"):
        del sys.path[0]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after `rft`; those of the process when None.

    Returns:
        The exit code; 2 also for a fault of its own, which measured nothing.
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
    """Say in one sentence what nobody foresaw, without a word of the user's data; return the exit code."""
    import traceback  # 3 ms that a command without a fault need not pay
    from importlib.metadata import PackageNotFoundError, version

    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error)
    try:
        release = version("rft-graders")
    except PackageNotFoundError:
        release = "unknown"
    python = ".".join(map(str, sys.version_info[:3]))
    sys.stderr.write(
        f"rft: this is a fault in rft itself: {type(error).__name__} at {_place(error)} (rft {release}, "
        f"Python {python}, {sys.platform}). Please report this line. {_TRACEBACK}=1 shows the traceback.\n"
    )
    return 2


_TRACEBACK = "RFT_TRACEBACK"


def _place(error: Exception) -> str:
    """The innermost line of this project's own code that the error went through."""
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
