"""Questions whose answer is a short name, or a list of names."""

from __future__ import annotations

from random import Random

from support.planted.tasks import GOODS, PEOPLE, PLACES, Task, person, several

__all__ = ["list_task", "text_task"]

_LANGUAGES = {
    "Python": "whose list comprehensions and indentation are well known",
    "Ruby": "in which a Japanese author made every value an object",
    "Fortran": "which IBM made for formulas in the 1950s",
    "Erlang": "which a Swedish maker of telephone exchanges created",
    "Haskell": "which is lazy, pure and named after a logician",
    "Prolog": "in which a program is a set of facts and rules",
}


def text_task(chance: Random) -> Task:
    """Draw a question whose answer is a name, in a quarter of the questions one that is not in the prompt."""
    return chance.choice((_tenant, _winner, _reversed, _port))(chance)


def _tenant(chance: Random) -> Task:
    tenant, owner, witness = chance.sample(PEOPLE, 3)
    prompt = (
        f"Text: 'The house in {chance.choice(PLACES)} belongs to {owner}. On {chance.randrange(1, 29)} May "
        f"{tenant} rented it for two years; {witness} signed as a witness.' Who is the tenant?"
    )
    return Task(prompt, tenant, owner, "The tenant is whoever rents, not the owner and not the witness.")


def _winner(chance: Random) -> Task:
    runners = chance.sample(PEOPLE, 4)
    minutes = chance.sample(range(31, 59), 4)
    times = ", ".join(f"{name} {time} minutes" for name, time in zip(runners, minutes, strict=True))
    ranked = sorted(zip(minutes, runners, strict=True))
    prompt = f"Times in the {chance.choice(PLACES)} hill race: {times}. Who won?"
    return Task(prompt, ranked[0][1], ranked[1][1], f"The shortest time is {ranked[0][0]} minutes.")


def _reversed(chance: Random) -> Task:
    language = chance.choice(list(_LANGUAGES))
    prompt = (
        f"{person(chance)} from {chance.choice(PLACES)} works with a programming language "
        f"{_LANGUAGES[language]}. Which language is it?"
    )
    wrong = chance.choice([name for name in _LANGUAGES if name != language])
    return Task(prompt, language, wrong, "The description fits one well-known language.")


def _port(chance: Random) -> Task:
    ports = chance.sample(PLACES, 4)
    cargo = chance.sample(GOODS, 4)
    asked = chance.randrange(4)
    stops = "; ".join(f"at {port} the {goods}" for port, goods in zip(ports, cargo, strict=True))
    prompt = f"A ship unloads {stops}. Where does it unload the {cargo[asked]}?"
    working = f"The ship unloads the {cargo[asked]} at one of the four ports."
    return Task(prompt, ports[asked], ports[asked - 1], working)


def list_task(chance: Random) -> Task:
    """Draw a question whose answer is two to five names, in any order."""
    return chance.choice((_cities, _low_stock, _attendees))(chance)


def _cities(chance: Random) -> Task:
    route, passed = several(chance, PLACES, 2, 5), several(chance, PLACES, 1, 3)
    passed = [place for place in passed if place not in route] or ["Zell"]
    prompt = (
        f"{person(chance)} wrote: 'We stayed overnight in {', '.join(route)}. We only drove through "
        f"{', '.join(passed)}.' In which places did they stay overnight?"
    )
    return Task(prompt, route, [*route[:-1], passed[0]], "Places that were only passed do not count.")


def _low_stock(chance: Random) -> Task:
    items = chance.sample(GOODS, 7)
    low = chance.randint(2, 5)
    stock = [chance.randrange(1, 10) if at < low else chance.randrange(20, 90) for at in range(7)]
    lines = list(zip(items, stock, strict=True))
    chance.shuffle(lines)
    listed = "\n".join(f"- {item}: {count}" for item, count in lines)
    prompt = f"Stock in {chance.choice(PLACES)}:\n{listed}\nWhich goods have fewer than 10 pieces left?"
    answer = [item for item, count in lines if count < 10]
    other = [item for item, count in lines if count >= 10]
    return Task(
        prompt, answer, [*answer[1:], other[0]], "Every line with a count below 10 belongs to the list."
    )


def _attendees(chance: Random) -> Task:
    there, absent = several(chance, PEOPLE[::2], 2, 5), several(chance, PEOPLE[1::2], 1, 2)
    prompt = (
        f"Minutes of the meeting in {chance.choice(PLACES)}: present were {', '.join(there)}; excused were "
        f"{', '.join(absent)}. Who was present?"
    )
    return Task(prompt, there, [*there[:-1], absent[0]], "Those who are excused were not present.")
