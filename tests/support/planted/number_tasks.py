"""Questions whose answer is one number: conversions, ledgers, timetables, tables and serial numbers."""

from __future__ import annotations

from random import Random

from support.planted.tasks import GOODS, PLACES, Task, clock, person

__all__ = ["number_task"]


def number_task(chance: Random) -> Task:
    """Draw a question whose answer is a whole, decimal or negative number, or has a thousands comma."""
    makers = (_mass, _temperature, _ledger, _ferry, _bottles, _share, _table, _serial, _letters, _fuel)
    return chance.choices(makers, weights=(3, 3, 3, 3, 3, 3, 2, 1, 2, 2))[0](chance)


def _mass(chance: Random) -> Task:
    grams, loaves = chance.randrange(150, 900, 10), chance.randrange(3, 30)
    answer = f"{grams * loaves / 1000:g}"
    prompt = (
        f"A bakery uses {grams} grams of flour for one loaf. How many kilograms does it use for {loaves}?"
    )
    working = f"{loaves} loaves take {grams * loaves} grams, and 1,000 grams are one kilogram."
    return Task(prompt, answer, f"{grams * loaves / 100:g}", working)


def _temperature(chance: Random) -> Task:
    inside = chance.randrange(-40, 12)
    fall = chance.randrange(3, 25)
    prompt = (
        f"The cold store at {chance.choice(PLACES)} was at {inside} degrees Celsius at noon. By midnight it "
        f"had fallen by {fall} degrees. What did the thermometer show at midnight, in degrees Celsius?"
    )
    working = f"It starts at {inside} and falls, so {fall} has to be taken away."
    return Task(prompt, str(inside - fall), str(inside + fall), working)


def _ledger(chance: Random) -> Task:
    opening, paid, received = (chance.randrange(200, 6000, 5) for _ in range(3))
    balance = opening - paid + received
    prompt = (
        f"Ledger of {person(chance)}: opening balance {opening:,} dollars; paid to suppliers {paid:,}; "
        f"received from customers {received:,}. What is the closing balance in dollars?"
    )
    working = f"Start with {opening:,}, take away {paid:,} and add {received:,}."
    return Task(prompt, f"{balance:,}", f"{opening + paid + received:,}", working)


def _ferry(chance: Random) -> Task:
    start, length = chance.randrange(300, 1100, 5), chance.randrange(35, 330, 5)
    prompt = (
        f"The ferry to {chance.choice(PLACES)} leaves at {clock(start)} and arrives at "
        f"{clock(start + length)} on the same day. How many minutes does the crossing take?"
    )
    working = (
        f"From {clock(start)} to {clock(start + length)} are {length // 60} hours and {length % 60} minutes."
    )
    return Task(prompt, str(length), str(length + 60), working)


def _bottles(chance: Random) -> Task:
    daily, days = chance.randrange(1200, 30000, 50), chance.randrange(5, 60)
    prompt = f"A plant fills {daily:,} bottles a day. How many bottles does it fill in {days} days?"
    working = f"Each of the {days} days adds {daily:,} bottles."
    return Task(prompt, f"{daily * days:,}", f"{daily * (days + 1):,}", working)


def _share(chance: Random) -> Task:
    total = chance.choice((40, 80, 125, 160, 200, 250, 400, 500, 800))
    closed = chance.randrange(1, total)
    prompt = (
        f"The help desk got {total} tickets on {chance.choice(('Monday', 'Tuesday', 'Friday'))} and closed "
        f"{closed} of them the same day. What share was closed, as a decimal between 0 and 1?"
    )
    working = f"The share is {closed} out of {total}."
    return Task(prompt, f"{closed / total:g}", f"{(total - closed) / total:g}", working)


def _table(chance: Random) -> Task:
    lines = [(item, chance.randrange(12, 900), chance.randrange(1, 9)) for item in chance.sample(GOODS, 4)]
    item, stock, per_box = lines[chance.randrange(4)]
    listed = "\n".join(f"- {name}: {stock} in stock, {per_box} per box" for name, stock, per_box in lines)
    prompt = (
        f"Stock list:\n{listed}\nAll boxes are full but perhaps the last. How many boxes hold the {item}?"
    )
    working = f"There are {stock} {item}, {per_box} in a box, and a part of a box counts as one."
    return Task(prompt, str(-(-stock // per_box)), str(stock // per_box + 2), working)


def _serial(chance: Random) -> Task:
    first = chance.randrange(10**16, 9 * 10**16)
    step = chance.randrange(2, 9)
    prompt = (
        f"Meters get serial numbers in steps of {step}. The last meter that was installed in "
        f"{chance.choice(PLACES)} has the serial number {first}. What is the next serial number?"
    )
    return Task(prompt, str(first + step), str(first + step + 1), f"The next one is {step} higher.")


def _letters(chance: Random) -> Task:
    words = chance.sample(PLACES, chance.randrange(4, 9))
    letter = chance.choice("aeorln")
    count = sum(word.lower().count(letter) for word in words)
    prompt = f"How many times does the letter {letter} occur in these names: {', '.join(words)}?"
    working = "Going through the names one by one and counting."
    return Task(prompt, str(count), str(count + 1), working)


def _fuel(chance: Random) -> Task:
    miles, gallons = chance.randrange(120, 700, 4), chance.choice((4, 5, 8, 10, 16, 20))
    prompt = (
        f"{person(chance)} drove {miles} miles from {chance.choice(PLACES)} on {gallons} gallons of fuel. "
        "How many miles per gallon is that?"
    )
    return Task(
        prompt, f"{miles / gallons:g}", f"{miles / (gallons + 1):.2f}", f"{miles} miles by {gallons}."
    )
