"""What a judge's model takes, found out by asking it: a JSON schema, a strict tool, a temperature.

A service that refuses a request says so in a sentence, which differs from model to model. The sentence
decides what the next request leaves out. Only a request that was answered proves anything: what it was made
of is then what all further requests are made of.
"""

from __future__ import annotations

import re

from ._judge_places import Places
from ._judge_retries import FormRefused, Heard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA, STRICT_TOOL, TOOL, OBJECT = "JSON schema", "strict tool", "tool", "JSON object"
"""How a model is made to answer by a schema, the strictest first."""
FORM, CHOICE, TEMPERATURE, CACHE, REPEAT, LIMIT = (
    "form",
    "tool choice",
    "temperature",
    "cache point",
    "repeat",
    "token limit",
)
"""The parts of a request that a model may refuse."""

# The part that a refusal is about, by its words; the first that fits.
_WORDS = (
    (TEMPERATURE, r"temperature"),
    (REPEAT, r"\bseed\b|request_?metadata"),
    (CACHE, r"cache|caching"),
    (CHOICE, r"tool_?choice"),
    (LIMIT, r"max_(completion_)?tokens|max(imum )?tokens"),
    (
        FORM,
        r"output_?config|text_?format|output_?format|response_?format|json_?schema|json_?object|schema"
        r"|structured|strict|tool|function|grammar|guided",
    ),
)
_TOO_LONG = re.compile(
    r"too (long|large|many (input )?tokens)|context (length|window)|maximum (context|number of tokens)"
    r"|HTTP 413|input length|reduce the length",
    re.IGNORECASE,
)


class Abilities:
    """What one model takes, as far as this process knows.

    Args:
        ladders: For each part of a request what it may be, the best first.
    """

    def __init__(self, ladders: Mapping[str, Sequence[str]]) -> None:
        self.ladders = ladders
        self.heard = Heard()
        self.known: dict[str, str] = {part: steps[0] for part, steps in ladders.items()}
        """What the next request is made of."""
        self.refused: dict[str, str] = {}
        """What the model said to what it refused, by `part: value`."""
        self._refusal: tuple[str, str] | None = None
        self.gate = Places(1)
        """Where questions are asked one by one, until one was answered."""

    def refuses_all(self, words: str, sample: str) -> bool:
        """Note that a question was refused in every form, for no reason that names one.

        Args:
            words: The service's.
            sample: What was asked about.

        Returns:
            Whether another sample met the same words before: then it is not for what the sample says.
        """
        same = re.sub(r"\S*\d\S*", "0", words)  # a request's ID differs
        before, self._refusal = self._refusal, self._refusal or (same, sample)
        return before is not None and before[0] == same and before[1] != sample


class Trial:
    """The requests of one question: each refusal takes something away, and an answer proves what is left.

    Args:
        abilities: What is known of the model.
    """

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities
        self._refused: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self.first: FormRefused | None = None
        """The first refusal."""
        self.formless = False
        """Whether the model named the last form as one that it does not take."""
        self.is_hopeless = False
        """Whether every form was refused, for no reason that names one, before anybody was answered."""

    @property
    def parts(self) -> dict[str, str]:
        """What the next request is made of."""
        return {**self._abilities.known, **self._given}

    @property
    def heard(self) -> bool:
        """Whether the model has answered anybody."""
        return self._abilities.heard.ever

    def refuses_all(self, words: str, sample: str) -> bool:
        """Whether the model refuses this question for what it refused another one for."""
        return self.is_hopeless and self._abilities.refuses_all(words, sample)

    @property
    def forms(self) -> Sequence[str]:
        """How the model could be made to answer by a schema."""
        return self._abilities.ladders[FORM]

    def refused(self, refusal: FormRefused) -> bool:
        """Take away what a request was refused for.

        Returns:
            Whether there is another request to try.
        """
        self.first = self.first or refusal
        if _TOO_LONG.search(refusal.message):
            return False
        named = [part for part, words in _WORDS if re.search(words, refusal.message, re.IGNORECASE)]
        if not named and self.heard:
            return False  # it is about the sample
        for part in named or [FORM]:
            steps, now = list(self._abilities.ladders.get(part, ())), self.parts.get(part)
            if now in steps[:-1]:
                self._refused[f"{part}: {now}"] = refusal.message
                self._given[part] = steps[steps.index(now) + 1]
                return True
        self.formless = FORM in named
        self.is_hopeless = not named and not self.heard
        return False

    def answered(self) -> None:
        """Keep what the first answered request was made of.

        Later ones prove nothing new: what this model refuses once it has taken it is about the sample.
        """
        if not self.heard and self._given:
            self._abilities.known = self.parts
            self._abilities.refused.update(self._refused)
        self._abilities.heard.answer()
