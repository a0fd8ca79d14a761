"""The state shared by all probes of an audit: the data, the grader and the rewards to compare with.

A probe sends samples through the collector, never directly to the grader. Rewards are compared with the
control's rewards, never with a fixed number.
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
"""A completion counts as rewarded if it earns this share of the range more than an honest wrong answer."""


class Recorded(NamedTuple):
    """One recorded rollout."""

    record: int
    """Index of the record in `Subject.records`."""
    message: dict[str, Any]
    """The final message, which is the completion."""
    length: int | None = None
    """Number of characters of the completion, including reasoning."""
    finish: str | None = None
    """The recorded finish reason, if there is one."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The data used by an audit: records, recorded rollouts and the user's declarations."""

    records: tuple[dict[str, Any], ...]
    """Records as sent in training: `messages`, `reference_answer` and any other fields."""
    file: str
    """Path of the records file, as given by the user."""
    lines: tuple[int, ...]
    """Line number of each record in the file."""
    recorded: tuple[Recorded, ...] = ()
    """Recorded rollouts of these records."""
    kind: str | None = None
    """The kind of answers given by the user, or None to infer it."""
    accepted: tuple[str, ...] = ()
    """Completions that should be rewarded, given by the user. `{a}` stands for the answer."""
    sources: tuple[Path, ...] = ()
    """The grader's source files, if known."""
    bounds: tuple[float, float] | None = None
    """The range of rewards, if declared."""
    files: tuple[str, ...] = ()
    """The file of each record, if there are several files."""

    def place(self, at: int | None) -> Place:
        """Return the file and line of a record, or only the file if the record is None."""
        if at is None:
            return Place(self.file, None)
        return Place(self.files[at] if self.files else self.file, self.lines[at])

    def reference(self, at: int) -> Any:
        """Return the reference of a record, or None if the record has none."""
        return self.records[at].get("reference_answer")


@dataclass(frozen=True, slots=True)
class Control:
    """The rewards of right and honest wrong answers, used by probes as the basis for comparison."""

    kind: str
    """The inferred or declared kind of answers, one of `harness.audit.answer_kinds.KINDS`."""
    formats: tuple[Format, ...]
    """Formats in which right answers earn more than other records' answers. Formats from the prompts come
    first.
    """
    right: dict[int, float]
    """The reward of the right answer in the first format, by record."""
    wrong: dict[int, float]
    """The reward of another record's answer in the first format, by record."""
    other: dict[int, int]
    """For each record, another record whose answer is used as a wrong answer because its value differs."""
    low: float
    """The lowest reward observed or declared."""
    high: float
    """The highest reward observed or declared."""
    golds: dict[int, str] = field(default_factory=dict)
    """The right answer of each record, extracted as specified by the first format."""

    @property
    def span(self) -> float:
        """The difference between the highest and the lowest reward, or 1 if they are equal."""
        return self.high - self.low or 1.0

    def pays(self, reward: float | None, record: int) -> bool:
        """Return True if a reward exceeds an honest wrong answer's by more than a tenth of the range."""
        return reward is not None and reward > self.wrong.get(record, self.low) + DELTA * self.span

    def share(self, reward: float | None, record: int) -> float:
        """Return a reward as a share of the right answer's reward, both measured from the lowest reward."""
        best = self.right.get(record, self.high) - self.low
        return 0.0 if reward is None or best <= 0 else max(0.0, (reward - self.low) / best)


class Sought(NamedTuple):
    """The result of searching for a control."""

    control: Control | None
    """The control, or None if no known format gives right answers more reward than wrong ones."""
    why: str = ""
    """Why there is no control, and what the user can supply to get one."""
    wire: str = ""
    """The wire on which right answers are rewarded."""
    unpaid_over: str | None = None
    """The requested wire, if right answers are rewarded only on a different wire."""
    unpaid: tuple[tuple[int, Any], ...] = ()
    """Completions that should be rewarded but earn nothing, each with the index of its record."""
    tried: tuple[Format, ...] = ()
    """The formats tried, most likely first, if none is accepted."""


@dataclass
class Case:
    """An audit in progress."""

    subject: Subject
    opener: Opener
    """Opens fresh copies of the grader, in another environment or on another wire."""
    collector: Collector
    """Sends samples to the grader process shared by most probes."""
    seed: int = 0
    search: int = 2_000
    """Maximum number of completions that the search probe may grade."""
    control: Control | None = None
    """The control, or None before the search or if the search finds none."""
    sought: Sought | None = None
    """The result of the search for the control, or None before the search."""
    verdicts: Verdicts | None = None
    """A favorable and an unfavorable reply of the judge, or None if the grader has no judge."""
    asked_about: tuple[int, str] | None = None
    """A record and a completion that reach the judge, or None if every completion reaches the judge."""
    notes: list[str] = field(default_factory=list)
    """Notes about the audit for the user, one sentence each."""

    def gold(self, one: Format, record: int) -> str | None:
        """Return the right answer of a record, extracted as a format specifies, or None if there is none.

        Args:
            one: The format.
            record: The record's index.
        """
        return answer_in(one.reading, self.subject.records[record])

    def speak(self, wire: str) -> None:
        """Switch to another wire for all later samples.

        Args:
            wire: A name from `graders.wire.PROFILES`.
        """
        self.opener.wire = wire
        self.collector.speak(PROFILES[wire])

    @property
    def known(self) -> Control:
        """The control. The audit must already have found one."""
        assert self.control is not None
        return self.control

    def random(self, name: str) -> random.Random:
        """Return a random generator for a single probe, so that its draws do not affect other probes."""
        return random.Random(f"{self.seed} {name}")

    def some(self, count: int, name: str = "", among: Iterable[int] | None = None) -> list[int]:
        """Draw up to `count` records. Every call returns the same ones."""
        chosen = list(self.controlled if among is None else among)
        return sorted(self.random(f"some {name}").sample(chosen, min(count, len(chosen))))

    @property
    def controlled(self) -> list[int]:
        """The records whose right answer earns more than a wrong one. Without a control, all records."""
        control = self.control
        if control is None:
            return list(range(len(self.subject.records)))
        return [at for at, reward in control.right.items() if control.pays(reward, at)]

    def witness(self, *shown: tuple[int, Any]) -> Witness:
        """Build a witness from records and completions, with their rewards.

        Args:
            *shown: Pairs of a record's index and a completion, which is a string or a final message.
        """
        rollouts = tuple(
            self.collector.rollout(record, completion, f"witness-{number}")
            for number, (record, completion) in enumerate(shown, 1)
        )
        replies = self.collector.ask([*shown])
        return Witness(rollouts, tuple(reply.reward for reply in replies))


class FamilyStopped(Exception):
    """Raised to stop a family of probes early because of too many timeouts or an exhausted budget.

    Args:
        why: The reason to show to the user.
    """


class NotRun(Exception):
    """Raised if a probe cannot run on this grader. The probe counts as skipped.

    Args:
        why: The reason to show to the user.
    """


class Probe(Protocol):
    """A search for one kind of fault in a grader."""

    rule: Rule
    """The id, usual severity, problem and fix of the probe's findings."""
    controlled: bool
    """Whether the probe is skipped if there is no control."""

    def why_not(self, case: Case) -> str | None:
        """Return why the probe does not apply to this grader and data, or None if it applies."""
        ...

    def run(self, case: Case) -> Iterable[Found]:
        """Look for findings. The probe passes if there are none.

        Raises:
            NotRun: The probe cannot decide.
        """
        ...


def shown_first(found: Sequence[Found]) -> list[Found]:
    """Sort findings for display by severity, then by how easily a policy can exploit them.

    A text that is rewarded on every record comes before one that depends on the right answer.
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
