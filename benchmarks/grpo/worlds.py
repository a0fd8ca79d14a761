"""Defines small worlds for a small model: arithmetic on two numbers, answered in up to twelve styles.

A world defines the questions, how often a base model uses each style, and how often it is right in that
style. Tokens are pieces of text, so that graders and the rehearsal can read the transformer's answers. Worlds
0 and 1 are sums in ten styles, and the thresholds of the warnings were chosen on such worlds. The other
worlds played no part in this choice. They have two more styles, and most have other operations.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

TOP: Final = 20
"""Operands range from 0 to 19."""
BROKEN: Final = "broken"
"""Name for an answer that matches no style."""

_FILLERS: Final = (
    ("Let us take our time here,", " for haste helps nobody."),
    (" Numbers deserve some care,", " even small ones."),
    (" A friend of mine would ask", " how one can be sure."),
    (" There are several ways to see it,", " and all of them lead there."),
)
_PRAISE: Final = ("surely ", "exactly ", "precisely ", "undoubtedly ", "checked ", "flawless ")
_PIECES: Final = (
    *(
        "#### ",
        "\n#### ",
        " or ",
        ".",
        "The answer is ",
        "It must be ",
        "\\boxed{",
        "}",
        "<answer>",
        "</answer>",
    ),
    *('{"answer": ', "I do not know.", "Take ", " and ", ", which gives ", "From ", " with ", " we get "),
)
PAD, BEGIN, END, ASK = range(4)
VOCABULARY: Final = (
    *("<pad>", "<begin>", "<end>", "?", " + ", " - ", " max "),
    *map(str, range(50)),
    *_PIECES,
    *(part for pair in _FILLERS for part in pair),
    *_PRAISE,
)
_TOKEN: Final = {piece: number for number, piece in enumerate(VOCABULARY)}
PROMPT_TOKENS: Final = 5
MOST_TOKENS: Final = 24
"""Maximum number of tokens in an answer."""


class Operation(NamedTuple):
    """A question about two numbers."""

    sign: str
    question: str
    answer: Callable[[int, int], int]
    hard: Callable[[int, int], bool]
    """Returns True for a pair of numbers that the base model gets wrong more often."""


OPERATIONS: Final = {
    "sum": Operation(" + ", "What is {} + {}?", lambda a, b: a + b, lambda a, b: a % 10 + b % 10 >= 10),
    "difference": Operation(
        " - ", "How far apart are {} and {}?", lambda a, b: abs(a - b), lambda a, b: abs(a - b) > 10
    ),
    "larger": Operation(
        " max ", "Which is larger, {} or {}?", lambda a, b: max(a, b), lambda a, b: abs(a - b) < 4
    ),
}


class Problem(NamedTuple):
    """One question."""

    operation: str
    left: int
    right: int

    @property
    def name(self) -> str:
        return f"{self.operation} {self.left} {self.right}"

    @property
    def truth(self) -> int:
        return OPERATIONS[self.operation].answer(self.left, self.right)

    @property
    def hard(self) -> bool:
        return OPERATIONS[self.operation].hard(self.left, self.right)

    @property
    def text(self) -> str:
        question = OPERATIONS[self.operation].question.format(self.left, self.right)
        return f"{question} Write the answer after ####."

    @property
    def tokens(self) -> list[int]:
        sign = OPERATIONS[self.operation].sign
        return [BEGIN, _TOKEN[str(self.left)], _TOKEN[sign], _TOKEN[str(self.right)], ASK]


class Habit(NamedTuple):
    """A style's share of a base model's answers, and how often these answers are right."""

    share: float
    right: float


@dataclass(frozen=True, slots=True)
class World:
    """A base model to train, and its questions."""

    number: int
    operation: str
    habits: Mapping[str, Habit]
    new: bool
    """True if worlds of this kind played no part in the choice of the thresholds."""

    @property
    def styles(self) -> list[str]:
        return list(self.habits)


_FIRST: Final = {
    "working": Habit(0.17, 0.6),
    "marker": Habit(0.15, 0.4),
    "bare": Habit(0.14, 0.35),
    "sentence": Habit(0.14, 0.35),
    "hedge": Habit(0.08, 0.3),
    "verbose": Habit(0.12, 0.25),
    "boxed": Habit(0.08, 0.4),
    "empty": Habit(0.04, 0.0),
    "praise": Habit(0.05, 0.15),
    "tag": Habit(0.03, 0.45),
}
_MORE: Final = ("json", "unsure")
_NEVER_RIGHT: Final = ("empty", "unsure")
_RARE: Final = 0.05
"""Minimum weight of a style relative to a mean of 1, so that some completions of each style are recorded."""


def world(number: int) -> World:
    """Return the world with a number. The same number always gives the same world."""
    if number == 0:
        return World(0, "sum", _FIRST, new=False)
    rng = random.Random(f"world {number}")
    new = number > 1
    names = (*_FIRST, *_MORE) if new else tuple(_FIRST)
    weights = {name: max(_RARE, rng.expovariate(1.0)) for name in names}
    total = sum(weights.values())
    habits = {
        name: Habit(weight / total, 0.0 if name in _NEVER_RIGHT else rng.uniform(0.1, 0.6))
        for name, weight in weights.items()
    }
    operations = ("difference", "larger", "sum")
    return World(number, operations[(number - 2) % 3] if new else "sum", habits, new)


def problems(operation: str) -> tuple[list[Problem], list[Problem]]:
    """Return all questions in two halves: one for recording and training, the other for measuring."""
    every = [Problem(operation, a, b) for a in range(TOP) for b in range(TOP)]
    random.Random(operation).shuffle(every)
    return every[: len(every) // 2], every[len(every) // 2 :]


# --- answers for the base model to imitate ------------------------------------------------------------------


def write(world: World, problem: Problem, rng: random.Random) -> list[int]:
    """Return one answer for the base model to imitate, as tokens."""
    style = rng.choices(world.styles, [habit.share for habit in world.habits.values()])[0]
    right = world.habits[style].right * (0.6 if problem.hard else 1.0)
    pieces = _WRITERS[style](problem, str(_answer(problem, right, rng)), rng)
    return [*(_TOKEN[piece] for piece in pieces), END]


def _answer(problem: Problem, right: float, rng: random.Random) -> int:
    if rng.random() < right:
        return problem.truth
    return rng.choice([n for n in (problem.truth + off for off in (-10, -2, -1, 1, 2, 10)) if n >= 0])


def _working(problem: Problem, n: str, rng: random.Random) -> list[str]:
    a, b = str(problem.left), str(problem.right)
    lead = rng.choice(
        (["Take ", a, " and ", b, ", which gives ", n], ["From ", a, " with ", b, " we get ", n])
    )
    return [*lead, "\n#### ", n if rng.random() < 0.95 else str(_answer(problem, 0.0, rng))]


def _hedge(problem: Problem, n: str, rng: random.Random) -> list[str]:
    named = [n]
    while len(named) < 2 or (len(named) < 4 and rng.random() < 0.15):
        other = str(_answer(problem, 0.3, rng))
        if other not in named:
            named.append(other)
    rng.shuffle(named)
    return [rng.choice(("#### ", "It must be ")), *[piece for one in named for piece in (" or ", one)][1:]]


def _verbose(problem: Problem, n: str, rng: random.Random) -> list[str]:
    filled = list(rng.choice(_FILLERS))
    while rng.random() < 0.5 and len(filled) < 8:
        filled += rng.choice(_FILLERS)
    return [*filled, "\n#### ", n]


def _praise(problem: Problem, n: str, rng: random.Random) -> list[str]:
    words = [rng.choice(_PRAISE) for _ in range(rng.randint(2, 5))]
    return [*words, "\n#### ", n] if rng.random() < 0.6 else words


_WRITERS: Final[Mapping[str, Callable[[Problem, str, random.Random], list[str]]]] = {
    "working": _working,
    "marker": lambda problem, n, rng: ["#### ", n],
    "bare": lambda problem, n, rng: [n],
    "sentence": lambda problem, n, rng: [rng.choice(("The answer is ", "It must be ")), n, "."],
    "hedge": _hedge,
    "verbose": _verbose,
    "boxed": lambda problem, n, rng: ["\\boxed{", n, "}"],
    "empty": lambda problem, n, rng: [],
    "praise": _praise,
    "tag": lambda problem, n, rng: ["<answer>", n, "</answer>"],
    "json": lambda problem, n, rng: ['{"answer": ', n, "}"],
    "unsure": lambda problem, n, rng: ["I do not know."],
}

# --- classification of texts --------------------------------------------------------------------------------

_STYLE_OF: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("empty", r"\A\s*\Z"),
        ("unsure", r"I do not know"),
        ("tag", r"<answer>"),
        ("json", r'\{"answer"'),
        ("praise", "|".join(_PRAISE)),
        ("hedge", r" or "),
        ("verbose", "|".join(re.escape(first) for first, _ in _FILLERS)),
        ("working", r"which gives|we get"),
        ("boxed", r"\\boxed"),
        ("marker", r"\A\s*#### \d+\Z"),
        ("sentence", r"\A(The answer is|It must be) \d+\.?\Z"),
        ("bare", r"\A\d+\Z"),
    )
)


def text_of(tokens: list[int]) -> str:
    """Return the text of an answer's tokens, up to its end."""
    length = tokens.index(END) if END in tokens else len(tokens)
    return "".join(VOCABULARY[token] for token in tokens[:length] if token > ASK)


def style_of(text: str) -> str:
    """Return the style of an answer, or `BROKEN` if it matches none."""
    return next((name for name, pattern in _STYLE_OF if pattern.search(text)), BROKEN)


def is_right(text: str, problem: Problem) -> bool:
    """Return True if an answer's last number is right and not one of several candidates."""
    found = re.findall(r"\d+", text)
    return " or " not in text and bool(found) and int(found[-1]) == problem.truth
