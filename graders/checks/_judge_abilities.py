"""Detects which features a judge's model supports, such as JSON schemas, by sending requests.

A service that rejects a request gives the reason in a message whose wording differs between models. Keywords
in that message determine which part to omit from the next request. Only an answer proves that the model
accepts a set of parts. All later requests then use the same parts.
"""

from __future__ import annotations

import re

from ._judge_places import Places
from ._judge_retries import FormRefused, Heard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA, STRICT_TOOL, TOOL, OBJECT = "JSON schema", "strict tool", "tool", "JSON object"
"""Ways to make a model's answer follow a schema, from strictest to loosest."""
FORM, CHOICE, TEMPERATURE, CACHE, REPEAT, LIMIT = (
    "form",
    "tool choice",
    "temperature",
    "cache point",
    "repeat",
    "token limit",
)
"""Parts of a request that a model may reject."""

# Words in a rejection that show which part of the request it is about. The first match counts.
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
    """The features of one model that this process has detected so far.

    Args:
        ladders: Possible values for each part of a request, best first.
    """

    def __init__(self, ladders: Mapping[str, Sequence[str]]) -> None:
        self.ladders = ladders
        self.heard = Heard()
        self.known: dict[str, str] = {part: steps[0] for part, steps in ladders.items()}
        """The parts to include in the next request."""
        self.refused: dict[str, str] = {}
        """The model's message for each rejected part, keyed by `part: value`."""
        self._refusal: tuple[str, str] | None = None
        self.gate = Places(1)
        """Admits only one question at a time until the model has answered one."""

    def refuses_all(self, words: str, sample: str) -> bool:
        """Record that a question was rejected in every form with a message that mentions none of the parts.

        Args:
            words: The service's message.
            sample: The sample's part of the question.

        Returns:
            True if another sample already got the same message, so the sample's content is not the cause.
        """
        same = re.sub(r"\S*\d\S*", "0", words)  # request IDs differ between messages
        before, self._refusal = self._refusal, self._refusal or (same, sample)
        return before is not None and before[0] == same and before[1] != sample


class Trial:
    """Chooses the parts of each request for one question. Parts that the model rejects are changed.

    Args:
        abilities: Known features of the model.
    """

    def __init__(self, abilities: Abilities) -> None:
        self._abilities = abilities
        self._refused: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self.first: FormRefused | None = None
        """The model's first rejection of this question."""
        self.formless = False
        """Whether the model rejected the last available form with a message that mentions forms."""
        self.is_hopeless = False
        """Whether every form was rejected before any answer, in a message that mentions none of the parts.
        """

    @property
    def parts(self) -> dict[str, str]:
        """The parts to include in the next request."""
        return {**self._abilities.known, **self._given}

    @property
    def heard(self) -> bool:
        """Whether the model has answered any questions yet."""
        return self._abilities.heard.ever

    def refuses_all(self, words: str, sample: str) -> bool:
        """Return True if the model rejected this question for the same reason as an earlier one."""
        return self.is_hopeless and self._abilities.refuses_all(words, sample)

    @property
    def forms(self) -> Sequence[str]:
        """The available ways to make the model's answer follow a schema."""
        return self._abilities.ladders[FORM]

    def refused(self, refusal: FormRefused) -> bool:
        """Remove or change the part of the request that the model rejected.

        Returns:
            True if there is another request to try.
        """
        self.first = self.first or refusal
        if _TOO_LONG.search(refusal.message):
            return False
        named = [part for part, words in _WORDS if re.search(words, refusal.message, re.IGNORECASE)]
        if not named and self.heard:
            return False  # the rejection is about the sample
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
        """Use the parts of the first answered request in all later requests.

        Later answers have no effect. If the model rejects a part that it accepted before, the cause is the
        sample.
        """
        if not self.heard and self._given:
            self._abilities.known = self.parts
            self._abilities.refused.update(self._refused)
        self._abilities.heard.answer()
