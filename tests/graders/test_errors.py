"""The error tree: base classes, and pickling of errors."""

from __future__ import annotations

import pickle

import pytest

from graders import errors

TREE = {
    errors.DecorationError: TypeError,
    errors.ConfigurationError: Exception,
    errors.EventError: ValueError,
    errors.AnswerShapeError: ValueError,
    errors.AnswerIdError: ValueError,
    errors.AnswerRewardError: ValueError,
    errors.RecordError: ValueError,
    errors.SampleError: Exception,
    errors.ErrorBudgetExceeded: Exception,
}


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_is_a_grader_error_and_the_matching_python_error(kind):
    assert issubclass(kind, errors.GraderError)
    assert issubclass(kind, TREE[kind])


def test_an_interruption_is_not_swallowed_by_except_exception():
    assert not issubclass(errors.Interrupted, Exception)


def test_a_sample_error_says_its_kind_and_message():
    error = errors.SampleError("timeout", "interrupted after 5 s")
    assert (error.kind, error.message) == ("timeout", "interrupted after 5 s")
    assert str(error) == "timeout: interrupted after 5 s"


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_errors_survive_being_sent_between_processes(kind):
    arguments = ("value", "bad") if kind is errors.SampleError else ("bad",)
    error = kind(*arguments)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_the_docstring_lists_every_error_class_of_the_module():
    classes = [v for v in vars(errors).values() if isinstance(v, type) and v.__module__ == errors.__name__]
    for kind in classes:
        if issubclass(kind, Exception):
            assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize("kind", [errors.GraderError, errors.EventError, errors.RecordError])
def test_no_error_s_text_steers_a_terminal(kind):
    assert str(kind("a\x1b]0;x\x07 \u202eb\ud800\nc")) == "a\\x1b]0;x\\x07 \\u202eb\\ud800\nc"
    assert "\x1b" not in str(errors.SampleError("exception", "\x1b[2J", "ValueError at g\x1b.py:1"))
