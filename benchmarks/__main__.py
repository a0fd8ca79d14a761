"""Runs all benchmarks, or only those named: `python -m benchmarks [grading] [imports] [replay] ...`."""

from __future__ import annotations

import importlib
import sys

NAMES = ("grading", "imports", "replay", "signal", "runtime", "jobs")


def main() -> int:
    named = sys.argv[1:] or NAMES
    unknown = [name for name in named if name not in NAMES]
    if unknown:
        sys.stderr.write(f"no benchmark called {', '.join(unknown)}; there are {', '.join(NAMES)}\n")
        return 2
    for name in named:
        module = importlib.import_module(f"benchmarks.{name}")
        title = (module.__doc__ or "").partition("\n")[0]
        print(f"\n{name}: {title}")
        module.run()
    return 0


sys.exit(main())
