"""Finds the packages that foreign Python code imports, and those that are not installed here."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from harness.errors import InputError
from harness.projects.belongings import Belongings
from harness.projects.foreign_kinds import KINDS_OF_PYTHON
from harness.projects.grader_text import STANDS_IN
from harness.projects.imported import ImportNote
from harness.projects.reached_code import ReachedCode

__all__ = ["needed_packages"]

_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "rouge_score": "rouge-score",
    "sentence_transformers": "sentence-transformers",
    "skimage": "scikit-image",
    "Crypto": "pycryptodome",
    "docx": "python-docx",
    "ast_grep_py": "ast-grep-py",
    "skbio": "scikit-bio",
    "math_verify": "math-verify",
}
"""Distributions whose name differs from their import name."""
_TRAINERS = ("trl", "verl", "transformers", "datasets", "accelerate", "peft", "unsloth", "vllm", "ray")


def needed_packages(
    path: Path, kind: str, belongings: Belongings, code: ReachedCode
) -> tuple[dict[str, str | None], dict[str, ImportNote]]:
    """Find the packages that a file's grading code imports.

    Args:
        path: The file.
        kind: The platform. Packages for which its adapter has stand-ins are left out.
        belongings: The file's imports.
        code: The code that runs when the file grades.

    Returns:
        Two results: the packages, each with its distribution and the version if installed, and by name the
        notes on packages that are not installed.

    Raises:
        InputError: A required package is not installed.
    """
    needed = dict(reversed([*code.needed_imports()]))
    reached = code.packages() - {*STANDS_IN.get(kind, ())}
    found: dict[str, str | None] = {}
    missing = {}
    for name, distribution in belongings.packages().items():
        if name not in reached:
            continue
        if distribution is not None or find_spec(name) is not None:
            found[name] = distribution
        elif name in needed:
            place = str(path.parent / str(needed[name]))
            raise InputError(f"imports {name}, which is not installed here", place=place, fix=_fix(name))
        else:
            # The package is listed anyway, so that the source does not use its fallback in Lambda, too.
            found[name] = _distribution(name)
            install = f"pip install {found[name]}"
            what = f"imports {name}, which is not installed here: {install}"
            step = (
                f"Install {name}, because it grades differently without: {install}. requirements.txt names "
                "it: add the version."
            )
            missing[name] = ImportNote(belongings.imported[name], "unsupported", what, step)
    return found, missing


def _fix(package: str) -> str:
    for kind, packages in STANDS_IN.items():
        if package in packages:
            return f"Name the function that is {KINDS_OF_PYTHON[kind]}: --take NAME."
    if package in _TRAINERS:
        return "Put the functions that grade into a separate file, without the trainer."
    return f"Install it: pip install {_distribution(package)}. Or import it only where it is needed."


def _distribution(package: str) -> str:
    return _DISTRIBUTIONS.get(package, package)
