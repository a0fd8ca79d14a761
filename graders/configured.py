"""Graders without custom Python: a ready check and its options, given in a TOML file or on one line.

`grader.toml`:

    check = "checks.numbers:number"
    marker = "####"

    [grader]
    timeout_s = 2

`check` names a ready check. The table's other keys are its options. The optional table `[grader]` contains
the options of `@grader`. Checks can be nested: in an option that takes scoring functions, a table with a
string under `check` is a check. In any other option, `check` is an ordinary key, such as a judge's label. If
`timeout_s` is not given, the time limit is the largest `TIMEOUT_S` of the modules that define the checks,
because a judge needs more than the default 5 seconds. On one line, the same check is
`checks.numbers:number(marker="####")`.

The Lambda handler `graders.configured.ready_check` is the grader described by the environment variable
GRADER_CHECK. The variable contains either the path of a TOML file in the artifact or one line like the one
above. Using the handler without the variable is an error.
"""

from __future__ import annotations

from importlib import import_module

from .decorator import grader
from .errors import ConfigurationError, DecorationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from .checks._judge_services import FoundModel
    from .decorator import Grader

    ready_check: Grader[Any, Any]

__all__ = [
    "READY_HANDLER",
    "READY_VARIABLE",
    "check_factory",
    "configured_grader",
    "factories",
    "families",
    "grader_of_check",
    "grader_of_table",
    "judge_models",
    "read_options",
]

READY_HANDLER = "graders.configured.ready_check"
"""Name of the Lambda handler of a configured grader."""
READY_VARIABLE = "GRADER_CHECK"
"""Name of the environment variable that contains the check or the path of a TOML file."""

_EXAMPLE = 'checks.numbers:number(marker="####")'
_MOST_NESTED = 20
_VARARGS = 0x04
_FUNCTIONS = ("Callable", "Check", "Scoring")
"""Names in the annotations of options that take scoring functions."""


def configured_grader(text: str, folder: str = "") -> Grader[Any, Any]:
    """Make the grader described by a TOML file or a line.

    Args:
        text: Path of a `.toml` file, or a line such as `checks.numbers:number(marker="####")`. Options on a
            line must be literals. No code is evaluated.
        folder: Folder for relative paths. Defaults to the current folder.

    Raises:
        DecorationError: The file cannot be read, the check does not exist, or an option is invalid. For a
            file, the message starts with its path.
        ConfigurationError: The check needs a package that is not installed.
    """
    text = text.strip()
    if not text.endswith(".toml"):
        name, bracket, rest = text.partition("(")
        return grader_of_check(name.strip(), read_options(f"({rest}") if bracket else {})
    import os
    import tomllib

    try:
        with open(os.path.join(folder, text), "rb") as file:
            return grader_of_table(tomllib.load(file))
    except OSError as error:
        raise DecorationError(f"{text}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise DecorationError(f"{text}: not valid TOML: {error}") from None
    except (DecorationError, ConfigurationError) as error:
        raise type(error)(f"{text}: {error}") from None


if not TYPE_CHECKING:

    def __getattr__(name):
        """Create the handler on first use, so that the module can be imported without the variable."""
        if name != "ready_check":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import os

        text = os.environ.get(READY_VARIABLE, "").strip()
        if not text:
            raise ConfigurationError(
                f"{READY_VARIABLE} is not set: set it to a file such as grader.toml, or to a check such as "
                "checks.numbers:number()"
            )
        return configured_grader(text, os.environ.get("LAMBDA_TASK_ROOT", ""))


def grader_of_table(table: Mapping[str, Any]) -> Grader[Any, Any]:
    """Make the grader described by a table.

    Args:
        table: A table with `check`, the check's options and, under `grader`, the options of `@grader`.

    Raises:
        DecorationError: The table does not name a ready check, or an option does not exist or is invalid.
        ConfigurationError: The check needs a package that is not installed.

    Example:
        >>> from graders.testing import make_sample
        >>> right = grader_of_table({"check": "checks.numbers:number", "marker": "####"})
        >>> right(make_sample("6 * 7 #### 42", "#### 42")).value
        1.0
    """
    rest = dict(table)
    declared = rest.pop("grader", {})
    if not isinstance(declared, dict):
        raise DecorationError(
            f"grader={declared!r}: write a table, such as [grader] with the line timeout_s = 2"
        )
    check = _check_of(rest, 0)
    _refuse_unknown(declared, _Parameters(grader).names, "[grader]")
    return _grader_around(check, rest, declared)


def grader_of_check(name: str, options: Mapping[str, Any]) -> Grader[Any, Any]:
    """Make a grader from the name and options of a ready check.

    Args:
        name: The check, such as `checks.numbers:number`.
        options: The options by name. In an option that takes scoring functions, a table with a string under
            `check` is a check.

    Raises:
        DecorationError: The check or an option does not exist or an option is invalid.
        ConfigurationError: The check needs a package that is not installed.
    """
    return _grader_around(_check(name, options, 0), {"check": name, **options})


def _grader_around(
    check: Callable[..., Any], table: Mapping[str, Any], declared: Mapping[str, Any] | None = None
) -> Grader[Any, Any]:
    """Make a grader from a check.

    Unless `declared` has `timeout_s`, the limit is the largest `TIMEOUT_S` of the modules that define the
    checks in the table.

    Raises:
        DecorationError: An option of `@grader` is invalid.
    """
    known = [check_factory(name).__globals__.get("TIMEOUT_S") for name in _checks_in(table)]
    limits = [limit for limit in known if limit is not None]
    options = {"timeout_s": max(limits)} if limits else {}
    made: Grader[Any, Any] = grader(**{**options, **(declared or {})})(check)
    return made


def read_options(call: str) -> dict[str, Any]:
    """Parse the options of a call. Each option must be a literal. No code is evaluated.

    Args:
        call: The call from its opening parenthesis, such as `(marker="####", tolerance=0.5)`.

    Raises:
        DecorationError: The text is not a call, or an option has no name or is not a literal.
    """
    import ast

    try:
        made = ast.parse(f"_{call.strip()}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        made = None
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name):
        raise DecorationError(f"its options are not written like a Python call: write them as in {_EXAMPLE}")
    options: dict[str, Any] = {}
    for each in made.keywords if not made.args else [ast.keyword(None, made.args[0])]:
        if each.arg is None:
            raise DecorationError(f"an option has no name: name every option, as in {_EXAMPLE}")
        try:
            options[each.arg] = ast.literal_eval(each.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            what = ast.unparse(each.value)
            raise DecorationError(
                f"{each.arg}={what} is not a literal: write a string, a number, a list, True, False or None, "
                f'such as {each.arg}="{what}", or declare the grader in a file'
            ) from None
    return options


def check_factory(name: object) -> Callable[..., Any]:
    """Return the factory of a ready check.

    Args:
        name: The check, such as `checks.numbers:number`.

    Raises:
        DecorationError: The check does not exist.
    """
    from . import checks

    given = name if isinstance(name, str) else ""
    family, _, word = given.removeprefix("graders.").partition(":")
    package, _, module_name = family.partition(".")
    if package != "checks" or not module_name.isidentifier() or module_name[0] == "_":
        raise DecorationError(f"check={name!r}: write a ready check such as 'checks.numbers:number'")
    path = f"{checks.__name__}.{module_name}"
    try:
        module = import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        raise DecorationError(
            f"check={name!r}: there is no family {module_name}; the families are {', '.join(families())}"
        ) from None
    found = factories(module)
    if word not in found:
        raise DecorationError(f"check={name!r}: {family} has no check {word}; it has {', '.join(found)}")
    return found[word]


def judge_models() -> list[FoundModel]:
    """Return the models that this process's judges call, with the features detected from their answers."""
    from .checks._judge_services import found_models

    return found_models()


def families() -> list[str]:
    """Return the sorted names of the modules that contain ready checks, without importing them."""
    from pkgutil import iter_modules

    from . import checks

    return sorted(each.name for each in iter_modules(checks.__path__) if each.name[0] != "_")


def factories(module: Any) -> dict[str, Callable[..., Any]]:
    """Return the check factories in a module of ready checks by name, in source order.

    Args:
        module: The module.
    """
    kind = type(factories)
    return {
        name: each
        for name, each in vars(module).items()
        if isinstance(each, kind) and name[0] != "_" and each.__module__ == module.__name__
    }


def _checks_in(value: Any) -> Iterator[str]:
    """Yield the names of all checks in a value, including nested checks."""
    if isinstance(value, dict) and isinstance(name := value.get("check"), str):
        yield name
        holding = _Parameters(check_factory(name)).holding
        value = {option: each for option, each in value.items() if option in holding}
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _checks_in(each)


def _check_of(table: Mapping[str, Any], depth: int) -> Callable[..., Any]:
    if "check" not in table:
        raise DecorationError('it names no check: write check = "checks.numbers:number", or another check')
    return _check(table["check"], {name: value for name, value in table.items() if name != "check"}, depth)


def _check(name: object, given: Mapping[str, Any], depth: int) -> Callable[..., Any]:
    factory = check_factory(name)
    takes = _Parameters(factory)
    _refuse_unknown(given, takes.names, str(name))
    options = {
        option: _with_checks(value, depth + 1) if option in takes.holding else value
        for option, value in given.items()
    }
    if lacking := [option for option in takes.required if option not in options]:
        raise DecorationError(f"{name} needs {', '.join(lacking)}")
    several = options.pop(takes.several, []) if takes.several else []
    if not isinstance(several, list):
        raise DecorationError(f"{takes.several}={several!r}: write a list")
    check: Callable[..., Any] = factory(*several, **options)
    return check


def _with_checks(value: Any, depth: int = 0) -> Any:
    """Replace every table that has a string under `check` with the check it describes."""
    if depth > _MOST_NESTED:
        raise DecorationError(f"tables and lists are nested more than {_MOST_NESTED} deep")
    if isinstance(value, list):
        return [_with_checks(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("check"), str):
        return _check_of(value, depth)
    return {name: _with_checks(each, depth + 1) for name, each in value.items()}


class _Parameters:
    """The parameters of a function, found without `inspect`, whose import would slow a cold start."""

    __slots__ = ("holding", "names", "required", "several")

    def __init__(self, function: Any) -> None:
        code = function.__code__
        count = code.co_argcount + code.co_kwonlyargcount
        own = code.co_varnames[code.co_posonlyargcount : count]
        given = {*(function.__kwdefaults__ or ())}
        defaults = function.__defaults__ or ()
        given |= {*code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]}
        self.required = [name for name in own if name not in given]
        self.several = code.co_varnames[count] if code.co_flags & _VARARGS else ""
        declared = function.__annotations__.items()
        self.holding = {name for name, kind in declared if any(one in str(kind) for one in _FUNCTIONS)}
        self.names = (*own, *([self.several] if self.several else []))


def _refuse_unknown(options: Iterable[str], known: Iterable[str], whose: str) -> None:
    for name in options:
        if name not in known:
            raise DecorationError(f"{whose} has no option {name}; it has {', '.join(known) or 'none'}")
