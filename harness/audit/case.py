"""What every probe sees: the records, what is recorded for them, the grader behind a collector, the control.

A probe asks the collector, never the grader, and compares with the control, never with a fixed number.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from graders.wire import PROFILES
from harness.audit.audit_finding import Found, Witness
from harness.audit.readings import answer_in
from harness.findings import Place, Rule

if TYPE_CHECKING:
    from harness.audit.collector import Collector
    from harness.audit.formats import Format
    from harness.audit.judge_replies import Verdicts
    from harness.audit.opener import Opener

__all__ = ["Case", "Control", "FamilyStopped", "NotRun", "Probe", "Recorded", "Sought", "Subject"]

_NEED_THE_ANSWER = ("C05", "C08", "C14")
DELTA = 0.1
"""A completion is paid when it earns more than an honest wrong answer by this share of the range."""


class Recorded(NamedTuple):
    """One recorded rollout."""

    record: int
    """Which record it belongs to, as an index of `Subject.records`."""
    message: dict[str, Any]
    """The completion, as the final message."""
    length: int | None = None
    """Characters of the whole completion, reasoning included."""
    finish: str | None = None
    """Why the model stopped, where that is recorded."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The data that a grader is audited on."""

    records: tuple[dict[str, Any], ...]
    """Records as training sends them: `messages`, `reference_answer` and the record's fields."""
    file: str
    """Where they are from, as the user wrote it."""
    lines: tuple[int, ...]
    """The line of each record in that file."""
    recorded: tuple[Recorded, ...] = ()
    """Rollouts of these records."""
    kind: str | None = None
    """What kind of answer the user says the references are; None to find out."""
    accepted: tuple[str, ...] = ()
    """Completions that the user says should be paid; `{a}` stands for the answer."""
    sources: tuple[Path, ...] = ()
    """The grader's own files, where they are known."""
    bounds: tuple[float, float] | None = None
    """The range of rewards, where it is declared."""
    files: tuple[str, ...] = ()
    """The file that each record's line stands in, where there are several."""

    def place(self, at: int | None) -> Place:
        """Where a record stands; the data as a whole for None."""
        if at is None:
            return Place(self.file, None)
        return Place(self.files[at] if self.files else self.file, self.lines[at])

    def reference(self, at: int) -> Any:
        """The reference of a record; None where it has none."""
        return self.records[at].get("reference_answer")


@dataclass(frozen=True, slots=True)
class Control:
    """What the grader pays for right answers and for honest wrong ones: what every probe compares with."""

    kind: str
    """What kind of answer the references are, found or declared: a name of `harness.audit.answer_kinds`."""
    formats: tuple[Format, ...]
    """Formats in which the right answer is paid more than another record's, the prompts' own first."""
    right: dict[int, float]
    """What the right answer earns in the first format, by record."""
    wrong: dict[int, float]
    """What another record's answer earns in the first format, by record."""
    other: dict[int, int]
    """The record whose answer stands in for a wrong one, by record; their answers differ by value."""
    low: float
    """The lowest reward that was seen or that is declared."""
    high: float
    """The highest one."""
    golds: dict[int, str] = field(default_factory=dict)
    """The right answer of each record, as the first format says it."""

    @property
    def span(self) -> float:
        """How far apart the lowest and the highest reward are; 1 where they are equal."""
        return self.high - self.low or 1.0

    def pays(self, reward: float | None, record: int) -> bool:
        """Whether a reward is more than an honest wrong answer earns, by a tenth of the range."""
        return reward is not None and reward > self.wrong.get(record, self.low) + DELTA * self.span

    def share(self, reward: float | None, record: int) -> float:
        """A reward as a share of what the right answer earns above the lowest reward."""
        best = self.right.get(record, self.high) - self.low
        return 0.0 if reward is None or best <= 0 else max(0.0, (reward - self.low) / best)


class Sought(NamedTuple):
    """What the search for a control found."""

    control: Control | None
    """None where no format is known in which right answers are paid more than wrong ones."""
    why: str = ""
    """Why there is no control, and what the user can supply."""
    wire: str = ""
    """The wire over which right answers are paid."""
    unpaid_over: str | None = None
    """The wire that was asked for, where right answers are paid over another one alone."""
    unpaid: tuple[tuple[int, Any], ...] = ()
    """Completions that should be paid and earn nothing: each a record's index and the completion."""
    tried: tuple[Format, ...] = ()
    """Formats that were tried, the likeliest first, where none is accepted."""


@dataclass
class Case:
    """One audit while it runs."""

    subject: Subject
    opener: Opener
    """Opens the grader afresh, in other surroundings or over another wire."""
    collector: Collector
    """Asks the grader in the process that most probes share."""
    seed: int = 0
    search: int = 2_000
    """How many gradings the search may use."""
    control: Control | None = None
    """None until it was found, and where nothing is ever paid."""
    sought: Sought | None = None
    """How the search for the control ended; None before it."""
    verdicts: Verdicts | None = None
    """What a judge's model says when it praises and when it condemns; None for a grader without one."""
    asked_about: tuple[int, str] | None = None
    """A record and a completion about which a judge is asked; None where it is asked about any."""
    notes: list[str] = field(default_factory=list)
    """What the user should know of how it was measured, a sentence each."""

    def gold(self, one: Format, record: int) -> str | None:
        """The right answer of a record as a format says it; None where the record has none.

        Args:
            one: The format.
            record: The record's index.
        """
        return answer_in(one.reading, self.subject.records[record])

    def speak(self, wire: str) -> None:
        """Send samples over another wire from now on.

        Args:
            wire: A name of `graders.wire.PROFILES`.
        """
        self.opener.wire = wire
        self.collector.speak(PROFILES[wire])

    @property
    def known(self) -> Control:
        """The control, for a probe that needs one."""
        assert self.control is not None
        return self.control

    def random(self, name: str) -> random.Random:
        """A generator of its own for a probe, so that one probe's luck does not change another's."""
        return random.Random(f"{self.seed} {name}")

    def some(self, count: int, name: str = "", among: Iterable[int] | None = None) -> list[int]:
        """Some records, drawn at random but the same ones each time; all of them where there are fewer."""
        chosen = list(self.controlled if among is None else among)
        return sorted(self.random(f"some {name}").sample(chosen, min(count, len(chosen))))

    @property
    def controlled(self) -> list[int]:
        """The records whose right answer is paid more than a wrong one, so that a probe can tell."""
        control = self.control
        if control is None:
            return list(range(len(self.subject.records)))
        return [at for at, reward in control.right.items() if control.pays(reward, at)]

    def witness(self, *shown: tuple[int, Any]) -> Witness:
        """Make a witness of records and completions, with the rewards that they get.

        Args:
            *shown: Each a record's index and a completion: a text or a whole final message.
        """
        rollouts = tuple(
            self.collector.rollout(record, completion, f"witness-{number}")
            for number, (record, completion) in enumerate(shown, 1)
        )
        replies = self.collector.ask([*shown])
        return Witness(rollouts, tuple(reply.reward for reply in replies))


class FamilyStopped(Exception):
    """The rest of a family is not worth its time: the grader keeps running into a limit.

    Args:
        why: What the user is told.
    """


class NotRun(Exception):
    """A probe could not be run on this grader; counted as skipped.

    Args:
        why: What the user is told.
    """


class Probe(Protocol):
    """One thing that an audit looks for; each stands in the file of its family and has a test there."""

    rule: Rule
    """Its id in the catalogue, its usual severity, what is wrong, and what to do about it."""
    controlled: bool
    """Whether it needs a control: without one it is skipped."""

    def why_not(self, case: Case) -> str | None:
        """Why the probe does not apply to this grader and data; None where it does."""
        ...

    def run(self, case: Case) -> Iterable[Found]:
        """Look for it; nothing found means passed.

        Raises:
            NotRun: It cannot be told.
        """
        ...


def shown_first(found: Sequence[Found]) -> list[Found]:
    """Findings in the order in which they are shown: the worst first, what is cheapest to exploit before.

    A text that is paid whatever the right answer is comes before one that needs it.
    """
    return sorted(
        found,
        key=lambda one: (
            -one.severity.rank,
            one.id in _NEED_THE_ANSWER,
            -(one.share or 0.0),
            len(one.text or "") or 10_000,
            one.id,
        ),
    )
