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
        The exit code.
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
            raise
        sys.stderr.write(f"rft: {missing}\n")
        return missing.exit_code


if __name__ == "__main__":
    sys.exit(main())
