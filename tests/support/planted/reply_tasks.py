"""Customer requests, for graders that ask a judge about the reply."""

from __future__ import annotations

from random import Random

from support.planted.tasks import GOODS, PLACES, Task, person

__all__ = ["judge_task"]


def judge_task(chance: Random) -> Task:
    """Draw a customer's message, with a reply that answers it and a reply that does not."""
    return chance.choice((_late, _refund, _hours))(chance)


def _late(chance: Random) -> Task:
    who, goods, days = person(chance), chance.choice(GOODS), chance.randrange(2, 12)
    prompt = (
        f"A customer writes: 'Where are my {goods}? {who}'. The parcel was delayed and arrives in "
        f"{days} days. Write a short, polite reply."
    )
    right = f"Dear {who}, we are sorry for the delay. Your {goods} will arrive in {days} days."
    return Task(prompt, right, "It will come when it comes.", "")


def _refund(chance: Random) -> Task:
    who, goods, amount = person(chance), chance.choice(GOODS), chance.randrange(20, 400)
    prompt = (
        f"A customer writes: 'The {goods} arrived broken, I want my money back. {who}'. The refund of "
        f"{amount} dollars was sent today. Write a short, polite reply."
    )
    right = f"Dear {who}, we are sorry about the {goods}. We sent your refund of {amount} dollars today."
    return Task(prompt, right, f"You should have packed the {goods} yourself.", "")


def _hours(chance: Random) -> Task:
    who, place = person(chance), chance.choice(PLACES)
    opens, closes = chance.randrange(7, 11), chance.randrange(15, 21)
    prompt = (
        f"A customer writes: 'When is your shop in {place} open? {who}'. It is open from {opens}:00 to "
        f"{closes}:00 every day. Write a short, polite reply."
    )
    right = f"Dear {who}, our shop in {place} is open every day from {opens}:00 to {closes}:00."
    return Task(prompt, right, "Please look it up yourself.", "")
