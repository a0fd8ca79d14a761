"""Tasks of the planted set, and the names in their made-up texts."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

__all__ = ["GOODS", "PEOPLE", "PLACES", "Task", "clock", "person", "several"]


class Task(NamedTuple):
    """A question with its answer.

    Args:
        prompt: The question, without the sentence that declares the answer's format.
        answer: The right answer as a string, or as an object if the record contains an object.
        wrong: An answer that a model might give instead.
        working: Reasoning that leads to the right answer and may name other values.
        fields: More fields of the record.
    """

    prompt: str
    answer: Any
    wrong: Any
    working: str
    fields: dict[str, Any] = {}


_FIRST = (
    "Mira Jonas Adaeze Tomas Yuki Leila Anton Priya Samuel Ines Karim Freya Mateo Hanna Obi Sofia".split()
)
_LAST = "Okafor Lindqvist Marsh Haddad Tanaka Brandt Silva Novak Reyes Kowal Dupont Iyer Varga Quill".split()
PEOPLE = tuple(f"{first} {last}" for first in _FIRST for last in _LAST)
PLACES = tuple(
    "Ashwick Belmora Carrow Dunfell Eastmere Farrow Glenholt Harwick Ilverton Juniper Kestrel Larkspur "
    "Millbrook Northam Oakhurst Pellham Quarrington Ridgeway Stanmoor Thornby Upwell Varley Westering".split()
)
GOODS = tuple(
    "desk lamps|office chairs|cable reels|water pumps|label printers|safety vests|filter pads|shelf units|"
    "door hinges|glass jars|paint rollers|battery packs|drill bits|storage bins|coffee filters".split("|")
)


def person(chance: Random) -> str:
    return chance.choice(PEOPLE)


def several(chance: Random, pool: tuple[str, ...], low: int, high: int) -> list[str]:
    """Return distinct members of a pool, in random order."""
    return chance.sample(pool, chance.randint(low, high))


def clock(minutes: int) -> str:
    """Return a time of day such as 09:40."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
