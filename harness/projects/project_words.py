"""The words that the files of all projects have in places where projects differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.projects.template_text import NO_MODEL, ROLE

__all__ = ["common_words", "encoded", "requirements_of", "sources_word", "to_replace"]

_GENERATED = "completions of them, with a verdict in `{}`; generated, too"


def common_words(
    *, handler: str, file: str, logical_id: str, what: str, tested: str, verdicts: str = "is_right"
) -> dict[str, str]:
    """What every project has to say, with what holds for most of them.

    Args:
        handler: `module.function`.
        file: The file that grades.
        logical_id: The function's name in the template.
        what: What the file is.
        tested: What the test tests.
        verdicts: The field of the rollouts that holds their verdicts.
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
    """What a README says of records that are not the user's.

    Args:
        samples: What they are, such as `generated word problems`.
    """
    return f"{samples}; replace them with your own"


def encoded(text: str) -> bytes:
    """A text as a file holds it; half a character, which JSON may hold, is written as JSON escapes it."""
    return text.encode("utf-8", "backslashreplace")


def requirements_of(packages: Mapping[str, str | None]) -> str:
    """The lines of requirements.txt for packages that a file imports.

    Args:
        packages: By module the installed distribution with its version, if any.
    """
    return "".join(
        f"{found}\n" if found else f"# {module}: imported, and not installed here; write the package's name\n"
        for module, found in packages.items()
    )


def sources_word(sources: Iterable[str], module: str) -> str:
    """The files and folders that go into the artifact beside a grader's module, as the Makefile lists them.

    Args:
        sources: All of them.
        module: The grader's module, which goes there by itself.
    """
    return "".join(f" {name}" for name in sources if name != f"{module}.py")
