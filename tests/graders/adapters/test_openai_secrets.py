"""Removes the keys of endpoint graders from specs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from graders.adapters._openai_secrets import endpoint_secrets


def endpoint(url: str = "https://grade.example/", **headers: object) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"type": "endpoint", "url": url, "headers": named}


@pytest.mark.parametrize(
    ("given", "made", "names"),
    [
        ({"X_Key": "a1"}, {"X-Key": "${GRADER_HEADER_X_KEY}"}, ["GRADER_HEADER_X_KEY"]),
        (
            {"Authorization": "Bearer a1"},
            {"Authorization": "Bearer ${GRADER_HEADER_AUTHORIZATION}"},
            ["GRADER_HEADER_AUTHORIZATION"],
        ),
        ({"X_Grader": "a1"}, {"X-Grader": "${GRADER_HEADER_X_GRADER_KEY}"}, ["GRADER_HEADER_X_GRADER_KEY"]),
        ({"Authorization": "Bearer ${KEY}"}, {"Authorization": "Bearer ${KEY}"}, []),
        ({"Accept": "text/json", "X": 1}, {"Accept": "text/json", "X": 1}, []),
    ],
)
def test_a_header_becomes_a_variable(given: dict[str, Any], made: dict[str, Any], names: list[str]) -> None:
    spec = endpoint(**given)
    before = copy.deepcopy(spec)
    found, found_names = endpoint_secrets(spec)
    assert (found["headers"], found_names, spec) == (made, names, before)


def test_a_key_in_an_address_becomes_a_variable_and_the_rest_stays() -> None:
    spec, names = endpoint_secrets(endpoint("https://grade.example/api?version=2&code=a1==&sig=${SIG}"))
    assert spec["url"] == "https://grade.example/api?version=2&code=${GRADER_QUERY_CODE_KEY}&sig=${SIG}"
    assert names == ["GRADER_QUERY_CODE_KEY"]


def test_a_key_in_the_path_of_an_address_becomes_a_variable_too() -> None:
    spec, names = endpoint_secrets(endpoint("https://grade.example/hooks/sk-proj-a1b2c3d4e5f6/score?v=2"))
    assert spec["url"] == "https://grade.example/hooks/${GRADER_PATH_KEY}/score?v=2"
    assert names == ["GRADER_PATH_KEY"]


def test_equal_values_share_a_variable_and_others_do_not() -> None:
    graders = {"a": endpoint(X_Key="a1"), "b": endpoint(X_Key="b1"), "c": endpoint(x_key="a1")}
    spec, names = endpoint_secrets({"grader": {"type": "multi", "graders": graders}})
    made = [each["headers"] for each in spec["grader"]["graders"].values()]
    assert made == [
        {"X-Key": "${GRADER_HEADER_X_KEY}"},
        {"X-Key": "${GRADER_HEADER_X_KEY_2}"},
        {"x-key": "${GRADER_HEADER_X_KEY}"},
    ]
    assert names == ["GRADER_HEADER_X_KEY", "GRADER_HEADER_X_KEY_2"]


@pytest.mark.parametrize(
    "spec", [None, [], 1, {"type": "endpoint", "headers": [], "url": 1}, {"headers": {"a": "b"}}]
)
def test_a_spec_without_an_endpoint_is_unchanged(spec: object) -> None:
    assert endpoint_secrets(spec) == (spec, [])
