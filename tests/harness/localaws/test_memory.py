from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.localaws import memory

MB = 1024 * 1024
HOLD = """
import subprocess, sys
held = bytearray(60 * 2**20)
child = subprocess.Popen(
    [sys.executable, "-S", "-c", "x = bytearray(40 * 2**20); print('up', flush=True); input()"],
    stdin=subprocess.PIPE,
)
input()
child.communicate(b"go")
"""


@pytest.fixture
def tree():
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process.pid
    process.communicate("go")


def test_a_tree_counts_with_all_its_processes(tree):
    assert 100 * MB < memory.resident_bytes(tree) < 160 * MB
    assert 60 * MB < memory.peak_bytes(tree) < 100 * MB


def test_what_is_gone_holds_nothing():
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    process.wait()
    assert memory.resident_bytes(process.pid) == 0
    assert memory.peak_bytes(process.pid) == 0


def test_this_process_holds_something():
    assert memory.resident_bytes(os.getpid()) > MB
