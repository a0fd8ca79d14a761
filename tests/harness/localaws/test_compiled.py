"""Platforms of compiled files, read from their headers and compared with the function's platform."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.localaws import compiled
from harness.localaws.compiled import CompiledFile, compiled_files, misfits, why_not_here
from harness.localaws.platforms import glibc_here
from support.elf import AARCH64, RISCV, X86_64, elf

MACHINES = {"x86_64": X86_64, "arm64": AARCH64}


def read(folder, name, content):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return list(compiled_files(folder))


@pytest.mark.parametrize(
    ("content", "made_for", "glibc"),
    [
        (elf(X86_64, "GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4"), "x86_64", (2, 34)),
        (elf(AARCH64, "GLIBC_2.17"), "arm64", (2, 17)),
        (elf(X86_64, "GLIBC_2.14", weak=("GLIBC_2.33",)), "x86_64", (2, 14)),
        (elf(X86_64, "GLIBC_2.2.5", "GLIBC_ABI_DT_RELR"), "x86_64", (2, 36)),
        (elf(X86_64, "GCC_3.0", "CXXABI_1.3"), "x86_64", None),
        (elf(RISCV), "another processor (ELF machine 243)", None),
    ],
)
@pytest.mark.parametrize("name", ["lib/fast.so", "bin/checker", "libm.so.6"])
def test_machine_and_glibc_are_read_whatever_the_name(tmp_path, name, content, made_for, glibc):
    assert read(tmp_path, name, content) == [CompiledFile(name, made_for, glibc)]


def test_the_python_of_an_extension_is_in_its_name(tmp_path):
    (file,) = read(tmp_path, "fast.cpython-39-x86_64-linux-gnu.so", elf())
    assert file.python == "python3.9"


@pytest.mark.parametrize(
    ("name", "content", "made_for"),
    [
        ("fast.pyd", b"MZ" + bytes(80), "Windows"),
        ("fast.dylib", b"\xcf\xfa\xed\xfe" + bytes(80), "macOS"),
        ("fast.cpython-313-darwin.so", b"\xca\xfe\xba\xbe" + bytes(80), "macOS"),
    ],
)
def test_libraries_of_other_systems_are_found(tmp_path, name, content, made_for):
    assert read(tmp_path, name, content) == [CompiledFile(name, made_for)]


@pytest.mark.parametrize("name", ["setup.exe", "Main.class", "text.so", "notes.txt"])
def test_other_files_are_no_machine_code_of_the_function(tmp_path, name):
    content = {"Main.class": b"\xca\xfe\xba\xbe", "setup.exe": b"MZ"}.get(name, b"INPUT ( -lm )")
    assert read(tmp_path, name, content + bytes(80)) == []


@given(st.binary(max_size=400), st.integers(0, 200))
@settings(max_examples=60)
def test_damaged_files_are_survived(tmp_path_factory, noise, at):
    folder = tmp_path_factory.mktemp("damaged")
    whole = elf(X86_64, "GLIBC_2.34")
    for content in (whole[:at] + noise, whole[:at] + noise + whole[at + len(noise) :], b"\x7fELF" + noise):
        (folder / "x.so").write_bytes(content)
        assert len(list(compiled_files(folder))) <= 1


@pytest.mark.parametrize(
    ("file", "runtime", "architecture", "said"),
    [
        (CompiledFile("a.so", "x86_64", (2, 34)), "python3.13", "x86_64", None),
        (CompiledFile("a.so", "x86_64", (2, 26)), "python3.11", "x86_64", None),
        (
            CompiledFile("a.so", "x86_64", (2, 27)),
            "python3.11",
            "x86_64",
            "needs glibc 2.27, but python3.11 has 2.26",
        ),
        (CompiledFile("a.so", "x86_64", (2, 35)), "python3.13", "x86_64", "needs glibc 2.35"),
        (CompiledFile("a.so", "x86_64"), "python3.13", "arm64", "built for x86_64"),
        (CompiledFile("a.so", "arm64"), "python3.13", "x86_64", "built for arm64"),
        (CompiledFile("a.pyd", "Windows"), "python3.13", "x86_64", "built for Windows"),
        (CompiledFile("a.so", "x86_64", None, "python3.12"), "python3.13", "x86_64", "built for python3.12"),
    ],
)
def test_what_the_function_cannot_load_is_said(file, runtime, architecture, said):
    found = misfits([file], runtime, architecture)
    assert len(found) == (said is not None)
    assert said is None or (file.name in found[0] and said in found[0])


def test_one_cause_is_one_sentence():
    files = [CompiledFile(f"{name}.so", "x86_64") for name in "abc"]
    assert misfits(files, "python3.13", "arm64") == [
        "a.so and 2 more: built for x86_64, but the function runs on Linux, arm64"
    ]


def test_what_this_machine_cannot_run_is_said(monkeypatch):
    monkeypatch.setattr(compiled, "architecture_here", lambda: "x86_64")
    monkeypatch.setattr(compiled, "glibc_here", lambda: (2, 31))
    assert why_not_here([]) is None
    assert why_not_here([CompiledFile("a.so", "x86_64", (2, 31))]) is None
    assert "compiled for arm64" in str(why_not_here([CompiledFile("a.so", "arm64")]))
    assert "needs glibc 2.34" in str(why_not_here([CompiledFile("a.so", "x86_64", (2, 34))]))
    monkeypatch.setattr(compiled, "glibc_here", lambda: None)
    assert "Linux with glibc" in str(why_not_here([CompiledFile("a.so", "x86_64")]))
    assert why_not_here([]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads this system's own interpreter")
def test_this_interpreter_runs_here_and_needs_a_glibc(tmp_path):
    found = read(tmp_path, "bin/python", Path(sys.executable).read_bytes())
    assert why_not_here(found) is None
    assert (2, 0) < found[0].glibc <= glibc_here()
