"""Writes the module that turns functions written for another platform into a grader."""

from __future__ import annotations

from dataclasses import dataclass

from harness.projects.written_numbers import written_number

__all__ = ["STANDS_IN", "GraderText"]

_ADAPTERS = {
    "lambda": "from_lambda",
    "trl": "from_trl",
    "verl": "from_verl",
    "eval-protocol": "from_eval_protocol",
    "llm-eval-kit": "from_llm_eval_kit",
    "openai": "from_openai",
}
STANDS_IN = {"eval-protocol": ("eval_protocol", "reward_kit"), "llm-eval-kit": ("llm_eval_kit",)}
"""Packages that need not be installed, because the adapter has stand-ins for them."""
_WIDTH = 88


@dataclass(frozen=True, slots=True)
class GraderText:
    """A module that turns the functions in another file into a grader."""

    kind: str
    source: str
    """Name of the file with the functions."""
    functions: tuple[str, ...]
    weights: tuple[float, ...]
    reference: str
    """The parameter of TRL's functions that receives the reference."""
    conversational: bool
    """True if TRL's functions receive lists of messages."""
    packages: tuple[str, ...]
    """Packages that the functions may import when they run confined."""
    range: tuple[float, float]
    timeout_s: float
    trust: bool
    range_is_given: bool = False
    """True if the user set the range."""
    wire: str | None = None
    """The wire format that a handler expects."""

    @property
    def module(self) -> str:
        """Name of the grader's module."""
        return "grader" if self.source != "grader.py" else "imported_grader"

    def written(self, *, for_trial: bool = False) -> str:
        """Return the module's source code.

        Args:
            for_trial: True if the grader is only tried out. It then accepts any number of failures, and any
                reward that the user's range does not exclude.
        """
        bounds = ", ".join(map(written_number, self.range))
        if for_trial and not self.range_is_given:
            bounds = "-1e9, 1e9"
        options = f"range=({bounds}), timeout_s={self.timeout_s:g}"
        if for_trial:
            options += ", max_error_rate=1"
        return "\n".join([*self._head(), *self._grader(options)]) + "\n"

    def _head(self) -> list[str]:
        called = self.functions[0] if len(self.functions) == 1 else "the reward functions"
        return [
            f'"""Grades as {called} of {self.source} did. IMPORT.md says how."""',
            "",
            *(self._imported() if self.trust else self._opened()),
        ]

    def _opened(self) -> list[str]:
        """Return the import statements for a grader that runs the functions confined, without their file."""
        is_spec = self.kind == "openai"
        spec = 'SPEC = {"type": "python", "name": "grade", "source": SOURCE.read_text("utf-8")}'
        return [
            "from pathlib import Path",
            "",
            "from graders import grader",
            f"from graders.adapters import {'' if is_spec else 'confined, '}{_ADAPTERS[self.kind]}",
            "",
            f'SOURCE = Path(__file__).with_name("{self.source}")',
            *([spec] if is_spec else []),
        ]

    def _imported(self) -> list[str]:
        """Return the import statements for a grader that runs the functions in its own process."""
        stands_in = STANDS_IN.get(self.kind, ())
        named = [
            name if self._local(name) == name else f"{name} as {self._local(name)}" for name in self.functions
        ]
        return [
            "from graders import grader",
            f"from graders.adapters import {_ADAPTERS[self.kind]}{', stand_in' if stands_in else ''}",
            "",
            *([f"stand_in({', '.join(map(repr, stands_in))})".replace("'", '"'), ""] if stands_in else []),
            f"from {self.source.removesuffix('.py')} import {', '.join(named)}",
            "",
        ]

    def _local(self, name: str) -> str:
        """Return a local name for a function that does not clash with the module's own names."""
        taken = name in ("reward", "grader", "stand_in") or name in _ADAPTERS.values()
        return f"original_{name}" if taken else name

    def _function(self, name: str) -> str:
        if self.trust:
            return self._local(name)
        packages = str(self.packages).replace("'", '"')
        return f'confined(SOURCE, "{name}"{f", packages={packages}" if self.packages else ""})'

    def _grader(self, options: str) -> list[str]:
        inner = self._arguments()
        adapter = _ADAPTERS[self.kind]
        one = f"reward = grader({options})({adapter}({', '.join(inner)}))"
        if len(self.functions) == 1 and len(one) <= _WIDTH:
            return [one]
        head = f"reward = grader({options})("
        middle = f"    {adapter}({', '.join(inner)})"
        if len(self.functions) == 1 and len(middle) <= _WIDTH:
            return [head, middle, ")"]
        return [head, f"    {adapter}(", *(f"        {each}," for each in inner), "    )", ")"]

    def _arguments(self) -> list[str]:
        if self.kind == "openai":
            return ["SPEC"]
        functions = [self._function(name) for name in self.functions]
        given = [functions[0] if len(functions) == 1 else f"[{', '.join(functions)}]"]
        if len(functions) > 1:
            given = ["[\n" + "".join(f"            {each},\n" for each in functions) + "        ]"]
        if self.kind == "trl":
            if any(weight != 1 for weight in self.weights):
                given.append(f"weights=[{', '.join(map(written_number, self.weights))}]")
            if self.reference != "reference_answer":
                given.append(f'reference="{self.reference}"')
            if not self.conversational:
                given.append("conversational=False")
        if self.wire is not None:
            given.append(f'wire="{self.wire}"')
        return given
