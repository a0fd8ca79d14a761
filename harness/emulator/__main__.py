"""`python -m harness.emulator`: serve the fine-tuning API on loopback until a signal comes."""

from __future__ import annotations

import sys

from harness.emulator.arguments import read_options
from harness.emulator.server import serve
from harness.errors import HarnessError


def main() -> int:
    """Run the emulator; the exit code goes out."""
    try:
        serve(read_options(sys.argv[1:]))
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
