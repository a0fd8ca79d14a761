from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.localaws.limits import Fault, from_payload

OWN = '  File "/var/task/app.py", line 12, in grade\n    ask()\n'
LIBRARY = '  File "/var/task/graders/checks/judge.py", line 5, in ask\n    raise ValueError("no key")\n'
RUNTIME = '  File "/var/runtime/bootstrap.py", line 1, in main\n'


def document(**more: Any) -> bytes:
    return json.dumps({"errorType": "ConfigurationError", "errorMessage": "no key", **more}).encode()


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        ([RUNTIME, OWN, LIBRARY], "app.py:12"),
        ([LIBRARY], ""),
        ([OWN, '  File "/tmp/rft-1/task/pkg/deep.py", line 3, in f\n'], "deep.py:3"),
        (['  File "/var/task/graders/examples/json_fields.py", line 9, in f\n'], "json_fields.py:9"),
        (['  File "/opt/python/lib/python3.13/site-packages/x.py", line 9, in f\n'], ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_innermost_line_of_the_function_s_own_code_is_the_place(stack: Any, place: str) -> None:
    fault = from_payload(document(stackTrace=stack))
    assert fault == Fault("ConfigurationError", "no key", place)
    assert fault.located == (f"no key ({place})" if place else "no key")
    assert json.loads(fault.payload()) == json.loads(document())


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists) | st.dictionaries(st.text(), st.text()))
def test_any_stack_trace_is_survived(stack: Any) -> None:
    assert from_payload(document(stackTrace=stack)).message == "no key"
