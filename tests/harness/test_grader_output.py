from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.grader_output import output_to


def print_in_every_way() -> None:
    sys.stdout.write("python\n")
    sys.stderr.write("errors\n")
    os.write(1, b"descriptor\n")
    subprocess.run([sys.executable, "-c", "print('child')"], check=True)
    thread = threading.Thread(target=print, args=("thread",))
    thread.start()
    thread.join()


def test_everything_is_in_the_file_and_nothing_elsewhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sys.stdout.write("before\n")
    with output_to(tmp_path / "new" / "grader.log") as log:
        print_in_every_way()
    sys.stdout.write("after\n")
    assert sorted(log.read_text().split()) == ["child", "descriptor", "errors", "python", "thread"]
    assert capfd.readouterr() == ("before\nafter\n", "")


@pytest.mark.parametrize("named", [True, False])
def test_an_empty_file_is_removed(named: bool, tmp_path: Path) -> None:
    with output_to(tmp_path / "a.log" if named else None) as log:
        assert log.exists()
    assert not log.exists()


def test_an_error_leaves_our_own_output_ours(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), output_to(tmp_path / "a.log"):
        raise KeyError
    os.write(1, b"ours")
    assert capfd.readouterr().out == "ours"
