"""Provides the words with which each project fills the common templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.projects.template_text import NO_MODEL, ROLE

__all__ = ["common_words", "encoded", "requirements_of", "sources_word", "to_replace"]

_GENERATED = "completions of them, with a verdict in `{}`; generated, too"


def common_words(
    *, handler: str, file: str, logical_id: str, what: str, tested: str, verdicts: str = "is_right"
) -> dict[str, str]:
    """Return the words that fill a project's templates. The defaults suit most projects.

    Args:
        handler: `module.function`.
        file: The file that grades.
        logical_id: The function's name in the template.
        what: A description of the file.
        tested: A description of the tested behavior.
        verdicts: The field that holds the rollouts' verdicts.
    """
    return {
        "@HANDLER@": handler,
        "@FILE@": file,
        "@MODULE@": file.partition(".")[0],
        "@LOGICAL_ID@": logical_id,
        "@WHAT@": what,
        "@TESTED@": tested,
        "@SAMPLES@": to_replace("generated word problems"),
        "@COMPLETIONS@": _GENERATED.format(verdicts),
        "@MEMORY@": "512",
        "@ROLE@": ROLE,
        "@JUDGE_MODEL@": NO_MODEL,
        "@ABOUT_JUDGE@": "",
        "@CHECK_PARAMETER@": "",
        "@CHECK_VERSION@": "",
        "@CHECK_VARIABLE@": "",
        "@PACKAGES@": "",
        "@SOURCES@": "",
    }


def to_replace(samples: str) -> str:
    """Return the README's text about records that the user did not provide.

    Args:
        samples: A description, such as `generated word problems`.
    """
    return f"{samples}; replace them with your own"


def encoded(text: str) -> bytes:
    """Encode a string for a file. A lone surrogate, which JSON allows, is written as a JSON escape."""
    return text.encode("utf-8", "backslashreplace")


def requirements_of(packages: Mapping[str, str | None]) -> str:
    """Return the lines of requirements.txt for packages that a file imports.

    Args:
        packages: Imported modules. Each has its installed distribution with the version, or None.
    """
    return "".join(
        f"{found}\n" if found else f"# {module}: imported but not installed here; add the package's name\n"
        for module, found in packages.items()
    )


def sources_word(sources: Iterable[str], module: str) -> str:
    """Return the artifact's files and folders besides the grader's module, as listed in the Makefile.

    Args:
        sources: All files and folders for the artifact.
        module: The grader's module, which the build adds.
    """
    return "".join(f" {name}" for name in sources if name != f"{module}.py")
