from __future__ import annotations

import http.client
import json
import urllib.error
from collections import Counter
from typing import Any

import pytest
from openai import APIConnectionError, InternalServerError, OpenAI, RateLimitError

from harness.emulator.faults import Faults

RATES = {"throttle": 0.15, "timeout": 0.05, "500": 0.1}


def test_faults_come_at_their_rates_and_the_same_every_time() -> None:
    rates = {"throttle": 0.2, "timeout": 0.1, "500": 0.05, "malformed": 0.05}
    drawn = [Faults(rates, 7, 0) for _ in range(2)]
    series = [[each.next() for _ in range(4000)] for each in drawn]
    assert series[0] == series[1]
    counted = Counter(series[0])
    for name, rate in rates.items():
        assert counted[name] / 4000 == pytest.approx(rate, abs=0.02)
    assert drawn[0].injected == {name: counted[name] for name in rates}
    other = Faults(rates, 8, 0)
    assert [other.next() for _ in range(4000)] != series[0]


def test_a_slow_start_hits_the_first_requests_only() -> None:
    faults = Faults({"slow-start": 3}, 0, 0)
    assert [faults.next() for _ in range(5)] == ["slow-start"] * 3 + [None] * 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("throttle=1", RateLimitError),
        ("500=1", InternalServerError),
        ("timeout=1", APIConnectionError),
        ("slow-start=9", InternalServerError),
    ],
)
def test_the_official_client_sees_each_fault_as_what_it_is(
    shared, fault: str, error: type[Exception]
) -> None:
    name, rate = fault.split("=")
    shared.raw("POST", "/_emulator/faults", {name: float(rate)})
    try:
        with pytest.raises(error):
            shared.client.models.list()
    finally:
        shared.raw("POST", "/_emulator/faults", {})
    assert shared.client.models.list().data


def test_a_throttled_client_is_told_when_to_come_back(shared) -> None:
    shared.raw("POST", "/_emulator/faults", {"throttle": 1})
    with pytest.raises(urllib.error.HTTPError) as caught:
        shared.raw("GET", "/v1/models")
    shared.raw("POST", "/_emulator/faults", {})
    assert caught.value.headers["retry-after"] == "0"
    assert json.loads(caught.value.read())["error"]["type"] == "rate_limit_error"


def test_a_malformed_answer_is_no_json_and_a_dropped_one_has_no_end(shared) -> None:
    shared.raw("POST", "/_emulator/faults", {"malformed": 1})
    content = shared.bytes("GET", "/v1/models")
    shared.raw("POST", "/_emulator/faults", {"timeout": 1})
    with pytest.raises(http.client.IncompleteRead):
        shared.bytes("GET", "/v1/models")
    shared.raw("POST", "/_emulator/faults", {})
    with pytest.raises(json.JSONDecodeError):
        json.loads(content)


def test_an_unknown_fault_is_refused(shared) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        shared.raw("POST", "/_emulator/faults", {"quake": 1})
    assert caught.value.code == 400
    caught.value.close()


def test_a_client_that_retries_gets_through_and_the_state_is_as_without_faults(serve, data) -> None:
    def run(service: Any) -> tuple[list[Any], dict[str, Any]]:
        with OpenAI(base_url=service.process.base_url, api_key="any", max_retries=12) as client:
            content = data.jsonl(data.records_of(data.rollouts())[:16])
            file = client.files.create(file=("t.jsonl", content), purpose="fine-tune")
            raw = client.fine_tuning.jobs.with_raw_response.create(
                model="openai.gpt-oss-20b", training_file=file.id, extra_body=data.method()
            )
            name = json.loads(raw.text)["id"]
            service.finish()
            events = list(client.fine_tuning.jobs.list_events(name, limit=2))
            listed = [each.id for each in client.fine_tuning.jobs.list(limit=1)]
            assert listed == [name]
            assert [each.id for each in client.files.list()] == [file.id]
            state = service.raw("GET", "/_emulator/state")
            return [(event.message.split(":")[0], event.data) for event in events], state

    faulty = serve(faults=RATES, seed=84)
    calm = serve(state=faulty.process.config.state.parent / "calm", seed=84)
    events, state = run(faulty)
    expected, _ = run(calm)
    assert events == expected
    assert set(state["faults"]["injected"]) == set(RATES)
    assert (state["files"], list(state["jobs"].values())) == (1, ["succeeded"])


@pytest.mark.parametrize(
    "header",
    [
        ("Host", "evil.example"),
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_emulator/reset"), ("GET", "/_emulator/state"), ("POST", "/v1/files"), ("GET", "/v1/models")],
)
def test_a_web_page_is_answered_nothing(shared, method: str, path: str, header: tuple[str, str]) -> None:
    headers = {"Content-Type": "text/plain", "Authorization": "Bearer any", **dict([header])}
    with pytest.raises(urllib.error.HTTPError) as caught:
        shared.raw(method, path, {} if method == "POST" else None, headers)
    with caught.value as refused:
        assert refused.status == 403
        assert json.load(refused)["error"]["code"] == "foreign_request"
