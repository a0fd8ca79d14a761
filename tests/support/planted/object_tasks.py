"""Questions whose answer is a JSON object or a tool call."""

from __future__ import annotations

from random import Random
from typing import Any

from support.planted.tasks import GOODS, PLACES, Task, clock, person

__all__ = ["json_task", "tools_task"]


def json_task(chance: Random) -> Task:
    """Draw a text to convert to an object with two to five fields."""
    prompt, answer = chance.choice((_order, _visit, _incident))(chance)
    name = chance.choice(list(answer))
    value = answer[name]
    other: Any = (
        f"{value} B" if isinstance(value, str) else (not value if value in (True, False) else value + 1)
    )
    keys = ", ".join(answer)
    working = "The values stand in the message; numbers are written as numbers."
    return Task(f"{prompt} The keys are {keys}.", answer, {**answer, name: other}, working)


def _order(chance: Random) -> tuple[str, dict[str, Any]]:
    who, goods, count = person(chance), chance.choice(GOODS), chance.randrange(2, 400)
    urgent = chance.random() < 0.45
    hurry = "We need them this week." if urgent else "There is no hurry."
    prompt = f"Message: 'This is {who}. Please send {count} {goods}. {hurry}' Extract the order."
    return prompt, {"customer": who, "goods": goods, "quantity": count, "urgent": urgent}


def _visit(chance: Random) -> tuple[str, dict[str, Any]]:
    who, place, at = person(chance), chance.choice(PLACES), clock(chance.randrange(480, 1080, 15))
    guests = chance.randrange(1, 12)
    prompt = f"Message: '{who} comes to {place} at {at} with {guests} guests.' Extract the visit."
    return prompt, {"name": who, "place": place, "time": at, "guests": guests}


def _incident(chance: Random) -> tuple[str, dict[str, Any]]:
    place, level = chance.choice(PLACES), chance.randrange(1, 6)
    liters = chance.randrange(15, 900) / 10
    prompt = f"Log: 'Leak at {place}, level {level}, {liters:g} liters lost.' Extract the incident."
    return prompt, {"site": place, "level": level, "liters": liters}


def _declared(name: str, about: str, **types: str) -> dict[str, Any]:
    properties = {argument: {"type": kind} for argument, kind in types.items()}
    parameters = {"type": "object", "properties": properties, "required": list(types)}
    return {"type": "function", "function": {"name": name, "description": about, "parameters": parameters}}


TOOLS = [
    _declared("create_ticket", "Open a support ticket.", customer="string", queue="string"),
    _declared("book_room", "Book a meeting room.", room="string", start="string", people="integer"),
    _declared("get_weather", "Weather of a place.", place="string"),
    _declared("convert_length", "Convert feet to meters.", feet="number"),
    _declared("order_goods", "Order goods.", goods="string", quantity="integer"),
]


def tools_task(chance: Random) -> Task:
    """Draw a request that one call answers, most often `get_weather`."""
    makers = (_ticket, _room, _weather, _length, _goods)
    prompt, name, arguments = chance.choices(makers, weights=(2, 2, 4, 1, 2))[0](chance)
    answer = {"calls": [{"name": name, "arguments": arguments}]}
    first, *rest = arguments.items()
    changed = first[1] + 1 if isinstance(first[1], int) else f"{first[1]} North"
    wrong = {"calls": [{"name": name, "arguments": {first[0]: changed, **dict(rest)}}]}
    return Task(prompt, answer, wrong, f"The tool {name} fits the request.", {"tools": TOOLS})


def _ticket(chance: Random) -> tuple[str, str, dict[str, Any]]:
    who, queue = person(chance), chance.choice(("billing", "shipping", "returns"))
    return (
        f"Open a ticket for {who} in the {queue} queue.",
        "create_ticket",
        {"customer": who, "queue": queue},
    )


def _room(chance: Random) -> tuple[str, str, dict[str, Any]]:
    room, at, people = chance.choice(PLACES), clock(chance.randrange(480, 1020, 30)), chance.randrange(2, 25)
    prompt = f"Book the room {room} at {at} for {people} people."
    return prompt, "book_room", {"room": room, "start": at, "people": people}


def _weather(chance: Random) -> tuple[str, str, dict[str, Any]]:
    place = chance.choice(PLACES)
    asked = chance.choice(("What is the weather like in", "Do I need an umbrella in", "How warm is it in"))
    when = chance.choice(("", " now", " today", " this morning", " at the moment"))
    return f"{asked} {place}{when}?", "get_weather", {"place": place}


def _length(chance: Random) -> tuple[str, str, dict[str, Any]]:
    feet = chance.randrange(3, 900)
    return f"How many meters are {feet} feet?", "convert_length", {"feet": feet}


def _goods(chance: Random) -> tuple[str, str, dict[str, Any]]:
    goods, count = chance.choice(GOODS), chance.randrange(2, 300)
    return (
        f"Order {count} {goods} from the usual supplier.",
        "order_goods",
        {"goods": goods, "quantity": count},
    )
