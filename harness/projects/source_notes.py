"""Finds operations in the source of foreign graders that behave differently here or cannot run here."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from harness.projects.caught_failures import failure_notes
from harness.projects.imported import ImportNote
from harness.projects.reached_code import Function, ReachedCode, SourceNode
from harness.projects.record_values import RecordValues
from harness.projects.syntax import dotted

__all__ = ["Refused", "batch_notes", "notes_of", "refused_by_confinement"]

_SERVICES = (
    "boto3 botocore aioboto3 requests httpx aiohttp urllib3 openai anthropic litellm socket smtplib ftplib "
    "telnetlib websockets grpc redis pymongo psycopg psycopg2 e2b e2b_code_interpreter http.client "
    "urllib.request xmlrpc.client google.generativeai google.genai langchain_openai"
).split()
_PROCESSES = (
    "subprocess multiprocessing pty os.system os.popen os.fork os.execv os.execve os.execvp os.spawnv "
    "os.posix_spawn concurrent.futures.ProcessPoolExecutor docker"
).split()
_FILES = (
    "open io.open os.open os.listdir os.walk os.scandir os.remove os.mkdir os.makedirs os.rename tempfile "
    "shutil glob.glob sqlite3.connect torch.load"
).split()
_OF_PATHS = ("read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob", "mkdir", "unlink")
_RANDOM = "random secrets uuid.uuid1 uuid.uuid4 os.urandom numpy.random".split()
_SEEDED = ("random", "numpy.random")
_FIXED = (
    "random.seed",
    "random.Random",
    "numpy.random.seed",
    "numpy.random.default_rng",
    "numpy.random.RandomState",
)
_CLOCK = (
    "time.time time.time_ns time.localtime time.gmtime datetime.now datetime.utcnow datetime.today "
    "datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today date.today"
).split()
_ENVIRONMENT = ("os.environ", "os.getenv")
_CHANGES = ("append", "add", "update", "extend", "setdefault", "pop", "insert", "remove", "clear")
_COMPARES = frozenset(
    "set frozenset max min sorted sum collections.Counter statistics.mean statistics.median statistics.stdev "
    "statistics.pstdev numpy.mean numpy.std numpy.max numpy.min numpy.median numpy.sum numpy.argmax "
    "numpy.array numpy.asarray torch.tensor itertools.combinations itertools.pairwise".split()
)


class Refused(NamedTuple):
    """An operation that confined code cannot perform."""

    place: str
    what: str
    """A description of the operation, such as `open opens a file`."""
    asks: bool
    """True if the operation calls a service."""


def refused_by_confinement(code: ReachedCode) -> tuple[Refused, ...]:
    """List operations on files, the network and processes in reached code, which confinement refuses.

    An unused import is not listed.
    """
    found: dict[str, Refused] = {}
    places = [*code.nodes()]
    only_named = {node for place in places for node in _only_named(place.node)}
    for place in places:
        name = None if place.node in only_named else _used(place, code)
        if name is None:
            continue
        for names, what, asks in (
            (_SERVICES, "opens a connection", True),
            (_PROCESSES, "starts a process", False),
            (_FILES, "opens a file", False),
        ):
            if any(_is_of(name, each) for each in names):
                found.setdefault(str(place), Refused(str(place), f"{name} {what}", asks))
        if isinstance(place.node, ast.Call) and isinstance(place.node.func, ast.Attribute):
            if place.node.func.attr in _OF_PATHS:
                what = f"{place.node.func.attr} opens a file"
                found.setdefault(str(place), Refused(str(place), what, False))
    return tuple(found.values())


def _only_named(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes in annotations and after `except`, which do not run any code."""
    parts = [getattr(node, name, None) for name in ("annotation", "returns")]
    parts += [node.type] if isinstance(node, ast.ExceptHandler) else []
    for part in parts:
        if part is not None:
            yield from ast.walk(part)


def _used(place: SourceNode, code: ReachedCode) -> str | None:
    """Return the dotted name that a node uses: a call's function, or an imported name."""
    if isinstance(place.node, ast.Call):
        return code.called(place) or ""
    if isinstance(place.node, ast.Name) and isinstance(place.node.ctx, ast.Load):
        name = code.aliases[place.file].get(place.node.id)
        # The module's name alone does not decide if only some of its functions are refused.
        return name if name is not None and name.partition(".")[0] not in ("os", "io") else None
    return None


def _is_of(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")


def notes_of(
    code: ReachedCode,
    is_confined: bool,
    *,
    given: Mapping[str, Collection[str]] | None = None,
    missing: Collection[str] = (),
) -> Iterator[ImportNote]:
    """Report operations in reached code that depend on anything but the sample or hide a failure.

    Args:
        code: The code.
        is_confined: True if the code runs in separate, confined processes.
        given: The parameters that receive values of the record, by the functions that grade.
        missing: Imported packages that are not installed.
    """
    lines: dict[tuple[str, str], list[int]] = {}
    for place in code.nodes():
        for what in _differs(place, code, is_confined):
            lines.setdefault((place.file, what), []).append(place.line)
    for place, what in failure_notes(code, RecordValues(code, given), missing):
        lines.setdefault((place.file, what), []).append(place.line)
    for file, part in code.parts():
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            for place, what in _kept_state(file, part, code, is_confined):
                lines.setdefault((place.file, what), []).append(place.line)
    for (file, what), found in lines.items():
        first, *others = sorted({*found})
        also = ", ".join(map(str, others[:5])) + (" ..." if others[5:] else "")
        if others:
            what += f" (also in line{'s' if others[1:] else ''} {also})"
        yield ImportNote(f"{file}:{first}", "approximated", what)


def _differs(place: SourceNode, code: ReachedCode, is_confined: bool) -> Iterator[str]:
    node = place.node
    name = code.called(place) or ""
    if isinstance(node, ast.Call):
        yield from _chance(name, is_confined, _gives_seed(node))
    if name in _CLOCK:
        yield f"{name}: the reward may depend on the time of grading"
    shown = dotted(node, code.aliases[place.file]) if isinstance(node, ast.Attribute | ast.Name) else None
    if shown in _ENVIRONMENT:
        where = "confined code has none" if is_confined else "set them in template.yaml"
        yield f"{shown} reads environment variables: {where}"
    if name == "print":
        yield (
            "its output is dropped"
            if is_confined
            else "its output goes to the function's log, including texts of prompts and completions"
        )


def _gives_seed(call: ast.Call) -> bool:
    """Return True if a call sets a seed with its first argument or with a library's usual keyword for it."""
    given = [*call.args[:1], *(each.value for each in call.keywords if each.arg in (None, "a", "x", "seed"))]
    return any(not isinstance(each, ast.Constant) or each.value is not None for each in given)


def _chance(name: str, is_confined: bool, is_given: bool) -> Iterator[str]:
    """Yield a note on a random call. A call without its optional seed uses the system's randomness."""
    seeds = name in _FIXED
    if (seeds and is_given) or not any(_is_of(name, each) for each in _RANDOM):
        return
    if (
        is_confined
        and not seeds
        and name != "random.SystemRandom"
        and any(_is_of(name, each) for each in _SEEDED)
    ):
        yield f"{name} returns the same in each call: confined code starts from one seed"
    else:
        yield f"{name} may make the reward of a completion differ between gradings"


def _kept_state(
    file: str, function: Function, code: ReachedCode, is_confined: bool
) -> Iterator[tuple[SourceNode, str]]:
    """Yield notes on module state that a function changes."""
    if is_confined:
        why = "is not kept: each call starts from the unchanged file"
    else:
        why = "is kept from one sample to the next while the process lives"
    own = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    own |= {
        each.id
        for each in ast.walk(function)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }
    for node in ast.walk(function):
        changed: list[str] = []
        if isinstance(node, ast.Global):
            changed = node.names
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            changed = [node.value.id] if isinstance(node.value, ast.Name) else []
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES
        ):
            changed = [node.func.value.id] if isinstance(node.func.value, ast.Name) else []
        for name in changed:
            known = name in code.aliases[file] or (name in own and not isinstance(node, ast.Global))
            if not known:
                yield SourceNode(file, node), f"{name} {why}"


def batch_notes(file: str, functions: list[ast.AST], code: ReachedCode) -> Iterator[ImportNote]:
    """Report code in batch functions that compares the completions of the batch with each other.

    Args:
        file: The file's name.
        functions: The functions' definitions.
        code: The code around them.
    """
    for function in functions:
        of_batch = {"completions", "prompts", "solution_strs", "rollouts_messages", "completion_ids"}
        for node in ast.walk(function):  # roughly in source order
            if isinstance(node, ast.Assign) and _is_a_batch(node.value, of_batch):
                of_batch |= {each.id for each in node.targets if isinstance(each, ast.Name)}
        compares = _compares(file, code, of_batch)
        for line in sorted({node.lineno for node in ast.walk(function) if compares(node)}):  # type: ignore[attr-defined]
            yield ImportNote(
                f"{file}:{line}",
                "approximated",
                "compares across the batch, but here completions are graded one by one: it receives only one",
            )


def _is_a_batch(node: ast.expr, of_batch: set[str]) -> bool:
    """Return True if an expression has one element per completion of the batch."""
    if isinstance(node, ast.Name):
        return node.id in of_batch
    if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return any(_is_a_batch(each.iter, of_batch) for each in node.generators)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("list", "zip", "map", "enumerate") and any(
            _is_a_batch(each, of_batch) for each in node.args
        )
    return False


def _compares(file: str, code: ReachedCode, of_batch: set[str]) -> Callable[[ast.AST], bool]:
    def counts(node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and code.called(SourceNode(file, node)) == "len"
            and any(_is_a_batch(each, of_batch) for each in node.args)
        )

    def compares(node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return (code.called(SourceNode(file, node)) in _COMPARES) and any(
                _is_a_batch(each, of_batch) for each in node.args
            )
        if isinstance(node, ast.BinOp):
            sides = (node.left, node.right)
            return any(map(counts, sides)) and not any(isinstance(each, ast.List) for each in sides)
        if isinstance(node, ast.SetComp):
            return _is_a_batch(node, of_batch)
        return False

    return compares
