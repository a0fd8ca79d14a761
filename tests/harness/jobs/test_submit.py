"""Submission creates exactly one job, whichever request fails and wherever the process is killed."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.api.auth import Credential, ShortTermKey
from harness.api.client import FineTuning
from harness.api.endpoint import find_endpoint
from harness.api.failures import RequestRefused, Unreachable
from harness.disk import InUse
from harness.errors import InputError
from harness.jobs.journal import (
    Entry,
    default_name,
    find_entry,
    find_job,
    held,
    held_for_all_folders,
    other_grader,
)
from harness.jobs.plan import Plan, ReplayEvidence, hyperparameters, read_training_file
from harness.jobs.submit import submit
from support.api_stub import ApiStub, Fault, TestClock
from support.service import KEY, connected

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"


class Killed(BaseException):
    """A simulated `kill -9`, which no code may catch."""


@pytest.fixture
def stub():
    with ApiStub() as stub:
        yield stub


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "1+1"}], "reference_answer": "2"}\n' * 3)
    return path


def plan_of(data, base_url, **changed):
    values = {"grader_arn": ARN, "model": "openai.gpt-oss-20b", "hyperparameters": hyperparameters()}
    return Plan(data=read_training_file(data), base_url=base_url, region=None, **{**values, **changed})


def run(stub, data, jobs, clock=None, name=None, **changed):
    """Submit once, as `rft submit` does."""
    plan = plan_of(data, stub.base_url, **changed)
    name = name or default_name(plan)
    with connected(stub.base_url) as client, held(jobs, name):
        entry = Entry.open(jobs, name, plan, "2026-01-01T00:00:00+00:00")
        if entry.facts.state == "intended":
            entry.reach("intended")
        return submit(client, plan, entry, clock or TestClock())


def journal(jobs):
    (path,) = jobs.glob("*/job.json")
    return json.loads(path.read_text())


def test_a_job_is_created_and_recorded(stub, data, tmp_path):
    done = run(stub, data, tmp_path / "jobs", code_sha256="abc=")
    assert not done.found
    written = journal(tmp_path / "jobs")
    assert written["state"] == "created"
    assert written["job"]["id"] == done.job.id == "ftjob-1"
    assert written["file"]["id"] == done.job.training_file
    assert written["data"]["sha256"] == read_training_file(data).sha256
    assert written["data"]["records"] == 3
    assert written["grader"] == {"arn": ARN, "code_sha256": "abc="}
    assert written["hyperparameters"] == {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0}
    assert set(written["versions"]) == {"rft-graders", "openai", "python"}
    assert stub.jobs["ftjob-1"]["method"]["reinforcement"]["grader"]["lambda"]["function"] == ARN


def test_the_same_command_again_finds_the_same_job(stub, data, tmp_path):
    first = run(stub, data, tmp_path / "jobs")
    again = run(stub, data, tmp_path / "jobs")
    assert again.found
    assert again.job.id == first.job.id
    assert (len(stub.jobs), len(stub.files)) == (1, 1)


@pytest.mark.parametrize(
    "change", [{"grader_arn": ARN[:-1] + "4"}, {"hyperparameters": hyperparameters(n_epochs=2)}]
)
def test_another_plan_is_another_job(stub, data, tmp_path, change):
    run(stub, data, tmp_path / "jobs")
    assert not run(stub, data, tmp_path / "jobs", **change).found
    assert len(stub.jobs) == 2


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_lost_answer_to_create_makes_no_second_job(stub, data, tmp_path, status, takes_effect):
    stub.faults.append(Fault("POST", "/jobs$", status=status, body={}, takes_effect=takes_effect))
    done = run(stub, data, tmp_path / "jobs")
    assert done.found is takes_effect
    assert list(stub.jobs) == ["ftjob-1"]


def test_a_job_that_is_listed_late_is_still_found(stub, data, tmp_path):
    stub.faults.append(Fault("POST", "/jobs$", status=0, takes_effect=True))
    stub.hidden_lists = 3
    clock = TestClock()
    assert run(stub, data, tmp_path / "jobs", clock).found
    assert clock.slept == [5.0, 5.0, 5.0]
    assert list(stub.jobs) == ["ftjob-1"]


def test_throttling_is_waited_out(stub, data, tmp_path):
    clock = TestClock()
    stub.faults.append(Fault("POST", "/jobs$", status=429, body={}, headers={"Retry-After": "11"}, times=2))
    assert not run(stub, data, tmp_path / "jobs", clock).found
    assert clock.slept == [11.0, 11.0]
    assert len(stub.requests("POST", "/jobs$")) == 3
    assert stub.requests("GET", "/jobs$") == [], "a throttled request creates no job, so none is searched for"


def test_an_unreachable_service_is_exit_3_and_resumes(stub, data, tmp_path):
    stub.faults.append(Fault("POST", "/jobs$", status=503, body={}, times=4))
    with pytest.raises(Unreachable) as caught:
        run(stub, data, tmp_path / "jobs")
    assert caught.value.exit_code == 3
    run(stub, data, tmp_path / "jobs")
    assert (len(stub.jobs), len(stub.files)) == (1, 1)


def test_a_job_that_appears_after_a_later_refusal_is_still_found(stub, data, tmp_path):
    """The create response is lost, its job is not listed yet, and the retry is refused."""
    stub.faults.append(Fault("POST", "/jobs$", status=0, takes_effect=True))
    stub.faults.append(Fault("POST", "/jobs$", status=403, body={}))
    stub.hidden_lists = 4
    with pytest.raises(RequestRefused):
        run(stub, data, tmp_path / "jobs")
    assert run(stub, data, tmp_path / "jobs").found
    assert list(stub.jobs) == ["ftjob-1"]


def test_a_file_without_an_id_is_one_sentence(stub, data, tmp_path):
    stub.faults.append(Fault("POST", "/files", status=200, body={"object": "?"}))
    with pytest.raises(Unreachable, match="no id"):
        run(stub, data, tmp_path / "jobs")


def test_an_answer_to_create_without_an_id_counts_as_lost(stub, data, tmp_path):
    stub.faults.append(Fault("POST", "/jobs$", status=200, body={"object": "?"}, takes_effect=True))
    assert run(stub, data, tmp_path / "jobs").found
    assert list(stub.jobs) == ["ftjob-1"]


def test_a_refused_job_may_be_corrected_and_sent_again(stub, data, tmp_path):
    stub.faults.append(Fault("POST", "/jobs$", status=403, body={"error": {"message": "no lambda"}}))
    with pytest.raises(RequestRefused, match="no lambda"):
        run(stub, data, tmp_path / "jobs")
    assert journal(tmp_path / "jobs")["state"] == "uploaded"
    run(stub, data, tmp_path / "jobs")
    assert (len(stub.jobs), len(stub.files)) == (1, 1)
    assert len(stub.requests("GET", "/jobs$")) == 1, "another folder may have used the file in the meantime"


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_lost_answer_to_the_upload_leaves_one_file_in_use(stub, data, tmp_path, takes_effect):
    stub.faults.append(Fault("POST", "/files", status=0, takes_effect=takes_effect))
    try:
        run(stub, data, tmp_path / "jobs")
    except Unreachable:
        run(stub, data, tmp_path / "jobs")
    assert (len(stub.jobs), len(stub.files)) == (1, 1)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("request_number", range(1, 3))
def test_a_kill_at_any_request_makes_no_second_job(stub, data, tmp_path, request_number, after):
    """The process dies during a request, before or `after` the service acted on it."""
    jobs = tmp_path / "jobs"
    pattern = ("/files", "/jobs$")[request_number - 1]
    stub.faults.append(Fault("POST", pattern, status=0, takes_effect=after))
    clock = TestClock()
    plan = plan_of(data, stub.base_url)

    def die():
        raise Killed

    clock.on_sleep = die
    with connected(stub.base_url) as client:
        create, upload, listed = client.create_job, client.upload, client.jobs

        def dying(call):
            def called(*arguments, **named):
                try:
                    return call(*arguments, **named)
                except Unreachable:
                    raise Killed from None

            return called

        client.create_job = dying(create)
        client.upload = dying(upload)
        assert client.jobs == listed
        entry = Entry.open(jobs, default_name(plan), plan, "now")
        entry.reach("intended")
        with pytest.raises(Killed):
            submit(client, plan, entry, clock)
    assert journal(jobs)["state"] in ("uploading", "creating")
    done = run(stub, data, jobs)
    assert list(stub.jobs) == [done.job.id]
    assert len(stub.files) == 1


def test_data_that_changes_before_it_is_sent_makes_no_job(stub, data, tmp_path):
    stub.on_request = lambda seen: data.write_text('{"other": 1}\n')  # during the search for an earlier job
    with pytest.raises(InputError, match="changed"):
        run(stub, data, tmp_path / "jobs")
    assert (stub.jobs, stub.files) == ({}, {})


def test_data_that_changes_while_it_is_sent_changes_nothing(stub, data, tmp_path):
    right = data.read_bytes()

    def change(seen):
        if seen.method == "POST":
            data.write_bytes(right.replace(b"1+1", b"1+2"))

    stub.on_request = change
    done = run(stub, data, tmp_path / "jobs")
    assert stub.contents[done.job.training_file] == right


def test_a_truncated_upload_is_not_used(stub, data, tmp_path):
    stub.faults.append(Fault("POST", "/files$", status=0, takes_effect=True))
    unwell = Fault("GET", "/files", status=503, body={}, times=4)
    stub.on_request = lambda seen: stub.faults.append(unwell) if seen.method == "POST" else None
    with pytest.raises(Unreachable):
        run(stub, data, tmp_path / "jobs")
    stub.on_request = None
    stub.files["file-1"]["bytes"] -= 1
    assert run(stub, data, tmp_path / "jobs").job.training_file == "file-2"


def test_another_users_file_of_the_same_data_is_not_taken(stub, data, tmp_path):
    """Jobs are recognized by their file, so sharing one would mistake the other user's job for ours."""
    with connected(stub.base_url) as client:
        theirs = client.upload(data, "train.jsonl").id
    done = run(stub, data, tmp_path / "jobs")
    assert done.job.training_file != theirs


def test_another_folder_finds_the_job(stub, data, tmp_path):
    first = run(stub, data, tmp_path / "jobs")
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "called otherwise.jsonl"
    copy.write_bytes(data.read_bytes())
    again = run(stub, copy, tmp_path / "elsewhere" / "jobs")
    assert again.found
    assert again.job.id == first.job.id
    assert journal(tmp_path / "elsewhere" / "jobs")["job"]["id"] == first.job.id
    assert (len(stub.jobs), len(stub.files)) == (1, 1)


def test_a_chosen_name_trains_the_same_plan_again(stub, data, tmp_path):
    run(stub, data, tmp_path / "jobs")
    assert not run(stub, data, tmp_path / "jobs", name="again").found
    assert run(stub, data, tmp_path / "elsewhere", name="again").found
    assert len(stub.jobs) == 2


@pytest.mark.parametrize("status", [403, 404])
def test_without_permission_to_list_files_the_missing_check_is_reported(stub, data, tmp_path, status):
    stub.faults.append(Fault("GET", "/files", status=status, body={}, times=9))
    done = run(stub, data, tmp_path / "jobs")
    assert str(status) in (done.unlooked or "")
    assert run(stub, data, tmp_path / "jobs").unlooked is None
    assert len(stub.jobs) == 1


def test_without_a_service_nothing_is_recorded_as_sent(data, tmp_path, stub):
    stub.faults.append(Fault("GET", "/files", status=401, body={}))
    run(stub, data, tmp_path / "other")  # a refusal, like any other 4xx status

    class NoKey(Exception):
        """Raised when the client asks for a key."""

    def no_key():
        raise NoKey

    plan = plan_of(data, stub.base_url)
    with FineTuning(find_endpoint(stub.base_url, None, {}), ShortTermKey(no_key)) as client:
        entry = Entry.open(tmp_path / "jobs", default_name(plan), plan, "now")
        entry.reach("intended")
        with pytest.raises(NoKey):
            submit(client, plan, entry, TestClock())
    assert journal(tmp_path / "jobs")["state"] == "intended"


def test_the_older_of_two_simultaneous_uploads_is_used(stub, data, tmp_path):
    """Another machine uploads the same file and creates the job after we listed the files."""
    theirs = run(stub, data, tmp_path / "theirs")
    stub.files["file-1"]["created_at"] -= 10
    stub.faults.append(Fault("GET", "/files", status=200, body={"object": "list", "data": []}))
    ours = run(stub, data, tmp_path / "jobs")
    assert ours.found
    assert ours.job.id == theirs.job.id
    assert list(stub.jobs) == ["ftjob-1"]


def test_a_submission_under_way_elsewhere_is_left_to_finish(stub, data, tmp_path):
    theirs = run(stub, data, tmp_path / "theirs")
    stub.files["file-1"]["created_at"] -= 10
    stub.hidden_lists = 9
    stub.faults.append(Fault("GET", "/files", status=200, body={"object": "list", "data": []}))
    with pytest.raises(Unreachable, match="submitted from elsewhere"):
        run(stub, data, tmp_path / "jobs")
    stub.hidden_lists = 0
    assert run(stub, data, tmp_path / "jobs").job.id == theirs.job.id


class Killing(httpx2.BaseTransport):
    """The network of a process that is killed during a request, before or `after` it took effect.

    Requests count from 1. With `at=0`, the process is never killed.
    """

    def __init__(self, inner: httpx2.BaseTransport, at: int = 0, after: bool = False) -> None:
        self.inner, self.left, self.after = inner, at, after

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        response = self.inner.handle_request(request)
        if self.left == 0:
            response.close()
            raise Killed
        return response


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 6), st.booleans()), max_size=5))
def test_kills_at_any_point_in_several_folders_leave_one_file_and_one_job(tmp_path_factory, kills):
    root = tmp_path_factory.mktemp("kills")
    data = root / "train.jsonl"
    data.write_text('{"messages": [{"role": "user", "content": "1+1"}], "reference_answer": "2"}\n' * 3)
    with ApiStub() as stub, httpx2.HTTPTransport(verify=False) as network:
        where = find_endpoint(stub.base_url, None, {})
        plan = plan_of(data, stub.base_url)

        def submitted(folder: str, network: Killing) -> str:
            entry = Entry.open(root / folder, default_name(plan), plan, "now")
            with FineTuning(where, Credential(KEY, "a test"), transport=network) as client:
                return str(submit(client, plan, entry, TestClock()).job.id)

        for folder, at, after in kills:
            with contextlib.suppress(Killed):
                submitted(folder, Killing(network, at, after))
        assert {submitted(folder, Killing(network)) for folder in "abc"} == {"ftjob-1"}
        assert (len(stub.files), len(stub.jobs)) == (1, 1)


def test_one_user_submits_the_same_from_one_folder_at_a_time(data, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plan = plan_of(data, "http://127.0.0.1:1/v1")
    with held_for_all_folders("mine", plan):
        with pytest.raises(InUse, match="this submission is in use by process"):
            held_for_all_folders("mine", plan)
        held_for_all_folders("other", plan).close()
        held_for_all_folders("mine", replace(plan, base_url="http://127.0.0.1:2/v1")).close()


def test_two_processes_do_not_submit_one_job(tmp_path):
    with held(tmp_path, "a"), pytest.raises(InputError, match="in use by process"), held(tmp_path, "a"):
        pass


def test_a_name_taken_by_another_plan_is_refused(stub, data, tmp_path):
    Entry.open(tmp_path, "mine", plan_of(data, stub.base_url), "now").reach("intended")
    with pytest.raises(InputError, match="--name"):
        Entry.open(tmp_path, "mine", plan_of(data, stub.base_url, model="other"), "now")


@pytest.mark.parametrize("name", ["../x", "", ".hidden", "a/b", "x" * 200])
def test_a_name_cannot_leave_the_folder(stub, data, tmp_path, name):
    with pytest.raises(InputError):
        Entry.open(tmp_path, name, plan_of(data, stub.base_url), "now")
    with pytest.raises(InputError), held(tmp_path, name):
        pass


def test_a_job_is_found_by_name_and_by_id(stub, data, tmp_path):
    jobs = tmp_path / "jobs"
    run(stub, data, jobs)
    (folder,) = jobs.iterdir()
    assert find_job(jobs, folder.name) == ("ftjob-1", folder)
    assert find_job(jobs, "ftjob-1") == ("ftjob-1", folder)
    assert find_job(jobs, "ftjob-2") == ("ftjob-2", jobs / "ftjob-2")
    assert find_job(tmp_path / "none", "a:b")[1] == tmp_path / "none" / "a_b"


def test_a_broken_journal_does_not_hide_other_jobs(stub, data, tmp_path):
    jobs = tmp_path / "jobs"
    (jobs / "a").mkdir(parents=True)
    (jobs / "a" / "job.json").write_text("{")
    run(stub, data, jobs)
    assert find_job(jobs, "ftjob-1")[1].name.startswith("train-")


def test_a_job_that_was_never_created_is_reported(stub, data, tmp_path):
    Entry.open(tmp_path, "mine", plan_of(data, stub.base_url), "now").reach("uploading")
    with pytest.raises(InputError, match="uploading"):
        find_job(tmp_path, "mine")


OLD = Path(__file__).parents[2] / "support" / "written_by_0_1_0" / "jobs"


def test_a_journal_of_0_1_0_is_read():
    assert find_job(OLD, "first") == ("ftjob-1", OLD / "first")
    assert find_job(OLD, "ftjob-1") == ("ftjob-1", OLD / "first")
    found = find_entry(OLD, "first")
    assert found is not None
    assert (found.facts.state, found.facts.file.id, found.facts.data.records) == ("created", "file-1", 120)
    assert found.facts.hyperparameters == {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
)


@given(data=st.data())
def test_any_journal_content_is_read_or_refused(data, tmp_path_factory):
    value = json.loads((OLD / "first" / "job.json").read_text())
    key = data.draw(st.sampled_from(sorted(value)))
    inner = value[key]
    if isinstance(inner, dict) and data.draw(st.booleans()):
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(JSON)
    else:
        value[key] = data.draw(JSON)
    folder = tmp_path_factory.mktemp("jobs") / "mine"
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(value))
    try:
        found = find_entry(folder.parent, "mine")
    except InputError:
        assert find_entry(folder.parent, "ftjob-1") is None, "a damaged journal must not hide others"
    else:
        assert isinstance(found, Entry)


def test_a_job_may_be_named_like_anothers_id(stub, data, tmp_path):
    run(stub, data, tmp_path / "jobs")
    Entry.open(tmp_path / "jobs", "ftjob-1", plan_of(data, stub.base_url), "now").reach("uploading")
    with pytest.raises(InputError, match="ftjob-1 was not submitted yet"):
        find_job(tmp_path / "jobs", "ftjob-1")


def test_values_that_json_cannot_express_are_not_submitted(data, tmp_path):
    plan = plan_of(data, "http://x", hyperparameters=hyperparameters(learning_rate_multiplier=float("nan")))
    with pytest.raises(InputError, match=r"hyperparameters\.learning_rate_multiplier"):
        Entry.open(tmp_path, "mine", plan, "now")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"schema": 99}', "[" * 200_000, '{"schema": 1, "job": 5}']
)
def test_a_broken_journal_is_named(tmp_path, content):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "job.json").write_text(content)
    with pytest.raises(InputError, match=r"job\.json"):
        find_job(tmp_path, "mine")


def test_an_interrupted_submission_is_recorded_with_the_code_of_its_job(stub, data, tmp_path):
    plan = plan_of(
        data, stub.base_url, code_sha256="old=", replay=ReplayEvidence(tmp_path, "in-process", "a", "proven")
    )
    jobs = tmp_path / "jobs"
    Entry.open(jobs, "one", plan, "2026-01-01T00:00:00+00:00").reach("intended")
    for known, expected in ((None, "old="), ("new=", "new=")):
        again = Entry.open(jobs, "one", replace(plan, code_sha256=known, replay=None), "")
        assert (again.facts.grader.code_sha256, again.facts.replay) == (expected, plan.replay)
    again.reach("created", job_id="ftjob-1")
    later = Entry.open(jobs, "one", replace(plan, code_sha256="newest="), "")
    assert later.facts.grader.code_sha256 == "new="


@pytest.mark.parametrize(
    ("target", "known", "now", "told"),
    [
        ("in-process", "a", "b", True),
        ("in-process", "a", "a", False),
        ("in-process", None, "b", False),
        ("in-process", "a", None, False),
        ("lambda-runtime", "a", "b", False),
    ],
)
def test_a_job_with_another_grader_is_reported_if_its_journal_shows_it(
    stub, data, tmp_path, target, known, now, told
):
    plan = plan_of(data, stub.base_url, replay=ReplayEvidence(tmp_path, target, known, "proven"))
    Entry.open(tmp_path / "jobs", "one", plan, "2026-01-01T00:00:00+00:00").reach("intended")
    assert (other_grader(tmp_path / "jobs", "one", now) is not None) is told
    assert other_grader(tmp_path / "jobs", "nobody", now) is None
