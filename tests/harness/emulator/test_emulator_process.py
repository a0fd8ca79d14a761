"""The emulator in its own process, which the tests kill, restart and orphan.

Set `RFT_KILLS=100` for more kills than in an ordinary run. `pytest -s` shows the figures.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.emulator.settings import EmulatorConfig
from harness.errors import InputError
from support.emulator_process import EmulatorProcess
from support.waiting import at_least, until

KILLS = int(os.environ.get("RFT_KILLS", "20"))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def story(service: Any, name: str) -> list[Any]:
    """Return the data of a job's metric events, which is equal in every run."""
    return [event["data"] for event in service.events(name) if event["type"] == "metrics"]


def has_steps(service: Any, name: str, count: int) -> bool:
    return len(story(service, name)) > count or service.job(name)["status"] == "succeeded"


def test_a_job_that_was_killed_goes_on_from_its_last_step(serve, data) -> None:
    records = data.records_of(data.rollouts())
    calm = serve()
    undisturbed = calm.submit(calm.upload(records), n_epochs=3)
    calm.finish()

    service = serve(manual=False, speed=100.0, state=calm.process.config.state.parent / "killed")
    name = service.submit(service.upload(records), n_epochs=3)
    seen: list[Any] = []
    for _ in range(3):
        enough = len(seen) + 2
        until(partial(has_steps, service, name, enough))
        seen = service.events(name)
        service.kill()
        service.start()
        kept = service.events(name)
        assert kept[: len(seen)] == seen
        seen = story(service, name)
    until(lambda: service.job(name)["status"] == "succeeded")
    assert story(service, name) == story(calm, undisturbed)
    assert len({event["id"] for event in service.events(name)}) == len(service.events(name))
    for checkpoint, other in zip(
        *(
            each.raw("GET", f"/v1/fine_tuning/jobs/{job}/checkpoints")["data"]
            for each, job in ((service, name), (calm, undisturbed))
        ),
        strict=True,
    ):
        assert checkpoint["metrics"] == other["metrics"]


@pytest.mark.slow
def test_jobs_survive_kills_at_any_moment(serve, data) -> None:
    chance = random.Random(KILLS)
    service = serve(manual=False, speed=20.0)
    file = service.upload(data.records_of(data.rollouts()))
    names = [service.submit(file, n_epochs=KILLS) for _ in range(2)]
    seen: dict[str, list[Any]] = {name: [] for name in names}
    running = 0
    for _ in range(KILLS):
        for _ in range(chance.randint(1, 60)):
            for name in names:
                events = service.events(name)
                assert events[: len(seen[name])] == seen[name]
                seen[name] = events
        running += any(service.job(name)["status"] == "running" for name in names)
        service.kill()
        service.start()
    until(lambda: all(service.job(name)["status"] == "succeeded" for name in names), 300)
    sys.stdout.write(f"\nemulator killed {KILLS} times, {running} of them with a job running\n")
    assert [job["id"] for job in service.raw("GET", "/v1/fine_tuning/jobs")["data"]] == names[::-1]
    for name in names:
        events = service.events(name)
        assert events[: len(seen[name])] == seen[name]
        assert len({event["id"] for event in events}) == len(events)
        assert [figures["step"] for figures in story(service, name)] == list(range(1, 10 * KILLS + 1))


def test_a_manual_clock_goes_on_after_a_restart(serve, data) -> None:
    service = serve()
    name = service.submit(service.upload(data.records_of(data.rollouts())))
    service.step(5)
    stamps = [event["created_at"] for event in service.events(name)]
    service.kill()
    service.start()
    service.finish()
    later = [event["created_at"] for event in service.events(name)]
    assert later[: len(stamps)] == stamps
    assert later == sorted(later)
    assert service.job(name)["status"] == "succeeded"


def test_a_grader_that_hangs_is_interrupted_while_the_api_answers(serve, data) -> None:
    service = serve("hanging", manual=False)
    name = service.submit(service.upload(data.records_of(data.rollouts())[:12]), n_epochs=1)
    until(lambda: service.job(name)["status"] in ("succeeded", "failed"))
    assert service.job(name)["error"] is None
    assert any("(timeout" in event["message"] for event in service.events(name))


def test_what_a_grader_prints_neither_blocks_nor_reaches_the_owner(serve, data) -> None:
    service = serve("chatty")
    service.submit(service.upload(data.records_of(data.rollouts())))
    service.finish()
    assert "a line on stdout" in service.process.log.read_text()


def test_speed_paces_the_steps(serve, data) -> None:
    service = serve(manual=False, speed=50.0)
    name = service.submit(service.upload(data.records_of(data.rollouts())[:8]), batch_size=1)
    with at_least(8 / 50.0 * 0.8):
        until(lambda: service.job(name)["status"] == "succeeded")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_listens_on_loopback_alone(serve) -> None:
    service = serve()
    port = int(service.process.base_url.rsplit(":")[-1].split("/")[0])
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert {
        row[1].split(":")[0] for row in listening if row[1].endswith(f":{port:04X}") and row[3] == "0A"
    } == {"0100007F"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wire": "telegram"}, "unknown wire 'telegram'"),
        ({"rollouts": (Path("none.jsonl"),)}, "no such file"),
        ({"port": 1}, "port 1 cannot be used"),
    ],
)
def test_a_configuration_that_cannot_work_is_told_in_one_sentence(
    tmp_path: Path, changes: Any, said: str
) -> None:
    if changes.get("port") and os.geteuid() == 0:
        pytest.skip("root may listen on any port")
    config = EmulatorConfig(**{"rollouts": (), "state": tmp_path / "state", **changes})
    with pytest.raises(InputError, match=said) as caught:
        EmulatorProcess(config).start()
    assert "Traceback" not in str(caught.value)


def test_a_port_that_is_taken_is_refused(serve, tmp_path: Path) -> None:
    port = int(serve().process.base_url.rsplit(":")[-1].split("/")[0])
    with pytest.raises(InputError, match=f"port {port} cannot be used"):
        EmulatorProcess(EmulatorConfig(rollouts=(), state=tmp_path / "other", port=port)).start()


def test_a_state_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emulator.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(InputError, match="not an emulator's state"):
        EmulatorProcess(EmulatorConfig(rollouts=(), state=tmp_path)).start()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_dies_with_its_owner(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
                import sys, time
                from pathlib import Path
                from harness.emulator.settings import EmulatorConfig
                from support.emulator_process import EmulatorProcess
                with EmulatorProcess(EmulatorConfig(rollouts=(), state=Path({str(tmp_path)!r}))) as emulator:
                    print(emulator.pid, flush=True)
                    time.sleep(60)
            """),
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert owner.stdout is not None
    with owner.stdout:
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    try:
        until(lambda: not alive(pid))
    finally:
        if alive(pid):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_ends_with_the_block(tmp_path: Path) -> None:
    with EmulatorProcess(EmulatorConfig(rollouts=(), state=tmp_path)) as emulator:
        pid, url = emulator.pid, emulator.base_url
        assert pid is not None
        assert alive(pid)
    assert not alive(pid)
    with pytest.raises(InputError, match="not running"):
        emulator.base_url  # noqa: B018
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=2)


def test_two_emulators_never_work_in_one_folder(serve) -> None:
    service = serve()
    other = EmulatorProcess(service.process.config)
    with pytest.raises(InputError, match=f"in use by process {service.process.pid}.*--state-dir"):
        other.start()
    assert other.pid is None
    service.process.kill()
    with other:
        assert other.base_url, "a killed emulator holds no lock"
