"""Multiple-choice questions with options A to E, and yes-no questions."""

from __future__ import annotations

from random import Random

from support.planted.tasks import GOODS, PLACES, Task, clock, person

__all__ = ["choice_task", "yes_no_task"]

_QUEUES = {
    "Billing": ("was charged twice for one order", "asks why the invoice shows another currency"),
    "Shipping": ("has waited nine days for a parcel", "got a parcel with somebody else's address"),
    "Technical support": ("cannot sign in after the update", "sees a blank page when a report is opened"),
    "Returns": ("wants to send back an unused item", "got the wrong size and wants another"),
    "Sales": ("asks for a price for two hundred licenses", "wants a demonstration for a new team"),
}


def choice_task(chance: Random) -> Task:
    """Draw a question with options A to E. C is right slightly more often than the others."""
    question, right, others, working = chance.choice((_ticket, _meeting, _cause, _synonym))(chance)
    place = chance.choices(range(5), weights=(18, 20, 26, 20, 16))[0]
    texts = others[:place] + [right] + others[place:]
    letters = "ABCDE"
    options = "\n".join(f"{letter}) {text}" for letter, text in zip(letters, texts, strict=True))
    wrong = letters[(place + chance.randrange(1, 5)) % 5]
    return Task(f"{question}\n{options}", letters[place], wrong, working, {"options": texts})


def _ticket(chance: Random) -> tuple[str, str, list[str], str]:
    queue = chance.choice(list(_QUEUES))
    trouble = chance.choice(_QUEUES[queue])
    question = f"{person(chance)} from {chance.choice(PLACES)} {trouble}. Which queue should get this ticket?"
    others = [name for name in _QUEUES if name != queue]
    chance.shuffle(others)
    return question, queue, others, "The customer's trouble decides the queue, not the customer's name."


def _meeting(chance: Random) -> tuple[str, str, list[str], str]:
    busy = sorted(chance.sample(range(9, 16), 4))
    free = chance.choice([hour for hour in range(9, 16) if hour not in busy])
    listed = ", ".join(f"{clock(hour * 60)} to {clock(hour * 60 + 60)}" for hour in busy)
    question = (
        f"{person(chance)} is busy from {listed}. "
        f"At which of these times can a meeting of one hour start that {person(chance)} may attend as well?"
    )
    others = [clock(hour * 60) for hour in busy]
    return question, clock(free * 60), others, "Each option that falls into a busy hour is out."


_CAUSES = (
    ("The pump stopped because its filter was full of sand", "sand in the filter", "a broken cable"),
    ("The order was late because the bridge was closed", "a closed bridge", "a missing form"),
    ("The report was wrong because two columns were swapped", "swapped columns", "an old price list"),
    ("The bread did not rise because the yeast was too old", "old yeast", "a cold oven"),
)


def _cause(chance: Random) -> tuple[str, str, list[str], str]:
    said, right, _ = chance.choice(_CAUSES)
    others = [cause for _, cause, _ in _CAUSES if cause != right] + [chance.choice(_CAUSES)[2]]
    chance.shuffle(others)
    when = chance.choice(("On Monday", "Last week", "In March", "Yesterday", "During the inspection"))
    question = (
        f"{when} {person(chance)} wrote from {chance.choice(PLACES)}: '{said}; by "
        f"{clock(chance.randrange(600, 1000))} all was well again.' What was the cause of the trouble?"
    )
    return question, right, others, "The cause stands after the word because."


_WORDS = (
    ("brief", "short"),
    ("rapid", "fast"),
    ("vacant", "empty"),
    ("ancient", "very old"),
    ("reluctant", "unwilling"),
    ("fragile", "easily broken"),
    ("weary", "tired"),
    ("genuine", "real"),
    ("scarce", "rare"),
)


def _synonym(chance: Random) -> tuple[str, str, list[str], str]:
    (word, right), *rest = chance.sample(_WORDS, 5)
    question = (
        f"In the letter that {person(chance)} sent from {chance.choice(PLACES)} about the "
        f"{chance.choice(GOODS)}, the word '{word}' means"
    )
    return question, right, [meaning for _, meaning in rest], f"The word {word} describes something here."


def yes_no_task(chance: Random) -> Task:
    """Draw a question. The answer is yes in about three of five records."""
    right = "yes" if chance.random() < 0.6 else "no"
    prompt, working = chance.choice((_return, _stated, _fits, _allowed))(chance, right == "yes")
    return Task(prompt, right, "no" if right == "yes" else "yes", working)


def _return(chance: Random, yes: bool) -> tuple[str, str]:
    limit = chance.choice((14, 30, 60, 90))
    days = chance.randrange(1, limit) if yes else limit + chance.randrange(1, 40)
    prompt = (
        f"Rule: unused goods may be sent back within {limit} days of delivery. {person(chance)} got the "
        f"{chance.choice(GOODS)} {days} days ago and has not used them. May they be sent back?"
    )
    return prompt, f"{days} days have passed and the limit is {limit} days."


def _stated(chance: Random, yes: bool) -> tuple[str, str]:
    who, where, other = person(chance), *chance.sample(PLACES, 2)
    year = chance.randrange(1880, 2015)
    asked = where if yes else other
    prompt = (
        f"Text: '{who} opened a workshop in {where} in {year} and moved it two years later.' Does the text "
        f"say that the workshop was opened in {asked}?"
    )
    return prompt, f"The text names {where} as the place and {year} as the year."


def _fits(chance: Random, yes: bool) -> tuple[str, str]:
    load = chance.randrange(300, 1900, 10)
    limit = load + chance.randrange(10, 400, 10) * (1 if yes else -1)
    prompt = (
        f"A van may carry {limit} kilograms. {person(chance)} wants to load {load} kilograms of "
        f"{chance.choice(GOODS)}. Does the load stay within the limit?"
    )
    return prompt, f"The load of {load} kilograms has to be compared with {limit}."


def _allowed(chance: Random, yes: bool) -> tuple[str, str]:
    opens, closes = chance.randrange(420, 600, 15), chance.randrange(900, 1200, 15)
    at = chance.randrange(opens + 5, closes - 5) if yes else closes + chance.randrange(5, 120)
    prompt = (
        f"The depot in {chance.choice(PLACES)} is open from {clock(opens)} to {clock(closes)}. A driver "
        f"arrives at {clock(at)}. Is the depot open then?"
    )
    return prompt, f"It opens at {clock(opens)} and closes at {clock(closes)}."
