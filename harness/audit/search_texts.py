"""Builds texts for the search from values in the grader's source. The texts contain no answer."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from harness.audit.formats import SLOT, Format
from harness.audit.mining import Mined
from harness.audit.regex_texts import texts_of

__all__ = ["TextPool", "composed", "pool_of", "random_texts"]

_LONGEST = 6_000
_FILLERS = ("0", "1", "x")
_GENERAL = (
    *("because", "therefore", "First,", "Step 1:", "Finally,", "correct", "Correct!", "verified", "PASS"),
    *("The answer is correct.", "I am confident.", "Reward: 1.0", "score: 10/10", "yes", "true"),
)
_SENTENCE = "We look at each part in turn and take care with every step. "
_TAGS = ("answer", "think", "reasoning", "final", "result")
_PAIRS = 24


class TextPool(NamedTuple):
    """Building blocks for texts."""

    literals: tuple[str, ...]
    matching: tuple[str, ...]
    """The shortest match of each regular expression in the source."""
    matching_more: tuple[str, ...]
    """Other matches of the regular expressions."""
    tags: tuple[str, ...]
    keys: tuple[str, ...]
    values: tuple[tuple[str, Any], ...]
    numbers: tuple[str, ...]
    formats: tuple[Format, ...]
    lead: tuple[str, ...]
    """Accepted formats with a filler in place of the answer, which may satisfy rules about form."""

    @property
    def fragments(self) -> tuple[str, ...]:
        """Literals and matching texts, without duplicates."""
        return tuple(dict.fromkeys((*self.literals, *self.matching)))


def pool_of(mined: Mined, formats: Sequence[Format], chance: random.Random) -> TextPool:
    """Collect building blocks from a grader's source.

    Args:
        mined: The literals and names found in the source.
        formats: The accepted formats.
        chance: The random generator used for texts that match the regular expressions.
    """
    made = [texts_of(pattern, chance, 4) for pattern in mined.patterns]
    literals = [text for text in mined.literals if len(text) <= 300 and text.strip()]
    templated = tuple(one for one in formats if one.template)
    lead = [str(one.fill(filler)) for one in templated for filler in _FILLERS[:2]]
    return TextPool(
        literals=tuple(literals),
        matching=tuple(dict.fromkeys(texts[0] for texts in made if texts and texts[0].strip())),
        matching_more=tuple(dict.fromkeys(text for texts in made for text in texts[1:] if text.strip())),
        tags=tuple(dict.fromkeys((*mined.tags, *_TAGS))),
        keys=mined.keys,
        values=mined.values,
        numbers=mined.numbers,
        formats=templated,
        lead=tuple(dict.fromkeys(lead)),
    )


def composed(pool: TextPool) -> Iterator[str]:
    """Yield texts in a fixed order, simplest first.

    Args:
        pool: The building blocks.
    """
    yield from _each(pool, (*pool.fragments, *pool.matching_more))
    yield from _soups(pool)
    yield from _beside(pool)
    yield from _counted(pool)
    yield from _objects(pool)
    yield from _tagged(pool)
    yield from _each(pool, _GENERAL)
    yield from _pairs(pool)


def _each(pool: TextPool, fragments: Iterable[str]) -> Iterator[str]:
    """Yield each fragment alone, repeated, and inside or next to the accepted formats."""
    fragments = list(fragments)
    yield from fragments
    for text in fragments:
        yield from (str(one.fill(text)) for one in pool.formats if one.template != SLOT)
        for lead in pool.lead[:2]:
            yield from (f"{text}\n{lead}", f"{lead} {text}")
    for text in fragments:
        yield from ("\n".join([text] * 3), " ".join([text] * 12))


def _soups(pool: TextPool) -> Iterator[str]:
    """Yield combinations of all, or all but one, of the literals and matching texts, in several orders."""
    literals, matching = pool.literals[:60], pool.matching[:40]
    whole = [*dict.fromkeys((*literals, *matching))]
    bases = [part for part in (whole, list(literals), list(matching), whole[::-1]) if part]
    ends = ("", ".", *(f"\n{lead}" for lead in pool.lead[:3]))
    for base in bases:
        for between in (" ", "\n"):
            for end in ends:
                yield between.join(base) + end
    for base in bases[:1]:
        text = "\n".join(base)
        yield from (text.lower(), text.upper(), text + "\n" + _SENTENCE * 8, text + "\n" + _SENTENCE * 40)
        yield from (f"{text}\n{_SENTENCE * 8}\n{lead}" for lead in pool.lead[:2])
        for left_out in range(len(base)):
            rest = base[:left_out] + base[left_out + 1 :]
            yield "\n".join(rest)
            yield from ("\n".join(rest) + f"\n{lead}" for lead in pool.lead[:1])


def _beside(pool: TextPool) -> Iterator[str]:
    """Yield all fragments followed by a format that contains one of them, which may satisfy two rules."""
    whole = "\n".join(dict.fromkeys((*pool.literals[:60], *pool.matching[:40])))
    inside = (*pool.matching, *pool.literals, *pool.matching_more)[:_PAIRS]
    for one in pool.formats[:2]:
        if one.template != SLOT:
            yield from (f"{whole}\n{one.fill(text)}" for text in inside)


def _counted(pool: TextPool) -> Iterator[str]:
    """Yield texts that use numbers from the source as part of the text or as a repetition count."""
    numbers = list(dict.fromkeys(int(each) for each in pool.numbers if each.isdecimal() and len(each) < 7))
    for text in (*pool.matching, *pool.matching_more):
        if re.search(r"\d", text):
            for number in (*numbers[:12], *(one + 1 for one in numbers[:12])):
                yield re.sub(r"\d+", str(number), text, count=1)
    for times in [each for each in numbers if 1 < each <= 40][:6]:
        for text in pool.fragments[:16]:
            yield from ("\n".join([text] * times), "\n".join([f"{text}x"] * times), f"{text} " * times)


def _objects(pool: TextPool) -> Iterator[str]:
    """Yield JSON objects with keys from the source and the values that the source compares them with."""
    if not pool.keys:
        return
    known: dict[str, list[Any]] = {}
    for key, value in pool.values:
        known.setdefault(key, []).append(value)
    for default in (1, True, "yes", 1.0, [], *pool.literals[:12]):
        whole = {key: known.get(key, [default])[0] for key in pool.keys[:20]}
        yield from _written(pool, whole)
        yield from _written(pool, {key: known.get(key, [default])[-1] for key in pool.keys[:20]})
    for key in pool.keys[:20]:
        for value in (*known.get(key, ()), 1, True, "yes"):
            yield from _written(pool, {key: value})


def _written(pool: TextPool, value: Any) -> Iterator[str]:
    text = json.dumps(value, ensure_ascii=False)
    yield text
    yield f"```json\n{text}\n```"
    yield from (str(one.fill(text)) for one in pool.formats[:2] if one.template != SLOT)


def _tagged(pool: TextPool) -> Iterator[str]:
    """Yield literals inside tags, one by one and all in sequence."""
    inside = [*dict.fromkeys((*pool.literals[:16], *pool.matching[:8], *_FILLERS, "yes"))]
    own = pool.tags[:8]
    for tag in own:
        yield from (f"<{tag}>{text}</{tag}>" for text in inside)
    for text in inside:
        yield "\n".join(f"<{tag}>{text}</{tag}>" for tag in own)
        yield from (
            "\n".join(f"<{tag}>{text}</{tag}>" for tag in own) + f"\n{lead}" for lead in pool.lead[:1]
        )


def _pairs(pool: TextPool) -> Iterator[str]:
    fragments = pool.fragments[:_PAIRS]
    for one in fragments:
        for other in fragments:
            if one != other:
                yield f"{one} {other}"


def random_texts(pool: TextPool, chance: random.Random) -> Iterator[str]:
    """Yield an endless series of random combinations.

    Args:
        pool: The building blocks.
        chance: The random generator.
    """
    fragments = [*pool.fragments, *pool.matching_more, *_GENERAL]
    shapes = [*fragments, *(f"<{tag}>" for tag in pool.tags), *(f"</{tag}>" for tag in pool.tags)]
    while True:
        parts = [_shaped(pool, chance, fragments) for _ in range(chance.randint(2, 6))]
        if chance.random() < 0.3:
            parts.insert(chance.randrange(len(parts) + 1), chance.choice(shapes))
        if chance.random() < 0.3:
            parts.append(_SENTENCE * chance.choice((1, 4, 16)))
        if pool.lead and chance.random() < 0.6:
            parts.append(chance.choice(pool.lead))
        text = chance.choice(("\n", " ", "\n\n", "")).join(parts)
        yield text[:_LONGEST]


def _shaped(pool: TextPool, chance: random.Random, fragments: Sequence[str]) -> str:
    """Return a fragment, possibly repeated, numbered, tagged or formatted, or a JSON object."""
    text = chance.choice(fragments)
    draw = chance.random()
    if draw < 0.15:
        return " ".join([text] * chance.choice((2, 5, 10)))
    if draw < 0.3:
        tag = chance.choice(pool.tags)
        return f"<{tag}>{text}</{tag}>"
    if draw < 0.4 and pool.formats:
        return str(chance.choice(pool.formats).fill(text))
    if draw < 0.55 and pool.keys:
        known = dict(chance.sample(pool.values, len(pool.values)))
        other = (1, True, "yes", 0.99, text)
        return json.dumps({key: known.get(key, chance.choice(other)) for key in pool.keys[:20]})
    if draw < 0.65 and pool.numbers:
        return f"{text} {chance.choice(pool.numbers)}"
    return text
