from __future__ import annotations

import os
import struct
import sys

import pytest

from graders.checks._code_stand_ins import _STAT, _fstat

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stands in for a call of Linux")


def test_the_stand_in_for_fstat_says_the_same(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 5000)
    for path in (tmp_path / "file", tmp_path, os.devnull):
        opened = os.open(path, os.O_RDONLY)
        wanted, found = os.fstat(opened), _fstat(opened)
        os.close(opened)
        for name in filter(lambda name: name.startswith("st_"), dir(wanted)):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1e-6, rel=0), name


def test_the_stand_in_for_fstat_refuses_what_is_not_open():
    with pytest.raises(OSError, match="Bad file descriptor"):
        _fstat(10**6)


def test_the_stat_structure_of_each_machine_has_the_kernels_size():
    assert {machine: struct.calcsize(form) for machine, (form, _) in _STAT.items()} == {
        "x86_64": 144,
        "aarch64": 128,
    }
