"""The watcher over HTTP, with a clock that advances only while the watcher sleeps."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.api.failures import RequestRefused, Unreachable
from harness.api.safe_text import plain_text
from harness.api.seen import SeenJob, as_text
from harness.follow.status import has_ended, has_succeeded, what_is_odd
from harness.follow.watch import Polling, watch
from support.api_stub import ApiStub, Fault, TestClock
from support.service import connected

DATA = {"total_steps": 67, "actor_entropy": 0.6, "critic_rewards_mean": 0.4, "response_length_mean": 519.0}


class Record:
    """An observer that records all calls."""

    def __init__(self):
        self.ids = []
        self.warnings = []
        self.states = []
        self.troubles = []
        self.notes = []
        self.resumed_at = None

    def resumed(self, watched):
        self.resumed_at = (watched.events, watched.curves.step)

    def events(self, events):
        self.ids += [event.get("id") for event in events]

    def warning(self, finding):
        self.warnings.append(finding.id)

    def note(self, text):
        self.notes.append(text)

    def state(self, watched):
        self.states.append((watched.job.status, watched.curves.step))

    def trouble(self, error, wait_s):
        self.troubles.append(wait_s)


class Life:
    """A job that takes steps while the watcher sleeps, and then ends."""

    def __init__(self, stub, clock, *, polls=10, steps_a_poll=3, end="succeeded"):
        self.stub, self.clock = stub, clock
        self.polls, self.steps_a_poll, self.end = polls, steps_a_poll, end
        self.step = 0
        stub.add_job(status="queued")
        clock.on_sleep = self.pass_time

    def pass_time(self):
        self.polls -= 1
        job = self.stub.jobs["ftjob-1"]
        if self.polls > 0:
            job["status"] = "running"
            for _ in range(self.steps_a_poll):
                self.step += 1
                data = {**DATA, "step": self.step, "critic_rewards_mean": 0.3 + self.step / 200}
                self.stub.add_event("ftjob-1", self.step, data=data)
        elif self.polls == 0:
            job["status"] = self.end
        elif self.polls == -1:
            # The last event becomes readable only after the status is final.
            self.stub.add_event("ftjob-1", self.step + 1)


@pytest.fixture
def stub():
    with ApiStub() as stub:
        yield stub


def follow(stub, folder, clock, **pace):
    record = Record()
    with connected(stub.base_url) as client:
        outcome = watch(client, "ftjob-1", folder, observer=record, clock=clock, pace=Polling(**pace))
    return outcome, record


def ids(numbers):
    return [f"ftevent-{number:06d}" for number in numbers]


@pytest.mark.parametrize(("end", "good"), [("succeeded", True), ("failed", False), ("cancelled", False)])
def test_a_job_is_followed_to_its_end(stub, tmp_path, end, good):
    clock = TestClock()
    Life(stub, clock, end=end)
    outcome, record = follow(stub, tmp_path, clock)
    assert outcome.succeeded is good
    assert record.ids == ids(range(1, 29)), "the last event arrived after the final status"
    assert outcome.curves.step == 27
    assert record.states[0] == ("queued", 0)
    assert (outcome.events, outcome.new_events) == (28, 28)


def test_the_number_of_calls_is_bounded(stub, tmp_path):
    clock = TestClock()
    Life(stub, clock, polls=10)
    follow(stub, tmp_path, clock)
    assert len(stub.seen) <= 2 * (len(clock.slept) + 1)


def test_a_quiet_job_is_asked_less_and_less_often(stub, tmp_path):
    clock = TestClock()
    Life(stub, clock, polls=300, steps_a_poll=0)
    follow(stub, tmp_path, clock)
    assert max(clock.slept) == 60.0
    assert clock.ticks > 290 * 50


def test_unknown_statuses_and_events_are_followed_too(stub, tmp_path):
    clock = TestClock()
    life = Life(stub, clock, polls=4)
    life.stub.add_event("ftjob-1", 0, type="dream", data={"colour": "red"}, level="weird", message=None)
    stub.jobs["ftjob-1"]["status"] = "meditating"
    outcome, record = follow(stub, tmp_path, clock)
    assert outcome.succeeded
    assert record.ids[0] == "ftevent-000000"
    assert [note for note in record.notes if "meditating" in note] == record.notes
    assert len(record.notes) == 1


WORDS = st.sampled_from(
    ["succeeded", "SUCCEEDED", "Completed", "failed", "cancelled", "canceled", "Stopped", "expired"]
    + ["validating_files", "queued", "running", "paused", "InProgress", "Stopping", None, "", 7, ["x"]]
) | st.text(max_size=12)
FINISHED = st.sampled_from([None, 0, "", False, 1_771_442_999, 1_771_442_999_000, "2026-02-18T19:16:39Z"])


@given(WORDS, FINISHED)
def test_every_status_ends_the_watch_or_is_usual_or_is_reported(word, finished_at):
    job = SeenJob.read({"status": word, "finished_at": finished_at})
    shown = as_text(word) if word not in (None, "") else "(no status)"
    odd = what_is_odd(job)
    if has_ended(job):
        assert odd is None or (finished_at and plain_text(shown) in odd)
    elif finished_at or word not in GOING_ON:
        assert odd is not None
        assert plain_text(shown) in odd
    else:
        assert odd is None
    if has_succeeded(job):
        assert has_ended(job)


GOING_ON = ["validating_files", "queued", "running", "paused", "InProgress", "Stopping"]


@pytest.mark.parametrize(
    ("status", "good"),
    [("completed", True), ("SUCCEEDED", True), ("expired", False), ("Stopped", False), ("review", False)],
)
def test_a_job_that_says_when_it_finished_has_ended_whatever_the_word(stub, tmp_path, status, good):
    stub.add_job(status=status, finished_at=1_771_442_999)
    outcome, record = follow(stub, tmp_path, TestClock())
    assert outcome.succeeded is good
    assert bool(record.notes) is (status == "review")


def test_a_restart_repeats_nothing_and_rebuilds_the_curves(stub, tmp_path):
    clock = TestClock()
    life = Life(stub, clock, polls=40)
    clock_that_stops = clock.on_sleep

    def stop():
        clock_that_stops()
        if life.polls == 20:
            raise KeyboardInterrupt

    clock.on_sleep = stop
    first = Record()
    with connected(stub.base_url) as client, pytest.raises(KeyboardInterrupt):
        watch(client, "ftjob-1", tmp_path, observer=first, clock=clock)
    outcome, second = follow(stub, tmp_path, clock)
    assert first.ids + second.ids == ids(range(1, life.step + 2))
    assert second.resumed_at == (len(first.ids), len(first.ids))
    assert outcome.curves.series["critic_rewards_mean"].count == life.step
    written = [json.loads(line)["id"] for line in (tmp_path / "events.jsonl").read_bytes().splitlines()]
    assert written == first.ids + second.ids


@pytest.mark.parametrize("status", [0, 429, 500, 503])
@pytest.mark.parametrize("path", ["/jobs/ftjob-1$", "/events$"])
def test_network_loss_costs_nothing(stub, tmp_path, status, path):
    clock = TestClock()
    Life(stub, clock, polls=12)
    for_a_while = Fault("GET", path, status=status, body={}, headers={"Retry-After": "9"}, times=5)
    stub.faults.append(for_a_while)
    outcome, record = follow(stub, tmp_path, clock)
    assert record.ids == ids(range(1, outcome.events + 1))
    assert len(record.troubles) == 5
    if status:
        assert min(record.troubles) == 9.0, "Retry-After is honored"


def test_a_connection_cut_between_pages_costs_nothing(stub, tmp_path):
    clock = TestClock()
    stub.add_job(status="succeeded")
    for number in range(950):
        stub.add_event("ftjob-1", number)
    calls = [0]

    def cut_every_third(seen):
        if seen.path.endswith("/events"):
            calls[0] += 1
            if calls[0] % 3 == 0:
                stub.faults[:] = [Fault("GET", "/events", status=0)]

    stub.on_request = cut_every_third
    outcome, record = follow(stub, tmp_path, clock)
    assert record.ids == ids(range(950))
    assert outcome.events == 950


def test_it_gives_up_after_its_patience_and_says_that_it_resumes(stub, tmp_path):
    clock = TestClock()
    stub.add_job()
    stub.faults.append(Fault("GET", "/jobs/", status=503, body={}, times=10**6))
    with pytest.raises(Unreachable, match="resumes") as caught:
        follow(stub, tmp_path, clock, patience_s=300.0)
    assert caught.value.exit_code == 3
    assert 300 <= clock.ticks <= 400
    assert len(stub.seen) < 20


def test_patience_is_measured_anew_after_every_success(stub, tmp_path):
    clock = TestClock()
    Life(stub, clock, polls=100)
    count = [0]

    def flaky(seen):
        count[0] += 1
        if count[0] % 2:
            stub.faults[:] = [Fault("GET", "/jobs/ftjob-1$", status=503, body={})]

    stub.on_request = flaky
    outcome, _ = follow(stub, tmp_path, clock, patience_s=30.0)
    assert outcome.succeeded


def test_a_wall_clock_that_jumps_changes_nothing(stub, tmp_path):
    clock = TestClock()
    life = Life(stub, clock, polls=10)

    def jump():
        clock.jump(-10_000_000 if life.polls % 2 else 10_000_000)
        life.pass_time()

    clock.on_sleep = jump
    outcome, record = follow(stub, tmp_path, clock)
    assert outcome.succeeded
    assert record.troubles == []


def test_an_unknown_job_and_a_refused_key_end_it_immediately(stub, tmp_path):
    for status in (404, 401, 403):
        stub.faults[:] = [Fault("GET", "/jobs/", status=status, body={})]
        with pytest.raises(RequestRefused) as caught:
            follow(stub, tmp_path, TestClock())
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("path", ["/jobs/ftjob-1$", "/events$"])
@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_refusal_in_mid_watch_says_that_the_job_continues_and_the_command_resumes(
    stub, tmp_path, status, path
):
    clock = TestClock()
    life = Life(stub, clock, polls=6)
    stub.on_request = lambda seen: (
        stub.faults.append(Fault("GET", path, status=status, body={})) if life.polls == 3 else None
    )
    with pytest.raises(RequestRefused, match="continues without you; the same command resumes") as caught:
        follow(stub, tmp_path, clock)
    assert caught.value.exit_code == 2
    stub.on_request = None
    stub.faults.clear()
    follow(stub, tmp_path, clock)
    written = [json.loads(line)["id"] for line in (tmp_path / "events.jsonl").read_bytes().splitlines()]
    assert written == ids(range(1, life.step + 2))


def test_the_watch_gives_up_on_a_job_that_is_gone(stub, tmp_path):
    clock = TestClock()
    stub.add_job()
    clock.on_sleep = stub.jobs.clear
    with pytest.raises(Unreachable, match="may have been deleted") as caught:
        follow(stub, tmp_path, clock, patience_s=300.0)
    assert caught.value.exit_code == 3
    assert "continues" not in str(caught.value)
    assert clock.ticks < 500


def test_a_silent_job_is_followed_and_the_silence_is_reported(stub, tmp_path):
    clock = TestClock()
    stub.add_job()

    def end_after_two_hours():
        if clock.ticks > 7200:
            stub.jobs["ftjob-1"]["status"] = "succeeded"

    clock.on_sleep = end_after_two_hours
    outcome, record = follow(stub, tmp_path, clock, patience_s=900.0)
    assert outcome.succeeded
    assert 6 <= len(record.notes) <= 8
    assert "min: the job is still running" in record.notes[0]


def test_a_job_with_unreachable_events_ends_with_its_status(stub, tmp_path):
    stub.add_job(status="succeeded")
    stub.faults.append(Fault("GET", "/events", status=500, body={}, times=10**6))
    outcome, _ = follow(stub, tmp_path, TestClock(), patience_s=100.0)
    assert outcome.succeeded
    assert "its last events could not be read" in outcome.notes[0]


def test_a_job_that_disappears_for_a_moment_is_waited_for(stub, tmp_path):
    clock = TestClock()
    Life(stub, clock, polls=6)
    stub.on_request = lambda seen: (
        stub.faults.append(Fault("GET", "/jobs/ftjob-1$", status=404, body={}))
        if len(stub.seen) == 5
        else None
    )
    outcome, record = follow(stub, tmp_path, clock)
    assert outcome.succeeded
    assert len(record.troubles) == 1


def test_warnings_are_given_once_over_a_restart(stub, tmp_path):
    clock = TestClock()
    stub.add_job(status="succeeded")
    for step in range(1, 31):
        stub.add_event("ftjob-1", step, data={**DATA, "step": step, "critic_rewards_mean": 0.0})
    _, first = follow(stub, tmp_path, clock)
    outcome, second = follow(stub, tmp_path, clock)
    assert first.warnings == ["W102", "W103"]
    assert second.warnings == []
    assert [finding.id for finding in outcome.warnings] == ["W102", "W103"]


@pytest.mark.parametrize("times", [1, 2, 10**6])
@pytest.mark.parametrize("data", [[], [{"message": "an event without an id", "created_at": 1}]])
def test_a_page_that_promises_more_and_leads_nowhere_ends_no_watch(stub, tmp_path, times, data):
    clock = TestClock()
    Life(stub, clock, polls=4)
    dead = {"object": "list", "data": data, "has_more": True}
    stub.faults.append(Fault("GET", "/events", status=200, body=dead, times=times))
    outcome, record = follow(stub, tmp_path, clock, patience_s=3.0)
    assert outcome.succeeded
    assert record.troubles == []
    if times < 3:
        assert record.ids == ids(range(1, outcome.events + 1))
        assert record.notes == []
    else:
        assert outcome.events == len(data), "the events read so far are kept"
        assert ["may be incomplete" in note for note in record.notes] == [True]


PAGES = st.lists(
    st.fixed_dictionaries(
        {
            "data": st.lists(
                st.fixed_dictionaries(
                    {"id": st.sampled_from(["a", "b", "c", "d", None, 3]), "created_at": st.integers(0, 9)}
                ),
                max_size=3,
            ),
            "has_more": st.sampled_from([True, False, None]),
        }
    ),
    min_size=1,
    max_size=6,
)
ANSWERS = st.sampled_from([None, None, 0, 401, 404, 500])


class Scripted:
    """A client with scripted responses. Its pages repeat in a cycle, and its job always ends."""

    def __init__(self, words, pages, failures):
        self.words, self.pages, self.failures = list(words), list(pages), list(failures)

    def _fail(self):
        status = self.failures.pop() if self.failures else None
        if status in (0, 500):
            raise Unreachable("cut", status=status or None)
        if status:
            raise RequestRefused("no", status=status)

    def job(self, job_id):
        self._fail()
        word = self.words.pop() if self.words else ("succeeded", None)
        return SeenJob.read({"id": job_id, "status": word[0], "finished_at": word[1]})

    def events_page(self, job_id, *, after=None):
        self._fail()
        self.pages.insert(0, self.pages.pop())
        return {"object": "list", **self.pages[0]}


@settings(max_examples=60)
@given(st.lists(st.tuples(WORDS, FINISHED), max_size=5), PAGES, st.lists(ANSWERS, max_size=8))
def test_every_sequence_of_answers_ends(tmp_path_factory, words, pages, failures):
    folder = tmp_path_factory.mktemp("job")
    clock = TestClock()
    record = Record()
    client: Any = Scripted(words, pages, failures)
    outcome = None
    with suppress(Unreachable, RequestRefused):
        outcome = watch(client, "ftjob-1", folder, observer=record, clock=clock)
    assert outcome is None or outcome.job is None or has_ended(outcome.job)
    assert clock.ticks < 5000
    shutil.rmtree(folder)


class Endless:
    """A client that computes its events, so that only the watcher's memory grows."""

    def __init__(self, count):
        self.count = count

    def job(self, job_id):
        return SeenJob.read({"id": job_id, "status": "succeeded"})

    def events_page(self, job_id, *, after=None, limit=100):
        top = self.count if after is None else int(after.rpartition("-")[2]) - 1
        low = max(0, top - limit)
        data = [
            {
                "id": f"ftevent-{number}",
                "created_at": number,
                "type": "metrics",
                "message": f"Step {number}",
                "data": {
                    **DATA,
                    "step": number,
                    "total_steps": self.count,
                    "critic_rewards_mean": number % 7 / 7,
                },
            }
            for number in range(top, low, -1)
        ]
        return {"object": "list", "data": data, "has_more": low > 0}


class Silent(Record):
    def events(self, events):
        self.ids = self.ids[:1] + [len(events)]


def peak(count, folder):
    tracemalloc.start()
    outcome = watch(Endless(count), "ftjob-1", folder, observer=Silent(), clock=TestClock())  # type: ignore[arg-type]
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcome.events == count
    assert outcome.curves.step == count
    return used


@pytest.mark.slow
def test_memory_is_flat_over_100_000_events(tmp_path):
    small = peak(20_000, tmp_path / "small")
    large = peak(100_000, tmp_path / "large")
    assert large < 1.3 * small
