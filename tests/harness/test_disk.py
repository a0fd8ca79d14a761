from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.disk import AppendOnly, NoRoom, created, lock, open_to_append, replaced, write_json
from harness.errors import InputError
from harness.grader_output import output_to
from harness.localaws.logs import LogTail
from harness.runs.rows import read_rows

OBJECTS = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3), max_size=8
)


class Killed(BaseException):
    """A simulated kill, which no code may catch."""


# --- replaced, write_json


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="a device, pipe or socket is there"), replaced(pipe) as file:
        file.write(b"x")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("has_links", [True, False])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "pipe"])
def test_a_created_file_never_replaces_another(
    tmp_path: Path, kind: str, late: bool, has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    makes: dict[str, Callable[[Path], object]] = {
        "file": lambda path: path.write_text("mine"),
        "folder": Path.mkdir,
        "link": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
    }
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "new" / "x"
    if not late:
        path.parent.mkdir()
        makes[kind](path)
    with pytest.raises(InputError, match="x: this file exists already") as refused:
        create(path, lambda: makes[kind](path) if late else None)
    assert refused.value.fix == "Fix."
    assert os.listdir(path.parent) == ["x"]
    assert kind != "file" or path.read_text() == "mine"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_created_file_appears_whole_or_not_at_all(
    tmp_path: Path, has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "x"
    with pytest.raises(Killed):
        create(path, killed)
    assert os.listdir(tmp_path) == []
    with created(path, "") as file:
        file.write(b"all")
        assert not path.exists()
    assert (os.listdir(tmp_path), path.read_bytes()) == (["x"], b"all")


def create(path: Path, meanwhile: Callable[[], object]) -> None:
    with created(path, "Fix.") as file:
        file.write(b"theirs")
        meanwhile()


def killed() -> None:
    raise Killed


def no_links(*_: object) -> None:
    """Fail as `os.link` does on a file system without hard links."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("name", ["pipe", "/dev/null"])
def test_what_is_no_file_is_never_appended_to(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="a device, pipe or socket is there"):
        AppendOnly(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


@given(old=st.none() | st.binary(max_size=50), new=st.binary(max_size=50), cut=st.integers(0, 50))
def test_a_writer_that_is_cut_off_at_any_byte_leaves_the_old_content(
    tmp_path_factory: pytest.TempPathFactory, old: bytes | None, new: bytes, cut: int
) -> None:
    path = tmp_path_factory.mktemp("replaced") / "x"
    if old is not None:
        path.write_bytes(old)

    def be_cut_off() -> None:
        with replaced(path) as file:
            file.write(new[:cut])
            raise Killed

    with pytest.raises(Killed):
        be_cut_off()
    assert (path.read_bytes() if path.exists() else None) == old
    with replaced(path) as file:
        file.write(new)
    assert path.read_bytes() == new
    assert os.listdir(path.parent) == ["x"]


def test_a_killed_writer_leaves_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    program = (
        "import os, sys; from pathlib import Path; from harness.disk import replaced\n"
        "with replaced(Path(sys.argv[1])) as file: file.write(b'new'); file.flush(); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "x")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "x").read_text() == "old"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660])
def test_a_replaced_file_keeps_its_permissions(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    path.chmod(mode)
    write_json(path, {"a": 1})
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert json.loads(path.read_text()) == {"a": 1}


def test_the_content_is_on_the_disk_before_the_name_and_then_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.replace

    def synced(number: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "content")
        sync(number)

    def renamed(draft: Path, path: Path) -> Path:
        done.append("name")
        return rename(draft, path)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    write_json(tmp_path / "x", 1)
    assert done == ["content", "name", "folder"]


def test_a_new_file_gets_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    write_json(tmp_path / "new" / "x", [])
    assert (tmp_path / "new" / "x").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize("target", ["victim", "missing"])
def test_a_planted_link_is_refused_and_not_followed(target: str, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "x").symlink_to(tmp_path / target)
    writes: list[Callable[[], object]] = [
        lambda: write_json(tmp_path / "x", 1),
        lambda: lock(tmp_path / "x", "it"),
        lambda: AppendOnly(tmp_path / "x"),
        lambda: open_to_append(tmp_path / "x"),
        lambda: LogTail(tmp_path / "x"),
        lambda: output_to(tmp_path / "x").__enter__(),
    ]
    for write in writes:
        with pytest.raises(InputError, match=r"x: is a symbolic link.*Remove the link"):
            write()
    assert (tmp_path / "victim").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["victim", "x"]


def test_a_link_that_appears_later_is_not_read_through(tmp_path: Path) -> None:
    with AppendOnly(tmp_path / "x") as file:
        file.append([1])
        (tmp_path / "x").rename(tmp_path / "y")
        (tmp_path / "x").symlink_to(tmp_path / "y")
        for read in (lambda: list(file.lines()), lambda: file.value_at(0)):
            with pytest.raises(InputError, match="symbolic"):
                read()
    with pytest.raises(InputError, match="symbolic"):
        list(read_rows(tmp_path / "x"))


@pytest.mark.parametrize("letter", ["x", "\u00e9", "\U0001f600"])
def test_a_name_as_long_as_any_can_be_written(letter: str, tmp_path: Path) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    write_json(path, 1)
    assert path.read_text() == "1\n"


def test_writers_at_the_same_time_never_mix(tmp_path: Path) -> None:
    values = [[number] * 2_000 for number in range(8)]
    threads = [threading.Thread(target=write_json, args=(tmp_path / "x", value)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads((tmp_path / "x").read_text()) in values
    assert os.listdir(tmp_path) == ["x"]


def test_a_folder_in_the_files_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "file").touch()
    for path in (tmp_path / "x", tmp_path / "file" / "z"):
        for write in (
            lambda path: write_json(path, 1, "Choose another."),
            lambda path: AppendOnly(path, "Choose another."),
            lambda path: lock(path, "it"),
        ):
            with pytest.raises(InputError, match="cannot be written: ") as caught:
                write(path)
            assert caught.value.place


def limited(size: int) -> Any:
    """Limit the size of files, so that writes fail as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("call", ["write_json(path, 'x' * 500)", "AppendOnly(path).append(['x' * 500])"])
def test_a_full_disk_changes_nothing_and_says_that_the_command_resumes(call: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text('"old"\n')
    program = (
        "import signal, sys; from pathlib import Path; from harness.disk import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); path = Path(sys.argv[1])\n"
        f"try: {call}\n"
        "except NoRoom as error: print(error); sys.exit(error.exit_code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "x")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited(100),
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.strip().endswith(
        "x: cannot be written: File too large. Free some space; the same command resumes."
    )
    assert (tmp_path / "x").read_text() == '"old"\n'
    assert os.listdir(tmp_path) == ["x"]


# --- AppendOnly


def values(path: Path) -> list[Any]:
    with AppendOnly(path) as file:
        return [value for _, value in file.values()]


@given(OBJECTS, st.data())
def test_whatever_is_torn_off_the_end_the_whole_lines_stay(
    tmp_path_factory: pytest.TempPathFactory, written: list[Any], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    with AppendOnly(path) as file:
        file.append(written)
    os.truncate(path, data.draw(st.integers(0, path.stat().st_size)))
    whole = path.read_bytes().count(b"\n")
    with AppendOnly(path) as file:
        assert [json.loads(line) for _, line in file.lines()] == written[:whole]
        file.append([{"next": 1}])
    assert values(path) == [*written[:whole], {"next": 1}]


@given(st.binary(max_size=200), st.sampled_from([0, 1, 100_000]))
def test_any_content_is_cut_after_its_last_newline(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, torn: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "x"
    path.write_bytes(content + b"t" * torn)
    kept = content[: content.rfind(b"\n") + 1]
    with AppendOnly(path) as file:
        assert b"".join(line for _, line in file.lines()) == kept
    assert path.read_bytes() == kept


@pytest.mark.parametrize("damage", [b"\0" * 100, b"5", b"[]", b"{", b"[" * 100_000, b"\xff"])
def test_values_end_before_the_first_line_that_is_no_object(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"a":1}\n' + damage + b'\n{"a":2}\n')
    assert values(path) == [{"a": 1}]
    assert path.read_bytes() == b'{"a":1}\n'


def test_a_line_is_found_again_by_its_offset(tmp_path: Path) -> None:
    with AppendOnly(tmp_path / "x.jsonl") as file:
        offsets = [file.append([{"n": number}]) for number in range(3)]
        assert [file.value_at(offset)["n"] for offset in reversed(offsets)] == [2, 1, 0]


def test_a_lone_surrogate_is_kept(tmp_path: Path) -> None:
    with AppendOnly(tmp_path / "x.jsonl") as file:
        file.append([{"a": "\ud800"}])
    assert values(tmp_path / "x.jsonl") == [{"a": "\ud800"}]


class Reluctant:
    """A raw file that accepts three bytes per write, and has room for about ten."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = 10

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: Any) -> int:
        if self._left <= 0:
            raise OSError(28, "No space left on device")
        self._left -= 3
        return int(self._file.write(content[:3]))


def test_an_append_is_all_or_nothing_though_little_is_taken_at_a_time(tmp_path: Path) -> None:
    with AppendOnly(tmp_path / "x") as file:
        file._file = Reluctant(file._file)  # type: ignore[assignment]
        file.append_lines(b"short\n")
        with pytest.raises(NoRoom, match="No space left"):
            file.append_lines(b"much longer\n")
    assert (tmp_path / "x").read_bytes() == b"short\n"


# --- lock

HOLD = (
    "import sys, time; from pathlib import Path; from harness.disk import lock; "
    "held = lock(Path(sys.argv[1]), 'it'); print('held', flush=True); time.sleep(60)"
)


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_names_its_holder_and_is_released_with_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with hold(path) as process:
        with pytest.raises(InputError, match=f"run x is in use by process {process.pid}") as caught:
            lock(path, "run x", fix="Wait.")
        assert caught.value.fix == "Wait."
        process.kill()
        process.wait()
        with lock(path, "run x"):
            assert path.read_text() == str(os.getpid())
    assert os.listdir(path.parent) == []


def test_a_lock_file_that_its_last_holder_removes_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, removed = tmp_path / "lock", list[bool]()
    flock = fcntl.flock

    def flock_late(number: int, how: int) -> None:
        if not removed:
            path.unlink()
            removed.append(True)
        flock(number, how)

    monkeypatch.setattr(fcntl, "flock", flock_late)
    with lock(path, "it"):
        assert path.exists()
        with pytest.raises(InputError, match="it is in use"):
            lock(path, "it")


def test_one_process_cannot_hold_a_lock_twice(tmp_path: Path) -> None:
    with lock(tmp_path / "lock", "it"), pytest.raises(InputError, match=f"in use by process {os.getpid()}"):
        lock(tmp_path / "lock", "it")
    lock(tmp_path / "lock", "it").close()


@pytest.mark.parametrize("said", ["", "garbage", "-1", "12 34", "\0" * 200])
def test_a_lock_files_content_holds_nothing(said: str, tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(said)
    with lock(tmp_path / "lock", "it", mark="me too"):
        assert (tmp_path / "lock").read_text() == "me too"
        with pytest.raises(InputError, match="it is in use by another process"):
            lock(tmp_path / "lock", "it")


def test_of_many_who_want_a_lock_one_at_a_time_has_it(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with lock(tmp_path / "lock", "it", patience=60):
            inside += 1
            most = max(most, inside)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert os.listdir(tmp_path) == []


def test_a_forked_child_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from harness.disk import lock\n"
        "held = lock(Path(sys.argv[1]), 'it')\n"
        "if os.fork() == 0: print('up', flush=True); time.sleep(60)\n"
        "os._exit(0)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE, process_group=0
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    assert process.wait() == 0
    lock(tmp_path / "lock", "it").close()
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
