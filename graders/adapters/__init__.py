"""Adapters that run other platforms' graders here and this library's graders on other platforms.

Each `from_...` function returns a scoring function, which `grader` turns into a grader:

    reward = grader(timeout_s=10)(from_trl(confined("rewards.py", "format_reward")))

Names are loaded on first use so that a grader imports only the adapter it uses.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._confined import ConfinedFunction, confined
    from ._evaluated import stand_in
    from .agentcore import as_agentcore
    from .aws_lambda import from_lambda
    from .eval_protocol import from_eval_protocol
    from .llm_eval_kit import from_llm_eval_kit
    from .openai import OpenAISpecError, from_openai
    from .trl import as_trl, from_trl
    from .verl import as_verl, from_verl

__all__ = [
    "ConfinedFunction",
    "OpenAISpecError",
    "as_agentcore",
    "as_trl",
    "as_verl",
    "confined",
    "from_eval_protocol",
    "from_lambda",
    "from_llm_eval_kit",
    "from_openai",
    "from_trl",
    "from_verl",
    "stand_in",
]

if not TYPE_CHECKING:
    # The module that defines each name; type checkers read the imports above.
    _MODULES = {
        "ConfinedFunction": "_confined",
        "OpenAISpecError": "openai",
        "as_agentcore": "agentcore",
        "as_trl": "trl",
        "as_verl": "verl",
        "confined": "_confined",
        "from_eval_protocol": "eval_protocol",
        "from_lambda": "aws_lambda",
        "from_llm_eval_kit": "llm_eval_kit",
        "from_openai": "openai",
        "from_trl": "trl",
        "from_verl": "verl",
        "stand_in": "_evaluated",
    }

    def __getattr__(name):
        """Import the module that defines a public name."""
        if name in _MODULES:
            from importlib import import_module

            return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__"]
