from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from harness.disk import NoRoom
from harness.errors import InputError
from harness.projects.new_files import write_new

FILES = {"a.txt": b"a", "deep/er/b.txt": b"b"}


def found(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("there", [True, False])
def test_all_files_appear_in_a_folder_that_is_there_or_is_made(tmp_path, there):
    folder = tmp_path / "up" / "new"
    if there:
        folder.mkdir(parents=True)
    write_new(folder, FILES)
    assert found(folder) == {"a.txt", "deep", "deep/er", "deep/er/b.txt"}
    assert found(tmp_path / "up") - {"new"} == {f"new/{each}" for each in found(folder)}


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_new_folder_has_the_permissions_that_the_user_s_mask_gives(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_new(tmp_path / "new", FILES)
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o777 & ~mask


@pytest.mark.parametrize("content", [b"mine", b""])
def test_a_file_of_another_content_is_never_replaced(tmp_path, content):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "b.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"b.txt: already exists. Existing files are not overwritten"):
        write_new(tmp_path, FILES)
    assert found(tmp_path) == {"deep", "deep/er", "deep/er/b.txt"}
    assert (tmp_path / "deep" / "er" / "b.txt").read_bytes() == content


def test_a_link_is_never_followed(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="already exists"):
        write_new(tmp_path, FILES)
    assert not (tmp_path / "elsewhere").exists()


def test_what_a_kill_cut_off_is_completed(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a")
    (tmp_path / ".rft-new").mkdir()
    (tmp_path / ".rft-new" / "half").touch()
    write_new(tmp_path, FILES)
    assert found(tmp_path) == {"a.txt", "deep", "deep/er", "deep/er/b.txt"}


def test_a_file_that_cannot_go_to_its_place_takes_the_others_back(tmp_path):
    (tmp_path / "deep").write_bytes(b"a file, not a folder")
    with pytest.raises(InputError, match="cannot be written"):
        write_new(tmp_path, FILES)
    assert found(tmp_path) == {"deep"}


@pytest.mark.parametrize("name", ["sealed", "sealed/new"])
def test_an_error_names_the_folder_that_the_user_gave(tmp_path, name):
    (tmp_path / "sealed").write_bytes(b"a file, in which no folder can be made")
    folder = tmp_path / name / "mine"
    with pytest.raises(InputError) as raised:
        write_new(folder, FILES)
    assert ".rft-new" not in str(raised.value)
    assert str(tmp_path / "sealed") in str(raised.value)


def test_an_error_of_one_file_names_its_place_in_the_folder(tmp_path):
    long = "n" * 300
    with pytest.raises(InputError) as raised:
        write_new(tmp_path, {"a.txt": b"a", long: b"b"})
    assert str(raised.value).startswith(f"{tmp_path / long}: cannot be written")
    assert found(tmp_path) == set()


FULL = """
import resource, signal, sys
from pathlib import Path
from harness.errors import InputError
from harness.projects.new_files import write_new
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_new(Path(sys.argv[1]), {"a": b"a", "b": b"b" * 2000, "c": b"c"})
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize("there", [True, False])
def test_a_full_disk_leaves_nothing_behind(tmp_path, there):
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    done = subprocess.run([sys.executable, "-c", FULL, str(folder)], capture_output=True, text=True)
    assert "cannot be written: File too large. Free some space" in done.stdout
    assert found(tmp_path) == ({"new"} if there else set())


KILLED = """
import os, signal, sys
from pathlib import Path
from harness.projects.new_files import write_new

class Files(dict):
    def __getitem__(self, name):
        if name == sys.argv[2]:
            os.kill(os.getpid(), signal.SIGKILL)
        return dict.__getitem__(self, name)

write_new(Path(sys.argv[1]), Files({"a.txt": b"a", "deep/er/b.txt": b"b"}))
"""


@pytest.mark.parametrize("name", list(FILES))
@pytest.mark.parametrize("there", [True, False])
def test_a_kill_leaves_none_of_them_and_the_same_command_writes_all(tmp_path, name, there):
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), name])
    assert done.returncode == -9
    assert {each for each in found(tmp_path) if ".rft-new" not in each} <= {"new"}
    write_new(folder, FILES)
    assert found(tmp_path) == {"new", *(f"new/{each}" for each in found(folder))}
    assert found(folder) == {"a.txt", "deep", "deep/er", "deep/er/b.txt"}


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(NoRoom, match="Free some space and run it again; nothing was written"):
            write_new(tmp_path / "new", {**FILES, "z.txt": b"z" * 100_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
