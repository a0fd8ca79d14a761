from __future__ import annotations

import io
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from harness.api.seen import SeenJob
from harness.follow.health import Health
from harness.follow.watched import Watched
from harness.report.console import SafeConsole
from harness.report.job_screen import JobScreen

HOSTILE = "\x1b]0;title\x07\x1b[2J\u202egnirts\u2066 \x9b31m\r\n\ttext 漢字 [bold]x[/bold]"
NOW = 1_771_450_000.0
JOB: Any = {"id": "ftjob-1", "status": "running", "created_at": NOW - 600, "finished_at": None}
METRICS = {"critic_rewards_mean": 0.4375, "actor_entropy": 0.62, "response_length_mean": 519.1}


def drawn(screen: JobScreen, width: int) -> list[str]:
    """Return the lines of a screen in a terminal of this width."""
    output = io.StringIO()
    console = SafeConsole(file=output)
    console.width = width
    for segments in console.render_lines(screen, console.options, pad=False):
        output.write("".join(segment.text for segment in segments) + "\n")
    return output.getvalue().splitlines()


def shown(watched: Watched, width: int = 80, name: str = "first") -> list[str]:
    screen = JobScreen(name, lambda: NOW)
    screen.show(watched)
    return drawn(screen, width)


def watched_with(*events: Any, job: Any = JOB) -> Watched:
    found, health = Watched(job=SeenJob.read(job)), Health()
    for event in events:
        found.curves.add(event)
        health.check(found.curves)
        found.messages.append(event)
    found.warnings = health.findings
    return found


def steps(count: int, total: Any = 40, **metrics: Any) -> list[Any]:
    return [
        {
            "created_at": NOW - 590 + 10 * step,
            "message": f"Step {step}",
            "data": {"step": step, "total_steps": total, **METRICS, **metrics},
        }
        for step in range(1, count + 1)
    ]


def test_a_running_job_shows_step_times_and_every_known_metric_under_its_own_name() -> None:
    lines = shown(watched_with(*steps(12)))
    assert lines[0] == "first  ftjob-1  running"
    assert lines[1] == "step 12/40 (30 %)   elapsed 10 min   about 5 min left"
    assert lines[2].split() == ["critic_rewards_mean", "0.4375", "▁" * 12]
    assert lines[-1].endswith("Step 12")


@pytest.mark.parametrize(
    ("watched", "words"),
    [
        (Watched(), ["not known yet", "no step yet", "elapsed unknown", "time left unknown"]),
        (watched_with(), ["no step yet", "elapsed 10 min", "time left unknown"]),
        (watched_with(*steps(3, None)), ["step 3 of an unknown number", "time left unknown"]),
        (watched_with(*steps(3, 0)), ["step 3 of an unknown number"]),
        (watched_with(*steps(1, actor_entropy=float("nan"))), ["actor_entropy", "not finite"]),
        (watched_with(job={**JOB, "created_at": "soon"}), ["elapsed unknown"]),
        (watched_with(job={**JOB, "created_at": NOW + 900}), ["elapsed unknown"]),
        (watched_with(job={**JOB, "created_at": (NOW - 60) * 1000}), ["elapsed 1 min"]),
        (watched_with(job={**JOB, "status": "failed", "finished_at": NOW - 300}), ["failed", "took 5 min"]),
        (watched_with(job={**JOB, "status": None}), ["(no status)"]),
    ],
)
def test_what_is_not_known_is_said_to_be(watched: Watched, words: list[str]) -> None:
    text = "\n".join(shown(watched))
    assert [word for word in words if word not in text] == []


def test_warnings_notes_and_trouble_are_on_it() -> None:
    watched = watched_with(*steps(12, critic_rewards_mean=0.0))
    watched.notes = ["rft does not know the status dreaming"]
    watched.silence = "no new event and no change for 15 min"
    screen = JobScreen("first", lambda: NOW, trouble="cannot reach the service; trying again in 4 s")
    screen.show(watched)
    text = " ".join(drawn(screen, 80))
    assert "W102 step 10: the reward has been exactly 0 for 10 steps." in text
    assert "rft does not know the status dreaming." in text
    assert "trying again in 4 s" in text
    assert "no change for 15 min." in text


@pytest.mark.parametrize("width", [80, 40, 20])
def test_hostile_words_neither_steer_the_terminal_nor_leave_the_screen(width: int) -> None:
    events = [{**event, "message": HOSTILE * 9, "level": HOSTILE} for event in steps(12)]
    watched = watched_with(*events, job={**JOB, "id": HOSTILE, "status": HOSTILE})
    watched.notes = [HOSTILE]
    screen = JobScreen(HOSTILE, lambda: NOW, trouble=HOSTILE)
    screen.show(watched)
    lines = drawn(screen, width)
    assert max(map(cell_len, lines)) <= width
    assert (
        re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "".join(lines))
        is None
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "created_at": st.none() | st.integers() | st.floats() | st.text(max_size=3),
                "message": st.none() | st.text(max_size=30),
                "level": st.none() | st.text(max_size=5) | st.integers(),
                "data": st.none()
                | st.dictionaries(
                    st.sampled_from(["step", "total_steps", *METRICS]),
                    st.none() | st.integers() | st.floats() | st.text(max_size=3),
                ),
            }
        ),
        max_size=6,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            name: st.none() | st.integers() | st.floats() | st.text(max_size=5)
            for name in ("id", "status", "created_at", "finished_at")
        },
    ),
    st.sampled_from([80, 40]),
)
def test_whatever_the_service_sends_is_drawn_within_the_width(events: Any, job: Any, width: int) -> None:
    assert max(map(cell_len, shown(watched_with(*events, job=job), width))) <= width


def test_a_screen_keeps_no_more_of_a_long_job_than_of_a_short_one() -> None:
    def used(count: int) -> int:
        watched = watched_with(*steps(50))
        screen = JobScreen("first", lambda: NOW)
        tracemalloc.start()
        for step in range(51, count):
            watched.curves.add({"data": {"step": step, "total_steps": count, **METRICS}})  # type: ignore[typeddict-item]
            if step % 500 == 0:
                screen.show(watched)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert used(20_000) < 1.5 * used(4_000)
