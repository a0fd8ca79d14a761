"""Events are neither lost nor repeated, whatever fails while they are listed."""

from __future__ import annotations

import json
import os
import shutil
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.api.failures import RequestRefused, Unreachable
from harness.errors import InputError
from harness.follow.event_log import EventLog
from harness.follow.events import NewEvents, is_newest_first


def event(number, **more):
    return {"id": f"ftevent-{number}", "created_at": 1000 + number, "message": str(number), **more}


class Service:
    """Events in memory, served in pages. The calls in `break_at` fail."""

    def __init__(self, size=5, newest_first=True):
        self.events = []
        self.size = size
        self.newest_first = newest_first
        self.calls = 0
        self.break_at = set()

    def add(self, *numbers, **more):
        self.events += [event(number, **more) for number in numbers]

    def fetch(self, after):
        self.calls += 1
        if self.calls in self.break_at:
            raise Unreachable("cut")
        listed = self.events[::-1] if self.newest_first else self.events
        ids = [one.get("id") for one in listed]
        if after is not None and after not in ids:
            raise RequestRefused("no such event", status=400)
        start = 0 if after is None else ids.index(after) + 1
        page = listed[start : start + self.size]
        return {"object": "list", "data": page, "has_more": start + self.size < len(listed)}


def poll(service, folder, *, stop_after=None):
    """Act as a process that recovers, polls once and ends. Returns the new messages."""
    with EventLog(folder) as log:
        for _ in log.recover():
            pass
        with NewEvents(service.fetch, log) as news:
            chunks = list(islice(news.poll(), stop_after))
    return [one["message"] for chunk in chunks for one in chunk]


def journal(folder):
    return [json.loads(line)["message"] for line in (folder / "events.jsonl").read_bytes().splitlines()]


def names(numbers):
    return [str(number) for number in numbers]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("count", [0, 1, 5, 6, 23])
@pytest.mark.parametrize("size", [1, 5])
def test_all_events_come_oldest_first(tmp_path, newest_first, count, size):
    service = Service(size, newest_first)
    service.add(*range(count))
    assert poll(service, tmp_path) == names(range(count))
    assert journal(tmp_path) == names(range(count))
    assert poll(service, tmp_path) == []


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_restart_brings_only_what_is_new(tmp_path, newest_first):
    service = Service(newest_first=newest_first)
    service.add(*range(12))
    poll(service, tmp_path)
    service.add(*range(12, 31))
    assert poll(service, tmp_path) == names(range(12, 31))
    assert journal(tmp_path) == names(range(31))


def test_a_quiet_poll_is_one_call_however_long_the_job(tmp_path):
    service = Service()
    service.add(*range(500))
    poll(service, tmp_path)
    service.calls = 0
    poll(service, tmp_path)
    assert service.calls == 1


def test_a_broken_walk_resumes(tmp_path):
    service = Service()
    service.add(*range(50))
    service.break_at = {7}
    with pytest.raises(Unreachable):
        poll(service, tmp_path)
    assert journal(tmp_path) == []
    service.add(50, 51)
    service.calls = 0
    assert poll(service, tmp_path) == names(range(52))
    assert service.calls <= 4 + 2


def test_a_walk_that_the_service_forgot_begins_again(tmp_path):
    service = Service()
    service.add(*range(50))
    service.break_at = {4}
    with pytest.raises(Unreachable):
        poll(service, tmp_path)
    service.events = [event(number, created_at=5000) for number in range(100, 120)]
    assert poll(service, tmp_path) == names(range(100, 120))


def test_an_event_that_arrives_late_is_not_lost(tmp_path):
    service = Service(size=10)
    service.add(0, 1, 3, 4)
    poll(service, tmp_path)
    service.events.insert(2, event(2))
    service.add(5)
    assert sorted(poll(service, tmp_path)) == ["2", "5"]
    assert poll(service, tmp_path) == []


def test_an_empty_page_that_promises_more_is_asked_for_again_then_taken_as_the_end(tmp_path):
    service = Service()
    service.add(*range(5))
    calls = []

    def fetch(after):
        calls.append(after)
        page = service.fetch(None) if after is None else {"object": "list", "data": []}
        return {**page, "has_more": True}

    seen = []
    with EventLog(tmp_path) as log, NewEvents(fetch, log) as news:
        for _ in range(3):
            seen.append((len(list(news.poll())), news.pending, news.incomplete))
    assert seen == [(0, True, False), (0, True, False), (1, False, True)]
    assert calls == [None, "ftevent-0", "ftevent-0", "ftevent-0", None]
    assert journal(tmp_path) == names(range(5))


def test_pages_that_form_a_loop_end(tmp_path):
    pages = {None: [event(3), event(2)], "ftevent-2": [event(1), event(2)], "ftevent-1": [event(2)]}

    def fetch(after: Any) -> Any:
        return {"object": "list", "data": pages.get(after, [event(2)]), "has_more": True}

    with EventLog(tmp_path) as log, NewEvents(fetch, log) as news:
        for _ in range(4):
            list(news.poll())
    assert sorted(journal(tmp_path)) == names(range(1, 4))


def test_a_torn_last_line_is_cut_and_its_event_fetched_again(tmp_path):
    service = Service()
    service.add(*range(8))
    poll(service, tmp_path)
    path = tmp_path / "events.jsonl"
    os.truncate(path, path.stat().st_size - 3)
    assert poll(service, tmp_path) == ["7"]
    assert journal(tmp_path) == names(range(8))


def test_two_processes_do_not_write_one_journal(tmp_path):
    with EventLog(tmp_path), pytest.raises(InputError, match="in use by process"):
        EventLog(tmp_path)


def test_events_without_ids_are_told_apart_by_content(tmp_path):
    service = Service(size=100)
    service.events = [{"created_at": number, "message": str(number), "data": {"a": [1]}} for number in (1, 2)]
    assert poll(service, tmp_path) == ["1", "2"]
    assert poll(service, tmp_path) == []


@settings(max_examples=150)
@given(data=st.data(), newest_first=st.booleans(), size=st.integers(1, 7))
def test_no_failure_loses_or_repeats_events(tmp_path_factory, data, newest_first, size):
    """Each round adds events and polls, with failing calls and kills between and inside writes."""
    folder = tmp_path_factory.mktemp("job")
    service = Service(size, newest_first)
    shown = []
    for _ in range(data.draw(st.integers(1, 6))):
        first = len(service.events)
        service.add(*range(first, first + data.draw(st.integers(0, 25))))
        service.calls = 0
        service.break_at = data.draw(st.sets(st.integers(1, 12), max_size=2))
        try:
            shown += poll(service, folder, stop_after=data.draw(st.none() | st.integers(0, 3)))
        except Unreachable:
            shown = journal(folder)
        torn = data.draw(st.sampled_from([None, "events.jsonl", "events.walk.jsonl"]))
        if torn:
            path = folder / torn
            if not path.exists():
                continue
            os.truncate(path, max(0, path.stat().st_size - data.draw(st.integers(1, 40))))
    service.break_at = set()
    for _ in range(3):
        poll(service, folder)
    assert journal(folder) == names(range(len(service.events)))
    shutil.rmtree(folder)


@pytest.mark.parametrize("killed_after", range(7))
def test_a_merge_killed_anywhere_is_finished_by_the_next_process(tmp_path, killed_after):
    service = Service(size=4)
    service.add(*range(30))
    poll(service, tmp_path, stop_after=killed_after)
    service.add(30)
    poll(service, tmp_path)
    assert journal(tmp_path) == names(range(31))


@pytest.mark.parametrize("killed_after", [1, 29, 30, 49])
def test_a_long_merge_killed_midway_repeats_nothing_that_memory_has_forgotten(tmp_path, killed_after):
    """There are more events than ids in the journal's memory, so only its last line shows where to resume."""
    service = Service(size=100)
    service.add(*range(5000))
    poll(service, tmp_path, stop_after=killed_after)
    assert len(journal(tmp_path)) == 100 * killed_after
    poll(service, tmp_path)
    assert journal(tmp_path) == names(range(5000))


@pytest.mark.parametrize(
    ("stamps", "order"),
    [([3, 2, 1], True), ([1, 2, 3], False), ([1, 1, 1], None), ([], None), ([1, 2, 0, 3], False)],
)
def test_the_times_show_the_order(stamps, order):
    page: Any = [{"created_at": stamp} for stamp in stamps]
    assert is_newest_first(page) is order


def test_the_steps_show_the_order_within_one_second():
    page: Any = [{"created_at": 5, "data": {"step": step}} for step in (9, 8, 7)]
    assert is_newest_first(page) is True
